import { AsyncLocalStorage } from 'node:async_hooks';
import type { Database } from '#platform/database/database.ts';

/**
 * The same database, on which a transaction that asks for another connection of the pool it holds one of already is refused. Alone it
 * would get one; as many at once as the pool has connections would wait for each other for ever.
 */
export function refuseNesting(database: Database): Database {
  const holding = new AsyncLocalStorage<true>();
  const connect = database.pool.connect.bind(database.pool) as (...rest: unknown[]) => unknown;
  const guarded = (...rest: unknown[]): unknown => {
    if (holding.getStore()) {
      throw new Error(
        'A transaction asked for a second connection of its pool: use the transaction, or ask before it.',
      );
    }
    return connect(...rest);
  };
  database.pool.connect = guarded as typeof database.pool.connect;
  const within =
    (run: Database['as']): Database['as'] =>
    (principal, work) =>
      run(principal, (tx) => holding.run(true, () => work(tx as never)));
  return { ...database, as: within(database.as), asStoring: within(database.asStoring) };
}
