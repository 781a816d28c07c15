import { API_BASE } from '#lib/api.ts';

/** How soon a server that is away is asked for again, in ms: a half longer each time. */
const [FIRST_WAIT, LONGEST_WAIT] = [2000, 30_000];
/** An answer that takes longer is none, in ms. */
const PATIENCE = 8000;

let isAway = $state(false);
let wait = FIRST_WAIT;
let again: ReturnType<typeof setTimeout> | undefined;
let asking: Promise<void> | null = null;
let whenBack: () => unknown = () => {};

/** Not through the worker, which would know an answer: this is about the server itself. */
const answers = (): Promise<boolean> =>
  fetch(`${API_BASE}/health`, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) }).then(
    ({ ok }) => ok,
    () => false,
  );

async function ask(): Promise<void> {
  clearTimeout(again);
  const isThere = await answers();
  asking = null;
  if (isThere) arrive();
  else {
    isAway = true;
    again = setTimeout(() => {
      wait = Math.min(wait * 1.5, LONGEST_WAIT);
      void reach.check();
    }, wait);
  }
}

function arrive(): void {
  const wasAway = isAway;
  clearTimeout(again);
  isAway = false;
  wait = FIRST_WAIT;
  if (wasAway) whenBack();
}

/** Whether the server can be reached. Somebody who was refused an answer says so by `check`; a server that answers is told by `arrive`. */
export const reach = {
  get isAway() {
    return isAway;
  },
  check: (): Promise<void> => (asking ??= ask()),
  arrive,
  /** @param callback called each time the server is back */
  onBack(callback: () => unknown): void {
    whenBack = callback;
  },
  stop: (): void => clearTimeout(again),
};
