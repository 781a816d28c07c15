import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../../../../test/app.ts';
import { createImporter, sha256 } from '../../../../test/importing.ts';
import { assignEarlier } from '../assign-earlier.ts';
import { openStyleAi } from './style-ai.ts';

const app = await createTestApp();
const admin = await app.signUp();
const namesake = await app.signUp('rosa');
const importer = await createImporter(app, admin);
const folder = await mkdtemp(join(tmpdir(), 'tintype-style-ai-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const database = join(folder, 'style_ai.db');
const uploads = join(folder, 'uploads');
const open = () => openStyleAi({ database, uploads });

const password = 'blauer Käfer 7';
const werkzeug = 'pbkdf2:sha256:600000$Zt4kQ9$9b7ec77514f6cb24967b8971c99668b086e62e3f6a991801ff1fa052d742766e';
const people = {
  rosa: randomUUID(),
  jörg: randomUUID(),
  same: randomUUID(),
  gone: randomUUID(),
};
const image = randomUUID();
const original = `${randomUUID()}.jpg`;
const styled = `generated_${randomUUID()}.png`;

beforeAll(async () => {
  await mkdir(uploads);
  const db = new DatabaseSync(database);
  db.exec(`
    create table users (id varchar(36) primary key, username varchar(80) unique not null, email varchar(120) unique not null,
      password_hash varchar(128) not null, created_at datetime, is_active boolean, is_premium boolean, image_credits integer,
      free_trial_used boolean);
    create table processed_image (id varchar(36) primary key, user_id varchar(36) not null references users (id),
      filename varchar(255) not null, original_filename varchar(255) not null, style varchar(50), created_at datetime not null);`);
  const user = db.prepare('insert into users values (?, ?, ?, ?, ?, ?, 0, 5, 0)');
  user.run(people.rosa, 'rosa', 'rosa@style.example', werkzeug, '2025-09-07 12:34:56.123456', 1);
  user.run(people.jörg, 'Jörg Käfer', 'joerg@style.example', 'a plain password', '2025-09-08 00:00:00', 1);
  user.run(people.same, 'admin2', admin.email, werkzeug, '2025-09-09 00:00:00', 1);
  user.run(people.gone, 'gone', 'gone@style.example', werkzeug, '2025-09-10 00:00:00', 0);
  // Of no number, as SQLite lets rows be: nobody's.
  user.run(null, 'nobody', 'nobody@style.example', werkzeug, '2025-09-11 00:00:00', 1);
  const row = db.prepare('insert into processed_image values (?, ?, ?, ?, ?, ?)');
  const put = async (name: string, seed: number) => writeFile(join(uploads, name), await tinyPhoto(seed));
  row.run(image, people.rosa, styled, original, 'hardcoded', '2025-10-01 10:00:00.000001');
  await put(original, 1);
  await put(styled, 2);
  row.run(randomUUID(), people.jörg, 'generated_j.png', 'j.jpg', 'sketch', '2025-10-02 10:00:00');
  await put('j.jpg', 3);
  await put('generated_j.png', 4);
  row.run(randomUUID(), people.same, 'generated_s.png', 's.jpg', 'hardcoded', '2025-10-03 10:00:00');
  await put('s.jpg', 5);
  await put('generated_s.png', 6);
  row.run(randomUUID(), people.rosa, '../../etc/passwd', '/etc/hostname', 'hardcoded', '2025-10-04 10:00:00');
  row.run(randomUUID(), people.gone, 'never.png', 'never.jpg', 'hardcoded', '2025-10-05 10:00:00');
  await put('orphan.jpg', 7);
  await writeFile(join(uploads, 'film.mp4'), '....ftypmp42');
  await writeFile(join(folder, 'outside.jpg'), await tinyPhoto(8));
  row.run(randomUUID(), people.rosa, '../outside.jpg', 'x.jpg', 'hardcoded', '2025-10-06 10:00:00');
  db.close();
});

const counts = {
  people: { made: 3, matched: 0, there: 0, skipped: 1 },
  photos: { brought: 4, there: 0, duplicate: 0, aside: 1, skipped: 9 },
  albums: 1,
  reasons: { left_out: 2, missing: 5, outside: 1, video: 1 },
};
const personOf = async (id: string) =>
  (
    await importer.query('select u.*, p.hash from users u join passwords p on p.user_id = u.id where u.id = $1', [id])
  )[0];

describe('style-ai', () => {
  test('a dry run tells what comes, and writes nothing', async () => {
    const before = await importer.snapshot();
    expect((await importer.run(await open(), { dryRun: true })).counts).toEqual(counts);
    expect(await importer.snapshot()).toEqual(before);
  });

  test('as many are counted as come', async () => {
    const system = await open();
    let items = 0;
    for await (const _ of system.photos()) items += 1;
    expect(items).toBeGreaterThan(0);
    expect(await system.count()).toBe(items);
    await system.close();
  });

  test('people come with their ids and passwords, and take nobody’s account over', async () => {
    const before = await importer.query('select * from users where id = any($1)', [[admin.id, namesake.id]]);
    const ran = await importer.run(await open());
    expect(ran.counts).toEqual(counts);
    expect(await personOf(people.rosa)).toMatchObject({
      username: 'rosa-style-ai',
      email: 'rosa@style.example',
      hash: werkzeug,
      role: 'user',
      created_at: new Date('2025-09-07T12:34:56.123Z'),
    });
    expect(await personOf(people.jörg)).toMatchObject({ username: 'Jorg-Kafer' });
    expect((await personOf(people.jörg)).hash).toMatch(/^\$argon2id\$/);
    expect((await personOf(people.gone)).disabled_at).not.toBeNull();
    expect(await personOf(people.same)).toBeUndefined();
    expect(ran.notes).toMatchObject({
      rosa: expect.stringContaining('“rosa-style-ai” here'),
      'Jörg Käfer': expect.stringMatching(/“Jorg-Kafer” here.*reset link/),
      admin2: expect.stringContaining('--match-emails'),
    });
    expect(await importer.query('select * from users where id = any($1)', [[admin.id, namesake.id]])).toEqual(before);
    const json = { username: 'rosa@style.example', password };
    expect((await app.request(null, 'POST', '/api/v1/auth/login', { json })).status).toBe(200);
  });

  test('pictures come with their bytes, what was made of them with its source, style and time', async () => {
    const photos = await importer.query(
      `select p.id, p.kind, p.style, p.filename, encode(p.blob_hash, 'hex') as hash, p.created_at, s.filename as source
       from photos p left join photos s on s.id = p.source_photo_id where p.owner_id = $1 order by p.kind`,
      [people.rosa],
    );
    expect(photos).toEqual([
      expect.objectContaining({ id: image, kind: 'styled', style: 'cinematic', filename: styled, source: original }),
      expect.objectContaining({ kind: 'uploaded', filename: original, hash: sha256(await tinyPhoto(1)) }),
    ]);
    expect(photos[0]).toMatchObject({ hash: sha256(await tinyPhoto(2)), created_at: new Date('2025-10-01T10:00:00Z') });
    const earlier = await importer.query(
      `select earlier_id, id from imported where kind = 'photo' and owner_id = $1 order by 1`,
      [people.rosa],
    );
    expect(earlier.map(({ earlier_id }) => earlier_id).sort()).toEqual([image, original, styled].sort());
  });

  test('a second run changes nothing', async () => {
    const before = await importer.snapshot();
    const again = await importer.run(await open());
    expect(again.counts).toMatchObject({
      people: { made: 0, there: 3, skipped: 1 },
      photos: { brought: 0, there: 5, aside: 0, skipped: 9 },
      albums: 0,
    });
    expect(await importer.snapshot()).toEqual(before);
  });

  test('whose e-mail is an account’s here come to it where that was asked for', async () => {
    const { counts: matched } = await importer.run(await open(), { matchEmails: true });
    expect(matched).toMatchObject({ people: { matched: 1, there: 3 }, photos: { brought: 2 } });
    expect(await importer.hashesOf(admin)).toContain(sha256(await tinyPhoto(5)));
    expect((await personOf(admin.id)).hash).not.toBe(werkzeug);
  });

  test('what is nobody’s is the administrator’s, out of the way, until it is given away', async () => {
    const orphan = sha256(await tinyPhoto(7));
    const aside = await importer.query(
      `select id, is_archived from photos where owner_id = $1 and encode(blob_hash, 'hex') = $2`,
      [admin.id, orphan],
    );
    expect(aside).toEqual([{ id: expect.any(String), is_archived: true }]);
    const give = () =>
      assignEarlier(importer.deps, {
        system: 'style-ai',
        adminId: admin.id,
        userId: people.rosa,
        names: ['orphan.jpg', 'no such'],
      });
    expect(await give()).toMatchObject({ given: 1, unknown: ['no such'] });
    expect(await importer.hashesOf({ id: people.rosa })).toContain(orphan);
    const left = await importer.query('select deleted_at is null as live from photos where id = $1', [aside[0]?.id]);
    expect(left, 'in the trash').toEqual([{ live: false }]);
    expect(await give()).toMatchObject({ given: 0, unknown: ['orphan.jpg', 'no such'] });
    const before = await importer.snapshot();
    await importer.run(await open(), { matchEmails: true });
    expect(await importer.snapshot()).toEqual(before);
  });

  test('another database is none of its own', async () => {
    const other = join(folder, 'other.db');
    const db = new DatabaseSync(other);
    db.exec('create table users (id integer)');
    db.close();
    await expect(openStyleAi({ database: other, uploads })).rejects.toThrow('no database of style-ai');
    // It has the database in it, and is one too high.
    await expect(openStyleAi({ database, uploads: folder })).rejects.toThrow('name its folder uploads');
    await expect(openStyleAi({ database: join(folder, 'none.db'), uploads })).rejects.toThrow('no file');
    await expect(openStyleAi({ database: join(uploads, 'orphan.jpg'), uploads })).rejects.toThrow('cannot be read');
  });
});
