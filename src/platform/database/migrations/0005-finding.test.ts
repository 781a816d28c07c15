import { Kysely, PostgresDialect, sql } from 'kysely';
import { Client, Pool } from 'pg';
import { describe, expect, inject, test } from 'vitest';
import '../../../../test/database-setup.ts';
import { atEnd, createLogin, dropDatabase, isSuperuser, run } from '../../../../test/isolation/roles.ts';
import { MigrationError, migrate } from '../migrate.ts';
import { migrations } from './index.ts';

const { owner: superuser } = inject('postgres');
const person = '0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e';

describe.skipIf(!(await isSuperuser(superuser)))('an owner who is no superuser', () => {
  test('gets what is in the library already into the index, and nothing of the trash', async () => {
    const owner = await createLogin(superuser);
    await run(superuser, `create database ${owner.user} owner ${owner.user}`);
    atEnd(() => dropDatabase(superuser, owner.user));
    const pool = new Pool({ ...owner, database: owner.user, max: 1 });
    const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
    try {
      for (const [name, up] of Object.entries(migrations)) {
        if (name < '0005') await db.transaction().execute(up);
      }
      await db.transaction().execute(async (tx) => {
        await sql`select set_config('app.principal', ${`user:${person}`}, true)`.execute(tx);
        await sql`insert into users (id, username) values (${person}, 'early')`.execute(tx);
        await sql`insert into blobs (hash, bytes, driver) values (sha256('x'), 1, 'files')`.execute(tx);
        await sql`
          insert into photos (id, owner_id, blob_hash, filename, mime_type, bytes, width, height, taken_at, taken_from, caption,
                              camera_make, camera_model, deleted_at)
          select gen_random_uuid(), ${person}, sha256('x'), 'IMG_1.jpg', 'image/jpeg', 1, 1, 1, now(), 'upload', caption, 'Canon',
            'Canon R5', gone from (values ('Un été', null), ('thrown away', now())) v(caption, gone)`.execute(tx);
      });
      await db
        .transaction()
        .execute((tx) => (migrations['0005-finding'] as (db: Kysely<unknown>) => Promise<void>)(tx));
      const found = await sql<{ words: string }>`select words::text as words from photo_search`.execute(db);
      expect(found.rows).toHaveLength(1);
      for (const word of ['un', 'ete', 'img', '1', 'camera=canon r5'])
        expect(found.rows[0]?.words).toContain(`${word}'`);
      const { rows } = await sql<{ word: string }>`select kind, word, label from search_words order by 1, 2`.execute(
        db,
      );
      expect(rows).toEqual([
        { kind: 'camera', word: 'canon r5', label: 'Canon R5' },
        ...['canon', 'ete', 'img', 'r', 'un'].map((word) => ({ kind: 'word', word, label: null })),
      ]);
      const principal = await sql<{ is: string }>`select current_setting('app.principal', true) as is`.execute(db);
      expect(principal.rows[0]?.is).toBe('');
    } finally {
      await db.destroy();
    }
  });

  test('who may not create extensions is told what the administrator is to run, and then it works', async () => {
    const name = `tintype_bare_${Date.now()}`;
    const owner = await createLogin(superuser);
    await run(superuser, `create database ${name}`);
    atEnd(() => dropDatabase(superuser, name));
    const bare = { ...superuser, database: name };
    await run(bare, `grant create on schema public to ${owner.user}`);
    const failure = await migrate({ owner: { ...owner, database: name } }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MigrationError);
    const { message } = failure as Error;
    expect(message).toMatch(/may not create the extension pg_trgm/);
    await run(bare, /then start again: (.*)$/.exec(message)?.[1] ?? 'nothing was said');
    const client = new Client(bare);
    await client.connect();
    const { rows } = await client
      .query(`select extname from pg_extension where extname <> 'plpgsql' order by 1`)
      .finally(() => client.end());
    expect(rows.map((row) => row.extname)).toEqual(['pg_trgm', 'unaccent']);
    const next = await migrate({ owner: { ...owner, database: name } }).catch((error: unknown) => error);
    expect((next as Error).message).not.toMatch(/extension/);
  });
});
