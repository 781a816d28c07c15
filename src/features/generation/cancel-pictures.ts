import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import { readStep } from './browse-steps.ts';
import type { GenerationDeps } from './deps.ts';
import * as store from './step-store.ts';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;
type Deps = Pick<GenerationDeps, 'database' | 'signedUrls'>;

/**
 * Has all pictures of a step that are not there yet not be made. Those that are stay.
 * @throws AppError `not_found`, `conflict` when there is nothing left to cancel
 */
export async function cancelStep(deps: Deps, caller: Caller, id: string) {
  const user = requireAllowed(caller, 'step.change');
  await deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'step.change', [id]);
    if ((await store.cancelAlternatives(tx, id, null)) === 0) throw nothingLeft();
    await store.settleStep(tx, id);
  });
  return readStep(deps, caller, id);
}

/** As {@link cancelStep}, of one picture. Where its backend can only end a whole batch, the picture is made all the same, and thrown away. */
export async function cancelImage(deps: Deps, caller: Caller, id: string): Promise<void> {
  const user = requireAllowed(caller, 'alternative.change');
  await deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'alternative.change', [id]);
    const alternative = await store.findAlternative(tx, id);
    if (!alternative) throw new AppError('not_found', 'There is no such picture.');
    if ((await store.cancelAlternatives(tx, alternative.step_id, [id])) === 0) throw nothingLeft();
    await store.settleStep(tx, alternative.step_id);
  });
}

const nothingLeft = () =>
  new AppError('conflict', 'There is nothing left to cancel: it is made, or was cancelled before.');
