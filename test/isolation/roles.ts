import { randomBytes } from 'node:crypto';
import { Client, type PoolConfig } from 'pg';
import { afterAll } from 'vitest';

/** Runs statements as one login and closes the connection. */
export async function run(login: PoolConfig, ...statements: string[]): Promise<void> {
  const client = new Client(login);
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Whether a login may make any role and bypass anything, as these tests need. */
export async function isSuperuser(login: PoolConfig): Promise<boolean> {
  const client = new Client(login);
  await client.connect();
  const { rows } = await client
    .query('select rolsuper from pg_roles where rolname = current_user')
    .finally(() => client.end());
  return rows[0]?.rolsuper === true;
}

/**
 * A login for one test file, as `owner` may make it; dropped with what it owns after the last test.
 * @param attributes as in `create role`, e.g. `bypassrls in role "x"`
 * @param where the database it connects to, and whose privileges go with it
 */
export async function createLogin(
  owner: PoolConfig,
  attributes = '',
  where = owner,
): Promise<PoolConfig & { user: string }> {
  const user = `tintype_try_${randomBytes(4).toString('hex')}`;
  const password = randomBytes(16).toString('hex');
  await run(owner, `create role ${user} login password '${password}' ${attributes}`);
  // Registered before the database's own clean-up runs, which hooks do in reverse order.
  afterAll(async () => {
    await run(where, `drop owned by ${user} cascade`).catch(() => {});
    await run(owner, `drop role if exists ${user}`).catch(() => {});
  });
  return { ...where, user, password };
}

/** The app's rights without the wall beneath them: row-level security does not bind this login. */
export const createBypassingLogin = (owner: PoolConfig, app: PoolConfig) =>
  createLogin(owner, `bypassrls in role ${app.user}`, { ...app, ...pick(owner) });

const pick = ({ database, host, port }: PoolConfig): PoolConfig => ({ database, host, port });
