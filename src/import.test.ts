import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PoolConfig } from 'pg';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createTestApp } from '../test/app.ts';
import { parseConfig } from './config.ts';
import { assign, bring, type ImportOptions, openImmichAt, openPinitLibrary, openTakeout } from './import.ts';

const app = await createTestApp();
const [first, second] = [await app.signUp(), await app.signUp()];
const addressOf = ({ user, password, host, port, database }: PoolConfig): string =>
  `postgres://${user}:${encodeURIComponent(String(password ?? ''))}@localhost:${port}/${database}?host=${encodeURIComponent(host ?? '')}`;
const config = parseConfig({
  TINTYPE_DATA: app.dataDir,
  TINTYPE_IMAGING_PROCESSES: '1',
  DATABASE_URL: addressOf(app.database.owner),
  APP_DATABASE_URL: addressOf(app.database.app),
});
const interrupts = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const listeners = () => interrupts.map((signal) => process.listeners(signal));
const before = listeners();

afterEach(() => {
  // What was interrupted says so to whoever started the process, which is the test's here.
  process.exitCode = undefined;
  expect(listeners()).toEqual(before);
});

/** Brings a library that is interrupted with its first file, or not at all. */
async function run(dir: string, options: ImportOptions & { isInterrupted?: boolean }) {
  const seen: { opening: unknown; working: number[]; isAborted: boolean[] } = {
    opening: 0,
    working: [],
    isAborted: [],
  };
  await bring(config, options, {
    from: [dir],
    async open(signal) {
      seen.opening = listeners();
      return {
        name: 'folder',
        async *photos() {
          seen.working = listeners().map((all, n) => all.length - (before[n] ?? []).length);
          seen.isAborted.push(signal.aborted);
          if (options.isInterrupted) process.listeners('SIGTERM').at(-1)?.('SIGTERM');
          seen.isAborted.push(signal.aborted);
          yield { name: 'film.mp4', why: 'video' };
        },
        count: async () => 1,
        close: async () => {},
      };
    },
  });
  return seen;
}

test('Ctrl+C ends the process until the other library is open; from then on it aborts, until the import has ended', async () => {
  const { opening, working, isAborted } = await run('/pictures', { user: first.username, isInterrupted: true });
  expect(opening).toEqual(before);
  expect(working).toEqual([1, 1, 1]);
  expect(isAborted).toEqual([false, true]);
  expect(process.exitCode).toBe(1);
});

test('a report goes on with the same import alone: not with another folder’s, nor another account’s', async () => {
  const report = join(app.dataDir, 'report.txt');
  await run('/pictures', { user: first.username, report, isInterrupted: true });
  const text = await readFile(report, 'utf8');
  await expect(run('/elsewhere', { user: first.username, report })).rejects.toThrow('--force');
  await expect(run('/pictures', { user: second.username, report })).rejects.toThrow('--force');
  expect(await readFile(report, 'utf8')).toBe(text);
  await run('/pictures', { user: first.username, report });
  expect(await readFile(report, 'utf8')).toMatch(/^Importing .*was ended before.*^Importing .*^Albums: 0 made/ms);
});

test.each([
  ['the data folder', () => app.dataDir],
  ['a folder in it', () => join(app.dataDir, 'blobs')],
  ['one around it', () => join(app.dataDir, '..')],
])('the library’s own files are no library of another program: %s', async (_, dir) => {
  await mkdir(join(app.dataDir, 'blobs'), { recursive: true });
  await expect(run(dir(), { user: first.username })).rejects.toThrow('this library’s own files');
});

test('a Takeout that was not unpacked is named as that', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'takeout-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const zip = join(dir, 'takeout-20260101T000000Z-001.zip');
  await writeFile(zip, 'PK');
  for (const path of [dir, zip]) await expect(openTakeout(path)).rejects.toThrow('unpack all of its files');
});

describe('giving away what was kept aside', () => {
  test.each([
    ['names beside all', ['a.jpg'], { all: true, user: 'somebody' }, 'not both'],
    ['names beside all, of nobody', ['a.jpg'], { all: true }, 'not both'],
    ['neither', [], { user: 'somebody' }, 'name them, or say --all'],
  ] as const)('wants to know what: %s', async (_, names, options, sentence) => {
    await expect(assign(config, 'style-ai', names, options)).rejects.toThrow(sentence);
  });
});

test.each([
  [['imprt'], "unknown command 'imprt'"],
  [['import', 'assign', 'stile-ai'], 'Allowed choices are style-ai, ai-library'],
  [['import', 'folder'], 'with --help it says how it is used'],
])('a command that was mistyped is told of: %s', async (args, sentence) => {
  const said = await new Promise<string>((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], (_error, _out, text) => resolve(text));
  });
  expect(said).toContain(sentence);
  expect(said).not.toMatch(/^ +at /m);
});

test.each([
  ['immich.example', 'a-key', '“immich.example” is no address'],
  ['ftp://immich.example', 'a-key', 'is no address'],
  ['https://immich.example', 'a key', 'IMMICH_API_KEY has a blank'],
  ['https://immich.example', 'a-key\n', 'IMMICH_API_KEY has a blank'],
])('where immich is, and what opens it, is held against what it can be: %s', async (url, key, sentence) => {
  vi.stubEnv('IMMICH_API_KEY', key);
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(openImmichAt(url, new AbortController().signal)).rejects.toThrow(sentence);
});

describe('where pinit’s bucket is', () => {
  beforeEach(() => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'a key');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'its secret');
    vi.stubEnv('AWS_REGION', '');
    return () => vi.unstubAllEnvs();
  });
  const open = (names: object) =>
    openPinitLibrary('/nowhere/pinit.db', { bucket: 'pinit-images', ...names }, new AbortController().signal);

  test('is one place, by an address', async () => {
    await expect(open({ files: '/srv/files' })).rejects.toThrow('not both');
    await expect(open({ endpoint: 'minio:9000' })).rejects.toThrow('“minio:9000” is no address');
  });

  test('is not guessed at Amazon', async () => {
    await expect(open({})).rejects.toThrow('name it with --region');
  });

  // What is asked for next is its database.
  test.each([
    ['named', {}, { region: 'eu-central-1' }],
    ['known from the environment', { AWS_REGION: 'eu-central-1' }, {}],
    ['no question elsewhere', {}, { endpoint: 'https://bucket.example' }],
  ])('is %s', async (_, env, names) => {
    for (const [key, value] of Object.entries(env)) vi.stubEnv(key, value);
    await expect(open(names)).rejects.toThrow('name the SQLite database');
  });
});
