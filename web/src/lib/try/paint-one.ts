import { API_BASE, ApiError, refusalOf } from '#lib/api.ts';
import type { ShapeName } from './tried-pictures.ts';

export interface Asked {
  readonly prompt: string;
  readonly seed: number;
  readonly shape: ShapeName;
}

interface Waiting {
  readonly signal: AbortSignal;
  /** Others are painted for first; it is asked again by itself. */
  readonly onwait: () => void;
  /** Longest wait that is waited without being asked, in seconds. */
  readonly patience?: number;
  /** Tests wait less. */
  readonly secondMs?: number;
}

const TRIES = 4;
const path = '/generation/try';

/**
 * Has one picture painted.
 * @throws ApiError, or an `AbortError` once the signal says so
 */
export async function paintOne(
  asked: Asked,
  { signal, onwait, patience = 15, secondMs = 1000 }: Waiting,
): Promise<Blob> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask(asked, signal);
    } catch (error) {
      const wait = error instanceof ApiError ? Number(error.details.retry_after) : Number.NaN;
      if (tries === TRIES || !(wait <= patience)) throw error;
      onwait();
      await sleep(wait * secondMs, signal);
    }
  }
}

/** The client of the API reads JSON; this answer is the picture itself. */
async function ask(asked: Asked, signal: AbortSignal): Promise<Blob> {
  let response: Response;
  try {
    response = await fetch(API_BASE + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(asked),
      signal,
    });
    if (response.ok) return await response.blob();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'network', 'The server cannot be reached. Check your connection and try again.');
  }
  throw await refusalOf(path, response);
}

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    const leave = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
  });
