import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Spreads work over time, whoever does it: each waits until what was done before would have passed at the rate.
 * @param bytesPerSecond null for as fast as it goes
 */
export function createPace(bytesPerSecond: number | null): (bytes: number) => Promise<void> {
  if (bytesPerSecond === null) return async () => {};
  let free = 0;
  return async (bytes) => {
    const now = performance.now();
    const start = Math.max(now, free);
    free = start + (bytes / bytesPerSecond) * 1000;
    if (start > now) await sleep(start - now);
  };
}
