import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';
import type { ApiEnv } from './api.ts';
import { AppError } from './app-error.ts';

/**
 * The body of a request as it comes in. Straight from the socket where there is one: turning Node's stream into a web
 * stream and back costs more than writing it to disk.
 * @throws AppError `validation_error`, while it is read, when the client goes away before the end
 */
export function bodyOf(c: Context<ApiEnv>): AsyncIterable<Uint8Array> {
  if (c.env?.incoming) return fromSocket(c.env.incoming);
  const body = c.req.raw.body;
  return body ? (body as AsyncIterable<Uint8Array>) : (async function* () {})();
}

/** Nobody reads this answer; it says that nothing of ours went wrong. */
export const clientGone = (): AppError =>
  new AppError('validation_error', 'The connection was lost before everything had arrived. Send it again.');

async function* fromSocket(incoming: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    // Who stops reading refuses the rest, and still has to answer on this connection: see linger.ts.
    yield* incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw incoming.destroyed || incoming.errored ? clientGone() : error;
  }
}
