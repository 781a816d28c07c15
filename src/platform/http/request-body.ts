import type { Context } from 'hono';
import type { ApiEnv } from './api.ts';

/**
 * The body of a request as it comes in. Straight from the socket where there is one: turning Node's stream into a web
 * stream and back costs more than writing it to disk.
 */
export function bodyOf(c: Context<ApiEnv>): AsyncIterable<Uint8Array> {
  const body = c.env?.incoming ?? c.req.raw.body;
  return body ? (body as AsyncIterable<Uint8Array>) : (async function* () {})();
}
