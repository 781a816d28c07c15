import { vi } from 'vitest';
import { patienceMs } from './slowness.ts';

/**
 * Waits for what comes by itself, as long as a person might. Vitest's own wait gives up after a second, which a busy machine takes for
 * less; expect.poll is told the same in vitest.config.ts.
 */
export const eventually = <Result>(check: () => Result | Promise<Result>): Promise<Result> =>
  vi.waitFor(check, { timeout: patienceMs, interval: 50 });
