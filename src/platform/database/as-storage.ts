import { type Database, type Tx, transact } from './database.ts';

/**
 * Runs `work` as the principal that sees stored bytes and nothing else: neither people nor what is whose. It may be called within
 * another transaction: it has connections of its own. Only what keeps bytes in PostgreSQL, and knows where they are, may import this;
 * a dependency rule holds it.
 */
export function asStorage<Tables, Result>(
  database: Pick<Database, 'storagePool'>,
  work: (tx: Tx<Tables>) => Promise<Result>,
): Promise<Result> {
  return transact(database.storagePool, { kind: 'storage' }, work);
}
