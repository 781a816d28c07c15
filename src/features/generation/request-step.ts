import type { z } from '@hono/zod-openapi';
import type { Kysely } from 'kysely';
import { v4 as uuidv4, v7 as uuidv7 } from 'uuid';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { findPhotos, type PhotoRow } from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller, UserCaller } from '#platform/http/caller.ts';
import type { Backend } from './backends/backend.ts';
import type { NewStep } from './contract.ts';
import type { GenerationDeps } from './deps.ts';
import { holdParameters, seedsOf } from './hold-parameters.ts';
import { requireLivePhoto } from './manage-sessions.ts';
import { findModel, listModels, type ModelRow } from './model-store.ts';
import { readMode } from './pod-store.ts';
import { presentStep } from './present-step.ts';
import { lockSession, touchSession } from './session-store.ts';
import type { StoredSettings } from './settings-contract.ts';
import { readSettings } from './settings-store.ts';
import * as store from './step-store.ts';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;
type Asked = z.infer<typeof NewStep>;
type Deps = Pick<GenerationDeps, 'database' | 'backends' | 'maxBatch'>;

/** Steps that one person may have waiting at once: others want to have their turn on the same machine. */
const mostOpen = 10;
/** Steps of one session: all of them are shown at once. */
const mostSteps = 200;

/**
 * Asks for pictures. They are made one after the other when the person's turn has come, whoever looks on. Asked once more with the same
 * `correlation_id`, as after an answer that was lost, it is the step that there is.
 * @throws AppError `not_found`, `conflict` for a session that has ended or is full, `rate_limited` with ten steps that wait already,
 *   `validation_error`, `invokeai_model_error`, `invokeai_connection_error` where there is nothing to make pictures with
 */
export async function requestStep(deps: Deps, caller: Caller, sessionId: string, asked: Asked) {
  const user = requireAllowed(caller, 'generation.change');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'generation.change', [sessionId]);
    await store.lockAsker(tx, user.userId);
    const session = await lockSession(tx, sessionId);
    const known = asked.correlation_id && (await store.findByCorrelation(tx, sessionId, asked.correlation_id));
    if (known) return presentStep(known);
    await requireTurn(tx, user);
    if (session?.status !== 'active') {
      throw new AppError('conflict', 'This session has ended. Take it up again, or begin another.');
    }
    if ((await store.countSteps(tx, sessionId)) >= mostSteps) {
      throw new AppError(
        'conflict',
        `This session has ${mostSteps} steps, which is as many as one can have. Begin another, from the picture you like best.`,
      );
    }
    const source = await findSource(tx, caller, session, asked);
    const settings = await readSettings(tx, user.userId);
    const { model, backend } = await findMaker(deps, tx, user, settings, asked);
    requireAble(backend, model, asked, source);
    const parameters = holdParameters(asked.parameters, { model, settings, maxBatch: deps.maxBatch, source });
    const id = uuidv7();
    const step = await store.insertStep(tx, {
      id,
      owner_id: user.userId,
      session_id: sessionId,
      parent_id: asked.parent_id ?? null,
      source_photo_id: source?.id ?? null,
      prompt: asked.prompt,
      negative_prompt: asked.negative_prompt ?? null,
      parameters: JSON.stringify(parameters),
      model_key: model.key,
      model_hash: model.hash,
      model_name: model.name,
      model_base: model.base,
      backend: model.backend,
      batch_id: uuidv4(),
      correlation_id: asked.correlation_id ?? uuidv4(),
    });
    const alternatives = seedsOf(parameters).map((seed, n) => ({
      id: uuidv7(),
      owner_id: user.userId,
      step_id: id,
      n,
      seed,
    }));
    await store.insertAlternatives(tx, alternatives);
    await touchSession(tx, sessionId);
    return presentStep(step);
  });
}

async function requireTurn(tx: Tx, { userId }: UserCaller): Promise<void> {
  if ((await store.countOpenSteps(tx, userId)) < mostOpen) return;
  throw new AppError(
    'rate_limited',
    `You have ${mostOpen} steps waiting already. Wait for one of them, or cancel it.`,
    { retry_after: 30 },
  );
}

/** What the pictures start from: what was said, else what was selected of the step before, else the photo of the session. */
async function findSource(
  tx: Tx,
  caller: Caller,
  session: { id: string; source_photo_id: string | null },
  asked: Asked,
): Promise<PhotoRow | null> {
  const parent = asked.parent_id === undefined ? null : await findParent(tx, caller, session.id, asked.parent_id);
  if (asked.source_image_id !== undefined) return requireLivePhoto(tx, caller, asked.source_image_id);
  if (asked.from_scratch) return null;
  const source = parent ? parent.selected_image_id : session.source_photo_id;
  if (source === null) return null;
  const [photo] = await findPhotos(tx, [source]);
  if (photo && !photo.deleted_at) return photo;
  throw new AppError(
    'conflict',
    'The picture that this step would start from is deleted. Take it out of the trash, or choose another.',
    { ids: [source] },
  );
}

async function findParent(tx: Tx, caller: Caller, sessionId: string, id: string): Promise<store.StepRow> {
  await requireAccess(tx, caller, 'step.read', [id]);
  const parent = await store.findStep(tx, id);
  if (parent?.session_id === sessionId) return parent;
  throw new AppError('validation_error', 'The step to go on from is of another session.', { field: 'parent_id' });
}

async function findMaker(
  { backends }: Deps,
  tx: Tx,
  user: UserCaller,
  settings: StoredSettings,
  { parameters }: Asked,
): Promise<{ model: ModelRow; backend: Backend }> {
  const offered = backends.offeredIn(await readMode(tx));
  const asked = parameters.model_key;
  const preferred = asked ?? settings.default_model_key ?? undefined;
  const named = preferred === undefined ? undefined : await findModel(tx, user.userId, preferred, offered);
  if (asked !== undefined && !named) {
    const hidden = await findModel(tx, user.userId, asked, backends.names);
    const why = hidden ? `“${hidden.name}” is switched off here.` : 'This model is not there any more.';
    throw new AppError('invokeai_model_error', `${why} Choose another.`, { model_key: asked });
  }
  // Of one's settings alone it is not asked for, and may be gone, or of the other side, without anybody having to know.
  const model = named ?? (await listModels(tx, user.userId, offered))[0];
  const backend = model && backends.find(model.backend);
  if (model && backend) return { model, backend };
  throw new AppError(
    'invokeai_connection_error',
    'There is nothing here yet that makes pictures, or it has not answered. Ask whoever runs this library.',
  );
}

function requireAble(
  { capabilities }: Backend,
  { name, limits }: ModelRow,
  asked: Asked,
  source: PhotoRow | null,
): void {
  if (source && !capabilities.fromPhoto) {
    throw new AppError(
      'validation_error',
      `“${name}” cannot start from a picture. Choose another model, or begin from scratch.`,
      { field: 'source_image_id' },
    );
  }
  if (asked.negative_prompt && !(capabilities.negativePrompt && limits.negativePrompt !== false)) {
    throw new AppError('validation_error', `“${name}” takes no negative prompt. Leave it out.`, {
      field: 'negative_prompt',
    });
  }
}
