import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { migrate } from '#platform/database/migrate.ts';
import { createTestApp, tinyPhoto } from '../app.ts';
import { openStyleAiApp } from './style-ai-client.ts';

// The check-list of the document by which the earlier system was given a gallery for each person: its lines, in their order.
const app = await createTestApp();
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
    const client = new Client(owner);
    await client.connect();
    try {
      const { rows } = await client.query<{ name: string; nullable: string }>(
        `select column_name as name, is_nullable as nullable from information_schema.columns where table_name = 'photos'`,
      );
      return Object.fromEntries(rows.map(({ name, nullable }) => [name, nullable]));
    } finally {
      await client.end();
    }
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
  const name = 'generated_9b2f4c1e-6d3a-4f0b-8c57-1a2b3c4d5e6f.png';
  await mkdir(join(app.dataDir, 'uploads'), { recursive: true });
  await writeFile(join(app.dataDir, 'uploads', name), await tinyPhoto(3));
  for (const page of [first, second]) {
    expect((await page.images()).map(({ filename }) => filename)).not.toContain(name);
    expect((await page.call('GET', `/uploads/${name}`)).status).toBe(404);
    expect((await page.image(`/uploads/${name}`)).status).toBe(401);
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
  const client = new Client(app.database.owner);
  await client.connect();
  const { rows } = await client.query('select id from photos where owner_id = $1', [image?.user_id]);
  await client.end();
  expect(rows).toEqual([]);
  expect(await first.images()).toHaveLength(1);
});

test('File Cleanup: what nobody has any more goes by itself', async () => {
  const { items } = (await app.request({ bearer: first.token }, 'GET', '/api/v1/photos')).json();
  const image = (await first.images())[0];
  expect((await first.call('DELETE', `/images/${image?.id}?original=true`)).status).toBe(200);
  expect((await first.call('GET', '/images')).json()).toEqual({ images: [] });
  const ids = items.map(({ id }: { id: string }) => id);
  const purged = await app.request({ bearer: first.token }, 'POST', '/api/v1/photos/batch/purge', { json: { ids } });
  expect([purged.status, purged.json()]).toEqual([200, { count: 2 }]);
  await expect
    .poll(async () => {
      const client = new Client(app.database.owner);
      await client.connect();
      const { rows } = await client.query('select hash from blobs');
      await client.end();
      return rows;
    })
    .toEqual([]);
});
