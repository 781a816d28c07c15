import { type Kysely, sql } from 'kysely';
import type { BlobVariant, StorageDriver } from '#platform/blobs/blob-store.ts';
import type { StoragePlace } from '#platform/blobs/storage-place.ts';

type Tx = Kysely<unknown>;

/** What a library has in one driver. Bytes of derivatives are those that the library knows of. */
export interface Totals {
  readonly driver: StorageDriver;
  readonly blobs: number;
  readonly bytes: number;
  readonly derivatives: number;
  readonly derivative_bytes: number;
}

export async function readTotals(tx: Tx): Promise<Totals[]> {
  const { rows } = await sql<Record<keyof Totals, string>>`select * from storage_totals() order by driver`.execute(tx);
  return rows.map((row) => ({
    driver: row.driver as StorageDriver,
    blobs: Number(row.blobs),
    bytes: Number(row.bytes),
    derivatives: Number(row.derivatives),
    derivative_bytes: Number(row.derivative_bytes),
  }));
}

/** What lies in a public bucket. */
export interface PublishedTotals {
  readonly files: number;
  readonly bytes: number;
  /** Pictures that are shown, and are not there yet. */
  readonly missing: number;
  /** Files in buckets that are not this one. */
  readonly elsewhere: number;
}

/** @param place as rows name it; null where none is configured */
export async function readPublished(tx: Tx, place: string | null): Promise<PublishedTotals> {
  const { rows } = await sql<Record<keyof PublishedTotals, string>>`
    select files, bytes, missing, elsewhere from published_totals(${place})`.execute(tx);
  const [{ files = 0, bytes = 0, missing = 0, elsewhere = 0 } = {}] = rows;
  return { files: Number(files), bytes: Number(bytes), missing: Number(missing), elsewhere: Number(elsewhere) };
}

/**
 * Waits for whoever is about to say that bytes are stored, and has others wait until this transaction ends: what they say then is
 * held against what it decides.
 */
export async function lockPlace(tx: Tx): Promise<StoragePlace> {
  await sql`select pg_advisory_xact_lock(hashtextextended('storage place', 11))`.execute(tx);
  const { rows } = await sql<StoragePlace>`select driver, source, version from storage_place`.execute(tx);
  const [place] = rows;
  if (!place) throw new Error('The library was never started, so it is nowhere yet.');
  return place;
}

/** @param keepsMoving whether servers go on with the move by themselves */
export async function changePlace(
  tx: Tx,
  { driver, source, keepsMoving }: { driver: StorageDriver; source: StorageDriver | null; keepsMoving: boolean },
): Promise<void> {
  await sql`update storage_place set driver = ${driver}, source = ${source}, keeps_moving = ${keepsMoving},
    version = version + 1, changed_at = now()`.execute(tx);
  await sql`delete from storage_leftovers where driver in (${driver}, ${source})`.execute(tx);
}

/** Says that nobody reads any more what a driver has. */
export const leaveBehind = (tx: Tx, driver: StorageDriver) =>
  sql`insert into storage_leftovers (driver) values (${driver})`.execute(tx);

/** Hashes of blobs that are not in a driver, in order, after one of them. */
export async function listElsewhere(
  tx: Tx,
  driver: StorageDriver,
  after: Buffer,
  limit: number,
): Promise<{ hash: Buffer; bytes: number }[]> {
  const { rows } = await sql<{ hash: Buffer; bytes: string }>`
    select hash, bytes from blobs where driver <> ${driver} and hash > ${after} order by hash limit ${limit}`.execute(
    tx,
  );
  return rows.map(({ hash, bytes }) => ({ hash: Buffer.from(hash), bytes: Number(bytes) }));
}

export async function countElsewhere(tx: Tx, driver: StorageDriver): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from blobs where driver <> ${driver}`.execute(tx);
  return rows[0]?.n ?? 0;
}

/**
 * Takes hold of a blob until the transaction ends, so that nobody sweeps it.
 * @returns the files that belong to it; null when it is gone, or was moved already
 */
export async function holdBlob(tx: Tx, hash: Buffer, to: StorageDriver): Promise<Map<BlobVariant, number> | null> {
  await sql`select pg_advisory_xact_lock_shared(${hash.readBigInt64BE(0).toString()}::bigint)`.execute(tx);
  const { rows } = await sql<{ variant: BlobVariant; bytes: string }>`
    select 'original' as variant, b.bytes from blobs b where b.hash = ${hash} and b.driver <> ${to} and b.has_original
    union all select d.variant, d.bytes from derivatives d join blobs b on b.hash = d.blob_hash
    where b.hash = ${hash} and b.driver <> ${to}`.execute(tx);
  return rows.length > 0 ? new Map(rows.map(({ variant, bytes }) => [variant, Number(bytes)])) : null;
}

export async function sayMoved(tx: Tx, hash: Buffer, to: StorageDriver): Promise<void> {
  await sql`update blobs set driver = ${to} where hash = ${hash}`.execute(tx);
  await sql`delete from storage_faults where hash = ${hash}`.execute(tx);
}

export const saySpoiled = (tx: Tx, hash: Buffer, variant: BlobVariant, why: string) =>
  sql`insert into storage_faults as f (hash, variant, why) values (${hash}, ${variant}, ${why})
    on conflict (hash, variant) do update set why = excluded.why, tries = f.tries + 1, tried_at = now()`.execute(tx);

/** Drivers that the library left longer ago than given. */
export async function listLeftovers(tx: Tx, olderThanMs: number): Promise<StorageDriver[]> {
  const { rows } = await sql<{ driver: StorageDriver }>`
    select driver from storage_leftovers where since <= now() - make_interval(secs => ${olderThanMs / 1000})`.execute(
    tx,
  );
  return rows.map(({ driver }) => driver);
}

/**
 * Whether nobody reads or writes in a driver that the library left, and nobody will until this transaction ends: whoever has the library move
 * there again waits for it.
 */
export async function isLeft(tx: Tx, driver: StorageDriver): Promise<boolean> {
  await sql`select pg_advisory_xact_lock_shared(hashtextextended('storage place', 11))`.execute(tx);
  const { rows } = await sql`
    select from storage_leftovers l where l.driver = ${driver}
      and not exists (select from storage_place p where l.driver in (p.driver, p.source))`.execute(tx);
  return rows.length > 0;
}

export const forgetLeftovers = (tx: Tx, driver: StorageDriver) =>
  sql`delete from storage_leftovers where driver = ${driver}`.execute(tx);

export const setKeepsMoving = (tx: Tx, keepsMoving: boolean) =>
  sql`update storage_place set keeps_moving = ${keepsMoving} where source is not null`.execute(tx);

export interface MoveRow {
  readonly driver: StorageDriver;
  readonly source: StorageDriver | null;
  readonly keeps_moving: boolean;
  readonly changed_at: Date;
  /** Whether some process is at it. */
  readonly is_moving: boolean;
  readonly is_checking: boolean;
}

const isLocked = (name: string) => sql`exists (
  select from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
    and (classid::bigint << 32 | objid::bigint) = hashtextextended(${name}, 11))`;

export async function readMove(tx: Tx): Promise<MoveRow> {
  const { rows } = await sql<MoveRow>`
    select driver, source, keeps_moving, changed_at, ${isLocked(locks.move)} as is_moving, ${isLocked(locks.check)} as is_checking
    from storage_place`.execute(tx);
  return rows[0] as MoveRow;
}

/** Names of the locks that are held by whoever moves or cleans up a library, and by whoever checks it. */
export const locks = { move: 'storage moves', check: 'storage is checked' } as const;

export async function listFaults(tx: Tx, limit: number) {
  const { rows } = await sql<{
    hash: string;
    variant: BlobVariant;
    why: string;
    tries: number;
    tried_at: Date;
    total: number;
  }>`
    select encode(hash, 'hex') as hash, variant, why, tries, tried_at, count(*) over ()::int as total
    from storage_faults order by tried_at desc, storage_faults.hash limit ${limit}`.execute(tx);
  return rows;
}

export async function readLeftovers(tx: Tx) {
  const { rows } = await sql<{
    driver: StorageDriver;
    since: Date;
  }>`select driver, since from storage_leftovers`.execute(tx);
  return rows;
}

export interface CheckRow {
  readonly started_at: Date;
  readonly finished_at: Date;
  readonly data_read: boolean;
  readonly files: number;
  readonly faults: number;
  readonly first_faults: { hash: string; variant: BlobVariant; what: 'missing' | 'short' | 'changed' | 'unreadable' }[];
  readonly orphans: number;
}

export async function readLastCheck(tx: Tx): Promise<CheckRow | null> {
  const { rows } = await sql<CheckRow>`
    select started_at, finished_at, data_read, files, faults, first_faults, orphans from storage_checks
    order by finished_at desc limit 1`.execute(tx);
  return rows[0] ?? null;
}
