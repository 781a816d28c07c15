import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../../../../test/app.ts';
import { createFaultyProxy, type FaultyProxy } from '../../../../test/faulty-proxy.ts';
import { createImporter, sha256 } from '../../../../test/importing.ts';
import { hasRadosgw, type Radosgw, startRadosgw } from '../../../../test/radosgw.ts';
import { type BucketOptions, type EarlierFiles, openBucket, openFilesBelow } from './open-bucket.ts';
import { openPinit } from './pinit.ts';

const app = await createTestApp();
const admin = await app.signUp();
const importer = await createImporter(app, admin);
const folder = await mkdtemp(join(tmpdir(), 'tintype-pinit-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const files = join(folder, 'bucket');
const database = join(folder, 'db.sqlite3');

const password = 'blauer Käfer 7';
const django = 'pbkdf2_sha256$260000$Zt4kQ9$X31GNz0Bwi9Omn5KUJlrsQWaM/o4Sar3J1azIUc/VUY=';
const [cover, gallery] = [randomUUID(), randomUUID()];
const keyOf = (name: string) => `users/mira_/images/${name}`;

const users = [
  [1, 'mira_', 'mira@pin.example', django, 'Mira', 'Berg', '2025-05-01 08:00:00.5', true],
  [2, '_ola', '', '!unusable', '', '', '2025-05-02 08:00:00', true],
] as const;
const images = [
  [cover, 'mira_', keyOf('cover_1.jpg'), 'cover', true, 'the cover', '2025-06-01 10:00:00.123456'],
  [gallery, 'mira_', keyOf('gallery_2.jpg'), 'gallery', false, null, '2025-06-02 10:00:00'],
  [randomUUID(), 'mira_', keyOf('never.jpg'), 'gallery', false, '', '2025-06-03 10:00:00'],
  [randomUUID(), 'nobody', 'users/nobody/images/x.jpg', 'gallery', false, '', '2025-06-04 10:00:00'],
  [randomUUID(), '_ola', 'users/_ola/images/film.mov', 'gallery', false, '', '2025-06-05 10:00:00'],
] as const;
const stored: [string, Buffer][] = [
  [keyOf('cover_1.jpg'), await tinyPhoto(1)],
  [keyOf('gallery_2.jpg'), await tinyPhoto(2)],
  ['users/nobody/images/x.jpg', await tinyPhoto(3)],
  ['users/_ola/images/film.mov', Buffer.from('....ftypqt  ')],
];
const counts = {
  people: { made: 2, matched: 0, there: 0, skipped: 0 },
  photos: { brought: 2, there: 0, duplicate: 0, aside: 0, skipped: 3 },
  albums: 0,
  reasons: { missing: 1, no_owner: 1, video: 1 },
};

beforeAll(async () => {
  for (const [key, bytes] of stored) {
    await mkdir(join(files, key, '..'), { recursive: true });
    await writeFile(join(files, key), bytes);
  }
  const db = new DatabaseSync(database);
  db.exec(`
    create table auth_user (id integer primary key, username varchar(150), email varchar(254), password varchar(128),
      first_name varchar(150), last_name varchar(150), date_joined datetime, is_active bool);
    create table myapp_userimage (id char(32) primary key, user varchar(150), image varchar(100), image_type varchar(20),
      is_primary bool, caption text null, uploaded_at datetime);`);
  for (const row of users) {
    db.prepare('insert into auth_user values (?, ?, ?, ?, ?, ?, ?, ?)').run(...row.map(toSqlite));
  }
  for (const [id, ...row] of images) {
    const values = [id.replaceAll('-', ''), ...row].map(toSqlite);
    db.prepare('insert into myapp_userimage values (?, ?, ?, ?, ?, ?, ?)').run(...values);
  }
  db.close();
});

const toSqlite = (value: string | number | boolean | null) => (typeof value === 'boolean' ? Number(value) : value);
const open = () => openPinit({ database, files: openFilesBelow(files) });

describe('pinit', () => {
  test('a dry run tells what comes, and writes nothing', async () => {
    const before = await importer.snapshot();
    expect((await importer.run(await open(), { dryRun: true })).counts).toEqual(counts);
    expect(await importer.snapshot()).toEqual(before);
  });

  test('people come with their names and passwords, pictures with their ids, captions and kinds', async () => {
    expect((await importer.run(await open())).counts).toEqual(counts);
    const answer = await app.request(null, 'POST', '/api/v1/auth/login', { json: { username: 'mira_', password } });
    expect(answer.json().user).toMatchObject({ display_name: 'Mira Berg', created_at: '2025-05-01T08:00:00.500Z' });
    const mira = answer.json().user.id;
    const photos = await importer.query(
      `select id, caption, image_type, is_primary, created_at, encode(blob_hash, 'hex') as hash
       from photos where owner_id = $1 order by created_at`,
      [mira],
    );
    expect(photos).toEqual([
      {
        id: cover,
        caption: 'the cover',
        image_type: 'cover',
        is_primary: true,
        created_at: new Date('2025-06-01T10:00:00.123Z'),
        hash: sha256(await tinyPhoto(1)),
      },
      expect.objectContaining({ id: gallery, caption: null, image_type: 'gallery', is_primary: false }),
    ]);
    const earlier = await importer.query(
      `select kind, earlier_id, id from imported where owner_id = $1 or id = $1 order by 1, 2`,
      [mira],
    );
    expect(earlier).toEqual(
      expect.arrayContaining([
        { kind: 'person', earlier_id: '1', id: mira },
        { kind: 'person', earlier_id: 'name:mira_', id: mira },
        { kind: 'photo', earlier_id: keyOf('cover_1.jpg'), id: cover },
        { kind: 'photo', earlier_id: cover, id: cover },
      ]),
    );
  });

  test('a second run changes nothing', async () => {
    const before = await importer.snapshot();
    expect((await importer.run(await open())).counts).toMatchObject({
      people: { made: 0, there: 2 },
      photos: { brought: 0, there: 2, skipped: 3 },
    });
    expect(await importer.snapshot()).toEqual(before);
  });

  test('a primary photo that is there stays it', async () => {
    const own = await importer.query('select id from photos where is_primary');
    expect(own).toEqual([{ id: cover }]);
  });

  test('the same rows in Postgres are the same people and pictures', async () => {
    const outside = new Client(app.database.owner);
    await outside.connect();
    const name = `pinit_${randomBytes(4).toString('hex')}`;
    try {
      await outside.query(`create database ${name}`);
      const { host, port, user, password: secret } = outside;
      const address = `postgres://${encodeURIComponent(user ?? '')}:${encodeURIComponent(String(secret ?? ''))}@/${name}?host=${encodeURIComponent(host)}&port=${port}`;
      const django_ = new Client({ connectionString: address });
      await django_.connect();
      await django_.query(`
        create table auth_user (id serial primary key, username varchar(150), email varchar(254), password varchar(128),
          first_name varchar(150), last_name varchar(150), date_joined timestamptz, is_active bool);
        create table myapp_userimage (id uuid primary key, "user" varchar(150), image varchar(100), image_type varchar(20),
          is_primary bool, caption text, uploaded_at timestamptz)`);
      for (const row of users) {
        await django_.query('insert into auth_user values ($1, $2, $3, $4, $5, $6, $7, $8)', [...row]);
      }
      for (const row of images)
        await django_.query('insert into myapp_userimage values ($1, $2, $3, $4, $5, $6, $7)', [...row]);
      await django_.end();
      const before = await importer.snapshot();
      const system = await openPinit({ database: address, files: openFilesBelow(files) });
      expect((await importer.run(system)).counts).toMatchObject({
        people: { made: 0, there: 2 },
        photos: { brought: 0, there: 2, skipped: 3 },
      });
      await system.close();
      expect(await importer.snapshot()).toEqual(before);
    } finally {
      await outside.query(`drop database if exists ${name}`);
      await outside.end();
    }
  });

  test('another database is none of its own, and its address is not told', async () => {
    const other = { database: 'postgres://someone:secret@127.0.0.1:1/none', files: openFilesBelow(files) };
    const error = await openPinit(other).catch((thrown: Error) => thrown);
    expect((error as Error).message).toContain('does not answer');
    expect((error as Error).message).not.toContain('secret');
    expect(await readFile(database)).toBeInstanceOf(Buffer);
  });
});

describe.skipIf(!hasRadosgw)('pinit’s bucket', () => {
  let server: Radosgw;
  beforeAll(async () => {
    server = await startRadosgw();
    await server.createBucket('pinit-images');
    const { endpoint, accessKeyId, secretAccessKey } = server;
    const client = new S3Client({
      endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });
    for (const [Key, Body] of stored) await client.send(new PutObjectCommand({ Bucket: 'pinit-images', Key, Body }));
    client.destroy();
  }, 90_000);
  afterAll(() => server.stop());

  /** As though they had never come: an account that its owner deletes does not come back. */
  const forgetAll = async (): Promise<void> => {
    await importer.query('delete from users where username = any($1)', [['mira_', 'ola']]);
    await importer.query(`delete from imported where kind = 'person'`);
  };
  const openIt = (bucket: string) => openBucket({ ...server, region: 'us-east-1', bucket });
  const readAll = async (bucket: EarlierFiles, key: string): Promise<Buffer> => {
    const file = await bucket.open(key);
    const chunks: Uint8Array[] = [];
    for await (const chunk of file.body) chunks.push(chunk);
    await file.close();
    return Buffer.concat(chunks);
  };

  test('gives the same bytes as the folder, and says what is not there', async () => {
    const bucket = await openIt('pinit-images');
    expect(sha256(await readAll(bucket, keyOf('cover_1.jpg')))).toBe(sha256(await tinyPhoto(1)));
    await expect(bucket.open(keyOf('never.jpg'))).rejects.toMatchObject({ why: 'missing' });
    bucket.close();
    const none = await openIt('no-such-bucket');
    await expect(none.open(keyOf('cover_1.jpg'))).rejects.toThrow('NoSuchBucket');
    none.close();
  });

  test('is imported from as from the folder', async () => {
    await forgetAll();
    const system = await openPinit({ database, files: await openIt('pinit-images') });
    const { counts: came } = await importer.run(system);
    await system.close();
    expect(came.photos).toEqual(counts.photos);
  });

  test('that does not answer ends the import, and loses nothing', async () => {
    await forgetAll();
    const bucket = await openBucket({
      ...server,
      secretAccessKey: 'wrong',
      region: 'us-east-1',
      bucket: 'pinit-images',
    });
    const system = await openPinit({ database, files: bucket });
    await expect(importer.run(system)).rejects.toThrow('Run the same command again');
    await system.close();
    const again = await openPinit({ database, files: await openIt('pinit-images') });
    expect((await importer.run(again)).counts.photos.brought).toBe(2);
    await again.close();
  });

  describe('behind a line that fails', () => {
    let proxy: FaultyProxy;
    beforeAll(async () => {
      proxy = await createFaultyProxy(server.endpoint);
    });
    afterAll(() => proxy.close());
    beforeEach(() => {
      proxy.requests.length = 0;
    });
    const behind = (more: Partial<BucketOptions> = {}) => {
      const { endpoint } = proxy;
      return openBucket({ ...server, region: 'us-east-1', bucket: 'pinit-images', endpoint, pauseMs: 1, ...more });
    };

    test('a file that breaks off is read on from there', async () => {
      const bucket = await behind();
      proxy.spoil = ({ headers }) => (headers.range ? null : 'half a body');
      expect(sha256(await readAll(bucket, keyOf('cover_1.jpg')))).toBe(sha256(await tinyPhoto(1)));
      expect(proxy.requests).toHaveLength(2);
      bucket.close();
    });

    test('a file that breaks off each time ends the import with what to do', async () => {
      const bucket = await behind();
      proxy.spoil = () => 'half a body';
      await expect(readAll(bucket, keyOf('cover_1.jpg'))).rejects.toThrow('Run the same command again');
      bucket.close();
    });

    test('a server that is silent ends it', async () => {
      const bucket = await behind({ silenceMs: 50 });
      proxy.spoil = () => 'silence';
      await expect(bucket.open(keyOf('cover_1.jpg'))).rejects.toThrow('Run the same command again');
      bucket.close();
    });

    test('whoever interrupts it does not wait for a silent server', async () => {
      const interrupt = new AbortController();
      const bucket = await behind({ signal: interrupt.signal });
      proxy.spoil = () => 'silence';
      const opening = expect(bucket.open(keyOf('cover_1.jpg'))).rejects.toThrow('Run the same command again');
      await expect.poll(() => proxy.requests.length).toBe(1);
      interrupt.abort();
      await opening;
      bucket.close();
    });

    test('a file that may not be read is named, a key that opens nothing ends it', async () => {
      const bucket = await behind();
      proxy.spoil = () => 'denied';
      for (let n = 0; n < 20; n += 1)
        await expect(bucket.open(`${n}.jpg`)).rejects.toMatchObject({ why: 'unreadable' });
      await expect(bucket.open('20.jpg')).rejects.toThrow('AccessDenied');
      proxy.spoil = () => null;
      await readAll(bucket, keyOf('cover_1.jpg'));
      proxy.spoil = () => 'denied';
      await expect(bucket.open('21.jpg')).rejects.toMatchObject({ why: 'unreadable' });
      proxy.spoil = () => 'refused credentials';
      await expect(bucket.open('22.jpg')).rejects.toThrow('SignatureDoesNotMatch');
      bucket.close();
    });
  });
});
