import { expect, test } from 'vitest';
import { requireRowLevelSecurity } from '#platform/database/row-level-security.ts';
import { createTestDatabase } from './database.ts';

const { database, app, owner } = await createTestDatabase();
const other = await createTestDatabase();

test('a test file has a migrated database of its own, under the login that row-level security binds', async () => {
  await requireRowLevelSecurity(database.pool);
  const { rows } = await database.pool.query('select current_database() as name, current_user as login');
  expect(rows).toEqual([{ name: owner.database, login: app.user }]);
  expect(app.user).not.toBe(owner.user);
});

test('no two calls share a database', async () => {
  expect(other.owner.database).not.toBe(owner.database);
});
