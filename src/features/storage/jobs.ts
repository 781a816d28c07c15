import { defineJob } from '#platform/jobs/jobs.ts';

/** Goes on with a move that an administrator began in the app, after whatever interrupted it. */
export const continueMove = defineJob<Record<string, never>>({
  name: 'storage.continue-move',
  title: 'Move the library to another storage',
  expireMinutes: 240,
  retries: 0,
  cron: '*/2 * * * *',
});

/** Holds the storage against the library, when an administrator asks for it. */
export const checkStorage = defineJob<{ readData: boolean }>({
  name: 'storage.check',
  title: 'Check the stored files',
  subject: ({ readData }) => (readData ? 'every byte' : 'sizes'),
  expireMinutes: 1380,
  retries: 0,
});

/** Deletes what a library left behind where it was before it moved. */
export const sweepLeftovers = defineJob<Record<string, never>>({
  name: 'storage.sweep-leftovers',
  title: 'Delete what was left behind by a move',
  expireMinutes: 240,
  retries: 1,
  cron: '23 4 * * *',
});
