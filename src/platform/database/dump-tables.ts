import { join } from 'node:path';
import type { ClientBase } from 'pg';
import { to } from 'pg-copy-streams';
import { type CompressedFile, writeCompressed } from '#platform/blobs/write-compressed.ts';
import {
  type Counter,
  copySettings,
  copyTarget,
  type LibraryTable,
  listCounters,
  listTables,
} from './library-tables.ts';
import { MigrationError } from './migration-error.ts';
import { migrations } from './migrations/index.ts';
import { readMigrated } from './run-migrations.ts';

export interface DumpedFile extends CompressedFile {
  readonly rows: number;
}

export type DumpedTable = LibraryTable & DumpedFile;

/** The rows of a library at one moment. */
export interface Dump {
  readonly migrations: readonly string[];
  readonly tables: readonly DumpedTable[];
  readonly counters: readonly Counter[];
  /** The answers of the further queries that were asked for, by their names. */
  readonly answers: Readonly<Record<string, DumpedFile>>;
}

/**
 * Writes all tables of a library as they are at one moment, each into `folder/<table>.copy.gz`, while others go on writing to them.
 * @param client a connection of the owner's, not in a transaction
 * @param queries further queries, whose rows go into `folder/<name>.copy.gz`, at the same moment
 * @throws MigrationError when the program does not know the library's schema, or the owner would not be shown every row
 */
export async function dumpTables(
  client: ClientBase,
  folder: string,
  queries: Readonly<Record<string, string>> = {},
): Promise<Dump> {
  await client.query('begin transaction isolation level repeatable read, read only');
  try {
    await client.query(`${copySettings}; select set_config('app.principal', 'system', true)`);
    const migrated = await readMigrated(client);
    requireKnown(migrated);
    const tables = await listTables(client);
    await requireEveryRow(client, tables);
    const dumped: DumpedTable[] = [];
    for (const table of tables) {
      dumped.push({ ...table, ...(await copyOut(client, copyTarget(table), join(folder, `${table.name}.copy.gz`))) });
    }
    const answers: Record<string, DumpedFile> = {};
    for (const [name, query] of Object.entries(queries)) {
      answers[name] = await copyOut(client, `(${query})`, join(folder, `${name}.copy.gz`));
    }
    return { migrations: migrated, tables: dumped, counters: await listCounters(client, tables), answers };
  } finally {
    await client.query('rollback').catch(() => {});
  }
}

async function copyOut(client: ClientBase, source: string, file: string): Promise<DumpedFile> {
  const rows = client.query(to(`copy ${source} to stdout`));
  const written = await writeCompressed(rows, file);
  return { ...written, rows: rows.rowCount };
}

function requireKnown(migrated: readonly string[]): void {
  if (migrated.length === 0)
    throw new MigrationError('There is no library in this database yet: nothing was backed up.');
  if (migrated.some((name) => !migrations[name])) {
    throw new MigrationError('The library was migrated by a newer Tintype: back it up with that version.');
  }
}

/** Policies would leave rows out without a word: an owner who is bound by them must have one that shows every row. */
async function requireEveryRow(client: ClientBase, tables: readonly LibraryTable[]): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_class c, pg_roles me
     where me.rolname = current_user and not (me.rolsuper or me.rolbypassrls)
       and c.relnamespace = 'public'::regnamespace and c.relname = any ($1) and c.relrowsecurity
       and (c.relowner <> me.oid or c.relforcerowsecurity and not exists (
         select from pg_policy p where p.polrelid = c.oid and (p.polname = 'system' or p.polname = 'owner_all' and me.oid = any (p.polroles))))`,
    [tables.map(({ name }) => name)],
  );
  if (rows.length === 0) return;
  throw new MigrationError(
    `DATABASE_URL names a login that is not shown every row of ${rows.map(({ name }) => name).join(', ')}: name the owner of the library there, and let the server start once if it was given to another owner.`,
  );
}
