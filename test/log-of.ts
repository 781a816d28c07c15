import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);

/** Runs the product as a process over one sequence of requests, and gives back all that it wrote. */
export async function logOf(
  work: (url: string) => Promise<void>,
  environment: Record<string, string>,
): Promise<string> {
  const data = await mkdtemp(path.join(tmpdir(), 'tintype-logs-'));
  const child = spawn(process.execPath, [path.join(root, 'src/main.ts'), 'serve'], {
    cwd: data,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TINTYPE_DATA: data, PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  const ready = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log += chunk;
      const url = /open (\S+)/.exec(log)?.[1];
      if (url) ready.resolve(url);
    });
  }
  child.once('exit', (code) => ready.reject(new Error(`The server ended with code ${code}:\n${log}`)));
  try {
    await work(await ready.promise);
  } finally {
    const ended = child.exitCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGTERM');
    await ended;
    await rm(data, { recursive: true, force: true });
  }
  return log;
}

export interface RequestLine {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly queries: number;
}

/** What a log in JSON holds of requests, in their order. */
export const requestsIn = (log: string): RequestLine[] =>
  log
    .split('\n')
    .filter((line) => line.includes('"msg":"request"'))
    .map((line) => JSON.parse(line));
