import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlobKey, BlobReader, BlobStore } from '#platform/blobs/blob-store.ts';
import { AppError } from '#platform/http/app-error.ts';
import { createBufferPool } from './buffer-pool.ts';
import { type ByteRange, parseRange } from './byte-range.ts';
import type { Deliverable } from './deliverable.ts';
import { createDirectSender } from './direct-sender.ts';
import { namesTag } from './entity-tag.ts';
import { createHeldBlobs, createRecentlyAsked } from './held-blobs.ts';
import { cacheLabelsOf, labelsOf } from './labels.ts';
import { ClientGone, handOver, sendBlob } from './send-blob.ts';

export interface DeliveryStats {
  /** Of thumbnails and public pictures, which are kept in memory. */
  readonly hits: number;
  readonly misses: number;
  readonly entries: number;
  readonly bytes: number;
  /** Held of originals and previews that are asked for again. */
  readonly largeBytes: number;
  /** Of them, on their way to clients. */
  readonly lentBytes: number;
  /** Of streams of large blobs. */
  readonly buffersInUse: number;
  readonly buffersIdle: number;
}

export interface Delivery {
  /**
   * Answers a GET or HEAD with the bytes: 200, 206, 304 or 416. Who may have them was checked before.
   * Resolves when everything was handed over or the client is gone. A blob that fails midway ends the connection.
   * @throws AppError `not_found` when the blob is absent, or whatever its store threw; nothing was written then
   */
  serve(request: IncomingMessage, response: ServerResponse, what: Deliverable): Promise<void>;
  /**
   * Answers a GET for a whole picture that is in memory, at once.
   * @returns false when this request needs {@link serve}; nothing was written then
   */
  serveFromMemory(request: IncomingMessage, response: ServerResponse, what: Deliverable): boolean;
  /** Drops what memory holds of a photo: call it when its blobs were deleted. */
  forget(hash: string): void;
  stats(): DeliveryStats;
}

interface Dependencies {
  readonly store: BlobStore;
  /** Memory for thumbnails, in bytes; originals that are asked for again have as much of their own. Default 64 MiB. */
  readonly cacheBytes?: number;
  /** A client that takes nothing for this long is cut off, in milliseconds. Default 60 000. */
  readonly stallMs?: number;
  readonly logger: { warn(fields: Record<string, unknown>, message: string): void };
}

/** Thumbnails of both sizes are below this. */
const THUMBNAIL_BYTES = 128 * 1024;

/** A public picture is asked for by everybody, and never larger than this. */
const PICTURE_BYTES = 512 * 1024;

/** What most cameras write is below this. Larger ones are few, and would push out what many ask for. */
const LARGE_BYTES = 8 * 1024 * 1024;

/** How many originals and previews are remembered as asked for: nobody comes back to what lies further behind. */
const REMEMBERED = 1000;

/**
 * Sends blobs over bare `node:http`: thumbnails from memory, originals and previews by pooled buffers, as streams cost five times as
 * much; and from memory as well once they are asked for again, as a browser asks for the parts of one or many people for the same:
 * reading costs more than sending.
 */
export function createDelivery({
  store,
  cacheBytes = 64 * 1024 * 1024,
  stallMs = 60_000,
  logger,
}: Dependencies): Delivery {
  const small = createHeldBlobs({
    store,
    cacheBytes,
    largest: ({ variant }) => (variant.startsWith('picture') ? PICTURE_BYTES : THUMBNAIL_BYTES),
  });
  const large = createHeldBlobs({
    store,
    cacheBytes,
    largest: () => LARGE_BYTES,
    isWorthIt: createRecentlyAsked(REMEMBERED),
  });
  const heldFor = (key: BlobKey) => (isLarge(key) ? large : small);
  /** Of large blobs that are on their way to clients from memory: they stay there as long, though they be held no more. */
  let lentBytes = 0;
  const pool = createBufferPool();
  const direct = createDirectSender();

  const sizeOf = async (what: Deliverable): Promise<number> => {
    const size = heldFor(what.key).peek(what.key)?.length ?? (await store.stat(what.key))?.bytes;
    if (size === undefined) throw absent();
    return size;
  };

  const stream = async (request: IncomingMessage, response: ServerResponse, what: Deliverable, reader: BlobReader) => {
    try {
      const range = rangeOf(request, reader.size, what);
      if (range === 'unsatisfiable') return refuseRange(response, reader.size);
      const begin = (): void => {
        response.setTimeout(stallMs, () => response.destroy());
        writeHead(response, what, reader.size, range);
      };
      await sendBlob(reader, range ?? { start: 0, end: reader.size }, begin, response, request.socket, pool);
    } catch (error) {
      if (!response.headersSent) throw error;
      if (!(error instanceof ClientGone)) logger.warn({ err: error, blob: what.key }, 'a blob could not be sent whole');
      request.socket.destroy();
    } finally {
      await reader.close();
    }
  };

  /** What is made of a blob as it is read: a download now and then, so memory holds none of it. */
  const sendRewritten = async (
    request: IncomingMessage,
    response: ServerResponse,
    what: Deliverable,
    rewrite: NonNullable<Deliverable['rewrite']>,
  ): Promise<void> => {
    const stored = await store.open(what.key);
    if (!stored) throw absent();
    const reader = await rewrite(stored);
    if (request.method !== 'HEAD') return stream(request, response, what, reader);
    await reader.close();
    writeHead(response, what, reader.size, null);
    response.end();
  };

  /** A large blob that is in memory, or its reader once slow clients keep too many others there. */
  const sendLarge = async (request: IncomingMessage, response: ServerResponse, what: Deliverable, bytes: Buffer) => {
    if (lentBytes + bytes.length > cacheBytes) {
      const reader = await store.open(what.key);
      if (!reader) throw absent();
      return stream(request, response, what, reader);
    }
    const range = rangeOf(request, bytes.length, what);
    if (range === 'unsatisfiable') return refuseRange(response, bytes.length);
    lentBytes += bytes.length;
    try {
      response.setTimeout(stallMs, () => response.destroy());
      writeHead(response, what, bytes.length, range);
      await handOver(range ? bytes.subarray(range.start, range.end) : bytes, true, response, request.socket);
    } catch (error) {
      if (!(error instanceof ClientGone)) throw error;
      request.socket.destroy();
    } finally {
      lentBytes -= bytes.length;
    }
  };

  return {
    serveFromMemory(request, response, what) {
      const { method, headers } = request;
      if (method !== 'GET' || headers.range !== undefined || headers['if-none-match'] !== undefined) return false;
      const found = small.peek(what.key);
      return found !== undefined && direct.send(request, response, what, found);
    },
    async serve(request, response, what) {
      const known = request.headers['if-none-match'];
      if (known !== undefined && namesTag(known, what.etag)) {
        if (!direct.send(request, response, what, null)) response.writeHead(304, cacheLabelsOf(what)).end();
        return;
      }
      if (what.rewrite) return sendRewritten(request, response, what, what.rewrite);
      if (request.method === 'HEAD') {
        writeHead(response, what, await sizeOf(what), null);
        response.end();
        return;
      }
      const held = heldFor(what.key);
      const found = held.peek(what.key) ?? (await held.fetch(what.key));
      if (!found) throw absent();
      if (!Buffer.isBuffer(found)) return stream(request, response, what, found);
      if (held === large) return sendLarge(request, response, what, found);
      const range = rangeOf(request, found.length, what);
      if (range === 'unsatisfiable') return refuseRange(response, found.length);
      if (!range && direct.send(request, response, what, found)) return;
      writeHead(response, what, found.length, range);
      response.end(range ? found.subarray(range.start, range.end) : found);
    },
    forget(hash) {
      small.forget(hash);
      large.forget(hash);
    },
    stats: () => ({ ...small.stats(), largeBytes: large.stats().bytes, lentBytes, ...pool.stats() }),
  };
}

const isLarge = ({ variant }: BlobKey) => variant === 'original' || variant === 'cleaned' || variant === 'preview';

const absent = () => new AppError('not_found', 'There is no such picture.');

/** @returns null for the whole */
function rangeOf(request: IncomingMessage, size: number, what: Deliverable): ByteRange | 'unsatisfiable' | null {
  const { range } = request.headers;
  if (range === undefined) return null;
  // Dates never match, as no Last-Modified is sent; weak tags never do by RFC 9110, 13.1.5.
  const condition = request.headers['if-range'];
  if (condition !== undefined && condition !== what.etag) return null;
  const parsed = parseRange(range, size);
  return parsed === 'whole' ? null : parsed;
}

function writeHead(response: ServerResponse, what: Deliverable, size: number, range: ByteRange | null): void {
  response.writeHead(range ? 206 : 200, labelsOf(what, size, range));
}

function refuseRange(response: ServerResponse, size: number): void {
  const error = new AppError('range_not_satisfiable', `This picture has ${size} bytes: ask for some of them.`, {
    size,
  });
  const body = JSON.stringify(error.toBody());
  response.writeHead(error.status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Content-Range': `bytes */${size}`,
    'Cache-Control': 'no-store',
  });
  response.end(body);
}
