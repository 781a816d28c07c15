import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Account {
  readonly id: string;
  /** The value of a `Cookie` header. */
  readonly cookie: string;
}

/** The product as people start it: its own process, its own PostgreSQL, an empty library in a temp folder. */
export interface RunningServer {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  readonly dataDir: string;
  /** The first is the administrator. */
  register(username: string): Promise<Account>;
  /** @returns the id of the photo */
  upload(account: Account, filename: string, bytes: Buffer): Promise<string>;
  /** Stops it as SIGTERM does, and removes the library. */
  close(): Promise<void>;
}

export async function startServer(environment: Record<string, string> = {}): Promise<RunningServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-library-'));
  const child = spawn(process.execPath, ['src/main.ts', 'serve'], {
    cwd: join(import.meta.dirname, '../..'),
    env: {
      ...process.env,
      TINTYPE_DATA: dataDir,
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'warn',
      LOG_FORMAT: 'json',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await readyUrl(child);
  const call = async (path: string, options: RequestInit, status: number): Promise<Response> => {
    const response = await fetch(`${url}/api/v1${path}`, options);
    if (response.status !== status) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return response;
  };
  return {
    pid: child.pid as number,
    port: Number(new URL(url).port),
    url,
    dataDir,
    async register(username) {
      const body = JSON.stringify({ username, password: `the long password of ${username}` });
      const headers = { 'content-type': 'application/json', origin: url };
      const response = await call('/auth/register', { method: 'POST', body, headers }, 201);
      const cookie = response.headers
        .getSetCookie()
        .map((set) => set.split(';')[0])
        .join('; ');
      const { user } = (await response.json()) as { user: { id: string } };
      return { id: user.id, cookie };
    },
    async upload({ cookie }, filename, bytes) {
      const headers = { 'content-type': 'application/octet-stream', cookie, origin: url };
      const body = new Uint8Array(bytes);
      const response = await call(`/photos?filename=${filename}`, { method: 'POST', body, headers }, 201);
      return ((await response.json()) as { id: string }).id;
    },
    async close() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function readyUrl(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  for await (const line of lines) {
    const url = /ready: open (http:\/\/[^/\s]+)/.exec(line)?.[1];
    if (!url) continue;
    child.stdout?.resume();
    return url;
  }
  throw new Error('the server ended before it was ready');
}
