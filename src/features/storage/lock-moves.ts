import type { Database } from '#platform/database/database.ts';
import { locks } from './store.ts';

/** The library cannot be moved as it was asked; the message says what to do. */
export class MoveError extends Error {
  override readonly name = 'MoveError';
}

/**
 * Whoever moves a library, or deletes what it left behind, does so alone, and so does whoever checks it, whatever process it runs in.
 * The lock ends with its connection, so none outlives who took it.
 * @returns the way to let go; null when somebody else has it
 */
export async function tryLock(
  { pool }: Pick<Database, 'pool'>,
  lock: keyof typeof locks,
): Promise<(() => Promise<void>) | null> {
  const client = await pool.connect();
  const query = (name: string) => client.query(`select ${name}(hashtextextended($1, 11)) as got`, [locks[lock]]);
  const { rows } = await query('pg_try_advisory_lock');
  if (!rows[0]?.got) {
    client.release();
    return null;
  }
  return async () => {
    await query('pg_advisory_unlock').then(
      () => client.release(),
      (error: Error) => client.release(error),
    );
  };
}

/** @throws MoveError when somebody else moves the library or cleans up */
export async function lockMoves(database: Pick<Database, 'pool'>): Promise<() => Promise<void>> {
  const unlock = await tryLock(database, 'move');
  if (unlock) return unlock;
  throw new MoveError('The storage of this library is being moved or cleaned up already. Wait for that to end.');
}
