import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type ClientBase, escapeIdentifier, escapeLiteral } from 'pg';
import { from } from 'pg-copy-streams';
import { type Counter, copySettings, copyTarget, type LibraryTable, listTables } from './library-tables.ts';

export interface LoadOptions {
  /** In any order. */
  readonly tables: readonly (LibraryTable & { readonly file: string; readonly rows: number })[];
  readonly counters: readonly Counter[];
  /** What a column is in every row that is loaded, where the file does not tell: by table and column. */
  readonly constants: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly onTable?: (table: string) => void;
}

/** The database cannot take these rows; nothing was changed. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}

/**
 * Fills an empty library with rows as `dumpTables` wrote them, in one transaction. Triggers are silent, since what they would write
 * (counters, the search index) is among the rows; foreign keys, which lead in circles, are taken off and put back, which holds every row
 * against them; and row-level security is not forced on the owner meanwhile, since COPY would refuse him. All of that is the owner's to
 * do, superuser or not, and whoever looks from outside sees the library as it was before, or all of it.
 * @param client a connection of the owner's, not in a transaction
 * @throws LoadError when there are people in the library already, or its tables are not those that were dumped
 */
export async function loadTables(client: ClientBase, options: LoadOptions): Promise<void> {
  await client.query('begin');
  try {
    await client.query(copySettings);
    const tables = await requireSameTables(client, options.tables);
    // Whoever makes the first account waits here, and finds that it is none.
    await client.query('select pg_advisory_xact_lock(7301)');
    for (const { name } of tables) await alter(client, name, 'no force row level security, disable trigger user');
    await requireNobody(client);
    await keepAppRole(client, async () => {
      const foreignKeys = await takeOffForeignKeys(client, tables);
      for (const table of options.tables) {
        await client.query(`delete from public.${escapeIdentifier(table.name)}`);
        await copyIn(client, table, options.constants[table.name] ?? {});
        options.onTable?.(table.name);
      }
      for (const { table, name, definition } of foreignKeys) {
        await alter(client, table, `add constraint ${escapeIdentifier(name)} ${definition}`);
      }
    });
    for (const { name } of tables) await alter(client, name, 'enable trigger user, force row level security');
    await setCounters(client, options.counters);
    for (const { name } of tables) await client.query(`analyze public.${escapeIdentifier(name)}`);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

const alter = (client: ClientBase, table: string, what: string) =>
  client.query(`alter table public.${escapeIdentifier(table)} ${what}`);

async function requireSameTables(client: ClientBase, wanted: LoadOptions['tables']): Promise<LibraryTable[]> {
  const there = await listTables(client);
  const describe = (tables: readonly LibraryTable[]) =>
    tables.map(({ name, columns }) => `${name} (${[...columns].sort().join(', ')})`).sort();
  const [has, needs] = [describe(there), describe(wanted)];
  const odd = [...has.filter((table) => !needs.includes(table)), ...needs.filter((table) => !has.includes(table))];
  if (odd.length === 0) return there;
  throw new LoadError(
    `The tables of this database are not those of the snapshot (${odd.join('; ')}): restore into an empty database, with the version of Tintype that made the snapshot or a newer one.`,
  );
}

/** Asked past row-level security, so that a library whose rows the owner is not shown is not taken for an empty one. */
async function requireNobody(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ taken: boolean }>(
    'select exists (select from users) or exists (select from photos) as taken',
  );
  if (!rows[0]?.taken) return;
  throw new LoadError(
    'There are people in this library already: a backup is restored into an empty one. Set TINTYPE_DATA to a new folder, or DATABASE_URL to a new database.',
  );
}

/** The library's row about itself is the restored one's, but for the login that belongs to this PostgreSQL server. */
async function keepAppRole(client: ClientBase, work: () => Promise<void>): Promise<void> {
  const { rows } = await client.query<{ role: string | null }>('select app_role as role from instance');
  await work();
  await client.query('update instance set app_role = $1', [rows[0]?.role ?? null]);
}

interface ForeignKey {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

async function takeOffForeignKeys(client: ClientBase, tables: readonly LibraryTable[]): Promise<ForeignKey[]> {
  const { rows } = await client.query<ForeignKey>(
    `select c.relname as table, k.conname as name, pg_get_constraintdef(k.oid) as definition
     from pg_constraint k join pg_class c on c.oid = k.conrelid
     where k.contype = 'f' and c.relnamespace = 'public'::regnamespace and c.relname = any ($1) order by 1, 2`,
    [tables.map(({ name }) => name)],
  );
  for (const { table, name } of rows) await alter(client, table, `drop constraint ${escapeIdentifier(name)}`);
  return rows;
}

async function copyIn(
  client: ClientBase,
  table: LoadOptions['tables'][number],
  constants: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [column, value] of Object.entries(constants)) {
    await alter(client, table.name, `alter column ${escapeIdentifier(column)} set default ${escapeLiteral(value)}`);
  }
  const rows = client.query(from(`copy ${copyTarget(table)} from stdin`));
  await pipeline(createReadStream(table.file), createGunzip(), rows);
  if (rows.rowCount !== table.rows) {
    throw new LoadError(`The snapshot has ${rows.rowCount} rows of ${table.name}, and should have ${table.rows}.`);
  }
  for (const column of Object.keys(constants)) {
    await alter(client, table.name, `alter column ${escapeIdentifier(column)} drop default`);
  }
}

async function setCounters(client: ClientBase, counters: readonly Counter[]): Promise<void> {
  for (const { table, column, last, called } of counters) {
    await client.query(`select setval(pg_get_serial_sequence(format('public.%I', $1::text), $2), $3::bigint, $4)`, [
      table,
      column,
      last,
      called,
    ]);
  }
}
