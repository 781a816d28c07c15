import { defineJob } from '#platform/jobs/jobs.ts';

/**
 * Has the public bucket hold what people show to everybody: puts there what is missing, and takes away what nobody shows any more.
 * `now` where somebody took something away; what was replaced stays a while for pages that are open.
 */
export const publishPictures = defineJob<{ now?: true }>({
  name: 'pictures.publish',
  title: 'Keep the bucket of public pictures as it should be',
  expireMinutes: 60,
  retries: 5,
  cron: '*/15 * * * *',
});

/** Takes from the public bucket what was put there for a picture that came to nothing. */
export const takeBackFiles = defineJob<{ files: readonly string[] }>({
  name: 'pictures.take-back',
  title: 'Take what nobody shows from the bucket of public pictures',
  expireMinutes: 10,
  retries: 5,
});

/** Holds the public bucket against the library. */
export const checkPublished = defineJob<Record<string, never>>({
  name: 'pictures.check-published',
  title: 'Check the bucket of public pictures',
  expireMinutes: 240,
  retries: 1,
  cron: '3 4 * * *',
});
