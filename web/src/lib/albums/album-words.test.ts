import { expect, test } from 'vitest';
import { contentWords, filterWords, longSpan, peopleWords, shortSpan } from './album-words.ts';

const span = (first: string | null, last: string | null) => ({ first_taken_at: first, last_taken_at: last });
const now = new Date('2026-11-21T12:00:00Z');

test('a card says month, months, years, or until now', () => {
  expect(shortSpan(span('2026-10-23T09:00:00', '2026-10-31T10:00:00'), now)).toBe('Oct 2026');
  expect(shortSpan(span('2024-05-23T09:00:00', '2024-09-02T10:00:00'), now)).toBe('May to Sep 2024');
  expect(shortSpan(span('2014-05-23T09:00:00', '2019-08-02T10:00:00'), now)).toBe('2014 to 2019');
  expect(shortSpan(span('2019-05-23T09:00:00', '2026-01-02T10:00:00'), now)).toBe('2019 to now');
  expect(shortSpan(span(null, null), now)).toBe('');
});

test('the page says the days as far as they are of one year', () => {
  expect(longSpan(span('2026-10-23T09:00:00', '2026-10-23T22:00:00'))).toBe('23 October 2026');
  expect(longSpan(span('2026-10-23T09:00:00', '2026-10-31T22:00:00'))).toBe('23 to 31 October 2026');
  expect(longSpan(span('2026-05-28T09:00:00', '2026-08-02T22:00:00'))).toBe('28 May to 2 August 2026');
  expect(longSpan(span('2019-05-28T09:00:00', '2026-10-02T22:00:00'))).toBe('May 2019 to October 2026');
});

test('how many there are, and who', () => {
  expect(contentWords(0, '')).toBe('No photos yet');
  expect(contentWords(1, 'Oct 2026')).toBe('1 photo, Oct 2026');
  expect(peopleWords({ member_count: 0, link_count: 0 })).toBe('Only you');
  expect(peopleWords({ member_count: 4, link_count: 1 })).toBe('5 people, one guest link');
  expect(peopleWords({ member_count: 0, link_count: 2 })).toBe('Only you, 2 guest links');
});

test('a filter as a sentence', () => {
  expect(filterWords({ favorite: true })).toBe('Favourites');
  expect(filterWords({ q: 'fog' })).toBe('All photos with “fog”');
  expect(filterWords({ favorite: true, tag: ['fog', 'lake'], taken_after: '2024-01-01' })).toBe(
    'Favourites tagged fog and lake, since 1 January 2024',
  );
  expect(filterWords({ taken_after: '2024-06-01', taken_before: '2024-07-01' })).toBe('All photos from June 2024');
  expect(filterWords({ camera: 'Fujifilm X-T4', kind: 'uploaded', format: 'heic' })).toBe(
    'All photos taken with Fujifilm X-T4, taken, not made, as HEIC',
  );
});
