import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { findPhotos } from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { GenerationDeps } from './deps.ts';
import { touchSession } from './session-store.ts';
import * as store from './step-store.ts';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;

/**
 * Chooses one picture of a step: what the next step goes on from. Another can be chosen at any time.
 * @throws AppError `not_found`, `validation_error` for a picture of another step, `conflict` for one that is not there (yet)
 */
export async function chooseImage(
  deps: Pick<GenerationDeps, 'database'>,
  caller: Caller,
  stepId: string,
  imageId: string,
) {
  const user = requireAllowed(caller, 'step.change');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'step.change', [stepId]);
    await requireAccess(tx, caller, 'alternative.read', [imageId]);
    const alternative = await store.findAlternative(tx, imageId);
    if (alternative?.step_id !== stepId) {
      throw new AppError('validation_error', 'This picture is of another step.', { field: 'image_id' });
    }
    const [photo] = await findPhotos(tx, [imageId]);
    if (!photo) throw new AppError('conflict', 'This picture is not there. Choose one that is.');
    if (photo.deleted_at) throw new AppError('conflict', 'This picture is in the trash. Take it out again first.');
    const step = await store.selectImage(tx, stepId, imageId);
    if (!step) throw new AppError('not_found', 'There is no such step.');
    const found = await store.findStep(tx, stepId);
    if (found) await touchSession(tx, found.session_id);
    return { id: stepId, selected_image_id: imageId, status: step.status, created_at: alternative.created_at };
  });
}
