/**
 * What other windows, people and guests change, told by the server as it happens. The layout opens the stream once a page has
 * settled (`stream.ts`); whoever shows something that may change says so by `onChange` and `onHello`.
 * @module
 */
export type ChangeKind =
  | 'photos'
  | 'albums'
  | 'links'
  | 'account'
  | 'uploads'
  | 'organizations'
  | 'sessions'
  /** What happens to the steps of the studio; ids are theirs. */
  | 'generation';

export interface Change {
  readonly kind: ChangeKind;
  /** Null when they are many: everything of the kind may be other than it was. */
  readonly ids: readonly string[] | null;
  readonly what: 'added' | 'changed' | 'removed';
}

/** Changes that come together are told together: after so long a silence, or so long at the most, in ms. */
const QUIET = 250;
const LATEST = 1000;

const listeners = new Set<{ kinds: readonly ChangeKind[]; callback: (change: Change) => void }>();
const greeted = new Set<(isFirst: boolean) => void>();

/**
 * Tells of changes of some kinds, one's own included; those of a moment come as one for each kind and way.
 * @returns what ends it
 */
export function onChange(kinds: ChangeKind | readonly ChangeKind[], callback: (change: Change) => void): () => void {
  const listener = { kinds: typeof kinds === 'string' ? [kinds] : kinds, callback };
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Tells that the stream is open. Where it is not the first time (`isFirst` is false) changes may have been missed: read anew
 * what is shown.
 * @returns what ends it
 */
export function onHello(callback: (isFirst: boolean) => void): () => void {
  greeted.add(callback);
  return () => greeted.delete(callback);
}

let waiting: Change[] = [];
let since = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Two changes of the same kind and way as one. */
export function merge(before: Change, after: Change): Change {
  return { ...before, ids: before.ids && after.ids && [...new Set([...before.ids, ...after.ids])] };
}

/** For the stream: a change has come. */
export function take(change: Change): void {
  const at = waiting.findIndex(({ kind, what }) => kind === change.kind && what === change.what);
  if (waiting.length === 0) since = Date.now();
  if (at < 0) waiting.push(change);
  else waiting[at] = merge(waiting[at] as Change, change);
  clearTimeout(timer);
  timer = setTimeout(tell, Math.max(0, Math.min(QUIET, since + LATEST - Date.now())));
}

function tell(): void {
  const changes = waiting;
  waiting = [];
  for (const change of changes) {
    for (const { kinds, callback } of [...listeners]) if (kinds.includes(change.kind)) callback(change);
  }
}

/** For the stream: says to everybody who listens that it is open. */
export function greet(isFirst: boolean): void {
  for (const callback of [...greeted]) callback(isFirst);
}

/** For the stream: what has come and was not told yet is forgotten. */
export function dropChanges(): void {
  clearTimeout(timer);
  waiting = [];
}
