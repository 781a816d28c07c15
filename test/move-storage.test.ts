import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import type { StorageDriver } from '#platform/blobs/blob-store.ts';
import { createFilesStore } from '#platform/blobs/files-store.ts';
import { startEmbeddedPostgres } from '#platform/database/embedded-postgres.ts';
import { startProcess } from './crash/server-process.ts';
import { makePhoto } from './fixtures/photo.ts';
import { countPromise } from './promises.ts';
import { hasRadosgw, startRadosgw } from './radosgw.ts';
import { scale } from './scale.ts';
import { slowness } from './slowness.ts';

// The real thing from end to end: a server in a process of its own, the command in another, which is killed half-way.
const root = path.join(import.meta.dirname, '..');
// Each is two blobs: the original, and a thumbnail of it.
const photos = scale(150, 5000);
const dataDir = await mkdtemp(path.join(tmpdir(), 'tintype-move-'));
const closing: (() => Promise<unknown>)[] = [() => rm(dataDir, { recursive: true, force: true })];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const bucket = hasRadosgw ? await openBucket() : null;
const legs: StorageDriver[] = bucket ? ['s3', 'postgres', 'files'] : ['postgres', 'files'];

async function openBucket(): Promise<Record<string, string>> {
  const server = await startRadosgw();
  closing.push(() => server.stop());
  await server.createBucket('library');
  return {
    S3_ENDPOINT: server.endpoint,
    S3_BUCKET: 'library',
    S3_ACCESS_KEY_ID: server.accessKeyId,
    S3_SECRET_ACCESS_KEY: server.secretAccessKey,
  };
}

// What is read comes from where it lies, not out of memory.
const server = await startProcess(dataDir, { ...bucket, TINTYPE_MEMORY_CACHE: '1KiB' });
closing.push(() => server.stop());
const postgres = await startEmbeddedPostgres({ dataDir, logger: pino({ level: 'silent' }) });
const database = new Client(postgres.owner);
await database.connect();
closing.push(() => database.end().then(() => postgres.stop()));

const { token, userId } = await signUp();
/** Hashes by photo. */
const library = new Map<string, string>();

async function signUp() {
  const answer = await fetch(`${server.url}/api/v1/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'mover', email: 'mover@people.example', password: 'moves the furniture' }),
  });
  const { access_token: bearer, user } = (await answer.json()) as { access_token: string; user: { id: string } };
  return { token: bearer, userId: user.id };
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Rows and files, as if they had been uploaded: what the bytes show is of no importance here. */
async function fill(): Promise<void> {
  const store = createFilesStore({ dataDir });
  await database.query('begin');
  await database.query(`select set_config('app.principal', $1, true)`, [`user:${userId}`]);
  for (let n = 0; n < photos; n += 1) {
    // A few are larger than what a bucket takes at once. They are moved in the order of their hashes: one of these comes in the second half.
    let bytes = randomBytes(n % (photos / 2) === 0 ? 9 * 1024 * 1024 : randomInt(200, 8000));
    while (n === photos / 2 && sha256Of(bytes) < 'c') bytes = randomBytes(bytes.length);
    const original = await store.createTemp();
    await original.write(bytes);
    const { path: file, sha256 } = await original.finish();
    await store.put({ hash: sha256, variant: 'original' }, file, { synced: true });
    const small = await store.createTemp();
    await small.write(bytes.subarray(0, 100));
    await store.put({ hash: sha256, variant: 'small' }, (await small.finish()).path, { synced: true });
    await database.query(
      `select record_blob(decode($1, 'hex'), $2, 'files', '[{"variant":"small","mime_type":"image/webp","bytes":100,"width":1,"height":1}]')`,
      [sha256, bytes.length],
    );
    const { rows } = await database.query<{ id: string }>(
      `insert into photos (id, owner_id, blob_hash, filename, mime_type, bytes, width, height, taken_at, taken_from, placeholder)
       values (uuidv7(), $1, decode($2, 'hex'), 'a.jpg', 'image/jpeg', $3, 1, 1, now(), 'camera', '\\x00') returning id`,
      [userId, sha256, bytes.length],
    );
    library.set(rows[0]?.id ?? '', sha256);
  }
  await database.query('commit');
}

const authorization = `Bearer ${token}`;

async function readOriginal(id: string): Promise<string> {
  const answer = await fetch(`${server.url}/api/v1/photos/${id}/original`, { headers: { authorization } });
  if (answer.status !== 200) return `${answer.status} ${await answer.text()}`;
  return createHash('sha256')
    .update(Buffer.from(await answer.arrayBuffer()))
    .digest('hex');
}

/** Reads photos at random and uploads new ones until it is told to stop. @returns what went wrong */
function use(): () => Promise<{ reads: number; uploads: number; wrong: string[] }> {
  let stopped = false;
  const told = { reads: 0, uploads: 0, wrong: [] as string[] };
  const reader = async (): Promise<void> => {
    while (!stopped) {
      const [id, hash] = [...library][randomInt(library.size)] ?? ['', ''];
      const found = await readOriginal(id);
      told.reads += 1;
      if (found !== hash) told.wrong.push(`read of ${id}: ${found}`);
      // The move is to have some of the machine as well.
      await sleep(5);
    }
  };
  const uploader = async (): Promise<void> => {
    while (!stopped) {
      const body = await makePhoto({ width: 64, height: 48, seed: randomInt(2 ** 31) });
      const answer = await fetch(`${server.url}/api/v1/photos`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'image/jpeg' },
        body: new Uint8Array(body),
      });
      const text = await answer.text();
      told.uploads += 1;
      if (answer.status === 201) library.set(JSON.parse(text).id, createHash('sha256').update(body).digest('hex'));
      else told.wrong.push(`upload: ${answer.status} ${text}`);
      await sleep(200);
    }
  };
  const running = Promise.all([reader(), reader(), uploader()]);
  return async () => {
    stopped = true;
    await running;
    return told;
  };
}

function command(...args: string[]): { child: ChildProcess; ended: Promise<{ code: number | null; output: string }> } {
  const { PATH, HOME, LANG } = process.env;
  const env = { PATH, HOME, LANG, TINTYPE_DATA: dataDir, ...bucket };
  const child = spawn(process.execPath, ['src/main.ts', 'storage', ...args], { cwd: root, env });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return { child, ended: once(child, 'close').then(([code]) => ({ code, output })) };
}

const countIn = async (driver: StorageDriver): Promise<number> => {
  const { rows } = await database.query<{ n: number }>('select count(*)::int as n from blobs where driver = $1', [
    driver,
  ]);
  return rows[0]?.n ?? 0;
};

const patience = { timeout: 300_000 * slowness };

test(
  `a library moves from files to ${legs.join(' to ')} while it is read and added to, and the move is killed in each half-way`,
  patience,
  async () => {
    await fill();
    for (const to of legs) {
      const stop = use();
      // So slow that it is still at it when half is done: the large one of the second half alone takes seconds.
      const first = command('migrate', '--to', to, '--max-rate', `${scale(4, 30)}MB`);
      while ((await countIn(to)) < library.size / 2 && first.child.exitCode === null) await sleep(20);
      expect(first.child.exitCode).toBe(null);
      first.child.kill('SIGKILL');
      await first.ended;
      const second = await command('migrate', '--to', to).ended;
      const told = await stop();
      const what = `reads while a library moved to ${to}, was killed half-way and went on: byte for byte`;
      const wrong = told.wrong.filter((text) => text.startsWith('read')).length;
      countPromise({ promise: 10, what, tried: told.reads, held: told.reads - wrong });
      expect({ ...told, ...second }).toMatchObject({ code: 0, wrong: [] });
      expect(told.reads).toBeGreaterThan(0);
      expect([to, await countIn(to)]).toEqual([to, library.size]);
    }
  },
);

test('every photo is what it was, where it is now; what was left behind goes, and nothing else', patience, async () => {
  const left = await command('gc', '--grace', '0').ended;
  expect(left).toMatchObject({ code: 0, output: expect.stringMatching(/[1-9]\d* files of where the library was/) });
  const found = new Map<string, string>();
  for (const id of library.keys()) found.set(id, await readOriginal(id));
  const held = [...library].filter(([id, hash]) => found.get(id) === hash).length;
  countPromise({ promise: 2, what: 'originals that went through every storage', tried: library.size, held });
  expect(found).toEqual(library);
  const verified = await command('verify', '--read-data').ended;
  expect(verified).toMatchObject({ code: 0, output: expect.stringMatching(/: nothing is wrong/) });
});
