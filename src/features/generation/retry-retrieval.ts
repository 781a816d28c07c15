import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { GenerationDeps } from './deps.ts';
import { countRetrievals } from './present-step.ts';
import * as store from './step-store.ts';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;
type Deps = Pick<GenerationDeps, 'database'>;

/** Has all pictures of a step be fetched once more that were made and did not come. */
export async function retryStep(deps: Deps, caller: Caller, id: string) {
  const user = requireAllowed(caller, 'step.change');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'step.change', [id]);
    const retried = await store.retryAlternatives(tx, id, null);
    const step = await store.findStep(tx, id);
    if (!step) throw new AppError('not_found', 'There is no such step.');
    const counts = countRetrievals(await store.listAlternatives(tx, id));
    return { step_id: id, batch_id: step.batch_id, retrieval_status: { ...counts, retrying: retried.length } };
  });
}

/**
 * Has one picture be fetched once more.
 * @throws AppError `not_found`, `conflict` when it is there already, was uploaded, was cancelled, or was never made
 */
export async function retryImage(deps: Deps, caller: Caller, id: string) {
  const user = requireAllowed(caller, 'alternative.change');
  return deps.database.as(user.principal, async (tx: Tx) => {
    const [own] = await store.groupBySteps(tx, user.userId, [id]);
    if (!own) {
      // Every other photo of one's own has been here since it was uploaded.
      await requireAccess(tx, caller, 'photo.own', [id]);
      throw new AppError('conflict', isThere);
    }
    await requireAccess(tx, caller, 'alternative.change', [id]);
    const found = await store.findAlternative(tx, id);
    if (!found) throw new AppError('not_found', 'There is no such picture.', { ids: [id] });
    const [retried] = await store.retryAlternatives(tx, found.step_id, [id]);
    if (!retried) throw new AppError('conflict', whyNot(found));
    return { id, retrieval_status: 'pending' as const };
  });
}

const isThere = 'This picture is in the gallery already.';

function whyNot({ retrieval_status: status, image, cancelled_at: cancelled }: store.AlternativeRow): string {
  if (status === 'completed') return isThere;
  if (cancelled) return 'This picture was cancelled. Ask for another like it.';
  if (status === 'failed' && image === null) return 'This picture was never made. Ask for another like it.';
  return 'This picture is on its way already.';
}

/** As {@link retryImage}, of many: tells which of them are fetched once more and which are not. One's uploads are among the latter. */
export async function retryImages(deps: Deps, caller: Caller, ids: readonly string[]) {
  const user = requireAllowed(caller, 'alternative.change');
  return deps.database.as(user.principal, async (tx: Tx) => {
    const bySteps = await store.groupBySteps(tx, user.userId, ids);
    const made = bySteps.flatMap(([, images]) => images);
    await requireAccess(tx, caller, 'alternative.change', made);
    await requireAccess(
      tx,
      caller,
      'photo.own',
      [...new Set(ids)].filter((id) => !made.includes(id)),
    );
    const retrying: string[] = [];
    for (const [stepId, images] of bySteps) {
      retrying.push(...(await store.retryAlternatives(tx, stepId, images)));
    }
    const failed = [...new Set(ids)].filter((id) => !retrying.includes(id));
    return { success_count: retrying.length, failed_count: failed.length, details: { retrying, failed } };
  });
}
