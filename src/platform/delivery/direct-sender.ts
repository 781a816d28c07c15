import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Deliverable } from './deliverable.ts';
import { cacheLabelsOf, type FlatHeaders, labelsOf } from './labels.ts';

/**
 * Writes whole answers that are in memory straight to the socket, past ServerResponse: its checks and bookkeeping cost a third of
 * what such an answer costs. The request was parsed by node:http, and its own `finish` tells it that the answer is out, so that
 * the connection goes on as ever.
 */
export interface DirectSender {
  /**
   * @param body null answers 304
   * @returns false when this answer needs the ordinary way; nothing was written then
   */
  send(request: IncomingMessage, response: ServerResponse, what: Deliverable, body: Buffer | null): boolean;
}

interface Known
  extends Pick<Deliverable, 'etag' | 'mimeType' | 'cacheControl' | 'isPublic' | 'isForOtherSites' | 'headers'> {
  readonly head: string;
  /** The head with its date, as bytes; never changed, since a slow socket may still hold it. */
  dated: Buffer;
  /** The second that date is of. */
  second: number;
}

export function createDirectSender(): DirectSender {
  // Heads of what is in memory, for as long as it is.
  const heads = new WeakMap<Buffer, Known>();
  const dateLine = createDateLine();

  // Two buffers go out in one call as they are; a text among them would be encoded and copied each time.
  const headFor = (what: Deliverable, body: Buffer): Buffer | null => {
    const second = Math.floor(Date.now() / 1000);
    const known = heads.get(body);
    if (known && isSame(known, what)) {
      if (known.second !== second) {
        known.dated = Buffer.from(known.head + dateLine(), 'latin1');
        known.second = second;
      }
      return known.dated;
    }
    const head = toHead('HTTP/1.1 200 OK', labelsOf(what, body.length, null));
    if (!head) return null;
    const { etag, mimeType, cacheControl, headers } = what;
    const crossing = {
      ...(what.isPublic ? { isPublic: what.isPublic } : {}),
      ...(what.isForOtherSites ? { isForOtherSites: what.isForOtherSites } : {}),
    };
    const dated = Buffer.from(head + dateLine(), 'latin1');
    heads.set(body, { etag, mimeType, cacheControl, ...crossing, headers, head, dated, second });
    return dated;
  };

  return {
    send(request, response, what, body) {
      if (!isPlain(request, response)) return false;
      const { socket } = response;
      if (!socket) return false;
      if (body) {
        const head = headFor(what, body);
        if (!head) return false;
        response.statusCode = 200;
        socket.cork();
        socket.write(head);
        socket.write(body);
        socket.uncork();
      } else {
        const head = toHead('HTTP/1.1 304 Not Modified', cacheLabelsOf(what));
        if (!head) return false;
        response.statusCode = 304;
        socket.write(head + dateLine(), 'latin1');
      }
      response.emit('finish');
      return true;
    },
  };
}

/** The next in turn on a connection that stays open, that keeps up, and that nobody gave headers of their own to. */
function isPlain(request: IncomingMessage, response: ServerResponse): boolean {
  const { socket } = response;
  return (
    socket !== null &&
    !socket.destroyed &&
    socket.writableLength === 0 &&
    request.method === 'GET' &&
    request.httpVersion === '1.1' &&
    response.shouldKeepAlive &&
    !response.headersSent &&
    response.getHeaderNames().length === 0
  );
}

const isSame = (known: Known, what: Deliverable): boolean =>
  known.etag === what.etag &&
  known.mimeType === what.mimeType &&
  known.cacheControl === what.cacheControl &&
  known.isPublic === what.isPublic &&
  known.isForOtherSites === what.isForOtherSites &&
  known.headers === what.headers;

/** RFC 9110, 5.5, and one byte a character. */
const unfit = /[^\t\x20-\x7e\x80-\xff]/;

/** @returns null where a value holds what no header may hold: the ordinary way then says so */
function toHead(statusLine: string, headers: FlatHeaders): string | null {
  let head = `${statusLine}\r\n`;
  for (let at = 0; at < headers.length; at += 2) {
    const line = `${headers[at]}: ${headers[at + 1]}`;
    if (unfit.test(line)) return null;
    head += `${line}\r\n`;
  }
  return head;
}

/** `Date` and the end of the head, made once a second. */
function createDateLine(): () => string {
  let second = 0;
  let line = '';
  return () => {
    const now = Math.floor(Date.now() / 1000);
    if (now !== second) {
      second = now;
      line = `Date: ${new Date(now * 1000).toUTCString()}\r\n\r\n`;
    }
    return line;
  };
}
