import { createHash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { type Kysely, sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { asStorage } from '#platform/database/as-storage.ts';
import type { Database } from '#platform/database/database.ts';
import { toAddress } from './blob-address.ts';
import type { BlobKey, BlobReader, BlobStore, BlobVariant, StoredBlob } from './blob-store.ts';
import { createTempArea } from './temp-area.ts';

type Tx = Kysely<unknown>;

const PART_BYTES = 1024 * 1024;

/**
 * Keeps blobs in the library's own PostgreSQL, so that one backup holds all there is: in parts of a mebibyte, each read by itself.
 * @param deps.tempDir where files lie on their way in
 */
export function createPostgresStore(deps: { readonly database: Database; readonly tempDir: string }): BlobStore {
  const run = <Result>(work: (tx: Tx) => Promise<Result>): Promise<Result> => asStorage(deps.database, work);

  const find = async (key: BlobKey) => {
    const { rows } = await run((tx) =>
      sql<{ content: string; bytes: string; modified_at: Date }>`
        select content, bytes, modified_at from stored_blobs where ${at(key)}`.execute(tx),
    );
    return rows[0] ?? null;
  };
  const statOf = async (key: BlobKey): Promise<StoredBlob | null> => {
    const found = await find(key);
    return found && { bytes: Number(found.bytes), modifiedAt: found.modified_at };
  };

  return {
    ...createTempArea({ tempDir: deps.tempDir }),
    driver: 'postgres',
    capabilities: { localPath: null, readersOutlive: false },
    async put(key, tempPath) {
      const address = toAddress(key);
      try {
        const file = await open(tempPath, 'r');
        try {
          await run((tx) => insertFile(tx, key, address, file));
        } finally {
          await file.close();
        }
      } finally {
        await rm(tempPath, { force: true });
      }
    },
    async open(key) {
      const found = await find(key);
      return found && readerOf(run, found.content, Number(found.bytes));
    },
    has: async (key) => (await statOf(key)) !== null,
    stat: statOf,
    async delete(key) {
      await run((tx) => sql`delete from stored_blobs where ${at(key)}`.execute(tx));
    },
    async *list() {
      let after: ListedRow | null = null;
      for (;;) {
        const { rows } = await run((tx) => listAfter(tx, after));
        for (const { hash, variant, bytes, modified_at: modifiedAt } of rows) {
          yield { key: { hash, variant }, bytes: Number(bytes), modifiedAt };
        }
        const last = rows.at(-1);
        if (!last) return;
        after = last;
      }
    },
    // The pool is the library's.
    sweepParts: async () => 0,
    close: () => {},
  };
}

const at = (key: BlobKey) => {
  toAddress(key);
  return sql`hash = ${Buffer.from(key.hash, 'hex')} and variant = ${key.variant}`;
};

interface ListedRow {
  hash: string;
  variant: BlobVariant;
  bytes: string;
  modified_at: Date;
}

async function listAfter(tx: Tx, after: ListedRow | null): Promise<{ rows: ListedRow[] }> {
  return sql<ListedRow>`
    select encode(hash, 'hex') as hash, variant, bytes, modified_at from stored_blobs
    where ${after ? sql`(hash, variant) > (${Buffer.from(after.hash, 'hex')}, ${after.variant})` : sql`true`}
    order by stored_blobs.hash, stored_blobs.variant limit 1000`.execute(tx);
}

/** The same bytes are left as they are, for the sake of those who read them. */
async function insertFile(tx: Tx, key: BlobKey, address: string, file: FileHandle): Promise<void> {
  // Whoever stores the same waits here, in place of meeting at the unique index with all of it sent.
  await sql`select pg_advisory_xact_lock(hashtextextended(${address}, 9))`.execute(tx);
  const sha256 = createHash('sha256');
  let bytes = 0;
  for await (const part of parts(file)) {
    sha256.update(part);
    bytes += part.length;
  }
  const digest = sha256.digest();
  const { rows } =
    await sql`select from stored_blobs where ${at(key)} and sha256 = ${digest} and bytes = ${bytes}`.execute(tx);
  if (rows.length > 0) return;
  const content = uuidv7();
  await sql`delete from stored_blobs where ${at(key)}`.execute(tx);
  await sql`insert into stored_blobs (hash, variant, content, bytes, sha256)
    values (${Buffer.from(key.hash, 'hex')}, ${key.variant}, ${content}, ${bytes}, ${digest})`.execute(tx);
  let n = 0;
  for await (const part of parts(file)) {
    await sql`insert into stored_parts (content, part, bytes) values (${content}, ${n}, ${part})`.execute(tx);
    n += 1;
  }
}

async function* parts(file: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const part = Buffer.allocUnsafe(PART_BYTES);
    let length = 0;
    while (length < PART_BYTES) {
      const { bytesRead } = await file.read(part, length, PART_BYTES - length, position + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length === 0) return;
    yield part.subarray(0, length);
    position += length;
  }
}

/** Asks for one part at a time, or for the piece of it that is wanted. */
function readerOf(
  run: <Result>(work: (tx: Tx) => Promise<Result>) => Promise<Result>,
  content: string,
  size: number,
): BlobReader {
  return {
    size,
    async read(buffer, offset, length, position) {
      if (position + length > size) {
        throw new Error(`The blob ends at byte ${size}, before ${position + length}: it was cut short.`);
      }
      for (let done = 0; done < length; ) {
        const [part, from] = [Math.floor((position + done) / PART_BYTES), (position + done) % PART_BYTES];
        const wanted = Math.min(length - done, PART_BYTES - from);
        const { rows } = await run((tx) =>
          sql<{ piece: Buffer }>`
            select substring(bytes from ${from + 1} for ${wanted}) as piece from stored_parts
            where content = ${content} and part = ${part}`.execute(tx),
        );
        const piece = rows[0]?.piece;
        if (piece?.length !== wanted) throw new Error('The blob was deleted while it was read: it was cut short.');
        buffer.set(piece, offset + done);
        done += wanted;
      }
    },
    close: async () => {},
  };
}
