import { lookup as resolveName } from 'node:dns/promises';
import {
  type Agent,
  Agent as HttpAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { reachOf } from './address-ranges.ts';

export interface OutboundOptions {
  /** Where everything goes: scheme, host and port, and a path that is put before all others. */
  readonly url: string;
  /** Of a service of the public internet: its name may lead to no address within one's own network. */
  readonly isPublic?: boolean;
  /** ms until the connection stands, with the name resolved and TLS agreed upon. */
  readonly connectMs?: number;
  /** ms without a byte, after which an answer counts as lost. */
  readonly readMs?: number;
  /** ms after which a request ends however busily its answer arrives. */
  readonly totalMs?: number;
  /** Asks for all addresses of a name; the system's resolver unless told otherwise. */
  readonly resolve?: (hostname: string) => Promise<{ address: string; family: number }[]>;
}

export interface OutboundRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Of the URL; repeated where it is a list. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, with what says how it is to be read. */
  readonly body?: OutboundBody;
  /** What an answer may have at the most, 8 MiB unless told otherwise. */
  readonly maxBytes?: number;
  readonly connectMs?: number;
  readonly readMs?: number;
  readonly signal?: AbortSignal;
}

export interface OutboundBody {
  readonly contentType: string;
  readonly bytes: number;
  open(): Readable;
}

/** An answer in the 200s; others are errors. */
export interface OutboundAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Its bytes as they arrive, which must be read to the end or returned from. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** The way to one origin that was configured. What is sent by it reaches no other. */
export interface Outbound {
  readonly origin: string;
  /** The path that is put before all others, without a slash at its end. */
  readonly basePath: string;
  /** For whatever speaks another protocol to the same origin; it holds connections to the same addresses. */
  readonly agent: Agent;
  /** @throws OutboundError */
  request(path: string, request?: OutboundRequest): Promise<OutboundAnswer>;
  /** @throws OutboundError of kind `malformed` when it is not JSON. `value` is null where there is no body. */
  json(
    path: string,
    request?: OutboundRequest,
  ): Promise<{ value: unknown; headers: IncomingHttpHeaders; status: number }>;
  close(): void;
}

export type OutboundFailure =
  /** An address or a name that nothing is sent to. */
  | 'forbidden'
  /** No connection. */
  | 'unreachable'
  /** No connection, or no bytes, in time. */
  | 'timeout'
  /** The connection ended before the answer did. */
  | 'broken'
  | 'too_large'
  | 'redirected'
  | 'status'
  | 'malformed'
  /** The caller's signal. */
  | 'aborted';

/** Holds neither headers nor bodies that were sent, so that it can be logged. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError';
  readonly kind: OutboundFailure;
  /** Whether the request may have been taken all the same. */
  readonly wasSent: boolean;
  readonly status: number | null;
  /** What an answer that is an error says, to its first 4 KiB. */
  readonly body: string;
  readonly retryAfterMs: number | null;

  constructor(
    kind: OutboundFailure,
    message: string,
    more: { wasSent?: boolean; status?: number; body?: string; retryAfterMs?: number | null; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.kind = kind;
    this.wasSent = more.wasSent ?? false;
    this.status = more.status ?? null;
    this.body = more.body ?? '';
    this.retryAfterMs = more.retryAfterMs ?? null;
  }
}

const KEPT_OF_ERRORS = 4096;
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * The one way out of this server to an address that an administrator configured. It knows no proxy, follows no redirect, and holds each
 * address that a name leads to against `reachOf` as it connects, so that a name that changes in between leads nowhere else.
 * @throws OutboundError of kind `forbidden` when nothing may be sent to that URL
 */
export function createOutbound(options: OutboundOptions): Outbound {
  const base = requireUrl(options.url);
  const { connectMs = 10_000, readMs = 30_000, totalMs = 15 * 60_000, isPublic = false } = options;
  const resolve = options.resolve ?? ((hostname) => resolveName(hostname, { all: true }));

  const requireReach = (address: string): void => {
    const reach = reachOf(address.split('%', 1)[0] ?? '');
    if (reach === 'public' || (reach === 'inside' && !isPublic)) return;
    throw new OutboundError('forbidden', `${base.host} is at ${address}, where nothing is sent to.`);
  };
  // A name is looked up when a connection is made; an address never is.
  const literal = base.hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal)) requireReach(literal);

  const lookup: LookupFunction = (hostname, { all, family }, done) => {
    resolve(hostname).then(
      (found) => {
        try {
          for (const { address } of found) requireReach(address);
          const fitting = family === 4 || family === 6 ? found.filter((each) => each.family === family) : found;
          const [first] = fitting;
          if (!first) throw new OutboundError('unreachable', `${hostname} has no address.`);
          if (all) done(null, fitting);
          else done(null, first.address, first.family);
        } catch (error) {
          done(error as Error, '', 0);
        }
      },
      (error: Error) => done(error, '', 0),
    );
  };
  const connections = { keepAlive: true, maxSockets: 64, lookup };
  const isSecure = base.protocol === 'https:';
  const agent = isSecure ? new HttpsAgent(connections) : new HttpAgent(connections);
  const basePath = base.pathname.replace(/\/+$/, '');

  async function request(path: string, asked: OutboundRequest = {}): Promise<OutboundAnswer> {
    const total = AbortSignal.timeout(totalMs);
    const signal = asked.signal ? AbortSignal.any([asked.signal, total]) : total;
    const within = { connectMs: asked.connectMs ?? connectMs, readMs: asked.readMs ?? readMs, signal, host: base.host };
    const answer = await send({ ...within, agent, isSecure, url: urlOf(path, asked.query) }, asked).catch((error) => {
      throw asOutboundError(error, { ...within, caller: asked.signal });
    });
    const maxBytes = asked.maxBytes ?? MAX_BYTES;
    const told = (error: unknown) => asOutboundError(error, { ...within, caller: asked.signal, wasSent: true });
    await requireSuccess(answer, base.host, told, within.readMs);
    const length = Number(answer.headers['content-length'] ?? 0);
    if (length > maxBytes) {
      answer.destroy();
      throw tooLarge(base.host, maxBytes);
    }
    return {
      status: answer.statusCode ?? 0,
      headers: answer.headers,
      body: read(answer, { readMs: within.readMs, maxBytes, host: base.host, told }),
    };
  }

  function urlOf(path: string, query: OutboundRequest['query'] = {}): URL {
    const url = new URL(base.origin);
    url.pathname = basePath + path;
    for (const [name, value] of Object.entries(query)) {
      for (const each of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(each));
    }
    return url;
  }

  return {
    origin: base.origin,
    basePath,
    agent,
    request,
    async json(path, asked) {
      const { status, headers, body } = await request(path, asked);
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      if (!text) return { value: null, headers, status };
      try {
        return { value: JSON.parse(text), headers, status };
      } catch (cause) {
        const what = `${base.host} answered with something that is not JSON.`;
        throw new OutboundError('malformed', what, {
          wasSent: true,
          status,
          body: text.slice(0, KEPT_OF_ERRORS),
          cause,
        });
      }
    },
    close: () => agent.destroy(),
  };
}

/** @throws OutboundError of kind `forbidden` */
function requireUrl(given: string): URL {
  const url = URL.canParse(given) ? new URL(given) : null;
  const fault = !url
    ? 'is no address'
    : !/^https?:$/.test(url.protocol)
      ? 'must begin with http:// or https://'
      : url.username || url.password
        ? 'must not hold a name or a password'
        : url.search || url.hash
          ? 'must end with its path'
          : null;
  if (!url || fault) throw new OutboundError('forbidden', `The configured address ${fault}.`);
  return url;
}

interface Sending {
  readonly url: URL;
  readonly host: string;
  readonly agent: Agent;
  readonly isSecure: boolean;
  readonly connectMs: number;
  readonly readMs: number;
  readonly signal: AbortSignal;
}

/** Resolves with the head of an answer. A connection that was kept and had gone is no failure of a GET: it is asked again, once. */
async function send(to: Sending, asked: OutboundRequest, isAgain = false): Promise<IncomingMessage> {
  const json = asked.json === undefined ? null : Buffer.from(JSON.stringify(asked.json));
  const headers = {
    accept: 'application/json',
    // What is limited and kept are the bytes themselves.
    'accept-encoding': 'identity',
    ...asked.headers,
    ...(json ? { 'content-type': 'application/json', 'content-length': json.length } : {}),
    ...(asked.body ? { 'content-type': asked.body.contentType, 'content-length': asked.body.bytes } : {}),
  };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  let isConnected = false;
  const start = to.isSecure ? requestHttps : requestHttp;
  const request = start(to.url, { method: asked.method ?? 'GET', headers, agent: to.agent, signal: to.signal });

  const give = (what: string) => request.destroy(new OutboundError('timeout', what, { wasSent: isConnected }));
  let timer = setTimeout(() => give(`${to.host} could not be reached in ${to.connectMs / 1000} s.`), to.connectMs);
  const silence = () => {
    clearTimeout(timer);
    timer = setTimeout(() => give(`${to.host} did not answer in ${to.readMs / 1000} s.`), to.readMs);
  };
  const connected = () => {
    isConnected = true;
    silence();
  };
  request.once('socket', (socket) => {
    // A socket that was kept is connected already, and is not said to be once more.
    if (request.reusedSocket) connected();
    else socket.once(to.isSecure ? 'secureConnect' : 'connect', connected);
  });
  request.once('response', resolve);
  request.on('error', (error) => {
    if (!(error instanceof OutboundError)) Object.assign(error, { wasSent: isConnected });
    reject(error);
  });

  if (asked.body) {
    const source = asked.body.open();
    source.once('error', (error) => request.destroy(error));
    // What is still being sent is not silence.
    source.on('data', () => isConnected && silence());
    source.pipe(request);
    request.once('close', () => source.destroy());
  } else request.end(json);

  try {
    return await promise;
  } catch (error) {
    const isStale = request.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
    if (isStale && !isAgain && request.method === 'GET') return send(to, asked, true);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** @throws OutboundError for every answer that is not in the 200s, with what it says */
async function requireSuccess(
  answer: IncomingMessage,
  host: string,
  told: (error: unknown) => OutboundError,
  readMs: number,
): Promise<void> {
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300 && !answer.headers['content-encoding']) return;
  if (status < 300) {
    answer.destroy();
    throw new OutboundError('malformed', `${host} answered in a form that was not asked for.`, {
      wasSent: true,
      status,
    });
  }
  if (status < 400) {
    answer.destroy();
    throw new OutboundError('redirected', `${host} sends elsewhere (${status}).`, { wasSent: true, status });
  }
  const kept: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of read(answer, { readMs: Math.min(readMs, 5000), maxBytes: Infinity, host, told })) {
      kept.push(chunk);
      if ((bytes += chunk.length) >= KEPT_OF_ERRORS) break;
    }
  } catch {
    // The status is known, and says enough.
  }
  const body = Buffer.concat(kept).toString('utf8', 0, KEPT_OF_ERRORS);
  const retryAfterMs = readRetryAfter(answer.headers['retry-after']);
  throw new OutboundError('status', `${host} answered ${status}.`, { wasSent: true, status, body, retryAfterMs });
}

interface Reading {
  readonly readMs: number;
  readonly maxBytes: number;
  readonly host: string;
  readonly told: (error: unknown) => OutboundError;
}

/** The clock runs only while the other side is waited for, not while the reader is busy with what came. */
async function* read(answer: IncomingMessage, { readMs, maxBytes, host, told }: Reading): AsyncGenerator<Uint8Array> {
  const chunks = answer[Symbol.asyncIterator]();
  let bytes = 0;
  try {
    for (;;) {
      const late = () =>
        answer.destroy(new OutboundError('timeout', `${host} fell silent for ${readMs / 1000} s.`, { wasSent: true }));
      const timer = setTimeout(late, readMs);
      const next = await chunks.next().finally(() => clearTimeout(timer));
      if (next.done) return;
      bytes += next.value.length;
      if (bytes > maxBytes) throw tooLarge(host, maxBytes);
      yield next.value;
    }
  } catch (error) {
    throw told(error);
  } finally {
    answer.destroy();
  }
}

const tooLarge = (host: string, maxBytes: number) =>
  new OutboundError('too_large', `${host} answered with more than ${maxBytes} bytes.`, { wasSent: true });

function asOutboundError(
  error: unknown,
  { host, signal, caller, wasSent }: { host: string; signal: AbortSignal; caller?: AbortSignal; wasSent?: boolean },
): OutboundError {
  if (error instanceof OutboundError) return error;
  const sent = wasSent ?? Boolean((error as { wasSent?: boolean }).wasSent);
  if (caller?.aborted)
    return new OutboundError('aborted', 'The request was given up.', { wasSent: sent, cause: caller.reason });
  if (signal.aborted) return new OutboundError('timeout', `${host} took too long.`, { wasSent: sent, cause: error });
  // Of several addresses the first failure is as good as any.
  const [cause] = error instanceof AggregateError ? error.errors : [error];
  if (cause instanceof OutboundError) return cause;
  if (sent) return new OutboundError('broken', `${host} ended the connection early.`, { wasSent: true, cause });
  return new OutboundError('unreachable', `${host} cannot be reached${reasonOf(cause)}.`, { cause });
}

function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException)?.code ?? '';
  if (code === 'ECONNREFUSED') return ': nothing listens there';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return ': its name is not known';
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)) return ': its certificate is not valid';
  return '';
}

/** What is believed of it: nobody is asked again and again without a pause, and nobody is waited for for years. */
const retryAfter = { leastMs: 5_000, mostMs: 10 * 60_000 };

/** RFC 9110, 10.2.3: seconds, or a date. */
function readRetryAfter(value: string | undefined): number | null {
  if (!value) return null;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? null : Math.min(retryAfter.mostMs, Math.max(retryAfter.leastMs, ms));
}
