import { expect, test } from 'vitest';
import { describePhoto, monthTitle, takenDay, takenTime } from './taken.ts';

test('a photo shows the clock of its camera, whatever the reader’s own zone', () => {
  const newYear = '2024-01-01T00:10:00+13:00';
  expect([takenDay(newYear), takenTime(newYear)]).toEqual(['1 January 2024', '00:10']);
});

test('months are named in full', () => {
  expect(monthTitle('2024-06')).toBe('June 2024');
});

test('names say in words what the snipped corner and the heart show', () => {
  const takenAt = '2024-06-14T09:30:00+02:00';
  expect(describePhoto({ kind: 'uploaded', takenAt })).toBe('Photo, 14 June 2024, 09:30');
  expect(describePhoto({ kind: 'generated', takenAt, caption: 'A fox', isFavorite: true })).toBe(
    'A fox. Picture made in the studio, 14 June 2024, 09:30, favourite',
  );
});
