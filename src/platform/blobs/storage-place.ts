import { type Kysely, sql } from 'kysely';
import { asStorage } from '#platform/database/as-storage.ts';
import type { Database } from '#platform/database/database.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { StorageDriver } from './blob-store.ts';

/** Where the bytes of a library are. */
export interface StoragePlace {
  /** Where new bytes go. */
  readonly driver: StorageDriver;
  /** Where the others still are while the library moves; null when it does not. */
  readonly source: StorageDriver | null;
  /** Larger with each change. */
  readonly version: number;
}

type Tx = Kysely<unknown>;

/** What is configured and what the library remembers do not go together; the message says what to set. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
}

/** Turns the database's refusal of bytes that lie where the library has left into what a person can act on; other errors are given back. */
export function explainMoved(error: unknown): unknown {
  if ((error as { code?: string } | undefined)?.code !== 'TT020') return error;
  return new AppError('unavailable', 'The library moved to another storage while this came in. Send it again.');
}

/** Whether the schema is so new that the library says where it is. */
export async function knowsPlace(database: Database): Promise<boolean> {
  const { rows } = await asStorage(database, (tx: Tx) =>
    sql<{ knows: boolean }>`select to_regprocedure('public.find_storage()') is not null as knows`.execute(tx),
  );
  return rows[0]?.knows === true;
}

/** Any server may ask: it is how one that did not hear of a move learns of it. */
export async function readPlace(database: Database): Promise<StoragePlace> {
  const { rows } = await asStorage(database, (tx: Tx) =>
    sql<StoragePlace>`select driver, source, version from find_storage()`.execute(tx),
  );
  const [place] = rows;
  if (!place) throw new StorageError('The library was never started, so it is nowhere yet: start it once.');
  return place;
}

/** A library that never was anywhere is where it is told to be from now on; any other stays where it is. */
export const settlePlace = (database: Database, configured: StorageDriver) =>
  asStorage(database, (tx: Tx) => sql`select settle_storage(${configured})`.execute(tx));

/**
 * Holds what is configured against where the library is.
 * @throws StorageError when the bytes are elsewhere
 */
export async function requirePlace(database: Database, configured: StorageDriver): Promise<void> {
  await settlePlace(database, configured);
  const { driver, source } = await readPlace(database);
  if (configured === driver || configured === source) return;
  throw new StorageError(
    source
      ? `This library is on its way from ${source} to ${driver}, and TINTYPE_STORAGE says ${configured}. Set TINTYPE_STORAGE=${driver} and go on with: tintype storage migrate --to ${driver}`
      : `The bytes of this library are in ${driver}, and TINTYPE_STORAGE says ${configured}. Set TINTYPE_STORAGE=${driver}; to move them, run: tintype storage migrate --to ${configured}`,
  );
}
