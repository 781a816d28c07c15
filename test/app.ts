import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, type IncomingHttpHeaders, request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PoolConfig } from 'pg';
import { pino } from 'pino';
import sharp from 'sharp';
import { afterAll } from 'vitest';
import { createApp } from '#app.ts';
import { parseConfig } from '#config.ts';
import { openDatabase } from '#platform/database/database.ts';
import { listen, type Notifications } from '#platform/database/notifications.ts';
import { startServer } from '#server.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { makePhoto, type PhotoOptions } from './fixtures/photo.ts';
import { refuseNesting } from './refuse-nesting.ts';

/** What a request shows to say who it is; null for nobody. */
export type Credential = { readonly cookie: string } | { readonly bearer: string } | null;

/** Somebody who signed up; as a credential, their browser's session. */
export interface Person {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly cookie: string;
  /** The same session, as a token. */
  readonly bearer: string;
  /** Their own address, so that the limits of one do not count another's tries. */
  readonly ip: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Names and values as they came over the line. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly text: string;
  /** The body, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it.
  json(): any;
}

export interface RequestOptions {
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For an answer without an end: it is read until it holds this, and cut then. */
  readonly until?: string;
}

/** The real server, on a port of its own, over a database and a data folder of its own. */
export interface TestApp {
  readonly url: string;
  readonly dataDir: string;
  readonly database: TestDatabase;
  /** The composed app, for what looks at its routes. */
  readonly app: Awaited<ReturnType<typeof createApp>>;
  /** What this server hears of other servers' revocations. */
  readonly notifications: Notifications;
  /** One HTTP request. A write with a cookie names its origin, as browsers do. `path` begins with a slash. */
  request(as: Person | Credential, method: string, path: string, options?: RequestOptions): Promise<Answer>;
  /** Signs somebody up through the API. The first person becomes the administrator. */
  signUp(username?: string): Promise<Person>;
  /** Signs in once more: another session of the same person. */
  signIn(person: Person): Promise<Person>;
  /** An API key of a person's, with its id. */
  createApiKey(
    person: Person,
    scopes: readonly string[],
    expiresAt?: Date,
  ): Promise<{ readonly id: string; readonly bearer: string }>;
  /** Uploads a file. @returns the photo that the API answers */
  upload(
    as: Person | Credential,
    bytes: Uint8Array,
    filename?: string,
    // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it.
  ): Promise<any>;
  close(): Promise<void>;
}

export interface TestAppOptions {
  /** Default: one of its own. A second app on the same one is a second server of the library. */
  readonly database?: TestDatabase;
  /** Default: one of its own. */
  readonly dataDir?: string;
  /** The login that the server works under, in place of the usual one. */
  readonly login?: PoolConfig;
  /** Configuration keys over the test's own. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly setupToken?: string;
}

let people = 0;

/** Starts the real server for the calling test file; it is closed after the last test. Call it at the top level, with `await`. */
export async function createTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const database = options.database ?? (await createTestDatabase());
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'tintype-app-')));
  const logger = pino({ level: process.env.LOG_LEVEL ?? 'fatal' });
  const login = options.login ?? database.app;
  const config = parseConfig({
    TINTYPE_DATA: dataDir,
    PORT: '0',
    TINTYPE_IMAGING_PROCESSES: '1',
    // Each person has an address of their own, told by a proxy that the tests are.
    TINTYPE_TRUSTED_PROXIES: '127.0.0.1',
    ...options.environment,
  });
  const connected = refuseNesting(openDatabase(login, { connections: 8 }));
  const notifications = await listen({ connection: login, logger });
  const app = await createApp({
    config,
    library: {
      database: connected,
      notifications,
      secret: database.secret,
      close: connected.close,
    },
    logger,
    version: '0.0.0-test',
    webRoot: join(dataDir, 'no-web'),
    setupToken: options.setupToken ?? null,
    address: () => server.url,
  });
  const server = await startServer(app, config, logger);
  const agent = new Agent({ keepAlive: true });

  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= (async () => {
      agent.destroy();
      await server.close();
      await app.close();
      await notifications.close();
      await connected.close();
      if (!options.dataDir) await rm(dataDir, { recursive: true, force: true });
    })();
    return closed;
  };
  afterAll(close);

  const request: TestApp['request'] = (as, method, path, { json, body, headers, until } = {}) => {
    const payload = json === undefined ? body : JSON.stringify(json);
    const all: Record<string, string | number> = {
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(payload === undefined ? {} : { 'content-length': Buffer.byteLength(payload) }),
      ...showing(as, method, server.url),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const sent = send(`${server.url}${path}`, { method, headers: all, agent }, (response) => {
        const chunks: Buffer[] = [];
        const answer = (): void => {
          const whole = Buffer.concat(chunks);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            body: whole,
            get text() {
              return whole.toString();
            },
            json: () => JSON.parse(whole.toString()),
          });
        };
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          if (until === undefined || !Buffer.concat(chunks).includes(until)) return;
          answer();
          response.destroy();
        });
        response.on('error', reject);
        response.on('end', answer);
      });
      sent.on('error', reject);
      sent.end(payload);
    });
  };

  const signedIn = (answer: Answer, about: Omit<Person, 'id' | 'cookie' | 'bearer'>): Person => {
    requireStatus(answer, 'sign-in', 200, 201);
    const { access_token: bearer, user } = answer.json();
    const cookie = /tintype_session=([^;]+)/.exec(String(answer.headers['set-cookie']))?.[1] ?? '';
    return { ...about, id: user.id, cookie, bearer };
  };

  return {
    url: server.url,
    dataDir,
    database,
    app,
    notifications,
    request,
    async signUp(username = `person-${randomBytes(4).toString('hex')}`) {
      people += 1;
      const about = {
        username,
        email: `${username}@people.example`,
        password: `${username} walks uphill`,
        ip: `10.${(people >> 16) & 255}.${(people >> 8) & 255}.${people & 255}`,
      };
      const { email, password } = about;
      const answer = await request(null, 'POST', '/api/v1/auth/register', {
        json: { username, email, password },
        headers: { 'x-forwarded-for': about.ip, origin: server.url },
      });
      return signedIn(answer, about);
    },
    async signIn(person) {
      const { username, password } = person;
      const answer = await request(null, 'POST', '/api/v1/auth/login', {
        json: { username, password },
        headers: { 'x-forwarded-for': person.ip, origin: server.url },
      });
      return signedIn(answer, person);
    },
    async createApiKey(person, scopes, expiresAt) {
      const answer = await request(person, 'POST', '/api/v1/api-keys', {
        json: { name: scopes.join(' '), scopes, ...(expiresAt ? { expires_at: expiresAt.toISOString() } : {}) },
      });
      requireStatus(answer, 'making an API key', 201);
      const { id, key } = answer.json();
      return { id, bearer: key };
    },
    async upload(as, bytes, filename = 'photo.jpg') {
      const query = new URLSearchParams({ filename });
      const answer = await request(as, 'POST', `/api/v1/photos?${query}`, { body: bytes });
      requireStatus(answer, 'an upload', 200, 201);
      return answer.json();
    },
    close,
  };
}

/** A picture as small as it can be; another seed is another picture. With options it is a photograph, and takes longer. */
export function tinyPhoto(seed: number, options?: Partial<PhotoOptions>): Promise<Buffer> {
  if (options) return makePhoto({ width: 48, height: 36, seed, ...options });
  const pixels = createHash('shake256', { outputLength: 24 * 18 * 3 })
    .update(String(seed))
    .digest();
  return sharp(pixels, { raw: { width: 24, height: 18, channels: 3 } })
    .jpeg()
    .toBuffer();
}

/** The headers by which a request shows who it is. */
export function showing(as: Person | Credential, method: string, origin: string): Record<string, string> {
  if (as === null) return {};
  const from: Record<string, string> = 'ip' in as ? { 'x-forwarded-for': as.ip } : {};
  if (!('cookie' in as)) return { ...from, authorization: `Bearer ${as.bearer}` };
  const named: Record<string, string> = method === 'GET' || method === 'HEAD' ? {} : { origin };
  return { ...from, ...named, cookie: `tintype_session=${as.cookie}` };
}

function requireStatus(answer: Answer, what: string, ...statuses: number[]): void {
  if (statuses.includes(answer.status)) return;
  throw new Error(`${what} was answered ${answer.status}: ${answer.text}`);
}
