import { expect, test, vi } from 'vitest';
import { createSpeedometer } from './speed.ts';

test('fast above 8 px/ms, slow below, and at rest when nothing moves', async () => {
  vi.useFakeTimers();
  let time = 0;
  const fast: boolean[] = [];
  const moving: boolean[] = [];
  const meter = createSpeedometer(
    (is) => fast.push(is),
    (is) => moving.push(is),
    () => time,
    (run) => {
      run();
      return 0;
    },
  );
  meter.moved(10);
  for (const [ms, y] of [
    [16, 100],
    [32, 600],
    // Slow for one event alone is still fast, however long its frame took: the page was set right in mid-flight.
    [180, 700],
    [196, 1200],
    [320, 1300],
    [390, 1350],
  ] as const) {
    time = ms;
    meter.moved(y);
  }
  expect(fast).toEqual([false, false, true, true, true, true, false]);
  vi.advanceTimersByTime(200);
  expect(fast.at(-1)).toBe(false);
  expect(moving).toEqual([true, false]);
  meter.moved(50_000);
  expect(fast.at(-1)).toBe(true);
  meter.stop();
  vi.useRealTimers();
});
