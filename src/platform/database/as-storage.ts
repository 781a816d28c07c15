import { type Database, type Tx, transact } from './database.ts';

/**
 * Runs `work` as the principal that sees stored bytes and nothing else: neither people nor what is whose. Only the driver that keeps
 * blobs in PostgreSQL may import this; a dependency rule holds it.
 */
export function asStorage<Tables, Result>(
  database: Pick<Database, 'pool'>,
  work: (tx: Tx<Tables>) => Promise<Result>,
): Promise<Result> {
  return transact(database.pool, { kind: 'storage' }, work);
}
