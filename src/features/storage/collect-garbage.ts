import type { Kysely } from 'kysely';
import { type PartialFiles, sweepOrphanFiles, sweepPartials, sweepUnusedBlobs } from '#features/photos/index.ts';
import { type PublishedDeps, sweepPublished, sweepUnknown } from '#features/pictures/index.ts';
import type { BlobStore, StorageDriver } from '#platform/blobs/blob-store.ts';
import { asSystem } from '#platform/database/as-system.ts';
import type { Database } from '#platform/database/database.ts';
import { mayDelete } from '#platform/database/deletion-hold.ts';
import type { Delivery } from '#platform/delivery/index.ts';
import { lockMoves } from './lock-moves.ts';
import * as store from './store.ts';

type Tx = Kysely<unknown>;

const dayMs = 24 * 3600_000;

export interface Garbage {
  /** Blobs that no photo refers to, with what was derived from them. */
  readonly unused: number;
  /** Blobs in the store that no row knows of. */
  readonly orphans: number;
  /** Uploads that nobody can go on with. */
  readonly partials: number;
  /** Files whose parts came to a bucket and were never put together. */
  readonly parts: number;
  /** Pictures in the public bucket that nobody shows, and files there that no row knows. */
  readonly published: number;
  /** Files where the library was before it moved. */
  readonly leftovers: number;
}

/**
 * Deletes what nothing refers to. Each blob is decided on under the lock that uploads of the same bytes hold; what no row knows of, and
 * what a library left behind when it moved, only once it is older than the grace period: a reader may still be at it.
 * @throws MoveError while the library is being moved
 */
export async function collectGarbage(
  deps: {
    readonly database: Database;
    readonly blobs: BlobStore;
    readonly partials: PartialFiles;
    readonly published: Omit<PublishedDeps, 'database'>;
    readonly delivery: Pick<Delivery, 'forget'>;
    open(driver: StorageDriver): Promise<BlobStore>;
  },
  { graceMs, signal }: { readonly graceMs: number; readonly signal: AbortSignal },
): Promise<Garbage> {
  const unlock = await lockMoves(deps.database);
  try {
    await deps.blobs.sweepTemp();
    const partials = await sweepPartials(deps);
    const unused = await sweepUnusedBlobs(deps, signal);
    const orphans = await sweepOrphanFiles(deps, signal, graceMs);
    // Whoever sends a file in parts now may be at it for long.
    const parts = await deps.blobs.sweepParts(Math.max(graceMs, dayMs));
    const published = await sweepPublic({ ...deps.published, database: deps.database }, graceMs, signal);
    return { unused, orphans, partials, parts, published, leftovers: await sweepLeftovers(deps, graceMs, signal) };
  } finally {
    await unlock();
  }
}

async function sweepPublic(deps: PublishedDeps, graceMs: number, signal: AbortSignal): Promise<number> {
  const { withdrawn } = await sweepPublished(deps, { graceMs: 0, signal });
  return withdrawn + (await sweepUnknown(deps, { graceMs, signal }));
}

/**
 * Deletes what is left where the library was before it moved, once that is long enough ago.
 * @returns how many files
 */
export async function sweepLeftovers(
  deps: { readonly database: Database; open(driver: StorageDriver): Promise<BlobStore> },
  graceMs: number,
  signal: AbortSignal,
): Promise<number> {
  let deleted = 0;
  for (const driver of await asSystem(deps.database, (tx: Tx) => store.listLeftovers(tx, graceMs))) {
    const left = await deps.open(driver);
    try {
      for await (const { key } of left.list()) {
        const isGone = await asSystem(deps.database, async (tx: Tx) => {
          // The library may be on its way back: it takes what it finds there for its own. And a backup that began before the move ended
          // may be reading there yet.
          if (signal.aborted || !(await store.isLeft(tx, driver)) || !(await mayDelete(tx))) return false;
          await left.delete(key);
          return true;
        });
        if (!isGone) return deleted;
        deleted += 1;
      }
    } finally {
      left.close();
    }
    await asSystem(deps.database, async (tx: Tx) => {
      if (await store.isLeft(tx, driver)) await store.forgetLeftovers(tx, driver);
    });
  }
  return deleted;
}
