import type { Kysely } from 'kysely';
import { asSystem } from '#platform/database/as-system.ts';
import type { Database } from '#platform/database/database.ts';
import { sayBackendsSeen } from './model-store.ts';
import type { AlternativeRow, StepRow } from './step-store.ts';
import type { GenerationTables } from './tables.ts';
import * as store from './work-store.ts';

type Tx = Kysely<GenerationTables>;

/**
 * For how long work belongs to whoever took it without saying so again. A server that is killed loses it after that, and another one, or
 * the same when it is back, goes on.
 */
export const leaseMs = 15_000;

/** Whose turn it is: asked across all people, so this alone is the system; the work itself is done as the person it is for. */
export const claimStep = (
  database: Database,
  request: { backend: string; lanes: number; lease: string },
): Promise<StepRow | undefined> => asSystem(database, (tx: Tx) => store.claimStep(tx, { ...request, leaseMs }));

/** As {@link claimStep}, of pictures to be fetched. */
export const claimImage = (
  database: Database,
  request: { backends: readonly string[]; lease: string },
): Promise<AlternativeRow | undefined> => asSystem(database, (tx: Tx) => store.claimImage(tx, { ...request, leaseMs }));

/** What this server has to make pictures with, so that no other takes it for gone. */
export const saySeen = (database: Database, backends: readonly string[]): Promise<unknown> =>
  asSystem(database, (tx: Tx) => sayBackendsSeen(tx, backends));
