import { setTimeout as sleep } from 'node:timers/promises';
import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  PostgresDialect,
  PostgresDriver,
  type Transaction,
} from 'kysely';
import { Pool, type PoolConfig } from 'pg';
import { countQuery } from '#platform/observability/request-context.ts';
import { keepPlans } from './kept-plans.ts';
import { type Principal, type StoragePrincipal, type SystemPrincipal, toSetting } from './principal.ts';

/** A transaction over the tables of a feature; the feature's store names them. */
export type Tx<Tables> = Transaction<Tables>;

export interface Database {
  /**
   * Runs `work` in one transaction on behalf of `principal`; commits when it resolves, rolls back when it throws.
   * There is no other way to reach a table: without a principal every policy answers no row.
   */
  as<Tables, Result>(principal: Principal, work: (tx: Tx<Tables>) => Promise<Result>): Promise<Result>;
  /**
   * As `as`, for work that puts bytes in the blob store as well. Four in ten connections are in such work at a time, and the rest of it waits
   * its turn: a store that does not answer leaves the others to everybody else, and to those who move or check the library.
   */
  asStoring<Tables, Result>(principal: Principal, work: (tx: Tx<Tables>) => Promise<Result>): Promise<Result>;
  readonly pool: Pool;
  /**
   * The blob store's own connections: it is asked by those who hold one of `pool` already, and ten of them that wait for an eleventh
   * would wait for ever.
   */
  readonly storagePool: Pool;
  close(): Promise<void>;
}

/** Begins and names the principal in one round trip; kysely alone would take two. */
class PrincipalDriver extends PostgresDriver {
  readonly #begin: string;

  constructor(pool: Pool, principal: Principal | SystemPrincipal | StoragePrincipal) {
    super({ pool: keepPlans(pool) });
    this.#begin = `begin; select set_config('app.principal', '${toSetting(principal)}', true)`;
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(this.#begin));
  }

  // The pool outlives the short-lived kysely instance of one transaction.
  override async destroy(): Promise<void> {}
}

class PrincipalDialect extends PostgresDialect {
  readonly #pool: Pool;
  readonly #principal: Principal | SystemPrincipal | StoragePrincipal;

  constructor(pool: Pool, principal: Principal | SystemPrincipal | StoragePrincipal) {
    super({ pool });
    this.#pool = pool;
    this.#principal = principal;
  }

  override createDriver(): PrincipalDriver {
    return new PrincipalDriver(this.#pool, this.#principal);
  }
}

/** Shared by {@link openDatabase}, `as-system.ts` and `as-storage.ts`, and by nothing else. */
export function transact<Tables, Result>(
  pool: Pool,
  principal: Principal | SystemPrincipal | StoragePrincipal,
  work: (tx: Tx<Tables>) => Promise<Result>,
): Promise<Result> {
  const kysely = new Kysely<Tables>({ dialect: new PrincipalDialect(pool, principal), log: countQuery });
  return kysely.transaction().execute(work);
}

const closeWithinMs = 10_000;

/**
 * Reaches a database under a login. Nothing is connected before it is used.
 * @param options.connections for transactions; the blob store has half as many of its own
 * @param options.onLost hears of a connection that broke while it was idle; the next query replaces it
 */
export function openDatabase(
  login: PoolConfig,
  options: { readonly connections: number; readonly onLost?: (error: Error) => void },
): Database {
  const open = (max: number): Pool =>
    // Without a listener a connection that breaks while idle would end the process.
    new Pool({ idleTimeoutMillis: 60_000, ...login, max }).on('error', options.onLost ?? (() => {}));
  const pool = open(options.connections);
  const storagePool = open(Math.ceil(options.connections / 2));
  const inTurn = createTurns(Math.max(1, Math.floor(options.connections * 0.4)));
  return {
    as: (principal, work) => transact(pool, principal, work),
    asStoring: (principal, work) => inTurn(() => transact(pool, principal, work)),
    pool,
    storagePool,
    async close() {
      const ended = Promise.all([pool.end(), storagePool.end()]);
      const waited = new AbortController();
      // Who waits for something that does not answer is not waited for: the database rolls their work back.
      const late = sleep(closeWithinMs, undefined, { signal: waited.signal }).catch(() => {});
      await Promise.race([ended, late]).finally(() => waited.abort());
    },
  };
}

/** Runs as many at a time as there are turns, in the order they came. */
function createTurns(count: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
