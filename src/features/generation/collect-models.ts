import type { Kysely } from 'kysely';
import { asSystem } from '#platform/database/as-system.ts';
import { BackendError } from './backends/backend.ts';
import type { GenerationDeps } from './deps.ts';
import { forgetOtherBackends, listSeenBackends, replaceModels } from './model-store.ts';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;
type Deps = Pick<GenerationDeps, 'database' | 'backends' | 'logger'>;

const withinMs = 60_000;

/**
 * Asks every backend which models it has. Of one that does not answer, those that were known stay: it may be back before they are asked for.
 * @returns the backends that did not answer
 */
export async function collectModels({ database, backends, logger }: Deps, signal?: AbortSignal): Promise<string[]> {
  await asSystem(database, async (tx: Tx) =>
    forgetOtherBackends(tx, [...backends.names, ...(await listSeenBackends(tx))]),
  );
  const silent: string[] = [];
  for (const { name, backend } of backends.all) {
    const given = AbortSignal.any([AbortSignal.timeout(withinMs), ...(signal ? [signal] : [])]);
    try {
      const models = await backend.listModels(given);
      await asSystem(database, (tx: Tx) => replaceModels(tx, name, models));
    } catch (error) {
      signal?.throwIfAborted();
      // A machine that is not rented at the moment has what it had, and nobody need do anything about it.
      if (error instanceof BackendError && error.code === 'pod_error' && error.isTransient) continue;
      silent.push(name);
      logger.warn({ backend: name, reason: (error as Error).message }, 'a backend did not tell its models');
    }
  }
  return silent;
}
