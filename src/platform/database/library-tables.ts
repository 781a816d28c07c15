import { type ClientBase, escapeIdentifier } from 'pg';

/** A table whose rows a backup takes along, and those of its columns that are not worked out from others. */
export interface LibraryTable {
  readonly name: string;
  readonly columns: readonly string[];
}

/** What a backup leaves behind, and why. Any table that is not named here comes along, whichever feature made it. */
export const leftOutTables: Readonly<Record<string, string>> = {
  kysely_migration: 'the snapshot names its migrations, and restoring runs them',
  kysely_migration_lock: 'belongs to migrating',
  sessions: 'who signed out since would be signed in again: people sign in anew',
  renewal_tokens: 'go with the sessions they renew',
  one_time_tokens: 'a link that was used since would be good again: administrators make new ones',
  uploads: 'what has come of them is not in the store yet',
  downloads: 'orders of zip files, good for some hours',
  alternative_progress: 'how far pictures were that are made anew, or not at all',
  models: 'what can be made with what is asked of the backends again',
  model_lists: 'what can be made with what is asked of the backends again',
  pods: 'a machine that is rented is the running library’s, and a restored one must not end it',
  stored_blobs: 'bytes come by their hash, whichever driver keeps them',
  stored_parts: 'bytes come by their hash, whichever driver keeps them',
  published_pictures: 'copies of what comes along, in a bucket that the restored library may not have',
  storage_place: 'where bytes are is for the library that is restored to say',
  storage_leftovers: 'where bytes are is for the library that is restored to say',
  storage_faults: 'what could not be moved was of a store that is not the restored one',
  storage_checks: 'what was found in a store that is not the restored one',
};

/** Columns that tell of the machine a library is on, and not of the library. */
const leftOutColumns: Readonly<Record<string, readonly string[]>> = {
  // The login that servers work under is made anew, since it belongs to the PostgreSQL server.
  instance: ['app_role', 'grants_digest'],
  blobs: ['driver'],
};

/** The tables of a library as its own catalogue tells them, so that a backup asks no list that somebody forgot to write on. */
export async function listTables(client: ClientBase): Promise<LibraryTable[]> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> all ($1)
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
     group by c.relname order by c.relname`,
    [Object.keys(leftOutTables)],
  );
  return rows.map(({ name, columns }) => ({
    name,
    columns: columns.filter((column) => !leftOutColumns[name]?.includes(column)),
  }));
}

/** Where a table counts its rows from: the next value of each identity and serial column. */
export interface Counter {
  readonly table: string;
  readonly column: string;
  /** As PostgreSQL writes a bigint. */
  readonly last: string;
  readonly called: boolean;
}

export async function listCounters(client: ClientBase, tables: readonly LibraryTable[]): Promise<Counter[]> {
  const { rows } = await client.query<{ table: string; column: string; sequence: string }>(
    `select c.relname as table, a.attname as column, pg_get_serial_sequence(format('public.%I', c.relname), a.attname) as sequence
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relname = any ($1)
       and pg_get_serial_sequence(format('public.%I', c.relname), a.attname) is not null
     order by 1, 2`,
    [tables.map(({ name }) => name)],
  );
  const counters: Counter[] = [];
  for (const { table, column, sequence } of rows) {
    const found = await client.query<{ last: string; called: boolean }>(
      `select last_value::text as last, is_called as called from ${sequence}`,
    );
    for (const counter of found.rows) counters.push({ table, column, ...counter });
  }
  return counters;
}

/** `public."photos"`, and the columns in brackets, as COPY takes them. */
export const copyTarget = ({ name, columns }: LibraryTable): string =>
  `public.${escapeIdentifier(name)} (${columns.map((column) => escapeIdentifier(column)).join(', ')})`;

/** COPY's text is the same on both sides, whatever the two servers are set to. */
export const copySettings =
  "set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres'; set local bytea_output = 'hex'; " +
  "set local timezone = 'UTC'; set local extra_float_digits = 1; set local client_encoding = 'UTF8'; " +
  'set local statement_timeout = 0; set local lock_timeout = 0; set local idle_in_transaction_session_timeout = 0';
