import { createHash, createHmac, randomBytes } from 'node:crypto';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Pool, type PoolConfig } from 'pg';
import { PgBoss } from 'pg-boss';
import { grants } from './grants.ts';
import { MigrationError } from './migration-error.ts';
import { migrations } from './migrations/index.ts';
import { migrationLock, runMigrations } from './run-migrations.ts';

/** A library whose schema is up to date, and how its servers reach it. */
export interface Migrated {
  /** The login without privileges that the servers work under. */
  readonly app: PoolConfig;
  /** 32 bytes that all servers of the library share: tokens and signed URLs are keyed with what derives from it. */
  readonly secret: Buffer;
}

export { MigrationError };

/**
 * Brings the database of `owner` up to date and makes the app login, or takes the one that `app` names.
 * @throws MigrationError when a migration fails, the database is newer than the program, or the login cannot be made
 */
export async function migrate(options: { owner: PoolConfig; app?: PoolConfig }): Promise<Migrated> {
  const pool = new Pool({ ...options.owner, max: 2 });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    return await db.connection().execute(async (connection) => {
      await sql`select pg_advisory_lock(${sql.lit(migrationLock)})`.execute(connection);
      await runMigrations(connection);
      await adoptPolicies(connection);
      await migrateJobs(pool);
      const instance = await readInstance(connection);
      const app = options.app ?? (await makeAppLogin(connection, options.owner, instance));
      await applyGrants(connection, String(app.user), instance.grantsDigest);
      return { app, secret: instance.secret };
    });
  } finally {
    // Ending the connection gives the lock back too.
    await db.destroy();
  }
}

/**
 * A library may be given to another owner, as restoring a backup does. Its functions run as that one then, and policies that
 * name the one before would show them an empty library, whose next account becomes the administrator.
 */
async function adoptPolicies(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ table: string; owner: string }>`
    select tablename as table, current_user as owner from pg_policies
    where schemaname = 'public' and policyname = 'owner_all' and current_user <> all (roles)`.execute(db);
  for (const { table, owner } of rows) {
    await sql`alter policy owner_all on ${sql.table(table)} to ${sql.id(owner)}`.execute(db);
  }
}

/** The job queue keeps its tables in a schema of its own; the app login only reads and writes rows there. */
async function migrateJobs(pool: Pool): Promise<void> {
  const boss = new PgBoss({
    db: { executeSql: (text, values) => pool.query(text, values) },
    supervise: false,
    schedule: false,
  });
  await boss.start();
  await boss.stop({ graceful: false });
}

interface Instance {
  secret: Buffer;
  appRole: string | null;
  grantsDigest: string | null;
}

async function readInstance(db: Kysely<unknown>): Promise<Instance> {
  await sql`insert into instance (secret) values (${randomBytes(32)}) on conflict do nothing`.execute(db);
  const { rows } = await sql<Instance>`
    select secret, app_role as "appRole", grants_digest as "grantsDigest" from instance`.execute(db);
  return rows[0] as Instance;
}

/** The login's name is kept in the library; its password derives from the library's secret, so servers agree on it. */
async function makeAppLogin(db: Kysely<unknown>, owner: PoolConfig, instance: Instance): Promise<PoolConfig> {
  const role = instance.appRole ?? `tintype_app_${randomBytes(4).toString('hex')}`;
  const password = createHmac('sha256', instance.secret).update('app login').digest('base64url');
  const { rows } = await sql`select 1 from pg_roles where rolname = ${role}`.execute(db);
  const verb = rows.length > 0 ? 'alter' : 'create';
  try {
    await sql`${sql.raw(verb)} role ${sql.id(role)} login password ${sql.lit(password)}`.execute(db);
  } catch (error) {
    throw new MigrationError(
      'The owner in DATABASE_URL may not create the login the server works under. Give it CREATEROLE, or create a login without privileges and name it in APP_DATABASE_URL.',
      { cause: error },
    );
  }
  await sql`update instance set app_role = ${role}`.execute(db);
  return { ...withoutIdentity(owner), user: role, password };
}

function withoutIdentity(owner: PoolConfig): PoolConfig {
  if (!owner.connectionString) return owner;
  const url = new URL(owner.connectionString);
  return {
    ...owner,
    connectionString: undefined,
    host: url.searchParams.get('host') ?? decodeURIComponent(url.hostname),
    port: Number(url.searchParams.get('port') ?? (url.port || 5432)),
    database: decodeURIComponent(url.pathname.slice(1)),
    ...(url.searchParams.get('sslmode') && url.searchParams.get('sslmode') !== 'disable'
      ? { ssl: { rejectUnauthorized: url.searchParams.get('sslmode') !== 'no-verify' } }
      : {}),
  };
}

async function applyGrants(db: Kysely<unknown>, role: string, applied: string | null): Promise<void> {
  const migrated = Object.keys(migrations);
  const digest = createHash('sha256')
    .update(JSON.stringify([role, grants, migrated]))
    .digest('hex');
  if (digest === applied) return;
  const app = sql.id(role);
  await db.transaction().execute(async (tx) => {
    // Databases that come from PostgreSQL 14 still let everybody create there.
    await sql`revoke create on schema public from public`.execute(tx);
    await sql`revoke all on all tables in schema public from ${app}, public`.execute(tx);
    await sql`revoke execute on all functions in schema public from public`.execute(tx);
    await sql`grant usage on schema public, pgboss to ${app}`.execute(tx);
    await sql`grant execute on all functions in schema public, pgboss to ${app}`.execute(tx);
    await sql`grant select, insert, update, delete on all tables in schema pgboss to ${app}`.execute(tx);
    await sql`grant usage, select on all sequences in schema pgboss to ${app}`.execute(tx);
    for (const [table, privileges] of Object.entries(grants)) {
      for (const privilege of privileges) {
        await sql`grant ${sql.raw(privilege)} on ${sql.table(table)} to ${app}`.execute(tx);
      }
    }
    await sql`update instance set grants_digest = ${digest}`.execute(tx);
  });
}
