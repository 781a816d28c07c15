import type { Kysely } from 'kysely';
import { type BlobKey, type BlobStore, type StorageDriver, variants } from '#platform/blobs/blob-store.ts';
import { asSystem } from '#platform/database/as-system.ts';
import type { Database } from '#platform/database/database.ts';
import { copyBlob, DamagedBlobError } from './copy-blob.ts';
import { inLanes } from './in-lanes.ts';
import { lockMoves, MoveError } from './lock-moves.ts';
import { createPace } from './pace.ts';
import * as store from './store.ts';

type Tx = Kysely<unknown>;

export interface MoveOptions {
  readonly to: StorageDriver;
  /** Null for as fast as it goes. */
  readonly bytesPerSecond: number | null;
  /** Blobs at a time; four unless told otherwise. */
  readonly parallel?: number;
  /** Moves on without the originals that are damaged or gone; their rows stay, and `storage verify` names them. */
  readonly leaveDamaged?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: MoveProgress) => void;
}

export interface MoveProgress {
  /** Originals, each with what was derived from it. */
  readonly done: number;
  readonly of: number;
  /** What this run has copied. */
  readonly bytes: number;
}

export interface Move {
  readonly from: StorageDriver | null;
  readonly blobs: number;
  readonly bytes: number;
  readonly damaged: readonly { readonly key: BlobKey; readonly why: string }[];
  /** False when it was interrupted, or damaged originals keep the source in use. */
  readonly finished: boolean;
}

const batch = 200;

/**
 * Moves a library to another driver while servers serve it. New bytes go to the new place from the first moment on, what is looked
 * for is found in either, and each blob's row says where it is once it was read again there. Interrupted at any point, it goes on
 * where it was, or back.
 * @param deps.open opens a driver without a cache before it
 * @throws MoveError
 */
export async function moveStorage(
  deps: { readonly database: Database; open(driver: StorageDriver): Promise<BlobStore> },
  options: MoveOptions,
): Promise<Move> {
  // Opened before anything is said: a bucket that cannot be used is no place to move to.
  const to = await deps.open(options.to);
  const unlock = await lockMoves(deps.database).catch((error) => {
    to.close();
    throw error;
  });
  let source: BlobStore | undefined;
  try {
    const from = await asSystem(deps.database, (tx: Tx) => beginMove(tx, options.to, { keepsMoving: false }));
    if (!from) return { from, blobs: 0, bytes: 0, damaged: [], finished: true };
    source = await deps.open(from);
    let [blobs, bytes] = [0, 0];
    for (;;) {
      const pass = await moveAll(deps.database, source, to, options);
      blobs += pass.blobs;
      bytes += pass.bytes;
      const finished = !options.signal?.aborted && (await finish(deps.database, options, from));
      // What was on its way to the source as the move began may have come in since.
      if (finished || options.signal?.aborted || pass.blobs === 0) {
        return { from, blobs, bytes, damaged: pass.damaged, finished };
      }
    }
  } finally {
    source?.close();
    to.close();
    await unlock();
  }
}

/**
 * Has new bytes go to another driver from now on.
 * @param options.keepsMoving whether servers are to move the others by themselves; what was said before about this move stays
 * @returns where the library comes from; null when all of it is there already
 * @throws MoveError when it is on its way to somewhere else
 */
export async function beginMove(
  tx: Tx,
  to: StorageDriver,
  { keepsMoving }: { keepsMoving: boolean },
): Promise<StorageDriver | null> {
  const { driver, source } = await store.lockPlace(tx);
  if (driver === to) {
    if (keepsMoving) await store.setKeepsMoving(tx, true);
    return source;
  }
  if (source && source !== to) {
    throw new MoveError(
      `The library is on its way from ${source} to ${driver}. Finish that first (--to ${driver}), or go back (--to ${source}).`,
    );
  }
  await store.changePlace(tx, { driver: to, source: driver, keepsMoving });
  return driver;
}

/** Has servers go on with a move no more until somebody asks for it again. */
export const restMove = (database: Database) => asSystem(database, (tx: Tx) => store.setKeepsMoving(tx, false));

/** Moves what is elsewhere now. Of what is damaged the rest is moved all the same, so that all of it is told at once. */
async function moveAll(database: Database, from: BlobStore, to: BlobStore, options: MoveOptions) {
  const of = await asSystem(database, (tx: Tx) => store.countElsewhere(tx, to.driver));
  const job = { from, to, pace: createPace(options.bytesPerSecond), leaveDamaged: options.leaveDamaged === true };
  const damaged: { key: BlobKey; why: string }[] = [];
  let [done, bytes] = [0, 0];
  const move = (hash: Buffer) => moveBlob(database, { ...job, hash });
  for await (const moved of inLanes(listElsewhere(database, to.driver, options.signal), options.parallel ?? 4, move)) {
    if ('why' in moved) damaged.push(moved);
    else bytes += moved.bytes;
    done += 1;
    options.onProgress?.({ done, of: Math.max(of, done), bytes });
  }
  return { blobs: done - damaged.length, bytes, damaged };
}

/** Hashes in their order, in batches, until the signal. */
async function* listElsewhere(
  database: Database,
  to: StorageDriver,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  for (let after: Buffer = Buffer.alloc(0); ; ) {
    const found = await asSystem(database, (tx: Tx) => store.listElsewhere(tx, to, after, batch));
    for (const { hash } of found) {
      if (signal?.aborted) return;
      yield hash;
    }
    const last = found.at(-1);
    if (!last) return;
    after = last.hash;
  }
}

/** An original and all that was derived from it, held against sweeping meanwhile. */
function moveBlob(
  database: Database,
  job: {
    hash: Buffer;
    from: BlobStore;
    to: BlobStore;
    pace: (bytes: number) => Promise<void>;
    leaveDamaged: boolean;
  },
): Promise<{ bytes: number } | { key: BlobKey; why: string }> {
  const { from, to } = job;
  return asSystem(database, async (tx: Tx) => {
    const files = await store.holdBlob(tx, job.hash, to.driver);
    if (!files) return { bytes: 0 };
    const hash = job.hash.toString('hex');
    let bytes = 0;
    for (const variant of variants) {
      const key = { hash, variant };
      try {
        const copied = await copyBlob(from, to, key, job.pace);
        bytes += copied ?? 0;
        if (copied === null && files.has(variant) && !(await to.has(key))) throw new DamagedBlobError('it is gone');
      } catch (error) {
        if (!(error instanceof DamagedBlobError)) throw error;
        await store.saySpoiled(tx, job.hash, variant, error.message);
        if (!job.leaveDamaged) return { key, why: error.message };
      }
    }
    await store.sayMoved(tx, job.hash, to.driver);
    return { bytes };
  });
}

/** Ends the move once nothing is left behind; what is said to be stored from then on is held against the new place alone. */
function finish(database: Database, { to }: MoveOptions, from: StorageDriver): Promise<boolean> {
  return asSystem(database, async (tx: Tx) => {
    await store.lockPlace(tx);
    if ((await store.countElsewhere(tx, to)) > 0) return false;
    await store.changePlace(tx, { driver: to, source: null, keepsMoving: false });
    await store.leaveBehind(tx, from);
    return true;
  });
}
