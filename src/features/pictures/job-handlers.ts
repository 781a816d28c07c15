import type { BlobStore } from '#platform/blobs/blob-store.ts';
import { handleJob, type JobHandler } from '#platform/jobs/jobs.ts';
import * as definitions from './jobs.ts';
import type { PublishedDeps } from './sweep-published.ts';

export const pictureJobs = Object.values(definitions);

const minuteMs = 60_000;
/** For pages that were loaded just before: what they ask for is still there. */
const graceMs = 15 * minuteMs;

/** The code behind this feature's jobs; each loads when it first runs. */
export const pictureJobHandlers = (
  deps: PublishedDeps & { readonly blobs: BlobStore; warn(sentence: string): void },
): JobHandler[] => [
  handleJob(definitions.publishPictures, async ({ now = false }, signal) => {
    const { sweepPublished } = await import('./sweep-published.ts');
    const { publishMissing } = await import('./verify-published.ts');
    const { unreachable } = await sweepPublished(deps, { graceMs: now ? 0 : graceMs, signal });
    for (const place of now ? unreachable : []) {
      deps.warn(
        `Pictures that people showed to everybody lie in ${place} yet, where these settings do not reach. Empty that bucket; it holds copies alone.`,
      );
    }
    await publishMissing(deps, signal);
  }),
  handleJob(definitions.takeBackFiles, async ({ files }, signal) => {
    const { takeBack } = await import('./sweep-published.ts');
    await takeBack(deps, files, signal);
  }),
  handleJob(definitions.checkPublished, async (_, signal) => {
    const { sweepUnknown } = await import('./sweep-published.ts');
    const { publishMissing, verifyPublished } = await import('./verify-published.ts');
    await sweepUnknown(deps, { graceMs: 24 * 60 * minuteMs, signal });
    if ((await verifyPublished(deps, signal)) > 0) await publishMissing(deps, signal);
  }),
];
