import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { BlobKey, BlobReader, BlobStore, BlobVariant } from '#platform/blobs/blob-store.ts';
import { asSystem } from '#platform/database/as-system.ts';
import type { Database } from '#platform/database/database.ts';

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
const CHUNK = 1024 * 1024;

/**
 * Holds the store against the library: each file that it knows of is there in its size and, when its data is read, originals are the
 * bytes that their names tell. While a library is served, what comes or goes meanwhile may be missed, and is never called a fault.
 * @param options.readData reads every file whole; originals are hashed
 * @param options.onProgress is called after each file
 */
export async function verifyStorage(
  deps: { readonly database: Database; readonly blobs: BlobStore },
  options: { readonly readData: boolean; readonly onProgress?: (done: number, of: number) => void },
): Promise<Verification> {
  const total = await countFiles(deps.database);
  const faults: Fault[] = [];
  let files = 0;
  let read = 0;
  for await (const expected of listExpected(deps.database)) {
    files += 1;
    const what = await findFault(deps.blobs, expected, options.readData);
    if (what && (await isStillKnown(deps.database, expected.key))) faults.push({ key: expected.key, what });
    if (options.readData && what !== 'missing') read += 1;
    options.onProgress?.(files, Math.max(files, total));
  }
  return { files, read, faults, orphans: await countOrphans(deps) };
}

async function findFault(blobs: BlobStore, { key, bytes }: Expected, readData: boolean): Promise<Fault['what'] | null> {
  const found = await blobs.stat(key);
  if (!found) return 'missing';
  if (found.bytes !== bytes) return 'short';
  if (!readData) return null;
  const reader = await blobs.open(key);
  if (!reader) return 'missing';
  try {
    const hash = await hashOf(reader);
    return key.variant === 'original' && hash !== key.hash ? 'changed' : null;
  } catch {
    return 'unreadable';
  } finally {
    await reader.close();
  }
}

async function hashOf(reader: BlobReader): Promise<string> {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(CHUNK);
  for (let position = 0; position < reader.size; position += CHUNK) {
    const length = Math.min(CHUNK, reader.size - position);
    await reader.read(chunk, 0, length, position);
    hash.update(chunk.subarray(0, length));
  }
  return hash.digest('hex');
}

async function countFiles(database: Database): Promise<number> {
  const { rows } = await asSystem(database, (tx: Tx) =>
    sql<{ n: number }>`select ((select count(*) from blobs) + (select count(*) from derivatives))::int as n`.execute(
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
        select b.hash, jsonb_build_object('variant', 'original', 'bytes', b.bytes) || coalesce(
          (select jsonb_agg(jsonb_build_object('variant', d.variant, 'bytes', d.bytes)) from derivatives d
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
