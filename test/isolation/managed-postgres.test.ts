import { Pool, type PoolConfig } from 'pg';
import { describe, expect, inject, test } from 'vitest';
import { MigrationError, migrate } from '#platform/database/migrate.ts';
import { requireRowLevelSecurity } from '#platform/database/row-level-security.ts';
import { createTestApp, tinyPhoto } from '../app.ts';
import '../database-setup.ts';
import { atEnd, createLogin, dropDatabase, isSuperuser, run } from './roles.ts';

const { owner: superuser } = inject('postgres');

/** A database of its own for an owner who is no superuser, as the providers of managed PostgreSQL give out. */
async function createOwnedDatabase(attributes: string): Promise<PoolConfig & { user: string }> {
  const owner = await createLogin(superuser, attributes);
  await run(superuser, `create database ${owner.user} owner ${owner.user}`);
  atEnd(() => dropDatabase(superuser, owner.user));
  return { ...owner, database: owner.user };
}

/** Uses the library through the real server as two people would, then deletes one of them. */
async function useLibrary(owner: PoolConfig, app: PoolConfig, secret: Buffer): Promise<void> {
  const pool = new Pool({ ...app, max: 2 });
  await requireRowLevelSecurity(pool).finally(() => pool.end());
  const library = { database: undefined as never, app, owner, secret };
  const server = await createTestApp({ database: library });
  atEnd(server.close);
  const [first, second] = [await server.signUp(), await server.signUp()];
  const photo = await server.upload(first, await tinyPhoto(1), 'one.jpg');
  await server.upload(second, await tinyPhoto(1), 'same.jpg');
  const total = async (person: typeof first) => (await server.request(person, 'GET', '/api/v1/photos')).json().total;
  expect([await total(first), await total(second)]).toEqual([1, 1]);
  expect((await server.request(second, 'GET', `/api/v1/photos/${photo.id}/metadata`)).status).toBe(404);

  const gone = { password: second.password, confirm: second.username };
  expect((await server.request(second, 'DELETE', '/api/v1/me', { json: gone })).status).toBe(204);
  expect((await server.request(second, 'GET', '/api/v1/me')).status).toBe(401);
  const people = (await server.request(first, 'GET', '/api/v1/users')).json();
  expect(people.items).toMatchObject([{ id: first.id, usage: { photos: 1 } }]);
  await server.close();
}

describe.skipIf(!(await isSuperuser(superuser)))('on a PostgreSQL whose owner is no superuser', () => {
  test('the owner who may create roles makes the login, and the library works; a second start finds all in place', async () => {
    const owner = await createOwnedDatabase('createrole');
    const { app, secret } = await migrate({ owner });
    atEnd(async () => {
      // The login has rights in the database, so that goes first.
      await dropDatabase(superuser, owner.user);
      await run(superuser, `drop role ${app.user}`);
    });
    await useLibrary(owner, app, secret);
    const again = await migrate({ owner });
    expect(again.app.user).toBe(app.user);
    expect(again.secret.equals(secret)).toBe(true);
  });

  test('the owner who may not is told what to do', async () => {
    const owner = await createOwnedDatabase('nocreaterole');
    const error = await migrate({ owner }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MigrationError);
    expect((error as Error).message).toMatch(/CREATEROLE.*APP_DATABASE_URL/);
  });

  test('the owner who may not works with a login that was made beforehand', async () => {
    const owner = await createOwnedDatabase('nocreaterole');
    const made = await createLogin(superuser, '', owner);
    const { secret } = await migrate({ owner, app: made });
    await useLibrary(owner, made, secret);
  });

  test('a library that is given to another owner is whole for that one, and takes no second administrator', async () => {
    const first = await createOwnedDatabase('nocreaterole');
    const made = await createLogin(superuser, '', first);
    const { secret } = await migrate({ owner: first, app: made });
    const next = { ...first, ...(await createLogin(superuser, '', first)), database: first.database };
    // It will own the database by then, so that goes before it.
    atEnd(() => dropDatabase(superuser, first.user));
    const inLibrary = { ...superuser, database: first.database };
    const server = await createTestApp({ database: { database: undefined as never, app: made, owner: first, secret } });
    await server.signUp();
    await server.close();

    await run(inLibrary, `reassign owned by ${first.user} to ${next.user}`);
    const pool = new Pool({ ...made, max: 1 });
    atEnd(() => pool.end());
    await expect(requireRowLevelSecurity(pool)).rejects.toThrow(/run as .*, who cannot see its rows/);
    await migrate({ owner: next, app: made });
    await requireRowLevelSecurity(pool);
    expect((await pool.query('select has_users() as has')).rows).toEqual([{ has: true }]);
  });
});
