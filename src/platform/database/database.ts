import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  PostgresDialect,
  PostgresDriver,
  type Transaction,
} from 'kysely';
import type { Pool } from 'pg';
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
  readonly pool: Pool;
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

/** Shared by {@link createDatabase}, `as-system.ts` and `as-storage.ts`, and by nothing else. */
export function transact<Tables, Result>(
  pool: Pool,
  principal: Principal | SystemPrincipal | StoragePrincipal,
  work: (tx: Tx<Tables>) => Promise<Result>,
): Promise<Result> {
  const kysely = new Kysely<Tables>({ dialect: new PrincipalDialect(pool, principal), log: countQuery });
  return kysely.transaction().execute(work);
}

/** Wraps the app login's pool. The caller hands over ownership: `close` ends it. */
export function createDatabase(deps: { pool: Pool }): Database {
  return {
    as: (principal, work) => transact(deps.pool, principal, work),
    pool: deps.pool,
    close: () => deps.pool.end(),
  };
}
