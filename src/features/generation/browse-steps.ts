import type { z } from '@hono/zod-openapi';
import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { createPresenter, findPhotos } from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { AlternativeList, StepState } from './contract.ts';
import type { GenerationDeps } from './deps.ts';
import { countRetrievals, errorOf, isOpen, presentStep } from './present-step.ts';
import * as store from './step-store.ts';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;
type Deps = Pick<GenerationDeps, 'database' | 'signedUrls'>;

const noStep = () => new AppError('not_found', 'There is no such step.');

export async function listSteps(deps: Deps, caller: Caller, sessionId: string) {
  const user = requireAllowed(caller, 'generation.read');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'generation.read', [sessionId]);
    const items = (await store.listSteps(tx, sessionId)).map(presentStep);
    return { items, total: items.length };
  });
}

/** @throws AppError `not_found` */
export async function readStep(deps: Deps, caller: Caller, id: string) {
  const user = requireAllowed(caller, 'step.read');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'step.read', [id]);
    const row = await store.findStep(tx, id);
    if (!row) throw noStep();
    return presentStep(row);
  });
}

/** How far a step is, and when it may be done. */
export async function readStepState(deps: Deps, caller: Caller, id: string): Promise<z.infer<typeof StepState>> {
  const user = requireAllowed(caller, 'step.read');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'step.read', [id]);
    const step = await store.findStep(tx, id);
    if (!step) throw noStep();
    const alternatives = await store.listAlternatives(tx, id);
    const progress = isOpen(step) ? await store.listProgress(tx, id) : [];
    const done = shareDone(alternatives, progress);
    const queue = isOpen(step) ? await store.readQueue(tx, step) : null;
    const open = alternatives.filter((row) => row.settled_at === null && row.image === null).length;
    return {
      id,
      status: step.status,
      batch_id: step.batch_id,
      correlation_id: step.correlation_id,
      progress: step.status === 'pending' ? null : done,
      queue: queue && step.status === 'pending' ? { steps_ahead: queue.steps, pictures_ahead: queue.pictures } : null,
      estimated_completion:
        queue && queue.secondsPerPicture !== null
          ? new Date(Date.now() + queue.secondsPerPicture * 1000 * (queue.pictures + open)).toISOString()
          : null,
      error: errorOf(step)?.message ?? null,
      retrieval_status: countRetrievals(alternatives),
    };
  });
}

/** Of all pictures of a step, how much is made: 0 to 1. */
function shareDone(alternatives: readonly store.AlternativeRow[], progress: readonly store.ProgressRow[]): number {
  if (alternatives.length === 0) return 1;
  const byId = new Map(progress.map((row) => [row.alternative_id, row.done]));
  const sum = alternatives.reduce(
    (total, { id, settled_at: settled, image }) => total + (settled || image !== null ? 1 : (byId.get(id) ?? 0)),
    0,
  );
  return Math.round((sum / alternatives.length) * 1000) / 1000;
}

/** The pictures of a step, those that are there and those that are to come. */
export async function listAlternatives(
  deps: Deps,
  caller: Caller,
  id: string,
): Promise<z.infer<typeof AlternativeList>> {
  const user = requireAllowed(caller, 'step.read');
  const present = createPresenter(deps, user);
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'step.read', [id]);
    const step = await store.findStep(tx, id);
    if (!step) throw noStep();
    const rows = await store.listAlternatives(tx, id);
    const photos = await findPhotos(
      tx,
      rows.map((row) => row.id),
    );
    const photoOf = new Map(photos.map((photo) => [photo.id, photo]));
    const progressOf = new Map((await store.listProgress(tx, id)).map((row) => [row.alternative_id, row]));
    return {
      step_id: id,
      items: rows.map((row) => {
        const photo = photoOf.get(row.id);
        return {
          image_id: row.id,
          n: row.n,
          seed: Number(row.seed),
          selected: row.id === step.selected_image_id,
          created_at: row.created_at.toISOString(),
          retrieval_status: row.retrieval_status,
          attempts: row.attempts,
          cancelled: row.cancelled_at !== null,
          is_settled: row.settled_at !== null,
          error: errorOf(row),
          progress: row.settled_at ? null : presentProgress(row.id, progressOf.get(row.id)),
          photo: photo ? present.photo(photo) : null,
        };
      }),
    };
  });
}

function presentProgress(id: string, row: store.ProgressRow | undefined) {
  if (!row) return null;
  const { done, step, of } = row;
  const url = `/api/v1/generation/images/${id}/preview?at=${row.changed_at.getTime()}`;
  return { done, step, of, preview_url: row.has_preview ? url : null };
}

/**
 * How a picture looks by now, that is being made.
 * @throws AppError `not_found` where there is nothing to see of it yet, or it is a photo by now
 */
export async function readPreview(deps: Deps, caller: Caller, id: string): Promise<Buffer> {
  const user = requireAllowed(caller, 'alternative.read');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'alternative.read', [id]);
    const found = await store.findPreview(tx, id);
    if (!found?.preview) throw new AppError('not_found', 'There is nothing to see of this picture yet.');
    return found.preview;
  });
}
