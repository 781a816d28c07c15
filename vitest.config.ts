import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { removableChecks } from './test/isolation/removable-checks.ts';
import { LongFirst } from './test/long-first.ts';
import { patienceMs, slowness } from './test/slowness.ts';

export default defineConfig({
  test: {
    // Child processes, not threads: tests send signals, change the umask and load native code.
    pool: 'forks',
    // One more than there are cores: a test waits for half of its time. Each holds up to twenty connections of the shared PostgreSQL.
    maxWorkers: Math.min(availableParallelism() + 1, 5),
    sequence: { sequencer: LongFirst },
    testTimeout: 20_000 * slowness,
    hookTimeout: 60_000 * slowness,
    teardownTimeout: 60_000 * slowness,
    expect: { poll: { timeout: patienceMs } },
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'web/src/lib/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*.d.ts'],
      reporter: ['text-summary', 'html', 'json-summary'],
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'server',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['test/journeys/**', 'test/isolation/mutation.test.ts'],
          globalSetup: ['test/database-setup.ts'],
        },
      },
      {
        extends: true,
        plugins: [removableChecks(import.meta.dirname)],
        test: {
          name: 'mutation',
          include: ['test/isolation/mutation.test.ts'],
          globalSetup: ['test/database-setup.ts'],
        },
      },
      {
        extends: true,
        test: { name: 'web', include: ['web/src/**/*.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'journeys',
          include: ['test/journeys/**/*.test.ts'],
          // A browser and a server at a time: two would fight for the cores, and time-outs would tell nothing.
          fileParallelism: false,
          testTimeout: 120_000 * slowness,
          hookTimeout: 180_000 * slowness,
        },
      },
    ],
  },
});
