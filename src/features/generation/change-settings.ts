import type { z } from '@hono/zod-openapi';
import type { Kysely } from 'kysely';
import { requireAllowed } from '#features/access/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller, UserCaller } from '#platform/http/caller.ts';
import { changeMode, requireConfigured } from './administer-backend.ts';
import type { GenerationDeps } from './deps.ts';
import { findModel } from './model-store.ts';
import { readMode, readPod, sumPodUse } from './pod-store.ts';
import { requireAsConfigured } from './require-as-configured.ts';
import { defaults, type Settings, type SettingsChange, type StoredSettings } from './settings-contract.ts';
import * as store from './settings-store.ts';
import type { GenerationTables } from './tables.ts';
import { parallelRetrievals } from './worker.ts';

type Tx = Kysely<GenerationTables>;
type ModeDeps = Parameters<typeof changeMode>[0];
type Deps = Pick<GenerationDeps, 'database' | 'backends' | 'localUrl' | 'maxAttempts' | 'maxBatch'>;

/** As RUNPOD_IDLE_TIMEOUT is, unless it is set. */
const usualIdleMinutes = 30;

/** One's own settings of the studio, and what holds for everybody. */
export async function readSettings(deps: Deps, caller: Caller): Promise<z.infer<typeof Settings>> {
  const user = requireAllowed(caller, 'settings.read');
  return deps.database.as(user.principal, async (tx: Tx) =>
    present(deps, user, tx, await store.readSettings(tx, user.userId)),
  );
}

/**
 * @param from the caller's address, for the log
 * @throws AppError `invokeai_model_error` for a model that is not there, `validation_error`, `forbidden` for what is an administrator's,
 *   `conflict` for a mode that is not configured
 */
export async function changeSettings(
  deps: Deps & ModeDeps,
  caller: Caller,
  change: z.infer<typeof SettingsChange>,
  from: string | null,
): Promise<z.infer<typeof Settings>> {
  const user = requireAllowed(caller, 'settings.change');
  if (change.backend) requireAllowed(caller, 'backend.administer');
  const { generation = {} } = change;
  const newMode = await deps.database.as(user.principal, async (tx: Tx) => {
    const now = await present(deps, user, tx, await store.readSettings(tx, user.userId));
    requireAsConfigured(change, now);
    const mode = change.backend?.mode;
    const isOtherMode = mode !== undefined && mode !== now.backend?.mode;
    if (isOtherMode) requireConfigured(deps, mode);
    const { default_model_key: model, default_batch_size: batch } = generation;
    if (model && !(await findModel(tx, user.userId, model, deps.backends.names))) {
      throw new AppError('invokeai_model_error', 'This model is not there any more. Choose another.', {
        model_key: model,
      });
    }
    if (batch !== undefined && batch > deps.maxBatch) {
      throw new AppError('validation_error', `One step makes ${deps.maxBatch} pictures at the most.`, {
        field: 'generation.default_batch_size',
      });
    }
    if (change.generation) {
      await store.writeSettings(tx, user.userId, { ...(await store.readSettings(tx, user.userId)), ...generation });
    }
    return isOtherMode ? mode : null;
  });
  if (newMode) await changeMode(deps, caller, newMode, from);
  return deps.database.as(user.principal, async (tx: Tx) =>
    present(deps, user, tx, await store.readSettings(tx, user.userId)),
  );
}

async function present(
  { backends, localUrl, maxAttempts, maxBatch }: Deps,
  { role, scopes }: UserCaller,
  tx: Tx,
  settings: StoredSettings,
): Promise<z.infer<typeof Settings>> {
  const isAdministrator = role === 'admin' && scopes === null;
  const total = isAdministrator ? await sumPodUse(tx) : null;
  const record = isAdministrator ? (await readPod(tx)).record : null;
  return {
    generation: { ...defaults, ...settings },
    backend: isAdministrator
      ? {
          mode: await readMode(tx),
          local_url: localUrl,
          remote_url: (record?.podId && backends.rented?.addressOf(record.podId)) ?? null,
          idle_timeout_minutes: backends.rented ? Math.round(backends.rented.idleMs / 60_000) : usualIdleMinutes,
        }
      : null,
    retrieval: { max_attempts: maxAttempts, retry_delay: 60, parallel_retrievals: parallelRetrievals },
    limits: { max_batch_size: maxBatch },
    cost_tracking: total && {
      current_session_cost: record?.run.dollars ?? 0,
      lifetime_usage_hours: total.ms / 3_600_000,
      lifetime_cost: total.dollars,
    },
  };
}
