import type { Kysely } from 'kysely';
import { asSystem } from '#platform/database/as-system.ts';
import type { GenerationDeps } from './deps.ts';
import { dropOldLeftovers } from './leftover-store.ts';
import { listSeenBackends } from './model-store.ts';
import { lockSteps, settleStep } from './step-store.ts';
import type { GenerationTables } from './tables.ts';
import { listLostSteps, sayAllFailed } from './work-store.ts';

type Tx = Kysely<GenerationTables>;

/** Ends steps that were asked of a backend that is configured nowhere any more: nobody would ever take them up. @returns how many */
export async function sweepSteps({
  database,
  backends,
}: Pick<GenerationDeps, 'database' | 'backends'>): Promise<number> {
  await asSystem(database, (tx: Tx) => dropOldLeftovers(tx));
  const lost = await asSystem(database, async (tx: Tx) =>
    listLostSteps(tx, [...backends.names, ...(await listSeenBackends(tx))]),
  );
  for (const id of lost) {
    await asSystem(database, async (tx: Tx) => {
      await lockSteps(tx, [id]);
      await sayAllFailed(tx, id, {
        code: 'invokeai_connection_error',
        message: 'What this was asked of is not configured here any more. Ask for it again with another model.',
      });
      await settleStep(tx, id);
    });
  }
  return lost.length;
}
