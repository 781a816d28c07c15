import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { anonymous } from '#platform/database/principal.ts';
import { createTestApp } from './app.ts';
import { createTestDatabase } from './database.ts';
import { makePhoto } from './fixtures/photo.ts';
import { refuseNesting } from './refuse-nesting.ts';

const database = await createTestDatabase();
const guardedAlone = await createTestDatabase();
const app = await createTestApp({ database, environment: { TINTYPE_STORAGE: 'postgres' } });

test('more uploads at once than there are connections all arrive where bytes take connections as well', async () => {
  const person = await app.signUp();
  const files = await Promise.all(Array.from({ length: 24 }, (_, seed) => makePhoto({ width: 64, height: 48, seed })));
  const photos = await Promise.all(files.map((file, at) => app.upload(person, file, `${at}.jpg`)));
  expect(new Set(photos.map(({ id }) => id)).size).toBe(24);
});

test('the tests’ servers refuse a transaction that asks its pool for a second connection', async () => {
  const guarded = refuseNesting(guardedAlone.database);
  const one = () => guarded.as(anonymous, (tx) => sql`select 1`.execute(tx));
  await expect(one()).resolves.toBeDefined();
  await expect(guarded.as(anonymous, () => one())).rejects.toThrow('second connection');
});
