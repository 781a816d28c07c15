import type { Kysely } from 'kysely';
import type { Database } from '#platform/database/database.ts';
import { anonymous } from '#platform/database/principal.ts';
import { sweepCredentials } from './store.ts';
import type { AccountTables } from './tables.ts';

/** Deletes sessions and one-time links that are past their time. */
export const sweepSessions = (deps: { database: Database }): Promise<void> =>
  deps.database.as(anonymous, (tx: Kysely<AccountTables>) => sweepCredentials(tx));
