import type { IncomingMessage, ServerResponse } from 'node:http';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { Logger } from 'pino';
import { AppError } from './app-error.ts';
import type { Caller } from './caller.ts';
import type { ClientAddress } from './client-address.ts';
import { toValidationError } from './require-valid.ts';

/** What every handler finds on its context. */
export interface ApiEnv {
  // Absent under `app.request()`, which knows no socket.
  Bindings: { incoming?: IncomingMessage; outgoing?: ServerResponse };
  Variables: { caller: Caller; address: ClientAddress; requestId: string };
}

/** A router whose refusals all speak the one envelope. */
export function createRouter(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      // An id of the wrong form names nothing: it answers like one that is absent.
      if (result.target === 'param') throw new AppError('not_found', 'There is nothing at this address.');
      throw toValidationError(result.error as Parameters<typeof toValidationError>[0]);
    },
  });
}

/** As Node names what it asked of the file system. */
const fileCalls = new Set(
  'open read write fsync fdatasync rename link copyfile mkdir rm unlink stat fstat lstat scandir ftruncate close'.split(
    ' ',
  ),
);

/** Any failure as the error it is to its client; what nobody foresaw is logged and told without detail. */
export function toAppError(error: unknown, logger: Logger): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof HTTPException) {
    return new AppError(
      'validation_error',
      error.status === 415
        ? 'Send JSON, and say so: Content-Type: application/json.'
        : 'The body of this request is not JSON that can be read.',
    );
  }
  const { code, syscall, message } = (error ?? {}) as { code?: unknown; syscall?: string; message?: string };
  // ENOSPC and EDQUOT are the file system's, 53100 PostgreSQL's word for a full disk.
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === '53100') {
    return new AppError('storage_full', 'The server has no room left. Nothing was kept; try again once there is some.');
  }
  // A file that cannot be opened, read, written or put in its place: the disk's fault, and for whoever runs the server to mend.
  if (typeof syscall === 'string' && fileCalls.has(syscall)) {
    logger.error({ err: error }, 'the storage did not do what it was asked for');
    return new AppError('storage_error', 'The storage of this server failed. It was written down; try again.');
  }
  // Only the database is connected to: refused, its socket gone, cut in mid-query, stopping, starting, or full of connections.
  const isCut = syscall === 'connect' || /^Connection terminated/.test(message ?? '');
  if (isCut || code === '57P01' || code === '57P02' || code === '57P03' || code === '53300') {
    return new AppError('unavailable', 'The library cannot be reached at this moment. Try again in a few seconds.');
  }
  // What a statement may take, where it is limited.
  if (code === '57014') {
    return new AppError(
      'unavailable',
      'This took too long and was given up. Ask for less at once: fewer words, fewer photos.',
    );
  }
  // Two that change the same rows in different orders: one of them is chosen to begin anew.
  if (code === '40P01' || code === '40001') {
    return new AppError('unavailable', 'Something else was changing the same things. Nothing was done; try again.', {
      retry_after: 1,
    });
  }
  // PostgreSQL's class 22: text with a NUL, a year 0, a number out of range. What reaches it comes from the request.
  if (typeof code === 'string' && /^22[0-9A-Z]{3}$/.test(code)) {
    logger.warn({ err: error }, 'the database refused a value that the contract let through');
    return new AppError('validation_error', 'This request holds a value that can be neither stored nor searched for.');
  }
  logger.error({ err: error }, 'a request failed in a way nobody foresaw');
  return new AppError('server_error', 'Something went wrong on the server. It was written down; try again.');
}

/** Answers with an error's envelope; `Retry-After` where the error knows when to come back. */
export function respondWithError(c: Context, error: AppError): Response {
  const wait = error.details.retry_after;
  if (typeof wait === 'number') c.header('retry-after', String(wait));
  c.header('cache-control', 'no-store');
  return c.json(error.toBody(), error.status);
}
