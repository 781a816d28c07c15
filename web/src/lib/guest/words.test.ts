import { describe, expect, test } from 'vitest';
import { contentsOf, namesOf, spanOf, untilDay } from './words.ts';

describe('what the guest reads', () => {
  test.each([
    ['2026-10-23T08:00:00+02:00', '2026-10-31T23:59:00+02:00', '23 to 31 October 2026'],
    ['2026-10-30T08:00:00Z', '2026-11-02T08:00:00Z', '30 October to 2 November 2026'],
    ['2025-12-31T23:00:00Z', '2026-01-01T00:10:00Z', '31 December 2025 to 1 January 2026'],
    // The camera's own day counts, wherever the reader sits.
    ['2024-06-14T00:30:00+12:00', '2024-06-14T23:30:00-10:00', '14 June 2024'],
  ])('%s to %s', (first, last, words) => {
    expect(spanOf(first, last)).toBe(words);
  });

  test('an empty album has no days', () => {
    expect(contentsOf(0, null, null)).toBe('0 photos');
    expect(contentsOf(1, '2024-06-14T09:30:00Z', '2024-06-14T09:30:00Z')).toBe('1 photo, 14 June 2024');
  });

  test('names are put together as people say them', () => {
    expect(namesOf([])).toBe('');
    expect(namesOf(['Ines'])).toBe('Ines');
    expect(namesOf(['Ines', 'Tomás'])).toBe('Ines and Tomás');
    expect(namesOf(['Ines', 'Tomás', 'Maren'])).toBe('Ines, Tomás and Maren');
  });

  test('the year is said only where it is another one', () => {
    const now = new Date('2026-11-21T12:00:00Z');
    expect(untilDay('2026-12-14T12:00:00Z', now)).toBe('14 December');
    expect(untilDay('2027-01-14T12:00:00Z', now)).toBe('14 January 2027');
  });
});
