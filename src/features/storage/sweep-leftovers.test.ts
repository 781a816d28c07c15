import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import type { BlobStore } from '#platform/blobs/blob-store.ts';
import { createPostgresStore } from '#platform/blobs/postgres-store.ts';
import { settlePlace } from '#platform/blobs/storage-place.ts';
import { asSystem } from '#platform/database/as-system.ts';
import { createTestDatabase } from '../../../test/database.ts';
import { sweepLeftovers } from './collect-garbage.ts';
import { beginMove } from './move-storage.ts';

const { database } = await createTestDatabase();
const tempDir = await mkdtemp(join(tmpdir(), 'tintype-leftovers-'));
const left = createPostgresStore({ database, tempDir });
afterAll(() => rm(tempDir, { recursive: true, force: true }));

const countLeft = async (): Promise<number> => {
  let count = 0;
  for await (const _ of left.list()) count += 1;
  return count;
};

async function leaveBehind(...texts: string[]): Promise<void> {
  for (const text of texts) {
    const temp = await left.createTemp();
    await temp.write(Buffer.from(text));
    const { path } = await temp.finish();
    await left.put({ hash: createHash('sha256').update(text).digest('hex'), variant: 'original' }, path);
  }
  await asSystem(database, (tx: Kysely<unknown>) =>
    sql`insert into storage_leftovers (driver, since) values ('postgres', now() - interval '2 days')`.execute(tx),
  );
}

const sweep = (open: () => Promise<BlobStore>) =>
  sweepLeftovers({ database, open }, 24 * 3600_000, new AbortController().signal);

test('what a library left goes, until the library is on its way back: what it finds there is its own again', async () => {
  await settlePlace(database, 'files');
  await leaveBehind('one', 'two', 'three');
  const returning: BlobStore = {
    ...left,
    async *list() {
      let seen = 0;
      for await (const found of left.list()) {
        if (seen === 1) await asSystem(database, (tx) => beginMove(tx, 'postgres', { keepsMoving: false }));
        seen += 1;
        yield found;
      }
    },
  };
  expect([await sweep(async () => returning), await countLeft()]).toEqual([1, 2]);

  // Back and away again: now nobody reads there.
  await asSystem(database, (tx) => beginMove(tx, 'files', { keepsMoving: false }));
  await asSystem(database, (tx: Kysely<unknown>) => sql`update storage_place set source = null`.execute(tx));
  await leaveBehind();
  expect([await sweep(async () => left), await countLeft()]).toEqual([2, 0]);
});
