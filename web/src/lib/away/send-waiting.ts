import { API_BASE, ApiError, api, refusalOf } from '#lib/api.ts';
import type { PhotoMetadata, StudioStep, User } from '#lib/api-schema.ts';
import { type Change, type Fields, fieldNames, type Waiting } from './waiting-change.ts';
import { conflictWords } from './waiting-words.ts';

/** How long an answer is waited for, in ms: a server that takes a question and says nothing must not hold up everything after it. */
const [READ_PATIENCE, SEND_PATIENCE] = [8000, 20_000];

/** Marks a request that has waited: where it fails again, it waits already. */
export const hasWaited = () => ({ hasWaited: true, signal: AbortSignal.timeout(SEND_PATIENCE) });

/**
 * Whether a failure says no more than that the server cannot be reached, itself or by what stands before it: some say so with a 404
 * while the container behind them is replaced, some with a status of their own.
 */
export const isUnreachable = ({ status, code }: ApiError): boolean =>
  status === 0 || (code === 'unreadable' && (status >= 500 || status === 404));

/**
 * `sent`: the server has it. `later`: it cannot take it now, `after` so many ms. `refused`: somebody has to decide.
 */
export type Outcome =
  | { is: 'sent' }
  | { is: 'later'; after: number }
  | { is: 'refused'; isConflict: boolean; text: string };

/** What the server has now, past the worker: an answer of before would let something be written over, or sent twice. */
async function readNow<T>(path: string): Promise<T> {
  const away = () => new ApiError(0, 'network', 'The server cannot be reached. Try again in a moment.');
  const signal = AbortSignal.timeout(READ_PATIENCE);
  const response = await fetch(API_BASE + path, { cache: 'no-store', signal }).catch(() => null);
  if (!response) throw away();
  if (!response.ok) throw await refusalOf(path, response);
  return response.json().catch(() => Promise.reject(away()));
}

/** Whose session it is now: another window may have changed that. @throws ApiError */
export const readOwner = async (): Promise<string> => (await readNow<User>('/me')).id;

/**
 * Sends one of what waits.
 * @param begun told of a session that was begun for a step, so that it is begun once. Resolves to false where the step is not wanted any more
 */
export async function sendOne(
  { change }: Pick<Waiting, 'change'>,
  { isSure, begun }: { isSure: boolean; begun: (change: Change) => Promise<boolean> },
): Promise<Outcome> {
  try {
    if (change.kind === 'photo') {
      const theirs = isSure ? null : await findConflict(change);
      if (theirs) return { is: 'refused', isConflict: true, text: conflictWords(theirs) };
      const json = { ...change.after, tags: change.after.tags && [...change.after.tags] };
      await api.patch('/photos/:id', { param: { id: change.id }, json, ...hasWaited() });
    } else if (change.kind === 'step') await sendStep(change, begun);
    else await sendSet(change);
    return { is: 'sent' };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return outcomeOf(error);
  }
}

/** Photos that are gone by now keep nothing from the others. */
async function sendSet({ kind, ids: all, is }: Change & { kind: 'favorite' | 'archive' }): Promise<void> {
  const post = (ids: string[]) =>
    kind === 'favorite'
      ? api.post('/photos/batch/favorite', { json: { ids, is_favorite: is }, ...hasWaited() })
      : api.post('/photos/batch/archive', { json: { ids, is_archived: is }, ...hasWaited() });
  try {
    await post([...all]);
  } catch (error) {
    const gone = error instanceof ApiError && error.status === 404 ? error.details.ids : null;
    const left = Array.isArray(gone) ? all.filter((id) => !gone.includes(id)) : [];
    if (left.length === 0 || left.length === all.length) throw error;
    await post(left);
  }
}

function outcomeOf(error: ApiError): Outcome {
  if (isUnreachable(error) || error.status === 401) return { is: 'later', after: 0 };
  if (error.status === 429 || error.status === 503) {
    return { is: 'later', after: 1000 * (Number(error.details.retry_after) || 10) };
  }
  return { is: 'refused', isConflict: false, text: error.message };
}

/** Where the server has neither what was there nor what is wanted: what it has of the fields that are to be changed. */
async function findConflict({ id, before, after }: Change & { kind: 'photo' }): Promise<Fields | null> {
  const now = await readNow<PhotoMetadata>(`/photos/${id}/metadata`);
  return differing(now, before, after);
}

/** The fields that are to be changed and have become something else than they were, and than they are to be. */
export function differing(now: Fields, before: Fields, after: Fields): Fields | null {
  const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  const others = fieldNames.filter(
    (name) => name in after && !same(now[name], before[name]) && !same(now[name], after[name]),
  );
  return others.length === 0 ? null : Object.fromEntries(others.map((name) => [name, now[name]]));
}

/** Its session is begun first where there is none, and whether it has arrived already is looked up: an answer may have been lost. */
async function sendStep(change: Change & { kind: 'step' }, begun: (change: Change) => Promise<boolean>): Promise<void> {
  let { session } = change;
  const { step } = change;
  if (session === null) {
    const { source_image_id: image } = step;
    const made = await api.post('/generation/sessions', {
      json: image ? { entry_type: 'refinement', source_image_id: image } : { entry_type: 'scratch' },
      ...hasWaited(),
    });
    session = made.id;
    if (!(await begun({ ...change, session }))) {
      await api.delete('/generation/sessions/:id', { param: { id: session }, ...hasWaited() }).catch(() => {});
      return;
    }
  } else {
    const { items } = await readNow<{ items: StudioStep[] }>(`/generation/sessions/${session}/steps`);
    if (items.some(({ correlation_id: known }) => known === step.correlation_id)) return;
  }
  await api.post('/generation/sessions/:id/steps', { param: { id: session }, json: step, ...hasWaited() });
}
