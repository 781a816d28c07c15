import { anonymous } from '#platform/database/principal.ts';
import type { Delivery } from '#platform/delivery/index.ts';
import { handleJob, type JobHandler, type Jobs } from '#platform/jobs/jobs.ts';
import type { PhotoDeps } from './deps.ts';
import * as definitions from './jobs.ts';
import type { PartialFiles } from './partial-files.ts';

type Deps = Pick<PhotoDeps, 'database' | 'blobs' | 'trashDays'> & {
  jobs: Jobs;
  partials: PartialFiles;
  /** Told of blobs that are gone, so that no thumbnail of them stays in memory. */
  delivery: Pick<Delivery, 'forget'>;
};

export const photoJobs = Object.values(definitions);

/** The code behind this feature's jobs; each loads when it first runs. */
export const photoJobHandlers = (deps: Deps): JobHandler[] => [
  handleJob(definitions.sweepBlobs, async ({ hash }, signal) => {
    const { sweepBlob, sweepPartials, sweepUnusedBlobs } = await import('./sweep-blobs.ts');
    if (hash) await sweepBlob(deps, hash);
    else {
      await sweepUnusedBlobs(deps, signal);
      await sweepPartials(deps);
    }
  }),
  handleJob(definitions.sweepExpired, async (_, signal) => {
    const { sweepExpired } = await import('./sweep-expired.ts');
    const { photos, uploads } = await sweepExpired(deps, signal);
    for (const id of uploads) await deps.partials.remove(id);
    if (photos > 0) await deps.jobs.send(definitions.sweepBlobs, {});
  }),
  handleJob(definitions.sweepOrphans, async (_, signal) => {
    const { sweepOrphanFiles, sweepPartials, sweepUnusedBlobs } = await import('./sweep-blobs.ts');
    await deps.blobs.sweepTemp();
    await sweepPartials(deps);
    await sweepUnusedBlobs(deps, signal);
    await sweepOrphanFiles(deps, signal);
    await deps.blobs.sweepParts(24 * 3600_000);
    const { sweepSearchWords } = await import('./suggestion-store.ts');
    await deps.database.as(anonymous, sweepSearchWords);
  }),
];
