import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { openStyleAi } from '#features/imports/index.ts';
import { migrate } from '#platform/database/migrate.ts';
import { createTestApp, tinyPhoto } from '../app.ts';
import { createImporter } from '../importing.ts';
import { openStyleAiApp } from './style-ai-client.ts';

// The check-list of the document by which the earlier system was given a gallery for each person: its lines, in their order.
const app = await createTestApp();
const admin = await app.signUp();
const importer = await createImporter(app, admin);
const { query } = importer;
const first = openStyleAiApp(app);
const second = openStyleAiApp(app, { ip: '198.51.100.8' });
const people = {
  first: { username: 'first', email: 'first@people.example', password: 'the one who came first' },
  second: { username: 'second', email: 'second@people.example', password: 'the one who came later' },
};

test('Run migration script successfully', async () => {
  const { owner } = app.database;
  // It has run; it is there to be run again, and changes nothing then.
  const before = await describeImages();
  await migrate({ owner, app: app.database.app });
  expect(await describeImages()).toEqual(before);
  expect(before).toMatchObject({ owner_id: 'NO' });

  async function describeImages(): Promise<Record<string, string>> {
    const rows = await query(
      `select column_name as name, is_nullable as nullable from information_schema.columns where table_name = 'photos'`,
    );
    return Object.fromEntries(rows.map(({ name, nullable }) => [name, nullable]));
  }
});

test('Test creating a new account and uploading an image', async () => {
  expect((await first.register(people.first)).status).toBe(201);
  expect((await first.upload(await tinyPhoto(1))).status).toBe(200);
});

test('Verify the image appears in the uploader’s gallery', async () => {
  const images = await first.images();
  expect(images).toHaveLength(1);
  expect((await first.image(images[0]?.url as string)).status).toBe(200);
});

test('Create a second account and verify it has an empty gallery', async () => {
  expect((await second.register(people.second)).status).toBe(201);
  expect(await second.images()).toEqual([]);
});

test('Upload an image from the second account', async () => {
  expect((await second.upload(await tinyPhoto(2))).status).toBe(200);
});

test('Verify both accounts only see their own images', async () => {
  const [ofFirst, ofSecond] = [await first.images(), await second.images()];
  expect([ofFirst.length, ofSecond.length]).toEqual([1, 1]);
  expect(ofFirst[0]?.id).not.toBe(ofSecond[0]?.id);
  expect(ofFirst[0]?.user_id).not.toBe(ofSecond[0]?.user_id);
  // Nor by the name of the other's file, which was all it took.
  expect((await first.call('GET', `/uploads/${ofSecond[0]?.filename}`)).status).toBe(404);
  expect((await second.call('GET', `/uploads/${ofFirst[0]?.filename}`)).status).toBe(404);
});

test('Test logout/login to ensure gallery persists', async () => {
  const before = await first.images();
  first.keep(null);
  expect((await first.call('GET', '/images')).status).toBe(401);
  expect((await first.login(people.first.username, people.first.password)).status).toBe(200);
  const after = await first.images();
  expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  expect((await first.image(after[0]?.url as string)).status).toBe(200);
});

test('Test that old images (from before migration) don’t appear', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tintype-style-ai-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [database, uploads] = [join(folder, 'style_ai.db'), join(folder, 'uploads')];
  await mkdir(uploads);
  const db = new DatabaseSync(database);
  // One who was there, without a picture: the pictures of before have no row that says whose they are.
  db.exec(`
    create table users (id text primary key, username text, email text, password_hash text, created_at text, is_active boolean);
    create table processed_image (id text primary key, user_id text, filename text, original_filename text, style text,
      created_at text);
    insert into users values ('5e0c7f7e-3a51-4b0e-8f7c-0d8a4a3c9b11', 'third', 'third@people.example', 'x', '2025-09-07 12:00:00', 1);`);
  db.close();
  const names = ['generated_9b2f4c1e-6d3a-4f0b-8c57-1a2b3c4d5e6f.png', '0c1d2e3f-6d3a-4f0b-8c57-1a2b3c4d5e6f.jpg'];
  for (const [n, name] of names.entries()) await writeFile(join(uploads, name), await tinyPhoto(30 + n));
  // Neither of the two is the administrator of this library, who is given what nobody owns.
  const { counts } = await importer.run(await openStyleAi({ database, uploads }));
  expect(counts.photos).toMatchObject({ brought: 0, aside: names.length, skipped: 0 });
  const listed = await app.request(admin, 'GET', '/api/v1/photos?archived=true');
  expect(listed.json().items.map(({ filename }: { filename: string }) => filename)).toEqual(
    expect.arrayContaining(names),
  );

  for (const page of [first, second]) {
    const gallery = (await page.call('GET', '/images')).text;
    const photos = (await app.request({ bearer: page.token }, 'GET', '/api/v1/photos?archived=any')).text;
    for (const name of names) {
      expect(gallery).not.toContain(name);
      expect(photos).not.toContain(name);
      for (const folderThere of ['uploads', 'download-image']) {
        expect((await page.call('GET', `/${folderThere}/${name}`)).status).toBe(404);
        expect((await page.image(`/${folderThere}/${name}`)).status).toBe(401);
      }
    }
    expect(await page.images()).toHaveLength(1);
  }
});

// And its notes.

test('Authentication Required: unauthenticated requests fail with 401', async () => {
  const nobody = openStyleAiApp(app);
  const answer = await nobody.call('GET', '/images');
  expect([answer.status, answer.json()]).toEqual([401, { msg: 'Missing Authorization Header' }]);
});

test('Images are automatically deleted when a user is deleted', async () => {
  const [image] = await second.images();
  expect((await second.image(image?.url as string)).status).toBe(200);
  const gone = await app.request({ bearer: second.token }, 'DELETE', '/api/v1/me', {
    json: { password: people.second.password, confirm: people.second.username },
  });
  expect(gone.status).toBe(204);
  expect((await second.image(image?.url as string)).status).toBe(401);
  expect(await query('select id from photos where owner_id = $1', [image?.user_id])).toEqual([]);
  expect(await first.images()).toHaveLength(1);
});

test('File Cleanup: what nobody has any more goes by itself', async () => {
  const { items } = (await app.request({ bearer: first.token }, 'GET', '/api/v1/photos')).json();
  const image = (await first.images())[0];
  const theirs = await query('select blob_hash from photos where owner_id = $1', [image?.user_id]);
  const hashes = theirs.map(({ blob_hash: hash }) => hash);
  expect(hashes).toHaveLength(2);
  expect((await first.call('DELETE', `/images/${image?.id}?original=true`)).status).toBe(200);
  expect((await first.call('GET', '/images')).json()).toEqual({ images: [] });
  const ids = items.map(({ id }: { id: string }) => id);
  const purged = await app.request({ bearer: first.token }, 'POST', '/api/v1/photos/batch/purge', { json: { ids } });
  expect([purged.status, purged.json()]).toEqual([200, { count: 2 }]);
  await expect.poll(() => query('select hash from blobs where hash = any($1)', [hashes])).toEqual([]);
});
