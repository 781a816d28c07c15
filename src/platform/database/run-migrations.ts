import { Kysely, PostgresDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { Pool, type PoolConfig } from 'pg';
import { MigrationError } from './migration-error.ts';
import { migrations } from './migrations/index.ts';

/** One server migrates at a time, and none while a library is restored; the others wait and then find nothing to do. */
export const migrationLock = 7300;

/**
 * Takes a database through the migrations it lacks, in one transaction.
 * @param upTo the last one that is wanted; default: all there are
 * @throws MigrationError
 */
export async function runMigrations(db: Kysely<unknown>, upTo?: string): Promise<void> {
  await requireVersion(db);
  const migrator = new Migrator({
    db,
    provider: {
      getMigrations: async () => Object.fromEntries(Object.entries(migrations).map(([name, up]) => [name, { up }])),
    },
  });
  const { error } = upTo === undefined ? await migrator.migrateToLatest() : await migrator.migrateTo(upTo);
  if (!error) return;
  if (error instanceof MigrationError) throw error;
  const reason = error instanceof Error ? error.message : String(error);
  throw new MigrationError(
    /previously executed migration .* is missing/.test(reason)
      ? 'The database was migrated by a newer Tintype. Start that version, or restore the backup made before the upgrade.'
      : `The database could not be migrated, and nothing of the failed step was kept: ${reason}`,
    { cause: error },
  );
}

async function requireVersion(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ version: number }>`select current_setting('server_version_num')::int as version`.execute(
    db,
  );
  const version = rows[0]?.version ?? 0;
  if (version >= 150000) return;
  throw new MigrationError(
    `DATABASE_URL: Tintype needs PostgreSQL 15 or newer; this one is ${Math.floor(version / 10000)}. Upgrade it, or leave DATABASE_URL out to use the embedded one.`,
  );
}

/** The names of the migrations that a database has been through, in their order; none where it is empty. */
export async function readMigrated(client: { query(text: string): Promise<{ rows: unknown[] }> }): Promise<string[]> {
  const { rows } = await client.query(`select to_regclass('public.kysely_migration') is not null as known`);
  if (!(rows[0] as { known: boolean }).known) return [];
  const executed = await client.query('select name from public.kysely_migration order by name collate "C"');
  return executed.rows.map((row) => (row as { name: string }).name);
}

/** Brings a database to where it was after one migration, for whoever holds the {@link migrationLock}. @throws MigrationError */
export async function migrateTo(owner: PoolConfig, name: string): Promise<void> {
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new Pool({ ...owner, max: 1 }) }) });
  await runMigrations(db, name).finally(() => db.destroy());
}
