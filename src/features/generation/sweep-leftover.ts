import type { Kysely } from 'kysely';
import { asSystem } from '#platform/database/as-system.ts';
import type { GenerationDeps } from './deps.ts';
import * as store from './leftover-store.ts';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;
type Deps = Pick<GenerationDeps, 'database' | 'backends' | 'logger'>;

const withinMs = 60_000;
/** Between tries, the last again and again: nobody waits for it. */
const waitsMs = [5_000, 15_000, 30_000, 60_000, 5 * 60_000];
/** For how long a batch that is nowhere to be found may still be taken by a backend that was slow to read it. */
const lateMs = 60_000;

/**
 * Takes away one thing at a backend that nobody waits for any more, as often as it takes: a picture, or a batch with all that came of it.
 * @returns whether there was one that was due
 */
export async function sweepLeftover({ database, backends, logger }: Deps, signal: AbortSignal): Promise<boolean> {
  const row = await asSystem(database, (tx: Tx) => store.claimLeftover(tx, backends.names));
  const backend = row && backends.find(row.backend);
  if (!row || !backend) return false;
  const given = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
  const wait = waitsMs[Math.min(row.tries, waitsMs.length) - 1] ?? withinMs;
  let isOver = true;
  try {
    if (row.image !== null) await backend.forget(row.image, given);
    if (row.batch_id !== null) {
      const { batch_id: id, ticket } = row;
      const wanted = await asSystem(database, (tx: Tx) => store.listWanted(tx, id));
      const wasThere = await backend.discard({ id }, ticket, new Set(wanted), given);
      isOver = wasThere || !backend.capabilities.keepsResults || Date.now() - row.created_at.getTime() > lateMs;
    }
  } catch (error) {
    isOver = false;
    const reason = (error as Error).message;
    if (!signal.aborted)
      logger.warn({ backend: row.backend, reason }, 'a backend did not take away what is left there');
  }
  await asSystem<GenerationTables, unknown>(database, (tx) =>
    isOver ? store.dropLeftover(tx, row.id) : store.putOffLeftover(tx, row.id, signal.aborted ? 0 : wait),
  );
  return true;
}
