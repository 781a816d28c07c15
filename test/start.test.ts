import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { readPostmasterFile } from '#platform/database/embedded/postmaster-file.ts';
import { listProcesses, proportionalSetSize, treeOf } from './process-tree.ts';
import { slowness } from './slowness.ts';

// Whole programs start here, perhaps beside others that do.
vi.setConfig({ testTimeout: 120_000 * slowness });

// What a person does: the launcher, as a process, on a library of its own.
const root = path.dirname(import.meta.dirname);
const started: ChildProcess[] = [];
let dataDir = '';

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'tintype-start-'));
});

afterEach(() => {
  for (const child of started.splice(0)) kill(child, 'SIGKILL');
});

afterAll(async () => {
  const left = await readPostmasterFile(path.join(dataDir, 'postgres'));
  if (left) process.kill(left.pid, 'SIGINT');
  while (left && (await isRunning(left.pid))) await sleep(50);
  await rm(dataDir, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
}

/** Starts the product by `command` in a process group of its own and waits until it says that it is ready. */
async function start(command: string[], environment: Record<string, string> = {}): Promise<Started> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...clean(), TINTYPE_DATA: dataDir, HOST: '127.0.0.1', PORT: '0', ...environment },
  });
  started.push(child);
  let output = '';
  const ready = new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk;
      const address = /open (http:\S+)/.exec(output)?.[1];
      if (address) resolve(new URL(address).origin);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`It ended with ${code}: ${output}`)));
  });
  return { child, url: await ready };
}

/** Neither this run's configuration nor what npm and vitest tell their children. */
function clean(): Record<string, string | undefined> {
  const { PATH, HOME, LANG } = process.env;
  return { PATH, HOME, LANG };
}

const launcher = ['node', 'bin/tintype.js', 'serve'];

function kill(child: ChildProcess, signal: NodeJS.Signals, group = true): void {
  if (child.exitCode !== null || child.signalCode !== null || !child.pid) return;
  process.kill(group ? -child.pid : child.pid, signal);
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

async function isRunning(pid: number): Promise<boolean> {
  return (await listProcesses()).some((process) => process.pid === pid);
}

/** What still runs on the library: our processes name their data folder or their script in the command line. */
async function left(pids: number[]): Promise<string[]> {
  return (await listProcesses())
    .filter(({ pid, commandLine }) => pids.includes(pid) || commandLine.includes(dataDir))
    .map(({ commandLine }) => commandLine);
}

describe.skipIf(process.platform !== 'linux')('the product as a process', () => {
  test('answers, keeps within 300 MB with its PostgreSQL, and leaves no process after SIGTERM', async () => {
    const { child, url } = await start(launcher);
    const answer = await fetch(`${url}/api/v1/health`);
    expect(answer.status).toBe(200);
    const page = await fetch(url);
    expect(page.headers.get('content-type')).toContain('text/html');

    const postgres = await readPostmasterFile(path.join(dataDir, 'postgres'));
    const pids = [...(await treeOf(child.pid ?? 0)), ...(await treeOf(postgres?.pid ?? 0))].map(({ pid }) => pid);
    const bytes = await proportionalSetSize([...new Set(pids)]);
    expect(bytes).toBeGreaterThan(50e6);
    expect(bytes).toBeLessThanOrEqual(300e6);

    kill(child, 'SIGTERM', false);
    expect(await ended(child)).toBe(0);
    expect(await left(pids)).toEqual([]);
  });

  test('npm start ends cleanly when npm alone gets a SIGTERM, and when its whole group does', async () => {
    for (const group of [false, true]) {
      const { child } = await start(['npm', 'start']);
      const pids = (await treeOf(child.pid ?? 0)).map(({ pid }) => pid);
      kill(child, 'SIGTERM', group);
      await ended(child);
      expect(await left(pids)).toEqual([]);
    }
  });

  test('after kill -9 the next start joins the PostgreSQL that still runs', async () => {
    const first = await start(launcher);
    const before = await readPostmasterFile(path.join(dataDir, 'postgres'));
    kill(first.child, 'SIGKILL');
    await ended(first.child);
    expect(await isRunning(before?.pid ?? 0)).toBe(true);

    const second = await start(launcher);
    expect((await fetch(`${second.url}/api/v1/health`)).status).toBe(200);
    expect(await readPostmasterFile(path.join(dataDir, 'postgres'))).toEqual(before);
    kill(second.child, 'SIGTERM');
    expect(await ended(second.child)).toBe(0);
    expect(await left([before?.pid ?? 0])).toEqual([]);
  });

  test('a second server on the same folder shares the PostgreSQL and leaves it to the first', async () => {
    const first = await start(launcher);
    const second = await start(launcher);
    kill(second.child, 'SIGTERM');
    expect(await ended(second.child)).toBe(0);
    expect((await fetch(`${first.url}/api/v1/health`)).status).toBe(200);
    kill(first.child, 'SIGTERM');
    expect(await ended(first.child)).toBe(0);
    expect(await left([])).toEqual([]);
  });

  test('a wrong value stops the start with a sentence that names it, and nothing is left', async () => {
    await expect(start(launcher, { PORT: 'eighty' })).rejects.toThrow(
      /It ended with 1: [\s\S]*PORT[\s\S]*whole number/,
    );
    expect(await left([])).toEqual([]);
  });

  test('the port of another is refused with a sentence, and nothing is left', async () => {
    const { child, url } = await start(launcher);
    await expect(start(launcher, { PORT: new URL(url).port })).rejects.toThrow(/It ended with 1: [\s\S]*PORT/);
    kill(child, 'SIGTERM');
    await ended(child);
    expect(await left([])).toEqual([]);
    expect(await readFile(path.join(dataDir, 'postgres.log'), 'utf8')).toContain('database system is shut down');
  });
});
