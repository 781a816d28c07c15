import type { Context, MiddlewareHandler } from 'hono';
import type { ApiEnv } from './api.ts';
import { AppError } from './app-error.ts';
import { bodyOf } from './request-body.ts';

const mostJsonBytes = 256 * 1024;

/** Refuses a JSON body that is too large before more of it is read than that; bodies of photos never come this way. */
export function limitSmallBodies(isLarge: (c: Context) => boolean): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (isLarge(c)) return next();
    if (Number(c.req.header('content-length') ?? 0) > mostJsonBytes) throw tooLargeJson();
    // Sent in chunks, its length shows only as it comes; handlers find in the cache what was read here.
    if (c.req.header('transfer-encoding') !== undefined) {
      const text = await readSmall(c);
      Object.assign(c.req.bodyCache, { text: Promise.resolve(text) });
    }
    return next();
  };
}

async function readSmall(c: Context<ApiEnv>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of bodyOf(c)) {
    bytes += chunk.length;
    if (bytes > mostJsonBytes) throw tooLargeJson();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const tooLargeJson = (): AppError =>
  new AppError('too_large', `This request may be ${mostJsonBytes} bytes long at the most.`, { limit: mostJsonBytes });
