import { statfs } from 'node:fs/promises';
import type { Kysely } from 'kysely';
import { requireAllowed } from '#features/access/index.ts';
import { recordAudit } from '#features/audit/index.ts';
import type { BlobStore, StorageDriver } from '#platform/blobs/blob-store.ts';
import type { PublicPlace } from '#platform/blobs/public-place.ts';
import type { Database } from '#platform/database/database.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { Jobs } from '#platform/jobs/jobs.ts';
import { checkStorage, continueMove } from './jobs.ts';
import { MoveError } from './lock-moves.ts';
import { beginMove } from './move-storage.ts';
import { probeStorage } from './probe-storage.ts';
import * as store from './store.ts';

type Tx = Kysely<unknown>;

export interface StorageDeps {
  readonly database: Database;
  readonly blobs: BlobStore;
  readonly jobs: Jobs;
  readonly dataDir: string;
  /** Where the settings of this server say that the library is. */
  readonly configured: StorageDriver;
  /** Of the bucket that is configured, if one is. */
  readonly bucket: string | null;
  /** Where public pictures are read by everybody; null where only this server shows them. */
  readonly publicPlace: PublicPlace | null;
  /** Opens a driver without a cache before it. */
  open(driver: StorageDriver): Promise<BlobStore>;
}

const shownFaults = 20;

/** Where the bytes are, whether they can be written and read now, and how far a move is. */
export async function readStorage(deps: StorageDeps, caller: Caller, { probe }: { probe: boolean }) {
  const { principal } = requireAllowed(caller, 'storage.administer');
  const known = await deps.database.as(principal, async (tx: Tx) => ({
    move: await store.readMove(tx),
    isCheckDue: await deps.jobs.isDue(checkStorage, tx),
    totals: await store.readTotals(tx),
    leftovers: await store.readLeftovers(tx),
    faults: await store.listFaults(tx, shownFaults),
    check: await store.readLastCheck(tx),
    published: deps.publicPlace && (await store.readPublished(tx, deps.publicPlace.bucket.place)),
  }));
  return {
    places: await presentPlaces(deps, known),
    configured: deps.configured,
    probe: probe ? await probeStorage(deps.blobs) : null,
    public_place:
      deps.publicPlace && known.published && (await presentPublicPlace(deps.publicPlace, known.published, probe)),
    migration: presentMigration(known),
    check: known.check && {
      ...known.check,
      started_at: known.check.started_at.toISOString(),
      finished_at: known.check.finished_at.toISOString(),
    },
    is_checking: isChecking(known),
  };
}

async function presentPublicPlace(place: PublicPlace, totals: store.PublishedTotals, isProbed: boolean) {
  const probe = isProbed ? await place.probe() : null;
  const { files, bytes, missing } = totals;
  return { name: place.name, url: place.url, files, bytes, missing, is_read: place.isRead, probe };
}

interface Known {
  readonly move: store.MoveRow;
  readonly totals: readonly store.Totals[];
  readonly leftovers: readonly { driver: StorageDriver }[];
  readonly faults: Awaited<ReturnType<typeof store.listFaults>>;
}

async function presentPlaces({ dataDir, bucket }: StorageDeps, { move, totals, leftovers }: Known) {
  const roleOf = (driver: StorageDriver) => {
    if (driver === move.driver) return 'current' as const;
    if (driver === move.source) return 'source' as const;
    return leftovers.some((left) => left.driver === driver) ? ('left' as const) : ('configured' as const);
  };
  const drivers: StorageDriver[] = ['files', ...(bucket ? ['s3' as const] : []), 'postgres'];
  const disk = await statfs(dataDir);
  return drivers.map((driver) => {
    const {
      blobs = 0,
      bytes = 0,
      derivatives = 0,
      derivative_bytes = 0,
    } = totals.find((one) => one.driver === driver) ?? {};
    return {
      driver,
      role: roleOf(driver),
      name: driver === 's3' ? bucket : null,
      originals: blobs,
      bytes,
      derivatives,
      derivative_bytes,
      disk: driver === 'files' ? { free_bytes: disk.bavail * disk.bsize, total_bytes: disk.blocks * disk.bsize } : null,
    };
  });
}

function presentMigration({ move, totals, faults }: Known) {
  if (!move.source) return null;
  const there = totals.find(({ driver }) => driver === move.driver);
  const sum = (of: (totals: store.Totals) => number) => totals.reduce((total, one) => total + of(one), 0);
  const state = move.is_moving ? ('running' as const) : move.keeps_moving ? ('waiting' as const) : ('paused' as const);
  return {
    from: move.source,
    to: move.driver,
    since: move.changed_at.toISOString(),
    state,
    done: there?.blobs ?? 0,
    of: sum(({ blobs }) => blobs),
    done_bytes: there ? there.bytes + there.derivative_bytes : 0,
    total_bytes: sum(({ bytes, derivative_bytes: more }) => bytes + more),
    faults: faults[0]?.total ?? 0,
    first_faults: faults.map(({ tried_at, total: _, ...fault }) => ({ ...fault, tried_at: tried_at.toISOString() })),
  };
}

/**
 * Has the library move to another driver while everybody goes on using it; servers take it up, whatever interrupts them.
 * @throws AppError `conflict` when the driver cannot be used, or the library is on its way elsewhere
 */
export async function startMigration(
  deps: StorageDeps,
  caller: Caller,
  { to }: { to: StorageDriver },
  address: string | null,
): Promise<void> {
  const { principal } = requireAllowed(caller, 'storage.administer');
  // A bucket that cannot be used is told of now, and not by a job that fails.
  await deps.open(to).then((store) => store.close(), refuse);
  await deps.database.as(principal, async (tx: Tx) => {
    const from = await beginMove(tx, to, { keepsMoving: true }).catch(refuse);
    if (!from) throw new AppError('conflict', 'All of the library is there already.');
    await recordAudit(tx, { action: 'storage_move_started', details: { from, to }, address });
    await deps.jobs.send(continueMove, {}, tx);
  });
}

/** Has whoever moves the library stop after the file at hand; both places are read until it goes on. */
export async function pauseMigration(deps: StorageDeps, caller: Caller, address: string | null): Promise<void> {
  const { principal } = requireAllowed(caller, 'storage.administer');
  await deps.database.as(principal, async (tx: Tx) => {
    const { source, driver, keeps_moving: isWanted, is_moving: isUnderWay } = await store.readMove(tx);
    if (!source) throw new AppError('conflict', 'The library is not being moved.');
    if (!isWanted && isUnderWay) {
      throw new AppError('conflict', 'This move was started from the command line. Stop it there, with Ctrl+C.');
    }
    await store.setKeepsMoving(tx, false);
    await recordAudit(tx, { action: 'storage_move_paused', details: { from: source, to: driver }, address });
  });
}

/** Has a server hold the storage against the library. */
export async function startCheck(deps: StorageDeps, caller: Caller, { read_data: readData }: { read_data: boolean }) {
  const { principal } = requireAllowed(caller, 'storage.administer');
  await deps.database.as(principal, async (tx: Tx) => {
    const known = { move: await store.readMove(tx), isCheckDue: await deps.jobs.isDue(checkStorage, tx) };
    if (isChecking(known)) throw new AppError('conflict', 'The storage is being checked already.');
    await deps.jobs.send(checkStorage, { readData }, tx);
  });
}

/** Somebody is at it, or has asked for it and no server has taken it up yet. */
const isChecking = ({ move, isCheckDue }: { move: store.MoveRow; isCheckDue: boolean }): boolean =>
  move.is_checking || isCheckDue;

/** What is foreseen has a sentence for whoever runs the server. */
function refuse(error: unknown): never {
  const { name, message } = error as Error;
  if (error instanceof MoveError || name === 'StorageError') throw new AppError('conflict', message);
  throw error;
}
