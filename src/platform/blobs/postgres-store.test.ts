import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import { createTestDatabase } from '../../../test/database.ts';
import { asStorage } from '../database/as-storage.ts';
import { asSystem } from '../database/as-system.ts';
import { anonymous } from '../database/principal.ts';
import { describeBlobStore } from './conformance.test-suite.ts';
import { createPostgresStore } from './postgres-store.ts';

const { database } = await createTestDatabase();
const tempDir = await mkdtemp(join(tmpdir(), 'tintype-postgres-store-'));
afterAll(() => rm(tempDir, { recursive: true, force: true }));

describeBlobStore('PostgreSQL', async () => {
  await asStorage(database, (tx) => sql`delete from stored_blobs`.execute(tx));
  return createPostgresStore({ database, tempDir });
});

test('what is stored is seen by the driver alone, which sees nothing else', async () => {
  const store = createPostgresStore({ database, tempDir });
  const temp = await store.createTemp();
  await temp.write(Buffer.from('seen by nobody'));
  const { path, sha256: hash } = await temp.finish();
  await store.put({ hash, variant: 'original' }, path);
  const count = sql<{
    n: number;
  }>`select (select count(*) from stored_blobs)::int + (select count(*) from stored_parts)::int as n`;
  const user = { kind: 'user', id: '01900000-0000-7000-8000-000000000000' } as const;
  for (const principal of [anonymous, user]) {
    expect((await database.as(principal, (tx) => count.execute(tx))).rows).toEqual([{ n: 0 }]);
  }
  expect((await asSystem(database, (tx) => count.execute(tx))).rows).toEqual([{ n: 0 }]);
  expect((await asStorage(database, (tx) => count.execute(tx))).rows[0]?.n).toBeGreaterThan(1);
  for (const table of ['users', 'photos', 'blobs', 'albums', 'shared_links']) {
    const { rows } = await asStorage(database, (tx) => sql`select 1 from ${sql.table(table)}`.execute(tx));
    expect(rows).toEqual([]);
  }
});
