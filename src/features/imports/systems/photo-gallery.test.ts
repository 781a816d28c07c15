import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../../../../test/app.ts';
import { createImporter, sha256 } from '../../../../test/importing.ts';
import { openPhotoGallery } from './photo-gallery.ts';

const app = await createTestApp();
const admin = await app.signUp();
const ines = await app.signUp();
const other = await app.signUp();
const importer = await createImporter(app, admin);
const folder = await mkdtemp(join(tmpdir(), 'tintype-photo-gallery-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const database = join(folder, 'gallery.db');
const photos = join(folder, 'data/photos');
const open = () => openPhotoGallery({ database, photos });

const harbour = randomUUID();
const gulls = randomUUID();
const first = randomUUID();
const second = randomUUID();
const third = randomUUID();
const taken = randomUUID();
const bin = randomUUID();
const pending = randomUUID();
const bare = randomUUID();
const outside = randomUUID();
const lost = randomUUID();
const session = randomUUID();
const step = randomUUID();
const album = randomUUID();
const bytesOf = (n: number) => tinyPhoto(n);

beforeAll(async () => {
  const put = async (path: string, seed: number) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), await bytesOf(seed));
    return path;
  };
  const db = new DatabaseSync(database);
  db.exec(`
    create table photos (id char(32) primary key, filename text not null unique, width integer not null, height integer not null,
      file_size integer, mime_type text, created_at datetime, is_generated boolean, generation_prompt text,
      generation_negative_prompt text, generation_params json, source_image_id char(32), invoke_id text, model_key text,
      last_accessed_at datetime, deleted_at datetime, local_storage_path text, local_thumbnail_path text, retrieval_status text);
    create table albums (id char(32) primary key, name text not null, description text, created_at datetime, updated_at datetime,
      cover_photo_id char(32));
    create table album_photos (album_id char(32), photo_id char(32), added_at datetime, position integer, primary key (album_id, photo_id));
    create table generation_sessions (id char(32) primary key, entry_type text, status text);
    create table generation_steps (id char(32) primary key, session_id char(32), prompt text, negative_prompt text, parameters json,
      model_key text, completed_at datetime);
    create table step_alternatives (step_id char(32), image_id char(32), selected boolean, primary key (step_id, image_id));
    create table models (key text primary key, name text);`);
  // As SQLAlchemy writes them there.
  const hex = (id: string | null) => id?.replaceAll('-', '') ?? null;
  const row = (id: string, path: string | null, more: Record<string, string | number | null> = {}) =>
    db
      .prepare(
        `insert into photos (id, filename, width, height, created_at, is_generated, generation_prompt, generation_negative_prompt,
          generation_params, source_image_id, model_key, deleted_at, local_storage_path, retrieval_status)
         values (?, ?, 24, 16, '2025-03-04 05:06:07.000001', ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        ...[hex(id), more.filename ?? `${id}.jpg`, more.made ?? 0, more.prompt ?? null, more.negative ?? null],
        ...[more.params ?? null, hex((more.source as string) ?? null), more.model ?? null, more.deleted ?? null],
        ...[path, more.status ?? 'completed'],
      );
  row(harbour, await put(`data/photos/uploaded/2025-03-04/${harbour}.jpg`, 1), { filename: 'harbour.jpg' });
  row(gulls, `/srv/gallery/${await put(`data/photos/uploaded/2025-03-04/${gulls}.jpg`, 2)}`);
  // Refined twice: each of the one before, whose id comes later in the alphabet or not.
  const variants = `data/photos/generated/sessions/${session}/${step}/variants`;
  const params = {
    model_key: 'key-1',
    seed: 4294967295,
    steps: 30,
    cfg_scale: 7.5,
    scheduler: 'euler',
    width: 1024,
    vae: null,
  };
  row(second, await put(`${variants}/${second}.png`, 4), { made: 1, prompt: 'in blue', source: first });
  row(third, null, { made: 1, source: second });
  await put(`${variants}/${third}.png`, 5);
  row(first, `${variants}/${first}.png`, {
    ...{ made: 1, prompt: 'a harbour at dawn', negative: 'people', params: JSON.stringify(params), source: harbour },
  });
  await put(`data/photos/generated/completed/2025-03-05/${first}.png`, 3);
  row(taken, await put(`data/photos/uploaded/2025-03-06/${taken}.jpg`, 6));
  row(bin, await put(`data/photos/uploaded/2025-03-06/${bin}.jpg`, 7), { deleted: '2025-04-01 00:00:00' });
  row(pending, null, { made: 1, status: 'failed' });
  row(bare, null, { filename: `${harbour}.jpg` });
  await writeFile(join(folder, 'outside.jpg'), await bytesOf(8));
  row(outside, 'data/photos/../../outside.jpg');
  row(lost, '/etc/hostname');

  db.prepare(`insert into generation_steps values (?, ?, 'a step', 'no fog', ?, 'key-1', '2025-03-05 10:00:00')`).run(
    hex(step),
    hex(session),
    JSON.stringify({ steps: 20, seed: null, scheduler: 'dpm' }),
  );
  for (const id of [first, second, third]) {
    db.prepare('insert into step_alternatives values (?, ?, 0)').run(hex(step), hex(id));
  }
  db.prepare(`insert into models values ('key-1', 'Juggernaut XL')`).run();
  db.prepare(`insert into albums values (?, 'Am Meer', 'Zwei Wochen', null, null, ?)`).run(hex(album), hex(second));
  db.prepare(`insert into albums values (?, 'Empty', null, null, null, null)`).run(hex(randomUUID()));
  const place = db.prepare('insert into album_photos values (?, ?, ?, ?)');
  for (const [n, id] of [third, gulls, second, bin, harbour].entries()) place.run(hex(album), hex(id), '2025-03-07', n);
  db.close();
  // Somebody else has a photo of that id here.
  const upload = await app.request(other, 'POST', '/api/v1/photos', { body: await bytesOf(20) });
  await importer.query('update photos set id = $1 where id = $2', [taken, upload.json().id]);
});

const expected = {
  people: { made: 0, matched: 0, there: 0, skipped: 0 },
  photos: { brought: 6, there: 0, duplicate: 0, aside: 0, skipped: 5 },
  albums: 2,
  reasons: { in_trash: 1, unfinished: 1, missing: 2, outside: 1 },
};
const photoOf = async (id: string) =>
  (
    await importer.query(
      `select p.*, encode(p.blob_hash, 'hex') as hash from photos p join imported i on i.id = p.id and i.owner_id = p.owner_id
       where i.system = 'photo-gallery' and i.kind = 'photo' and i.earlier_id = $1 and p.owner_id = $2`,
      [id, ines.id],
    )
  )[0];

describe('photo-gallery', () => {
  test('a dry run tells what comes, and writes nothing', async () => {
    const before = await importer.snapshot();
    const ran = await importer.run(await open(), { dryRun: true, user: ines });
    expect(ran.counts).toEqual(expected);
    expect(await importer.snapshot()).toEqual(before);
  });

  test('photos come with their bytes and ids', async () => {
    const { counts, skipped } = await importer.run(await open(), { user: ines });
    expect(counts).toEqual(expected);
    expect(skipped).toEqual({
      [`${bin}.jpg`]: 'in_trash',
      [`${pending}.jpg`]: 'unfinished',
      [`${harbour}.jpg`]: 'missing',
      'data/photos/../../outside.jpg': 'outside',
      '/etc/hostname': 'missing',
    });
    const seeds = [1, 2, 3, 4, 5, 6];
    expect(await importer.hashesOf(ines)).toEqual((await Promise.all(seeds.map(bytesOf))).map(sha256).sort());
    expect(await photoOf(harbour)).toMatchObject({
      id: harbour,
      kind: 'uploaded',
      filename: 'harbour.jpg',
      hash: sha256(await bytesOf(1)),
      created_at: new Date('2025-03-04T05:06:07Z'),
    });
    expect(await photoOf(gulls)).toMatchObject({ id: gulls });
    expect((await photoOf(taken)).id).not.toBe(taken);
    const answer = await app.request(ines, 'GET', `/api/v1/photos/${harbour}`);
    expect(sha256(answer.body)).toBe(sha256(await bytesOf(1)));
  });

  test('what was made keeps how and of what, along a chain', async () => {
    expect(await photoOf(first)).toMatchObject({
      id: first,
      kind: 'generated',
      source_photo_id: harbour,
      prompt: 'a harbour at dawn',
      recipe: {
        ...{ tool: 'InvokeAI', model_key: 'key-1', model_name: 'Juggernaut XL', negative_prompt: 'people' },
        ...{ seed: 4294967295, steps: 30, cfg_scale: 7.5, scheduler: 'euler', width: 1024 },
      },
      hash: sha256(await bytesOf(3)),
    });
    expect(await photoOf(second)).toMatchObject({ source_photo_id: first, prompt: 'in blue' });
    const made = await photoOf(third);
    expect(made).toMatchObject({ source_photo_id: second, prompt: 'a step', hash: sha256(await bytesOf(5)) });
    expect(made.recipe).toEqual({
      ...{ tool: 'InvokeAI', model_key: 'key-1', model_name: 'Juggernaut XL' },
      ...{ negative_prompt: 'no fog', steps: 20, scheduler: 'dpm' },
    });
  });

  const shown = async () => {
    const one = (await app.request(ines, 'GET', `/api/v1/albums/${album}`)).json();
    const list = (await app.request(ines, 'GET', `/api/v1/albums/${album}/photos`)).json();
    return { ...one, ids: list.items.map(({ id }: { id: string }) => id) };
  };

  test('albums come with their ids, order, description and cover', async () => {
    expect(await shown()).toMatchObject({
      ...{ name: 'Am Meer', description: 'Zwei Wochen', cover_photo_id: second },
      ids: [third, gulls, second, harbour],
    });
  });

  test('a second run changes nothing', async () => {
    const before = await importer.snapshot();
    const { counts } = await importer.run(await open(), { user: ines });
    expect(counts).toEqual({ ...expected, photos: { ...expected.photos, brought: 0, there: 6 }, albums: 0 });
    expect(await importer.snapshot()).toEqual(before);
  });

  test('what was taken out of an album stays out, and what has come to it since goes in', async () => {
    await app.request(ines, 'DELETE', `/api/v1/albums/${album}/photos`, { json: { photo_ids: [gulls] } });
    const db = new DatabaseSync(database);
    const place = db.prepare('insert into album_photos values (?, ?, null, 9)');
    place.run(album.replaceAll('-', ''), first.replaceAll('-', ''));
    db.close();
    await importer.run(await open(), { user: ines });
    expect((await shown()).ids).toEqual([third, second, harbour, first]);
  });

  test('from Postgres they are the same, under other ids where these are somebody’s here', async () => {
    const petra = await app.signUp();
    const outside = new Client(app.database.owner);
    await outside.connect();
    const name = `gallery_${randomBytes(4).toString('hex')}`;
    try {
      await outside.query(`create database ${name}`);
      const { host, port, user, password } = outside;
      const address = `postgres://${encodeURIComponent(user ?? '')}:${encodeURIComponent(String(password ?? ''))}@/${name}?host=${encodeURIComponent(host)}&port=${port}`;
      await copyToPostgres(address);
      const system = await openPhotoGallery({ database: address, photos });
      expect((await importer.run(system, { user: petra })).counts).toEqual(expected);
      await system.close();
    } finally {
      await outside.query(`drop database if exists ${name}`);
      await outside.end();
    }
    expect(await importer.hashesOf(petra)).toEqual(await importer.hashesOf(ines));
    const placed = await importer.query(
      `select a.id, i.earlier_id, p.recipe->>'steps' as steps, ap.photo_id = a.cover_photo_id as is_cover
       from albums a join album_photos ap on ap.album_id = a.id join photos p on p.id = ap.photo_id
       join imported i on i.id = p.id and i.kind = 'photo' where a.owner_id = $1 order by ap.position`,
      [petra.id],
    );
    expect(placed.map(({ earlier_id }) => earlier_id)).toEqual([third, gulls, second, harbour, first]);
    expect(placed.map(({ steps }) => steps)).toEqual(['20', null, '20', null, '30']);
    expect(placed.map(({ is_cover }) => is_cover)).toEqual([false, false, true, false, false]);
    expect(placed[0].id).not.toBe(album);
  });

  test('another database is none of its own', async () => {
    const none = join(folder, 'other.db');
    const db = new DatabaseSync(none);
    db.exec('create table photos (id integer)');
    db.close();
    await expect(openPhotoGallery({ database: none, photos })).rejects.toThrow('no database of photo-gallery');
    await expect(openPhotoGallery({ database, photos: join(photos, '..') })).rejects.toThrow(
      'name its folder data/photos',
    );
  });
});

/** As alembic makes them there. */
async function copyToPostgres(address: string): Promise<void> {
  const client = new Client({ connectionString: address });
  await client.connect();
  await client.query(`
    create table photos (id uuid primary key, filename text unique, width int, height int, file_size bigint, mime_type text,
      created_at timestamptz, is_generated boolean, generation_prompt text, generation_negative_prompt text, generation_params jsonb,
      source_image_id uuid, invoke_id text, model_key text, last_accessed_at timestamptz, deleted_at timestamptz,
      local_storage_path text, local_thumbnail_path text, retrieval_status text);
    create table albums (id uuid primary key, name text, description text, created_at timestamptz, updated_at timestamptz, cover_photo_id uuid);
    create table album_photos (album_id uuid, photo_id uuid, added_at timestamptz, position int, primary key (album_id, photo_id));
    create table generation_steps (id uuid primary key, session_id uuid, prompt text, negative_prompt text, parameters jsonb,
      model_key text, completed_at timestamptz);
    create table step_alternatives (step_id uuid, image_id uuid, selected boolean, primary key (step_id, image_id));
    create table models (key text primary key, name text)`);
  const db = new DatabaseSync(database, { readOnly: true });
  for (const table of ['photos', 'albums', 'album_photos', 'generation_steps', 'step_alternatives', 'models']) {
    for (const row of db.prepare(`select * from ${table}`).all()) {
      const values = Object.values(row).map((value) => (value === null ? null : String(value)));
      const places = values.map((_, n) => `$${n + 1}`).join(', ');
      await client.query(`insert into ${table} (${Object.keys(row).join(', ')}) values (${places})`, values);
    }
  }
  db.close();
  await client.end();
}
