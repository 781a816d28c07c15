import { sql } from 'kysely';
import type { Database } from '#platform/database/database.ts';
import { anonymous } from '#platform/database/principal.ts';
import { defineJob, handleJob, type JobHandler } from '#platform/jobs/jobs.ts';

const sweepCredentials = defineJob<Record<string, never>>({
  name: 'accounts.sweep-credentials',
  title: 'Forget sessions and links that have ended',
  expireMinutes: 10,
  retries: 3,
  cron: '7 * * * *',
});

export const accountJobs = [sweepCredentials];

/** Deletes sessions and one-time links that are past their time; they have been of no use since then. */
export const accountJobHandlers = (deps: { database: Database }): JobHandler[] => [
  handleJob(sweepCredentials, async () => {
    await deps.database.as(anonymous, (tx) => sql`select sweep_credentials()`.execute(tx));
  }),
];
