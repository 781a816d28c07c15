import type { z } from '@hono/zod-openapi';
import type { Kysely } from 'kysely';
import { requireAllowed } from '#features/access/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { Backends } from './backends/open-backends.ts';
import { collectModels } from './collect-models.ts';
import type { GenerationDeps } from './deps.ts';
import type { Model } from './model-contract.ts';
import * as store from './model-store.ts';
import { readMode } from './pod-store.ts';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;
type Deps = Pick<GenerationDeps, 'database' | 'backends'>;

/** What pictures can be made with, one's favourites first. */
export async function listModels({ database, backends }: Deps, caller: Caller) {
  const user = requireAllowed(caller, 'model.list');
  return database.as(user.principal, async (tx: Tx) => ({
    items: (await store.listModels(tx, user.userId, backends.offeredIn(await readMode(tx)))).map((row) =>
      presentModel(backends, row),
    ),
    last_updated: oldest(await store.listModelLists(tx, backends.names)),
  }));
}

/** @throws AppError `not_found` */
export async function readModel({ database, backends }: Deps, caller: Caller, key: string) {
  const user = requireAllowed(caller, 'model.list');
  return database.as(user.principal, async (tx: Tx) =>
    presentModel(backends, await find(tx, backends, user.userId, key)),
  );
}

/** @throws AppError `not_found` */
export async function markFavorite({ database, backends }: Deps, caller: Caller, key: string, isFavorite: boolean) {
  const user = requireAllowed(caller, 'model.mark');
  return database.as(user.principal, async (tx: Tx) => {
    await find(tx, backends, user.userId, key);
    await store.markFavorite(tx, user.userId, key, isFavorite);
    return { key, is_favorite: isFavorite };
  });
}

/**
 * Asks the backends anew. Those who ask while that goes on get the same answer, and so does everybody in the ten seconds from its beginning.
 * @throws AppError `invokeai_connection_error` when none of them answers
 */
export function createModelRefresh(deps: Deps & Pick<GenerationDeps, 'logger'>) {
  let latest: Promise<string[]> | null = null;
  let isUnderWay = false;
  let asked = 0;

  /** One round at a time: a backend that is slow is not asked by each who comes. */
  function collect(): Promise<string[]> {
    if (latest && (isUnderWay || Date.now() - asked <= 10_000)) return latest;
    asked = Date.now();
    isUnderWay = true;
    const round = collectModels(deps).finally(() => {
      isUnderWay = false;
    });
    round.catch(() => {
      latest = null;
    });
    latest = round;
    return round;
  }

  return async (caller: Caller) => {
    requireAllowed(caller, 'model.refresh');
    const silent = await collect();
    if (silent.length === deps.backends.all.length) {
      throw new AppError(
        'invokeai_connection_error',
        'Nothing that makes pictures answers at the moment. Try again later.',
      );
    }
    const { items, last_updated } = await listModels(deps, caller);
    return { success: silent.length === 0, models_count: items.length, last_updated };
  };
}

async function find(tx: Tx, backends: Backends, userId: string, key: string): Promise<store.ModelRow> {
  const row = await store.findModel(tx, userId, key, backends.offeredIn(await readMode(tx)));
  if (row) return row;
  throw new AppError('not_found', 'There is no such model.');
}

function presentModel(backends: Backends, row: store.ModelRow): z.infer<typeof Model> {
  const backend = backends.find(row.backend);
  if (!backend) throw new TypeError(`The model ${row.address} is of a backend that is not there.`);
  const { limits, defaults } = row;
  const { capabilities } = backend;
  return {
    key: row.address,
    hash: row.hash,
    name: row.name,
    type: row.type,
    base: row.base,
    description: row.description,
    backend: row.backend,
    compatible_vae: row.compatible_vae.map(({ key, hash, name, isDefault }) => ({
      key,
      hash,
      name,
      is_default: isDefault,
    })),
    default_params: {
      width: defaults.width,
      height: defaults.height,
      steps: defaults.steps,
      cfg_scale: defaults.cfg_scale,
      scheduler: defaults.scheduler,
    },
    limits: {
      multiple_of: limits.multipleOf,
      min_side: limits.minSide,
      max_side: limits.maxSide,
      max_pixels: limits.maxPixels,
      min_steps: limits.minSteps,
      max_steps: limits.maxSteps,
      min_cfg_scale: limits.minCfgScale,
      max_cfg_scale: limits.maxCfgScale,
      schedulers: [...limits.schedulers],
    },
    capabilities: {
      from_photo: capabilities.fromPhoto,
      progress: capabilities.progress,
      cancel_one: capabilities.cancelOne,
      negative_prompt: capabilities.negativePrompt && limits.negativePrompt !== false,
      seeds: capabilities.seeds,
    },
    destination: backend.destination,
    is_favorite: row.is_favorite,
  };
}

function oldest(lists: readonly { listed_at: Date | null }[]): string | null {
  const times = lists.flatMap(({ listed_at: at }) => at?.getTime() ?? []);
  return times.length === 0 ? null : new Date(Math.min(...times)).toISOString();
}
