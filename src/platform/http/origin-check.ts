import { AppError } from './app-error.ts';
import type { Caller } from './caller.ts';

interface Write {
  readonly method: string;
  readonly caller: Caller;
  /** `https://photos.example.org`, as the browser would name this server. */
  readonly ownOrigins: readonly string[];
  /** True when the cookie of a guest's visit came along, which makes the request somebody's as a session's does. */
  readonly visits?: boolean;
  header(name: string): string | undefined;
}

const reads = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses writes that a browser sends with a cookie (or, in single mode, with nothing) from another site's page.
 * A cookie write must name its origin; other clients show a token that no foreign page has.
 * @throws AppError `forbidden`
 */
export function requireSameOrigin({ method, caller, ownOrigins, visits, header }: Write): void {
  if (reads.has(method)) return;
  const origin = header('origin');
  const site = header('sec-fetch-site');
  const carriesToken = caller.kind === 'user' && (caller.via === 'token' || caller.via === 'api_key');
  if (carriesToken) return;
  if (site && site !== 'same-origin' && site !== 'none') throw refused();
  if (origin !== undefined) {
    if (!ownOrigins.includes(origin)) throw refused();
    return;
  }
  // Browsers name the origin of every write. Without one, only a cookie would make the request somebody's.
  if (visits || (caller.kind === 'user' && caller.via === 'cookie')) throw refused();
  if (site === 'none') throw refused();
}

const refused = (): AppError =>
  new AppError('forbidden', 'This request came from another site, so it was not carried out. Open Tintype itself.');
