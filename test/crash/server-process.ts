import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../..');

/** The product's server as a process that a test may kill. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** As a loss of power ends it, but for its database: nothing of it runs on. */
  kill(): Promise<void>;
  /** As a person ends it: the embedded database stops too, when nobody else uses it. */
  stop(): Promise<void>;
}

/**
 * Starts it on a data folder, which may be one that a killed server left, and waits until it answers.
 * @throws Error with its own words when it ends instead
 */
export async function startProcess(dataDir: string, environment: Record<string, string> = {}): Promise<ServerProcess> {
  const { PATH, HOME, LANG } = process.env;
  const child = spawn(process.execPath, ['src/main.ts', 'serve'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH, HOME, LANG, TINTYPE_DATA: dataDir, PORT: '0', LOG_LEVEL: 'error', LOG_FORMAT: 'json', ...environment },
  });
  let output = '';
  const ready = Promise.withResolvers<string>();
  const read = (chunk: Buffer): void => {
    output += chunk;
    const address = /open (http:\S+)/.exec(output)?.[1];
    if (address) ready.resolve(new URL(address).origin);
  };
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  child.once('exit', (code, signal) => ready.reject(new Error(`It ended with ${code ?? signal}:\n${output}`)));
  const url = await ready.promise;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (hasEnded(child)) return;
    child.kill(signal);
    await once(child, 'exit');
  };
  return { url, pid: child.pid ?? 0, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;
