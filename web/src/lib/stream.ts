import { API_BASE, ApiError, api } from '#lib/api.ts';
import { dropChanges, greet, take } from '#lib/events.svelte.ts';

/** A window that nobody sees gives its connection back after this, in ms: over HTTP/1.1 a browser has six for all its windows. */
const HIDDEN = 20_000;
/** How long after a refusal the stream is asked for again, in ms; twice as long each time, up to five minutes. */
const [FIRST_WAIT, LONGEST_WAIT] = [10_000, 300_000];

interface StreamDeps {
  /** The line is cut or was refused: it may be that the server is away. */
  readonly ontrouble: () => void;
  /** The line is open again; what is shown is read anew only after this. */
  readonly onback: () => Promise<unknown>;
}

/** Opens the stream of changes and keeps it open while somebody can see the window. */
export function openStream({ ontrouble, onback }: StreamDeps) {
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
    opened.addEventListener('hello', async () => {
      wait = FIRST_WAIT;
      if (!isFirst) await onback();
      greet(isFirst);
      isFirst = false;
    });
    opened.addEventListener('change', ({ data }: MessageEvent<string>) => take(JSON.parse(data)));
    // A line that was cut is taken up again by the browser; an answer that refuses is not.
    opened.addEventListener('error', () => {
      if (source !== opened) return;
      // What is shown may be of before: also where the line was never open yet.
      isFirst = false;
      ontrouble();
      if (opened.readyState === EventSource.CLOSED) void refused();
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
  return {
    /** The server is back: a line that is not open is tried at once, and then, or else now, everything is read anew. */
    retry(): void {
      if (source?.readyState === EventSource.OPEN) greet(false);
      else if (!document.hidden) open();
    },
    close(): void {
      document.removeEventListener('visibilitychange', look);
      clearTimeout(hiding);
      dropChanges();
      close();
    },
  };
}
