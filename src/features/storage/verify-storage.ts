import { type Kysely, sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { BlobKey, BlobStore, BlobVariant } from '#platform/blobs/blob-store.ts';
import { asSystem } from '#platform/database/as-system.ts';
import type { Database } from '#platform/database/database.ts';
import { hashOf } from './copy-blob.ts';
import { MoveError, tryLock } from './lock-moves.ts';

type Tx = Kysely<unknown>;

/** What may be wrong with a stored file. */
export interface Fault {
  readonly key: BlobKey;
  readonly what: 'missing' | 'short' | 'changed' | 'unreadable';
}

export interface Verification {
  /** Files that the library knows of, and those of them that were read. */
  readonly files: number;
  readonly read: number;
  readonly faults: readonly Fault[];
  /** Files that nothing knows of; a day old and more, `storage gc` deletes them. */
  readonly orphans: number;
}

interface Expected {
  readonly key: BlobKey;
  readonly bytes: number;
}

const batch = 500;

export interface VerifyOptions {
  /** Reads every file whole; originals are hashed. */
  readonly readData: boolean;
  readonly signal?: AbortSignal;
  /** Called after each file. */
  readonly onProgress?: (done: number, of: number) => void;
}

interface Deps {
  readonly database: Database;
  readonly blobs: BlobStore;
}

/**
 * As {@link verifyStorage}, one at a time, and keeps what was found for whoever administers the library.
 * @throws MoveError when somebody else is at it
 * @throws the signal's reason when it was ended before it had seen everything
 */
export async function checkStorage(deps: Deps, options: VerifyOptions): Promise<Verification> {
  const unlock = await tryLock(deps.database, 'check');
  if (!unlock) throw new MoveError('The storage is being checked already. Wait for that to end.');
  try {
    const startedAt = new Date();
    const found = await verifyStorage(deps, options);
    await keepFindings(deps.database, { ...found, startedAt, readData: options.readData });
    return found;
  } finally {
    await unlock();
  }
}

/**
 * Holds the store against the library: each file that it knows of is there in its size and, when its data is read, originals are the
 * bytes that their names tell. While a library is served, what comes or goes meanwhile may be missed, and is never called a fault.
 * @throws the signal's reason
 */
export async function verifyStorage(
  deps: Deps,
  { readData, signal, onProgress }: VerifyOptions,
): Promise<Verification> {
  const total = await countFiles(deps.database);
  const faults: Fault[] = [];
  let files = 0;
  let read = 0;
  for await (const expected of listExpected(deps.database)) {
    signal?.throwIfAborted();
    files += 1;
    const what = await findFault(deps.blobs, expected, readData);
    if (what && (await isStillKnown(deps.database, expected.key))) faults.push({ key: expected.key, what });
    if (readData && what !== 'missing') read += 1;
    onProgress?.(files, Math.max(files, total));
  }
  return { files, read, faults, orphans: await countOrphans(deps) };
}

async function keepFindings(
  database: Database,
  { files, faults, orphans, readData, startedAt }: Verification & { readData: boolean; startedAt: Date },
): Promise<void> {
  const first = faults.slice(0, 100).map(({ key, what }) => ({ ...key, what }));
  await asSystem(database, (tx: Tx) =>
    sql`insert into storage_checks (id, started_at, data_read, files, faults, first_faults, orphans)
      values (${uuidv7()}, ${startedAt}, ${readData}, ${files}, ${faults.length}, ${JSON.stringify(first)}::jsonb, ${orphans})`.execute(
      tx,
    ),
  );
}

async function findFault(blobs: BlobStore, { key, bytes }: Expected, readData: boolean): Promise<Fault['what'] | null> {
  const found = await blobs.stat(key);
  if (!found) return 'missing';
  if (found.bytes !== bytes) return 'short';
  if (!readData) return null;
  try {
    const hash = await hashOf(blobs, key);
    if (hash === null) return 'missing';
    const isNamed = key.variant === 'original' || key.variant === 'picture';
    return isNamed && hash !== key.hash ? 'changed' : null;
  } catch {
    return 'unreadable';
  }
}

async function countFiles(database: Database): Promise<number> {
  const { rows } = await asSystem(database, (tx: Tx) =>
    sql<{
      n: number;
    }>`select ((select count(*) from blobs where has_original) + (select count(*) from derivatives))::int as n`.execute(
      tx,
    ),
  );
  return rows[0]?.n ?? 0;
}

/** Originals and derivatives, in the order of their hashes, in batches: a library may have millions. */
async function* listExpected(database: Database): AsyncGenerator<Expected> {
  for (let after = Buffer.alloc(0); ; ) {
    const { rows } = await asSystem(database, (tx: Tx) =>
      sql<{ hash: Buffer; files: { variant: BlobVariant; bytes: number }[] }>`
        select b.hash, case when b.has_original then jsonb_build_array(jsonb_build_object('variant', 'original', 'bytes', b.bytes))
          else '[]' end || coalesce((select jsonb_agg(jsonb_build_object('variant', d.variant, 'bytes', d.bytes)) from derivatives d
           where d.blob_hash = b.hash), '[]') as files
        from blobs b where b.hash > ${after} order by b.hash limit ${batch}`.execute(tx),
    );
    for (const { hash, files } of rows) {
      for (const { variant, bytes } of files)
        yield { key: { hash: hash.toString('hex'), variant }, bytes: Number(bytes) };
    }
    const last = rows.at(-1);
    if (!last) return;
    after = Buffer.from(last.hash);
  }
}

async function isStillKnown(database: Database, key: BlobKey): Promise<boolean> {
  const { rows } = await asSystem(database, (tx: Tx) =>
    sql`select from blobs where hash = ${Buffer.from(key.hash, 'hex')}`.execute(tx),
  );
  return rows.length > 0;
}

async function countOrphans({ database, blobs }: { database: Database; blobs: BlobStore }): Promise<number> {
  let orphans = 0;
  let hashes: string[] = [];
  const count = async () => {
    const wanted = hashes;
    hashes = [];
    if (wanted.length === 0) return;
    const { rows } = await asSystem(database, (tx: Tx) =>
      sql<{ hash: string }>`
        select encode(hash, 'hex') as hash from blobs where hash = any(${[...new Set(wanted)].map((one) => Buffer.from(one, 'hex'))}::bytea[])`.execute(
        tx,
      ),
    );
    const known = new Set(rows.map(({ hash }) => hash));
    orphans += wanted.filter((hash) => !known.has(hash)).length;
  };
  for await (const { key } of blobs.list()) {
    hashes.push(key.hash);
    if (hashes.length >= batch) await count();
  }
  await count();
  return orphans;
}
