import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../..');
const startWithinMs = 60_000;

/** The product as a person starts it: its own process, its own database, an empty library. */
export interface TestServer {
  /** `http://127.0.0.1:40123`, without a slash at the end. */
  readonly url: string;
  /** Everything the server wrote so far; shown when it does not start. */
  readonly log: () => string;
  readonly process: ChildProcess;
  /** Stops it and removes its library. */
  stop(): Promise<void>;
}

/**
 * Starts the real server on a free port and a temporary library.
 * @param environment further configuration, such as `TINTYPE_REGISTRATION`
 * @throws Error with the server's own words when it is not ready within a minute
 */
export async function startServer(environment: Record<string, string> = {}): Promise<TestServer> {
  if (!existsSync(path.join(root, 'web/build/index.html'))) {
    throw new Error('The web app is not built: run `npm run build` first.');
  }
  const data = await mkdtemp(path.join(tmpdir(), 'tintype-journey-'));
  const child = spawn(process.execPath, [path.join(root, 'src/main.ts'), 'serve'], {
    // Not the tree: its .env is somebody's own configuration.
    cwd: data,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TZ: process.env.TZ,
      TINTYPE_DATA: data,
      PORT: '0',
      LOG_LEVEL: 'warn',
      LOG_FORMAT: 'json',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  const ready = Promise.withResolvers<string>();
  const read = (chunk: Buffer): void => {
    log += chunk;
    const line = /ready: open (\S+)/.exec(log);
    if (line?.[1]) ready.resolve(new URL(line[1]).origin);
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  child.once('exit', (code) => ready.reject(new Error(`The server ended with code ${code}:\n${log}`)));
  const timer = setTimeout(() => ready.reject(new Error(`The server is not ready yet:\n${log}`)), startWithinMs);

  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await rm(data, { recursive: true, force: true });
  };
  try {
    const url = await ready.promise;
    return { url, log: () => log, process: child, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
