import { handleJob, type JobHandler, type Jobs } from '#platform/jobs/jobs.ts';
import type { PhotoDeps } from './deps.ts';
import * as definitions from './jobs.ts';

type Deps = Pick<PhotoDeps, 'database' | 'blobs' | 'trashDays'> & {
  jobs: Jobs;
  removePartial(uploadId: string): Promise<void>;
};

export const photoJobs = Object.values(definitions);

/** The code behind this feature's jobs; each loads when it first runs. */
export const photoJobHandlers = (deps: Deps): JobHandler[] => [
  handleJob(definitions.sweepBlobs, async ({ hash }, signal) => {
    const { sweepBlob, sweepUnusedBlobs } = await import('./sweep-blobs.ts');
    if (hash) await sweepBlob(deps, hash);
    else await sweepUnusedBlobs(deps, signal);
  }),
  handleJob(definitions.sweepExpired, async (_, signal) => {
    const { sweepExpired } = await import('./sweep-expired.ts');
    const { photos, uploads } = await sweepExpired(deps, signal);
    for (const id of uploads) await deps.removePartial(id);
    if (photos > 0) await deps.jobs.send(definitions.sweepBlobs, {});
  }),
  handleJob(definitions.sweepOrphans, async (_, signal) => {
    const { sweepOrphanFiles, sweepUnusedBlobs } = await import('./sweep-blobs.ts');
    await deps.blobs.sweepTemp();
    await sweepUnusedBlobs(deps, signal);
    await sweepOrphanFiles(deps, signal);
  }),
];
