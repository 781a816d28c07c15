import { expect, test } from 'vitest';
import { groupByDay, nameDay } from './days.ts';

const now = new Date(2026, 2, 1, 0, 30).getTime();
const at = (...parts: [number, number, number, number]): string => new Date(...parts).toISOString();

test('days are named by this computer’s calendar', () => {
  expect(nameDay(at(2026, 2, 1, 0), now)).toBe('Today');
  expect(nameDay(at(2026, 1, 28, 23), now)).toBe('Yesterday');
  expect(nameDay(at(2026, 1, 27, 23), now)).toBe('27 February 2026');
  expect(nameDay(at(2025, 2, 1, 0), now)).toBe('1 March 2025');
});

test('what follows each other on a day is one group', () => {
  const items = [
    { id: 3, at: at(2026, 2, 1, 0) },
    { id: 2, at: at(2026, 1, 28, 9) },
    { id: 1, at: at(2026, 1, 28, 8) },
  ];
  expect(groupByDay(items, now)).toEqual([
    { day: 'Today', items: items.slice(0, 1) },
    { day: 'Yesterday', items: items.slice(1) },
  ]);
  expect(groupByDay([], now)).toEqual([]);
});
