/**
 * What other windows, people and guests change, told by the server as it happens. The layout opens the stream once a page has
 * settled; whoever shows something that may change says so by `onChange` and `onHello`.
 * @module
 */
import { API_BASE, ApiError, api } from '#lib/api.ts';

export type ChangeKind = 'photos' | 'albums' | 'links' | 'account' | 'uploads' | 'organizations';

export interface Change {
  readonly kind: ChangeKind;
  /** Null when they are many: everything of the kind may be other than it was. */
  readonly ids: readonly string[] | null;
  readonly what: 'added' | 'changed' | 'removed';
}

/** Changes that come together are told together: after so long a silence, or so long at the most, in ms. */
const QUIET = 250;
const LATEST = 1000;
/** A window that nobody sees gives its connection back after this, in ms: over HTTP/1.1 a browser has six for all its windows. */
const HIDDEN = 20_000;
/** How long after a refusal the stream is asked for again, in ms; twice as long each time, up to five minutes. */
const [FIRST_WAIT, LONGEST_WAIT] = [10_000, 300_000];

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

function take(change: Change): void {
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

/** Opens the stream and keeps it open while somebody can see the window. @returns what closes it */
export function startEvents(): () => void {
  let source: EventSource | undefined;
  let isFirst = true;
  let wait = FIRST_WAIT;
  let again: ReturnType<typeof setTimeout> | undefined;
  let hiding: ReturnType<typeof setTimeout> | undefined;

  const close = (): void => {
    clearTimeout(again);
    source?.close();
    source = undefined;
  };
  const open = (): void => {
    close();
    const opened = new EventSource(`${API_BASE}/events`);
    source = opened;
    opened.addEventListener('hello', () => {
      wait = FIRST_WAIT;
      for (const callback of [...greeted]) callback(isFirst);
      isFirst = false;
    });
    opened.addEventListener('change', ({ data }: MessageEvent<string>) => take(JSON.parse(data)));
    // A line that was cut is taken up again by the browser; an answer that refuses is not.
    opened.addEventListener('error', () => {
      if (opened.readyState === EventSource.CLOSED && source === opened) void refused();
    });
  };
  /** The status is not told to scripts. Asking who one is tells, and leads to the sign-in if that is nobody any more. */
  const refused = async (): Promise<void> => {
    close();
    const isOver = await api.get('/me').then(
      () => false,
      (error) => error instanceof ApiError && error.status === 401,
    );
    if (isOver || source) return;
    again = setTimeout(open, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  };
  const look = (): void => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(close, HIDDEN);
    else if (!source) open();
  };

  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    document.removeEventListener('visibilitychange', look);
    clearTimeout(hiding);
    clearTimeout(timer);
    waiting = [];
    close();
  };
}
