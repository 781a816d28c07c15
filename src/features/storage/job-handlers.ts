import type { BlobStore, StorageDriver } from '#platform/blobs/blob-store.ts';
import type { Database } from '#platform/database/database.ts';
import { handleJob, type JobHandler } from '#platform/jobs/jobs.ts';
import * as definitions from './jobs.ts';
import { tryLock } from './lock-moves.ts';
import { lookAtMove } from './move-progress.ts';

export const storageJobs = Object.values(definitions);

const dayMs = 24 * 3600_000;
/** How soon somebody who pauses a move is heard. */
const lookMs = 1000;

interface Deps {
  readonly database: Database;
  readonly blobs: BlobStore;
  /** Opens a driver without a cache before it. */
  open(driver: StorageDriver): Promise<BlobStore>;
  /** Aborts when the server ends. */
  readonly ending: AbortSignal;
}

/** The code behind this feature's jobs; each loads when it first runs. */
export const storageJobHandlers = (deps: Deps): JobHandler[] => [
  handleJob(definitions.continueMove, async (_, signal) => {
    const { driver, source, keeps_moving: isWanted, is_moving: isUnderWay } = await lookAtMove(deps.database);
    if (!source || !isWanted || isUnderWay) return;
    const { moveStorage, restMove } = await import('./move-storage.ts');
    const paused = new AbortController();
    const look = setInterval(() => {
      lookAtMove(deps.database).then(
        (now) => now.keeps_moving || paused.abort(),
        () => {},
      );
    }, lookMs);
    const ended = AbortSignal.any([signal, deps.ending, paused.signal]);
    // Each blob holds a connection while it is copied, and people need some as well.
    const options = { to: driver, bytesPerSecond: null, parallel: 2, signal: ended };
    const { finished } = await moveStorage(deps, options).finally(() => clearInterval(look));
    // What is left is damaged, and to try it every other minute does not mend it.
    if (!finished && !ended.aborted) await restMove(deps.database);
  }),
  handleJob(definitions.checkStorage, async ({ readData }, signal) => {
    const { checkStorage } = await import('./verify-storage.ts');
    await checkStorage(deps, { readData, signal: AbortSignal.any([signal, deps.ending]) });
  }),
  handleJob(definitions.sweepLeftovers, async (_, signal) => {
    const { sweepLeftovers } = await import('./collect-garbage.ts');
    const unlock = await tryLock(deps.database, 'move');
    // Whoever moves the library, or cleans up, is at it; there is another night.
    if (!unlock) return;
    await sweepLeftovers(deps, dayMs, AbortSignal.any([signal, deps.ending])).finally(unlock);
  }),
];
