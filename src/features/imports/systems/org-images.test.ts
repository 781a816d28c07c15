import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../../../../test/app.ts';
import { createImporter } from '../../../../test/importing.ts';
import { openOrgImages } from './org-images.ts';

const app = await createTestApp();
const admin = await app.signUp();
const native = await app.signUp('native');
const importer = await createImporter(app, admin);
const folder = await mkdtemp(join(tmpdir(), 'tintype-org-images-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const database = join(folder, 'org.db');
const images = join(folder, 'static');
const open = () => openOrgImages({ database, images });

const password = 'blauer Käfer 7';
const bcrypt = '$2b$05$abcdefghijklmnopqrstuuOva8UF6sdnBk81iuNAlf2wv1Tv6N8ja';
const { id: taken } = (
  await app.request(native, 'POST', '/api/v1/organizations', { json: { name: 'Paper mill' } })
).json();
const orgs = { mill: randomUUID(), choir: randomUUID(), taken: taken as string, nameless: randomUUID() };
const ids = {
  ada: randomUUID(),
  root: randomUUID(),
  uma: randomUUID(),
  gone: randomUUID(),
  same: randomUUID(),
};

const webp = async (colour: string) =>
  sharp({ create: { width: 40, height: 30, channels: 3, background: colour } })
    .webp({ lossless: true })
    .toBuffer();
const [red, green, blue, white] = (await Promise.all(['#f00', '#0f0', '#00f', '#fff'].map(webp))) as [
  Buffer,
  Buffer,
  Buffer,
  Buffer,
];

type Value = string | number | boolean | Buffer | null;
const users: readonly Value[][] = [
  [ids.ada, 'ada', 'ada@mill.example', 'Ada Berg', bcrypt, 'admin', orgs.mill, 'active', true, red, '/images/old'],
  [
    ids.root,
    'root',
    'root@mill.example',
    'Root',
    bcrypt,
    'super_admin',
    orgs.mill,
    'active',
    true,
    null,
    '/static/images/root.webp',
  ],
  [
    ids.uma,
    'uma',
    'uma@choir.example',
    null,
    bcrypt,
    'user',
    orgs.choir,
    'active',
    true,
    null,
    `data:image/webp;base64,${blue.toString('base64')}`,
  ],
  [
    ids.gone,
    'gone',
    'gone@mill.example',
    null,
    bcrypt,
    'user',
    orgs.mill,
    'inactive',
    false,
    null,
    '/static/images/../org.db',
  ],
  [ids.same, 'native', native.email, null, bcrypt, 'admin', orgs.taken, 'active', true, white, null],
];
const organizations: readonly Value[][] = [
  [orgs.mill, 'Paper mill', true, green, null],
  [orgs.choir, 'Choir', true, Buffer.from('no picture'), null],
  [orgs.taken, 'Taken', false, null, 'https://elsewhere.example/logo.png'],
  [orgs.nameless, ' ', true, null, null],
];
const toSqlite = (value: Value) => (typeof value === 'boolean' ? Number(value) : value);
const create = (uuid: string, bytes: string) => `
  create table organizations (id ${uuid} primary key, name varchar(255), is_active boolean, logo_data ${bytes}, logo_url varchar(500));
  create table users (id ${uuid} primary key, username varchar(255), email varchar(255), name varchar(255), password_hash varchar(255),
    role varchar(50), organization_id ${uuid}, user_status varchar(50), is_active boolean, profile_photo_data ${bytes}, profile_photo_url text);`;

beforeAll(async () => {
  await mkdir(images);
  await writeFile(join(images, 'root.webp'), await tinyPhoto(1));
  await mkdir(join(images, 'older'));
  await writeFile(join(images, 'older', 'nobody.jpg'), await tinyPhoto(2));
  const db = new DatabaseSync(database);
  db.exec(create('char(32)', 'blob'));
  const bare = (value: Value) =>
    typeof value === 'string' && /^[0-9a-f-]{36}$/.test(value) ? value.replaceAll('-', '') : toSqlite(value);
  for (const row of users) {
    db.prepare('insert into users values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(...row.map(bare));
  }
  for (const row of organizations) db.prepare('insert into organizations values (?, ?, ?, ?, ?)').run(...row.map(bare));
  db.close();
});

const counts = {
  people: { made: 4, matched: 0, there: 0, skipped: 1 },
  organizations: { made: 3, there: 0, skipped: 1 },
  pictures: { shown: 4, there: 0, kept: 0, skipped: 4 },
  photos: { brought: 0, there: 0, duplicate: 0, aside: 0, skipped: 1 },
  albums: 0,
  reasons: { outside: 1, left_out: 1, no_owner: 1, not_a_picture: 1, elsewhere: 1 },
};
const membersOf = (id: string) =>
  importer.query(
    `select u.username, m.role from memberships m join users u on u.id = m.user_id where m.resource_id = $1 order by 1`,
    [id],
  );
/** Of what everybody is shown there. */
const colourAt = async (path: string): Promise<number[]> => {
  const answer = await app.request(null, 'GET', path);
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
  return [
    ...(await sharp(answer.body).removeAlpha().extract({ left: 9, top: 9, width: 1, height: 1 }).raw().toBuffer()),
  ];
};

describe('org-images', () => {
  test('a dry run tells what comes, and writes nothing', async () => {
    const before = await importer.snapshot();
    expect((await importer.run(await open(), { dryRun: true })).counts).toEqual(counts);
    expect(await importer.snapshot()).toEqual(before);
  });

  test('people, organizations and who belongs to them come, and nothing that was here is taken over', async () => {
    const [nativeOrganization, mill] = [await membersOf(orgs.taken), { username: 'native', role: 'admin' }];
    const { counts: came, notes, skipped } = await importer.run(await open());
    expect(came).toEqual(counts);
    expect(skipped).toMatchObject({ 'older/nobody.jpg': 'no_owner' });
    expect(await membersOf(orgs.mill)).toEqual([
      { username: 'ada', role: 'admin' },
      { username: 'gone', role: 'member' },
      { username: 'root', role: 'admin' },
    ]);
    expect(await membersOf(orgs.taken)).toEqual(nativeOrganization);
    expect(nativeOrganization).toEqual([mill]);
    const [{ id: brought }] = await importer.query(`select id from organizations where name = 'Taken'`);
    expect(brought).not.toBe(orgs.taken);
    expect(await membersOf(brought)).toEqual([{ username: admin.username, role: 'admin' }]);
    expect(await membersOf(orgs.choir)).toEqual([
      { username: admin.username, role: 'admin' },
      { username: 'uma', role: 'member' },
    ]);
    expect(notes).toMatchObject({
      'Paper mill': expect.stringContaining('the same name'),
      Taken: expect.stringMatching(/not active there.*has its id.*nobody administered/),
      Choir: expect.stringContaining('nobody administered'),
      root: expect.stringContaining('super_admin there'),
      native: expect.stringContaining('--match-emails'),
    });
    expect(await importer.query(`select username from users where role = 'admin'`)).toEqual([
      { username: admin.username },
    ]);
    expect(await importer.query('select * from organization_invitations')).toEqual([]);
  });

  test('everybody signs in as before, and is who they were', async () => {
    const sign = await app.request(null, 'POST', '/token', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: Buffer.from(new URLSearchParams({ username: 'ada', password }).toString()),
    });
    const headers = { authorization: `Bearer ${sign.json().access_token}` };
    const me = (await app.request(null, 'GET', '/users/me/', { headers })).json();
    expect(me).toMatchObject({
      id: ids.ada,
      name: 'Ada Berg',
      role: 'admin',
      organization_id: orgs.mill,
      organization: { name: 'Paper mill' },
    });
    expect(await colourAt(me.profile_photo_url)).toEqual([
      expect.closeTo(254, -1),
      expect.closeTo(0, -1),
      expect.closeTo(0, -1),
    ]);
  });

  test('pictures are at the addresses they had', async () => {
    const [, g] = await colourAt(`/images/organizations/${orgs.mill}/logo`);
    expect(g).toBeGreaterThan(200);
    const [, , b] = await colourAt(`/images/users/${ids.uma}/profile`);
    expect(b).toBeGreaterThan(200);
    expect((await app.request(null, 'GET', `/images/users/${ids.root}/profile`)).status).toBe(200);
    expect((await app.request(null, 'GET', `/images/users/${ids.same}/profile`)).status).toBe(404);
  });

  test('a second run changes nothing, and brings back neither who left nor what was taken down', async () => {
    await importer.query(`delete from memberships where resource_id = $1 and user_id = $2`, [orgs.mill, ids.gone]);
    await importer.query('update users set profile_picture = null where id = $1', [ids.uma]);
    const before = await importer.snapshot();
    expect((await importer.run(await open())).counts).toMatchObject({
      people: { made: 0, there: 4, skipped: 1 },
      organizations: { made: 0, there: 3, skipped: 1 },
      pictures: { shown: 0, there: 4, kept: 0, skipped: 4 },
    });
    expect(await importer.snapshot()).toEqual(before);
  });

  test('who is joined by their e-mail shows what they showed, also at the address of their earlier id', async () => {
    const { counts: came } = await importer.run(await open(), { matchEmails: true });
    expect(came).toMatchObject({ people: { matched: 1 }, pictures: { shown: 1, there: 4 } });
    const [r, g, b] = await colourAt(`/images/users/${ids.same}/profile`);
    expect(Math.min(r as number, g as number, b as number)).toBeGreaterThan(240);
    const shown = await importer.query(
      `select id from users where profile_picture is not null and username = 'native'`,
    );
    expect(shown).toEqual([{ id: native.id }]);
    expect(await membersOf(orgs.taken)).toEqual([{ username: 'native', role: 'admin' }]);
  });

  test('who is joined by their e-mail belongs where they did, and who ran the import is no longer in charge for them', async () => {
    const [{ id }] = await importer.query(`select id from organizations where name = 'Taken'`);
    expect(await membersOf(id)).toEqual([{ username: 'native', role: 'admin' }]);
    // Neither who was shown out, nor anybody else, comes with a run that joins somebody.
    expect(await membersOf(orgs.mill)).toEqual([
      { username: 'ada', role: 'admin' },
      { username: 'root', role: 'admin' },
    ]);
    // From then on it is theirs to say who belongs to it.
    await importer.query(
      `insert into memberships (user_id, resource_kind, resource_id, role) values ($1, 'organization', $2, 'admin')`,
      [admin.id, id],
    );
    await importer.query(`delete from memberships where resource_id = $1 and user_id = $2`, [id, native.id]);
    const before = await importer.snapshot();
    await importer.run(await open(), { matchEmails: true });
    expect(await importer.snapshot()).toEqual(before);
  });

  test('what somebody shows here stays', async () => {
    await importer.query(`delete from imported where earlier_id = $1`, [`picture:${ids.same}`]);
    const before = await colourAt(`/images/users/${native.id}/profile`);
    const { counts: came } = await importer.run(await open(), { matchEmails: true });
    expect(came.pictures).toMatchObject({ shown: 0, kept: 1 });
    expect(await colourAt(`/images/users/${native.id}/profile`)).toEqual(before);
  });

  test('the same rows in Postgres are the same people, organizations and pictures', async () => {
    const outside = new Client(app.database.owner);
    await outside.connect();
    const name = `org_images_${randomBytes(4).toString('hex')}`;
    try {
      await outside.query(`create database ${name}`);
      const { host, port, user, password: secret } = outside;
      const address = `postgres://${encodeURIComponent(user ?? '')}:${encodeURIComponent(String(secret ?? ''))}@/${name}?host=${encodeURIComponent(host)}&port=${port}`;
      const theirs = new Client({ connectionString: address });
      await theirs.connect();
      await theirs.query(create('uuid', 'bytea'));
      for (const row of users) {
        await theirs.query('insert into users values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', row);
      }
      for (const row of organizations) await theirs.query('insert into organizations values ($1, $2, $3, $4, $5)', row);
      await theirs.end();
      await importer.query(`update organizations set logo = null where id = $1`, [orgs.mill]);
      await importer.query(`delete from imported where earlier_id = $1`, [`picture:${orgs.mill}`]);
      const system = await openOrgImages({ database: address, images });
      expect((await importer.run(system)).counts).toMatchObject({
        people: { made: 0, there: 5 },
        organizations: { made: 0, there: 3 },
        pictures: { shown: 1, there: 4 },
      });
      await system.close();
      const [, g] = await colourAt(`/images/organizations/${orgs.mill}/logo`);
      expect(g).toBeGreaterThan(200);
    } finally {
      await outside.query(`drop database if exists ${name}`);
      await outside.end();
    }
  });

  test('another database is none of its own', async () => {
    const other = join(folder, 'other.db');
    const db = new DatabaseSync(other);
    db.exec('create table users (id integer, organization_id integer)');
    db.close();
    await expect(openOrgImages({ database: other, images: null })).rejects.toThrow('no database of org-images');
  });
});
