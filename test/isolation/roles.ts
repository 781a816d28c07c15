import { randomBytes } from 'node:crypto';
import { Client, type PoolConfig } from 'pg';
import { afterAll, onTestFinished } from 'vitest';

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

/** Drops a database once its connections have closed by themselves, by force after a second. */
export async function dropDatabase(owner: PoolConfig, name: string): Promise<void> {
  const client = new Client(owner);
  await client.connect();
  try {
    for (let tries = 0; tries < 50; tries += 1) {
      const { rows } = await client.query('select from pg_stat_activity where datname = $1', [name]);
      if (rows.length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await client.query(`drop database if exists ${name} with (force)`);
  } finally {
    await client.end();
  }
}

/** Cleans up after the test that is running, or after the file when called at its top level. */
export function atEnd(work: () => Promise<unknown>): void {
  try {
    onTestFinished(async () => void (await work()));
  } catch {
    afterAll(async () => void (await work()));
  }
}

/**
 * A login for one test or test file, as `owner` may make it; dropped afterwards with what it owns.
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
  atEnd(async () => {
    await run({ ...owner, database: where.database }, `drop owned by ${user} cascade`).catch(() => {});
    await run(owner, `drop role if exists ${user}`).catch(() => {});
  });
  return { ...where, user, password };
}

/** The app's rights without the wall beneath them: row-level security does not bind this login. */
export const createBypassingLogin = (owner: PoolConfig, app: PoolConfig) =>
  createLogin(owner, `bypassrls in role ${app.user}`, { ...app, ...pick(owner) });

const pick = ({ database, host, port }: PoolConfig): PoolConfig => ({ database, host, port });
