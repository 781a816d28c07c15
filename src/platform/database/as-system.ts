import { type Database, type Tx, transact } from './database.ts';

/**
 * Runs `work` as the system principal, which sees every owner's rows. Only gc, verify, move and purge may import this
 * (a dependency rule holds it), so that no request can become the system.
 */
export function asSystem<Tables, Result>(
  database: Database,
  work: (tx: Tx<Tables>) => Promise<Result>,
): Promise<Result> {
  return transact(database.pool, { kind: 'system' }, work);
}
