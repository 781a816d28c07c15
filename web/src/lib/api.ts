import type { InputOf, Method, OutputOf, PathsOf } from '#lib/api-schema.ts';

export const API_BASE = '/api/v1';

/** An answer that is not a success: the server's own envelope, code `network` when there was no answer, or `unreadable` when it was somebody else's. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Record<string, unknown>;

  constructor(status: number, code: string, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

type Options = { signal?: AbortSignal };
type Arguments<I> = Record<never, never> extends I ? [input?: I & Options] : [input: I & Options];

type Value = string | number | boolean | undefined;
export type Request = Options & {
  param?: Record<string, string>;
  /** A list writes its name once for each value. */
  query?: Record<string, Value | readonly Value[]>;
  json?: unknown;
};

/** What happens when the session has ended. The app's layout sets it; sign-in itself answers 401 without it. */
let onSignedOut: (() => void) | undefined;
export function whenSignedOut(handler: () => void): void {
  onSignedOut = handler;
}

function address(path: string, { param = {}, query = {} }: Request): string {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(param[name] ?? ''));
  const given = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().flatMap((one) => (one === undefined ? [] : [[name, String(one)]])),
  );
  return `${API_BASE}${filled}${given.length > 0 ? `?${new URLSearchParams(given)}` : ''}`;
}

/** Turns an answer that is not a success into the error to throw; also for requests made outside this module (uploads). */
export async function toApiError(response: Pick<Response, 'status' | 'json'>): Promise<ApiError> {
  const body = (await response.json().catch(() => null)) as { error?: Partial<ApiError> } | null;
  const { code = 'unreadable', message, details } = body?.error ?? {};
  return new ApiError(
    response.status,
    code,
    message ?? 'The server gave an answer that cannot be read. Try again in a moment.',
    details ?? {},
  );
}

/** The same for an answer of the API to this person: where their session has ended, they sign in again. */
export async function refusalOf(path: string, response: Pick<Response, 'status' | 'json'>): Promise<ApiError> {
  const error = await toApiError(response);
  if (error.code === 'unauthorized' && !path.startsWith('/auth/')) onSignedOut?.();
  return error;
}

/**
 * Asked before a change is sent, and with the failure of whatever failed before that is told: an answer other than undefined stands
 * for the server's.
 */
type Rescue = (failure: ApiError | undefined, method: Method, path: string, input: Request) => Promise<unknown>;
let rescue: Rescue | undefined;
export function whenSending(handler: Rescue): void {
  rescue = handler;
}

async function send(method: Method, path: string, input: Request = {}): Promise<unknown> {
  const ask = (failure?: ApiError) => rescue?.(failure, method, path, input).catch(() => {});
  let failure: ApiError;
  let instead = method === 'get' ? undefined : await ask();
  if (instead !== undefined) return instead;
  try {
    const response = await fetch(address(path, input), {
      method: method.toUpperCase(),
      signal: input.signal,
      ...(input.json === undefined
        ? {}
        : { body: JSON.stringify(input.json), headers: { 'content-type': 'application/json' } }),
    });
    if (response.ok) return response.status === 204 ? null : await response.json();
    failure = await refusalOf(path, response);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    failure = new ApiError(0, 'network', 'The server cannot be reached. Check your connection and try again.');
  }
  instead = await ask(failure);
  if (instead === undefined) throw failure;
  return instead;
}

function verb<M extends Method>(method: M) {
  return <P extends PathsOf<M>>(path: P, ...[input]: Arguments<InputOf<M, P>>) =>
    send(method, path as string, input as Request) as Promise<OutputOf<M, P>>;
}

/**
 * The one client of the API: `api.get('/photos/:id/metadata', { param: { id } })`.
 * @throws {ApiError} for every answer that is not a success; an abort by `signal` stays an `AbortError`.
 */
export const api = {
  get: verb('get'),
  post: verb('post'),
  put: verb('put'),
  patch: verb('patch'),
  delete: verb('delete'),
};

/** The sentence to show for whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof ApiError ? error.message : 'Something here went wrong. Reload the page and try again.';
}
