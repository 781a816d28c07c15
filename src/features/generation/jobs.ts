import { defineJob } from '#platform/jobs/jobs.ts';

/** Asks every backend what it has to make pictures with. */
export const refreshModels = defineJob<Record<string, never>>({
  name: 'generation.refresh-models',
  title: 'Look which models there are',
  expireMinutes: 10,
  retries: 0,
  cron: '*/15 * * * *',
});

/** Counts what a rented machine costs, stops it when it is idle, and ends what nobody knows of. */
export const lookAfterPod = defineJob<Record<string, never>>({
  name: 'generation.look-after-pod',
  title: 'Look after the rented machine',
  expireMinutes: 15,
  retries: 0,
  cron: '* * * * *',
});
