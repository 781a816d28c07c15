import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyPhoto } from '../app.ts';
import { scale } from '../scale.ts';
import { createImmichSimulator } from '../simulators/immich.ts';
import { type ServerProcess, startProcess } from './server-process.ts';

const root = path.join(import.meta.dirname, '../..');
const photos = scale(16, 200);
const eachWithin = scale(120_000, 900_000);
const password = 'blauer Käfer 7';
const django = 'pbkdf2_sha256$260000$Zt4kQ9$X31GNz0Bwi9Omn5KUJlrsQWaM/o4Sar3J1azIUc/VUY=';

const immich = await createImmichSimulator(randomUUID());

let temp = '';
let server: ServerProcess;
const at = (...names: string[]) => path.join(temp, ...names);
const hashes = new Set<string>();

/** How each system keeps its pictures, and who can sign in to see what came. */
const systems: Record<string, { lay(): Promise<void>; args: string[]; owner: string }> = {
  folder: {
    lay: () => laySome(at('folder')),
    args: ['folder', 'folder', '--user', 'folder-owner', '--albums'],
    owner: 'folder-owner',
  },
  'google-takeout': {
    async lay() {
      await laySome(at('takeout'));
      for (let n = 0; n < photos; n += 1) {
        const facts = { title: `${n}.jpg`, photoTakenTime: { timestamp: String(1e9 + n) }, favorited: true };
        await writeFile(at('takeout', `${n}.jpg.json`), JSON.stringify(facts));
      }
      await writeFile(at('takeout', 'metadata.json'), JSON.stringify({ title: 'All of it' }));
    },
    args: ['google-takeout', 'takeout', '--user', 'takeout-owner'],
    owner: 'takeout-owner',
  },
  'style-ai': {
    async lay() {
      await laySome(at('uploads'));
      const db = new DatabaseSync(at('style_ai.db'));
      db.exec(`create table users (id text primary key, username text, email text, password_hash text, created_at text, is_active int);
        create table processed_image (id text primary key, user_id text, filename text, original_filename text, style text, created_at text)`);
      db.prepare('insert into users values (?, ?, ?, ?, ?, 1)').run(
        'u',
        'style-owner',
        's@x.example',
        django,
        '2025-01-01 00:00:00',
      );
      for (let n = 0; n < photos; n += 2) {
        db.prepare('insert into processed_image values (?, ?, ?, ?, ?, ?)').run(
          `i${n}`,
          'u',
          `${n + 1}.jpg`,
          `${n}.jpg`,
          'sketch',
          '2025-01-01 00:00:00',
        );
      }
      db.close();
    },
    args: ['style-ai', 'style_ai.db', 'uploads'],
    owner: 'style-owner',
  },
  'photo-gallery': {
    async lay() {
      await laySome(at('photos'));
      const db = new DatabaseSync(at('gallery.db'));
      db.exec(`create table photos (id text primary key, filename text, created_at text, deleted_at text, is_generated int,
          generation_prompt text, generation_params text, source_image_id text, local_storage_path text, retrieval_status text);
        create table albums (id text primary key, name text, description text, cover_photo_id text);
        create table album_photos (album_id text, photo_id text, position int)`);
      const id = (n: number) => createHash('md5').update(`gallery ${n}`).digest('hex');
      const photo = db.prepare(
        `insert into photos values (?, ?, '2025-01-01 00:00:00', null, ?, ?, '{}', ?, ?, 'completed')`,
      );
      const place = db.prepare('insert into album_photos values (?, ?, ?)');
      db.prepare('insert into albums values (?, ?, null, ?)').run(id(-1), 'Everything', id(2));
      for (let n = 0; n < photos; n += 1) {
        const source = n % 2 === 1 ? id(n - 1) : null;
        photo.run(id(n), `${n}.jpg`, source ? 1 : 0, source && 'the same in blue', source, `data/photos/${n}.jpg`);
        place.run(id(-1), id(n), photos - n);
      }
      db.close();
    },
    args: ['photo-gallery', 'gallery.db', 'photos', '--user', 'gallery-owner'],
    owner: 'gallery-owner',
  },
  immich: {
    async lay() {
      await laySome(at('immich'));
      for (let n = 0; n < photos; n += 1) {
        immich.assets.push({ id: randomUUID(), name: `${n}.jpg`, bytes: await readFile(at('immich', `${n}.jpg`)) });
      }
      const assets = immich.assets.map(({ id }) => id);
      immich.albums.push({ id: randomUUID(), name: 'All of it', cover: assets[1] as string, assets });
    },
    args: ['immich', immich.url, '--user', 'immich-owner'],
    owner: 'immich-owner',
  },
  pinit: {
    async lay() {
      await laySome(at('bucket'));
      const db = new DatabaseSync(at('pinit.db'));
      db.exec(`create table auth_user (id integer primary key, username text, email text, password text, date_joined text, is_active int);
        create table myapp_userimage (id char(32) primary key, user text, image text, image_type text, is_primary bool, caption text, uploaded_at text)`);
      db.prepare('insert into auth_user values (1, ?, ?, ?, ?, 1)').run(
        'pinit-owner',
        'p@x.example',
        django,
        '2025-01-01 00:00:00',
      );
      for (let n = 0; n < photos; n += 1) {
        const id = createHash('md5').update(String(n)).digest('hex');
        db.prepare('insert into myapp_userimage values (?, ?, ?, ?, ?, ?, ?)').run(
          id,
          'pinit-owner',
          `${n}.jpg`,
          'gallery',
          n === 3 ? 1 : 0,
          `picture ${n}`,
          '2025-01-01 00:00:00',
        );
      }
      db.close();
    },
    args: ['pinit', 'pinit.db', '--files', 'bucket'],
    owner: 'pinit-owner',
  },
  'ai-library': {
    async lay() {
      await mkdir(at('images'));
      await laySome(at('images', `user-${'a'.repeat(24)}`));
      const person = { _id: { $oid: 'a'.repeat(24) }, username: 'ai-owner', email: 'a@x.example', password: django };
      await writeFile(at('people.json'), JSON.stringify(person));
    },
    args: ['ai-library', 'images', '--people', 'people.json'],
    owner: 'ai-owner',
  },
};

async function laySome(folder: string): Promise<void> {
  await mkdir(folder);
  for (let n = 0; n < photos; n += 1) {
    const bytes = await tinyPhoto(hashes.size);
    hashes.add(createHash('sha256').update(bytes).digest('hex'));
    await writeFile(path.join(folder, `${n}.jpg`), bytes);
  }
}

beforeAll(async () => {
  temp = await mkdtemp(path.join(tmpdir(), 'tintype-import-'));
  server = await startProcess(at('library'));
  for (const username of ['first', 'folder-owner', 'takeout-owner', 'gallery-owner', 'immich-owner']) {
    await send('/auth/register', { username, password });
  }
  for (const { lay } of Object.values(systems)) await lay();
}, eachWithin);

afterAll(async () => {
  await server.stop();
  await immich.close();
  await rm(temp, { recursive: true, force: true });
});

async function send(to: string, body: object): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${server.url}/api/v1${to}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** The command as a person gives it. */
const start = (...args: string[]) => startWith({}, ...args);

function startWith(environment: Record<string, string>, ...args: string[]) {
  const { PATH, HOME, LANG } = process.env;
  const child = spawn(process.execPath, [path.join(root, 'src/main.ts'), 'import', ...args], {
    cwd: temp,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH, HOME, LANG, TINTYPE_DATA: at('library'), IMMICH_API_KEY: immich.key, ...environment },
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, output })) };
}

const countOriginals = (): number => {
  try {
    const names = readdirSync(at('library', 'originals'), { recursive: true }) as string[];
    return names.filter((name) => /[0-9a-f]{64}/.test(name)).length;
  } catch {
    return 0;
  }
};

async function photosOf(username: string) {
  const bearer = await send('/auth/login', { username, password });
  const headers = { authorization: `Bearer ${bearer}` };
  const answer = await fetch(`${server.url}/api/v1/photos?limit=100`, { headers });
  return (await answer.json()) as { total: number; items: { id: string; url?: string }[] };
}

describe.each(Object.keys(systems))('%s', (name) => {
  const { args, owner } = systems[name] as (typeof systems)[string];

  test(
    'an import that is killed at any moment goes on when it is run again: nothing is lost, nothing is there twice',
    async () => {
      const dry = await start(...args, '--dry-run').ended;
      expect(dry).toMatchObject({ code: 0, output: expect.stringContaining(`Photos: ${photos} brought`) });

      const first = start(...args);
      const before = countOriginals();
      while (first.child.exitCode === null && countOriginals() < before + 3) await turn();
      first.child.kill('SIGKILL');
      expect((await first.ended).code).toBeNull();

      const second = await start(...args, '--report', `${name}.txt`).ended;
      const [, brought, there] = /Photos: (\d+) brought, (\d+) there already/.exec(second.output)?.map(Number) ?? [];
      expect(second.code).toBe(0);
      expect((brought as number) + (there as number)).toBe(photos);
      expect(there).toBeGreaterThan(0);
      const { total, items } = await photosOf(owner);
      expect(total).toBe(photos);
      expect(new Set(items.map(({ id }) => id)).size).toBe(Math.min(photos, 100));

      const third = await start(...args, '--report', 'third.txt', '--force').ended;
      expect(third.output).toContain(`Photos: 0 brought, ${photos} there already, 0 the same`);
      expect(third.output).toContain('Albums: 0 made.');
      expect((await readFile(at(`${name}.txt`), 'utf8')).split('\n').at(-3)).toMatch(/^Photos: /);
      const refused = await start(...args, '--report', `${name}.txt`).ended;
      expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('--force') });
    },
    eachWithin,
  );
});

test(
  'one that is interrupted says so, its report goes on with the next, and what it kept aside is given away once',
  async () => {
    const tell = async (...args: string[]) => (await start('assign', 'style-ai', ...args).ended).output;
    await laySome(at('orphans'));
    await writeFile(at('orphans', 'film.mp4'), '....ftypmp42');
    const db = new DatabaseSync(at('orphans.db'));
    db.exec(`create table users (id text primary key, username text, email text, password_hash text, created_at text, is_active int);
      create table processed_image (id text primary key, user_id text, filename text, original_filename text, style text, created_at text)`);
    db.close();
    const args = ['style-ai', 'orphans.db', 'orphans', '--report', 'orphans.txt'];
    // One at a time, on a machine of however many cores: with eight, all would be under way, and be finished, once some are there.
    const first = startWith({ TINTYPE_IMAGING_PROCESSES: '1' }, ...args);
    const before = countOriginals();
    while (first.child.exitCode === null && countOriginals() < before + 3) await turn();
    first.child.kill('SIGINT');
    expect(await first.ended).toMatchObject({ code: 1, output: expect.stringContaining('run the same command again') });

    expect(await start(...args).ended).toMatchObject({ code: 0 });
    const report = await readFile(at('orphans.txt'), 'utf8');
    const [, interrupted, whole, ...more] = report.split(/^Importing style-ai from /m);
    expect(more).toEqual([]);
    expect(interrupted).toMatch(/^It was ended before all was done/m);
    expect(whole).toMatch(/^skipped "film.mp4".*^Albums: /ms);
    expect(whole).not.toContain('It was ended');
    const unreported = await start('style-ai', 'orphans.db', 'orphans').ended;
    expect(unreported.output).toContain('With --report FILE');

    expect(await tell()).toContain(`Kept aside, of style-ai: ${photos}.`);
    expect(await tell('0.jpg', '--user', 'folder-owner')).toContain('1 is folder-owner’s now.');
    expect(await tell()).toContain(`Kept aside, of style-ai: ${photos - 1}.`);
    expect(await tell('--all', '--user', 'first')).toContain(`${photos - 1} are first’s now.`);
    expect(await start('assign', 'style-ai', '--all', '--user', 'first').ended).toMatchObject({ code: 0 });
    expect(await tell()).toContain('Nothing of style-ai is kept aside.');
    const { total } = await photosOf('first');
    expect(total).toBe(photos - 1);
  },
  eachWithin,
);

test(
  'Ctrl+C ends one at once that waits for the other database',
  async () => {
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = `postgres://reader@127.0.0.1:${(silent.address() as AddressInfo).port}/pinit`;
    const keys = { AWS_ACCESS_KEY_ID: 'a key', AWS_SECRET_ACCESS_KEY: 'its secret' };
    const bucket = ['--bucket', 'pinit-images', '--endpoint', 'http://127.0.0.1:9'];
    const waiting = startWith(keys, 'pinit', address, ...bucket);
    await Promise.race([once(silent, 'connection'), waiting.ended]);
    waiting.child.kill('SIGINT');
    expect(await waiting.ended).toMatchObject({ code: null });
    silent.close();
  },
  eachWithin,
);

test(
  'a name that was mistyped leaves no report behind',
  async () => {
    const ended = await start('folder', 'folder', '--user', 'nobody', '--report', 'nobody.txt').ended;
    expect(ended).toMatchObject({ code: 1, output: expect.stringContaining('no account called “nobody”') });
    await expect(readFile(at('nobody.txt'))).rejects.toThrow('ENOENT');
  },
  eachWithin,
);

test(
  'organizations and public pictures: killed among the one and among the other, all are there once in the end',
  async () => {
    const idOf = (kind: string, n: number) =>
      createHash('md5')
        .update(`${kind} ${n}`)
        .digest('hex')
        .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5');
    const db = new DatabaseSync(at('org.db'));
    db.exec(`create table organizations (id text primary key, name text, logo_data blob, logo_url text);
      create table users (id text primary key, username text, email text, password_hash text, role text, organization_id text,
        profile_photo_data blob, profile_photo_url text)`);
    for (let n = 0; n < photos; n += 1) {
      const of = idOf('organization', n);
      db.prepare('insert into organizations values (?, ?, ?, null)').run(of, `No. ${n}`, await tinyPhoto(10_000 + n));
      for (const role of ['admin', 'user']) {
        const picture = role === 'admin' ? await tinyPhoto(20_000 + n) : null;
        const name = `${role}-${n}`;
        const email = `${name}@org.example`;
        db.prepare('insert into users values (?, ?, ?, ?, ?, ?, ?, null)').run(
          ...[idOf(role, n), name, email, django, role, of],
          picture,
        );
      }
    }
    db.close();
    const bearer = await send('/auth/login', { username: 'first', password });
    const get = async (to: string) =>
      (await fetch(`${server.url}/api/v1${to}`, { headers: { authorization: `Bearer ${bearer}` } })).json();
    const listed = async () =>
      (await get('/organizations?limit=100')) as { total: number; items: { id: string; logo_url: string | null }[] };
    const isShown = async (kind: string, n: number) => {
      const place = kind === 'admin' ? `users/${idOf(kind, n)}/profile` : `organizations/${idOf(kind, n)}/logo`;
      return (await fetch(`${server.url}/images/${place}`)).status === 200;
    };
    const killOnce = async (isTime: () => Promise<boolean>): Promise<void> => {
      const run = start('org-images', 'org.db');
      while (run.child.exitCode === null && !(await isTime()));
      run.child.kill('SIGKILL');
      expect((await run.ended).code).toBeNull();
    };

    await killOnce(async () => (await listed()).total >= 3);
    // Pictures come in the order of ids: which is among the first is not known beforehand.
    await killOnce(async () => {
      const shown = await Promise.all(Array.from({ length: photos }, (_, n) => isShown('admin', n)));
      return shown.filter(Boolean).length >= 3;
    });
    const ended = await start('org-images', 'org.db').ended;
    expect(ended).toMatchObject({ code: 0, output: expect.stringContaining(`People: 0 made, 0 joined`) });

    const { total, items } = await listed();
    expect(total).toBe(photos);
    for (const { id } of items) {
      expect(await get(`/organizations/${id}/members`)).toMatchObject({
        items: [
          { role: 'admin', user: { username: expect.stringMatching(/^admin-/) } },
          { role: 'member', user: { username: expect.stringMatching(/^user-/) } },
        ],
        total: 2,
      });
    }
    for (let n = 0; n < photos; n += 1) {
      expect([await isShown('admin', n), await isShown('organization', n)], `${n}`).toEqual([true, true]);
    }
    const again = await start('org-images', 'org.db').ended;
    expect(again.output).toContain(`Organizations: 0 made, ${photos} there already, 0 left out.`);
    expect(again.output).toContain(`Public pictures: 0 shown, ${2 * photos} there already`);
  },
  eachWithin,
);

test('every byte is what it was', () => {
  const names = (readdirSync(at('library', 'originals'), { recursive: true }) as string[])
    .map((name) => path.basename(name))
    .filter((name) => /^[0-9a-f]{64}/.test(name));
  expect(new Set(names.map((name) => name.slice(0, 64)))).toEqual(hashes);
});
