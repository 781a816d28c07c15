import { expect, test } from 'vitest';
import { daysLeft } from './days-left.ts';

test('counts whole days, and a started one as a day', () => {
  const now = Date.parse('2026-06-01T12:00:00Z');
  expect(daysLeft('2026-07-01T12:00:00Z', now)).toBe('30 days left');
  expect(daysLeft('2026-06-02T11:00:00Z', now)).toBe('A day left');
  expect(daysLeft('2026-06-01T11:00:00Z', now)).toBe('Last hours');
});
