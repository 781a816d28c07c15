import type { Request } from '#lib/api.ts';
import { ApiError, api } from '#lib/api.ts';
import type { Method, PhotoMetadata } from '#lib/api-schema.ts';
import { session } from '#lib/session.svelte.ts';
import { announce, toast } from '#lib/toast.svelte.ts';
import { overlay } from './overlay.ts';
import { reach } from './reach.svelte.ts';
import { hasWaited, isUnreachable, type Outcome, readOwner, sendOne } from './send-waiting.ts';
import { meets, type Target, targetOf, without } from './target.ts';
import { type Change, type Fields, fieldNames, type NamedStep, type Waiting } from './waiting-change.ts';
import { addWaiting, editWaiting, keepOnly, putWaiting, readWaiting, removeWaiting } from './waiting-store.ts';

/** A window that has begun to send something has this long, in ms, before another may think that it was closed meanwhile. */
const TAKEN = 60_000;
/** What did not get through although the server is there is tried again after this, in ms. */
const RETRY = 5000;

let list = $state.raw<readonly Waiting[]>([]);
let sending: Promise<void> | null = null;
let again: ReturnType<typeof setTimeout> | undefined;
/** Takes away what was said of the change before: once is enough. */
let unsay = () => {};
/** The other windows show the same. */
const others = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('tintype-waiting');

async function read(): Promise<void> {
  const user = session.user?.id;
  list = user ? await readWaiting(user) : [];
}

async function changed(): Promise<void> {
  await read();
  others?.postMessage(null);
}

/** @throws DOMException where the browser keeps nothing */
async function add(change: Change): Promise<void> {
  await addWaiting({ user: session.user?.id ?? '', change, problem: null });
  await changed();
  // It may have come back just now, and nobody would think of what was too late for that.
  void reach.check().then(() => (reach.isAway ? undefined : waiting.send()));
  unsay();
  unsay = toast('Waits for the server. It is sent when the server is back.');
}

/** A server that is away by then is thought of by `reach`. */
function sendLater(ms: number): void {
  again = setTimeout(() => {
    again = undefined;
    void reach.check().then(() => (reach.isAway ? undefined : waiting.send()));
  }, ms);
}

/** One after the other, as they were asked for; by one window at a time, or a step would be sent twice. */
async function sendAll(): Promise<void> {
  clearTimeout(again);
  again = undefined;
  const user = session.user?.id;
  if (!user) return;
  const tried = new Set<number>();
  let count = 0;
  let isBusy = false;
  for (;;) {
    // Read anew each time: something may have been asked for meanwhile, or withdrawn.
    const next = (await readWaiting(user)).find(
      ({ key, problem, change }) => !problem && !tried.has(key) && !(isBusy && change.kind === 'step'),
    );
    // Somebody else may have signed in by another window since.
    if (!next || (tried.size === 0 && (await readOwner()) !== user)) break;
    tried.add(next.key);
    const one = await take(next.key);
    if (one === 'taken') {
      sendLater(TAKEN);
      break;
    }
    if (!one) continue;
    const outcome = await sendOne(one, { isSure: false, begun: (change) => isStill(one.key, { change }) });
    await settle(one.key, outcome);
    if (outcome.is === 'later') {
      if (outcome.after > 0) sendLater(outcome.after);
      // Too many steps are under way, or nobody is there to make them: that is nothing to a photo's heart.
      if (outcome.after === 0 || one.change.kind !== 'step') break;
      isBusy = true;
      continue;
    }
    if (outcome.is === 'sent') count += 1;
    await changed();
  }
  if (count > 0) void announce(count === 1 ? 'What waited is sent.' : `${count} changes that waited are sent.`);
}

/** Changes one as it is by now: a session may have been begun for it. Resolves to false where it was withdrawn. */
const isStill = async (key: number, change: Partial<Waiting>): Promise<boolean> =>
  (await editWaiting(key, (one) => ({ ...one, ...change }))) !== null;

async function settle(key: number, outcome: Outcome): Promise<void> {
  if (outcome.is === 'sent') await removeWaiting(key);
  else {
    const problem = outcome.is === 'later' ? null : { isConflict: outcome.isConflict, text: outcome.text };
    await isStill(key, { problem, taken: 0 });
  }
}

/** Browsers have locks only where the connection is encrypted, or is none. */
const alone = (work: () => Promise<void>): Promise<void> =>
  navigator.locks ? navigator.locks.request('tintype-waiting', work) : work();

/** One of what waits as it is by now, for this window to send; null where it does not wait any more. */
async function take(key: number): Promise<Waiting | 'taken' | null> {
  let isTaken = false;
  const found = await editWaiting(key, (one) => {
    if (navigator.locks) return one;
    isTaken = (one.taken ?? 0) > Date.now();
    return isTaken ? one : { ...one, taken: Date.now() + TAKEN };
  });
  return isTaken ? 'taken' : found;
}

/**
 * What is asked for now goes after what was asked for before: to the end of what waits, where something of it is about the same. What
 * the server has refused of that is not wanted any more.
 * @returns what stands for the server's answer; undefined for what can be sent at once
 */
async function keepBehind(method: Method, path: string, input: Request): Promise<unknown> {
  const target = targetOf(method, path, input);
  if (!target) return undefined;
  await read();
  const about = list.filter(({ change }) => meets(change, target));
  const refused = about.filter(({ problem }) => problem);
  await Promise.all(refused.map(({ key }) => drop(key, target)));
  if (refused.length > 0) await changed();
  if (about.length === refused.length) return undefined;
  const instead = await keep(method, path, input);
  if (instead === undefined) await waiting.send();
  return instead;
}

const drop = (key: number, target: Target): Promise<unknown> =>
  editWaiting(key, (one) => {
    const change = without(one.change, target);
    return change && { ...one, change };
  });

/** Keeps what can wait. @returns undefined for what cannot */
async function keep(method: Method, path: string, input: Request): Promise<unknown> {
  if (method === 'patch' && path === '/photos/:id') return await keepFields(input);
  if (method === 'post' && path === '/photos/batch/favorite') return await keepSet('favorite', input);
  if (method === 'post' && path === '/photos/batch/archive') return await keepSet('archive', input);
  return undefined;
}

/** What was asked for while the server was away. */
export const waiting = {
  get list() {
    return list;
  },
  /** The steps that are to go on with a session; those that begin one, for null. */
  stepsOf: (id: string | null): (Waiting & { change: Change & { kind: 'step' } })[] =>
    list.filter((one): one is Waiting & { change: Change & { kind: 'step' } } => {
      return one.change.kind === 'step' && one.change.session === id;
    }),

  /** Whether something of a photo is still to be sent. */
  has: (photo: string): boolean => list.some(({ change }) => change.kind === 'photo' && change.id === photo),

  async start(): Promise<void> {
    others?.addEventListener('message', read);
    // Somebody whose session has ended will sign in again: what waits is still theirs.
    if (!session.user) return;
    await keepOnly(session.user.id);
    await read();
    if (list.length > 0) void this.send();
  },

  /** Sends what waits, in its order. Never throws. */
  send(): Promise<void> {
    sending ??= alone(sendAll)
      .catch(() => {})
      .then(read)
      .finally(() => {
        sending = null;
        // A connection may end while the server is there: nobody else would think of what it was to carry.
        if (!again && session.user && list.some(({ problem }) => !problem)) sendLater(RETRY);
      });
    return sending;
  },

  /** @throws DOMException where the browser keeps nothing */
  addStep: (id: string | null, step: NamedStep): Promise<void> => add({ kind: 'step', session: id, step }),

  async withdraw(one: Waiting): Promise<void> {
    await removeWaiting(one.key);
    await changed();
  },
  /** Takes back that it was withdrawn. */
  async restore(one: Waiting): Promise<void> {
    await putWaiting({ ...one, problem: null, taken: 0 });
    await changed();
    if (!reach.isAway) await this.send();
  },

  /** Sends one that was refused once more; whatever the server has by now, where somebody is sure. @throws ApiError */
  async sendAgain(one: Waiting, isSure: boolean): Promise<void> {
    await alone(async () => {
      if ((await readOwner()) !== session.user?.id) {
        throw new ApiError(403, 'forbidden', 'Somebody else has signed in by another window. Reload the page.');
      }
      const now = await take(one.key);
      if (!now || now === 'taken') return;
      await settle(one.key, await sendOne(now, { isSure, begun: (change) => isStill(one.key, { change }) }));
    });
    await changed();
  },

  /**
   * For the client of the API: keeps what can wait for a server that cannot be reached, and what must wait for its turn.
   * @returns what stands for the server's answer; undefined for what cannot wait
   */
  async rescue(failure: ApiError | undefined, method: Method, path: string, input: Request): Promise<unknown> {
    if (failure && !isUnreachable(failure)) return undefined;
    if (failure) void reach.check();
    if ('hasWaited' in input) return undefined;
    try {
      return await (failure ? keep : keepBehind)(method, path, input);
    } catch {
      // A browser that keeps nothing: then it is as it would be without any of this.
    }
    return undefined;
  },
};

/** Photos by their ids: of those that a filter finds, nobody knows here which they will be. */
async function keepSet(kind: 'favorite' | 'archive', { json }: Request): Promise<{ count: number } | undefined> {
  const {
    ids,
    is_favorite: heart,
    is_archived: away,
  } = json as {
    ids?: string[];
    is_favorite?: boolean;
    is_archived?: boolean;
  };
  if (!ids) return undefined;
  await add({ kind, ids, is: (kind === 'favorite' ? heart : away) === true });
  return { count: ids.length };
}

/** What is to be changed of one photo, if all of it can wait and the photo as it was is known here. */
async function keepFields({ param, json }: Request): Promise<PhotoMetadata | undefined> {
  const after = json as Fields;
  const names = Object.keys(after) as (keyof Fields)[];
  if (!names.every((name) => fieldNames.includes(name))) return undefined;
  const now = await api.get('/photos/:id/metadata', { param: { id: param?.id ?? '' }, ...hasWaited() });
  // As it will be once everything before this is sent: nobody is in conflict with themselves.
  const photo = overlay(
    now,
    list.filter(({ problem }) => !problem),
  ) as PhotoMetadata;
  const before = Object.fromEntries(names.map((name) => [name, photo[name]]));
  await add({ kind: 'photo', id: photo.id, filename: photo.filename, before, after });
  return { ...photo, ...after };
}
