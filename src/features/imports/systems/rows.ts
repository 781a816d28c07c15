import { open, realpath, stat } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { Client, DatabaseError, type QueryResultRow } from 'pg';
import { ImportError } from '../import-error.ts';

/** A row as text, whatever its columns are: dates as they stand in the database, booleans as `1` and `true`. */
export type Row = Readonly<Record<string, string | null>>;

/** The tables of another program, read and never written. */
export interface Rows {
  /** Columns of a table, empty where there is none. */
  columns(table: string): Promise<ReadonlySet<string>>;
  tables(): Promise<readonly string[]>;
  /**
   * Each row, some hundreds at a time, in the order of a column that is unique; its index, not the table, is what a page costs, and
   * nothing is held between two of them. Names of tables and columns are the program's own and quoted; those that the table lacks are
   * left out of the rows.
   */
  read(table: string, columns: readonly string[], key: string): AsyncGenerator<Row>;
  /** All rows of a table that has no column of its own to be paged by, such as one that joins two others. */
  all(table: string, columns: readonly string[]): Promise<readonly Row[]>;
  /** Rows, or those of them that have something in a column; none where there is no such column. */
  count(table: string, column?: string): Promise<number>;
  /** What a column of bytes has in the row of an `id`: read one by one, since it may be large. */
  bytes(table: string, column: string, id: string): Promise<Buffer | null>;
  close(): Promise<void>;
}

/** What one page ends with is where the next begins. */
type Key = string | number | bigint | Uint8Array;
type Page = Row & { readonly 'the key': Key | null };

const pageRows = 500;
const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const counted = (column: string | undefined): string => (column === undefined ? '*' : quote(column));
const filled = (bytes: Uint8Array | null | undefined): Buffer | null =>
  bytes && bytes.length > 0 ? Buffer.from(bytes) : null;
const castAll = (columns: readonly string[], type: string): string =>
  columns.map((name) => `cast(${quote(name)} as ${type}) as ${quote(name)}`).join(', ');

/**
 * @param address of a Postgres database, or the path of an SQLite file
 * @param options.connectMs ms until the connection stands
 * @throws ImportError, as everything that it answers does once the database is gone
 */
export const openRows = (address: string, options: { connectMs?: number } = {}): Promise<Rows> =>
  /^postgres(?:ql)?:\/\//.test(address) ? openPostgres(address, options.connectMs ?? 10_000) : openSqlite(address);

async function openPostgres(address: string, connectMs: number): Promise<Rows> {
  const client = createClient(address, connectMs);
  // It may be lost while nothing is asked of it: the next question says so.
  client.on('error', () => {});
  // Its message may hold the address, and with it a password.
  await client.connect().catch((error: { code?: string }) => {
    throw new ImportError(`The database of the earlier system does not answer (${error.code ?? 'no connection'}).`);
  });
  const query = async <R extends QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> => {
    try {
      return (await client.query<R>(text, values)).rows;
    } catch (error) {
      throw explain(error as Error);
    }
  };
  for (const setting of [`default_transaction_read_only = on`, `timezone = 'UTC'`, `datestyle = 'ISO'`]) {
    await query(`set ${setting}`);
  }
  const columnsOf = async (table: string): Promise<ReadonlySet<string>> => {
    const rows = await query<{ name: string }>(
      `select attname as name from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
      [quote(table)],
    );
    return new Set(rows.map(({ name }) => name));
  };
  return {
    columns: columnsOf,
    async tables() {
      const rows = await query<{ name: string }>(
        `select relname as name from pg_class where relkind in ('r', 'p') and pg_table_is_visible(oid) order by 1`,
      );
      return rows.map(({ name }) => name);
    },
    read: (table, columns, key) =>
      // What is bound as text is read as what the column is; a bare name would order by the text that it is given out as.
      readPages(columnsOf, table, columns, (there, after) =>
        query<Page>(
          `select ${castAll(there, 'text')}, cast(${quote(key)} as text) as "the key" from ${quote(table)} t
           ${after === null ? '' : `where t.${quote(key)} > $1`} order by t.${quote(key)} limit ${pageRows}`,
          after === null ? [] : [after],
        ),
      ),
    async all(table, columns) {
      const known = await columnsOf(table);
      const there = columns.filter((name) => known.has(name));
      if (there.length === 0) return [];
      return query<Row>(`select ${castAll(there, 'text')} from ${quote(table)}`);
    },
    async count(table, column) {
      if (column !== undefined && !(await columnsOf(table)).has(column)) return 0;
      const rows = await query<{ n: string }>(`select count(${counted(column)}) as n from ${quote(table)}`);
      return Number(rows[0]?.n ?? 0);
    },
    async bytes(table, column, id) {
      if (!(await columnsOf(table)).has(column)) return null;
      const rows = await query<{ bytes: Buffer | null }>(
        `select ${quote(column)} as bytes from ${quote(table)} where id = $1`,
        [id],
      );
      return filled(rows[0]?.bytes);
    },
    close: () => client.end(),
  };
}

/** @throws ImportError, which has nothing of the address: it may hold a password */
function createClient(address: string, connectionTimeoutMillis: number): Client {
  try {
    // What follows it is left out without a word, and it stands in passwords alone.
    if (address.includes('#')) throw new URIError('a fragment');
    return new Client({
      connectionString: address,
      application_name: 'tintype import',
      connectionTimeoutMillis,
      // Between two pages, hundreds of photos are brought.
      keepAlive: true,
    });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code !== 'ERR_INVALID_URL' && !(error instanceof URIError)) {
      throw new ImportError(`The database of the earlier system cannot be reached so: ${message}.`);
    }
    throw new ImportError(
      'The address of the earlier system’s database cannot be read. In its password, write # as %23, / as %2F, ? as %3F, @ as %40 and % as %25.',
    );
  }
}

/** What the server itself says of a question is its own words; whatever else goes wrong is that it is gone. */
function explain(error: Error & { code?: string }): ImportError {
  const isSaid = error instanceof DatabaseError && !/^(?:08|57)/.test(error.code ?? '');
  return new ImportError(
    isSaid
      ? `The database of the earlier system cannot be read: ${error.message}.`
      : `The database of the earlier system is gone (${error.code ?? 'no connection'}). Run the same command again to go on.`,
  );
}

async function openSqlite(path: string): Promise<Rows> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) throw new ImportError(`${path} is no file: name the SQLite database of the earlier system.`);
  const { DatabaseSync } = await import('node:sqlite');
  const explained = <Result>(work: () => Result): Result => {
    try {
      return work();
    } catch (error) {
      throw new ImportError(`${path} cannot be read as an SQLite database: ${(error as Error).message}.`);
    }
  };
  const real = await realpath(path);
  const place = pathToFileURL(real);
  // SQLite writes beside one that was closed in this mode, to read it; where nothing is left to be merged, it needs not.
  const isClosed = !(await stat(`${real}-wal`).catch(() => null));
  if (isClosed && (await isWriteAhead(real))) place.searchParams.set('immutable', '1');
  const database = explained(() => new DatabaseSync(place, { readOnly: true }));
  const all = <R = Row>(text: string, ...values: Key[]): R[] =>
    explained(() => {
      const statement = database.prepare(text);
      statement.setReadBigInts(true);
      return statement.all(...values) as R[];
    });
  const columnsOf = async (table: string): Promise<ReadonlySet<string>> =>
    new Set(all('select name from pragma_table_info(?)', table).map(({ name }) => name as string));
  return {
    columns: columnsOf,
    tables: async () =>
      all(`select name from sqlite_master where type = 'table' order by 1`).map(({ name }) => name as string),
    read: (table, columns, key) =>
      readPages(columnsOf, table, columns, async (there, after) =>
        all<Page>(
          `select ${castAll(there, 'text')}, ${quote(key)} as "the key" from ${quote(table)} t
           ${after === null ? '' : `where t.${quote(key)} > ?`} order by t.${quote(key)} limit ${pageRows}`,
          ...(after === null ? [] : [after]),
        ),
      ),
    async all(table, columns) {
      const known = await columnsOf(table);
      const there = columns.filter((name) => known.has(name));
      return there.length === 0 ? [] : all(`select ${castAll(there, 'text')} from ${quote(table)}`);
    },
    async count(table, column) {
      if (column !== undefined && !(await columnsOf(table)).has(column)) return 0;
      return Number(all(`select cast(count(${counted(column)}) as text) as n from ${quote(table)}`)[0]?.n ?? 0);
    },
    async bytes(table, column, id) {
      if (!(await columnsOf(table)).has(column)) return null;
      const text = `select cast(${quote(column)} as blob) as bytes from ${quote(table)} where id = ?`;
      return filled(all<{ bytes: Uint8Array | null }>(text, id)[0]?.bytes);
    },
    close: async () => database.close(),
  };
}

/** By the version that its header wants readers to know (sqlite.org/fileformat.html, 1.3.3). */
async function isWriteAhead(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  const { buffer } = (await file?.read(Buffer.alloc(20), 0, 20, 0)) ?? {};
  await file?.close();
  return buffer?.[19] === 2;
}

async function* readPages(
  columnsOf: (table: string) => Promise<ReadonlySet<string>>,
  table: string,
  columns: readonly string[],
  page: (columns: readonly string[], after: Key | null) => Promise<readonly Page[]>,
): AsyncGenerator<Row> {
  const known = await columnsOf(table);
  const there = columns.filter((name) => known.has(name));
  for (let after: Key | null = null; ; ) {
    const rows: readonly Page[] = await page(there, after);
    yield* rows;
    if (rows.length < pageRows) return;
    after = rows.at(-1)?.['the key'] ?? null;
    if (after === null) return;
  }
}

/** A time as Python's frameworks write it; without a zone it is UTC. */
export function toDate(text: string | null | undefined): Date | null {
  if (!text) return null;
  const zoned = /(?:Z|[+-]\d\d(?::?\d\d)?)$/.test(text) ? text.replace(/([+-]\d\d)$/, '$1:00') : `${text}Z`;
  const at = new Date(zoned.replace(' ', 'T'));
  return Number.isNaN(at.getTime()) ? null : at;
}

export const toBoolean = (text: string | null | undefined): boolean => /^(?:1|t|true)$/i.test(text ?? '');

/** SQLAlchemy and Django write UUIDs to SQLite without their dashes. */
export const toUuid = (id: string): string =>
  /^[0-9a-f]{32}$/i.test(id) ? id.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') : id;
