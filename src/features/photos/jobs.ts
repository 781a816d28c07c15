import { defineJob } from '#platform/jobs/jobs.ts';

/** Deletes blobs that nothing refers to: after deletions, and after a failed upload (`hash`). */
export const sweepBlobs = defineJob<{ hash?: string }>({
  name: 'photos.sweep-blobs',
  title: 'Delete files of photos that are gone',
  subject: ({ hash }) => (hash ? 'what one failed upload left' : 'all of them'),
  expireMinutes: 60,
  retries: 5,
});

/** Empties trash that is past its days, and uploads and downloads past their hours. */
export const sweepExpired = defineJob<Record<string, never>>({
  name: 'photos.sweep-expired',
  title: 'Empty the trash of what is past its days',
  expireMinutes: 60,
  retries: 3,
  cron: '17 * * * *',
});

/** Looks for files in the store that no row knows, and temp files of servers that are gone. */
export const sweepOrphans = defineJob<Record<string, never>>({
  name: 'photos.sweep-orphans',
  title: 'Look for files and words that belong to nothing',
  expireMinutes: 240,
  retries: 1,
  cron: '43 3 * * *',
});
