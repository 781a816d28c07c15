import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type Person, tinyPhoto } from '../../../test/app.ts';
import { slowness } from '../../../test/slowness.ts';
import { toAddress } from '../../platform/blobs/blob-address.ts';

const path = '/api/v1/admin/storage';
const app = await createTestApp();
let admin: Person;
/** Of somebody else's photos, by hash. */
const photos = new Map<string, { id: string; bytes: Buffer }>();
let other: Person;

const status = async () => {
  const answer = await app.request(admin, 'GET', path);
  expect(answer.status).toBe(200);
  return answer.json();
};
const placeOf = async (driver: string) =>
  (await status()).places.find((one: { driver: string }) => one.driver === driver);
const migrate = (to: string) => app.request(admin, 'POST', `${path}/migration`, { json: { to } });
const pause = () => app.request(admin, 'DELETE', `${path}/migration`);
const isAsItWas = async () => {
  for (const { id, bytes } of photos.values()) {
    const answer = await app.request(other, 'GET', `/api/v1/photos/${id}/original`);
    expect([answer.status, answer.body.equals(bytes)]).toEqual([200, true]);
  }
};
const patience = { timeout: 60_000 * slowness };

beforeAll(async () => {
  admin = await app.signUp();
  other = await app.signUp();
  for (const seed of [1, 2, 3]) {
    const bytes = await tinyPhoto(seed);
    const { id } = await app.upload(other, bytes);
    photos.set(createHash('sha256').update(bytes).digest('hex'), { id, bytes });
  }
});

describe('where the bytes are', () => {
  test('is told with a real probe, and without whose they are', async () => {
    const found = await status();
    expect(found).toMatchObject({
      probe: { ok: true, write_ms: expect.any(Number), read_ms: expect.any(Number), delete_ms: expect.any(Number) },
      migration: null,
      check: null,
      is_checking: false,
    });
    const files = found.places.find((one: { driver: string }) => one.driver === 'files');
    expect(files).toMatchObject({
      role: 'current',
      originals: 3,
      derivatives: 9,
      disk: { free_bytes: expect.any(Number) },
    });
    expect(files.bytes).toBe([...photos.values()].reduce((sum, { bytes }) => sum + bytes.length, 0));
    expect(found.places.map((one: { driver: string }) => one.driver)).toEqual(['files', 'postgres']);
    for (const secret of [app.dataDir, other.username, ...photos.keys()])
      expect(JSON.stringify(found)).not.toContain(secret);
  });

  test('is told of when it cannot be written', async () => {
    // A file stands where the folder should be.
    await rm(join(app.dataDir, 'tmp'), { recursive: true, force: true });
    await writeFile(join(app.dataDir, 'tmp'), '');
    const { probe } = await status();
    await rm(join(app.dataDir, 'tmp'));
    expect(probe).toMatchObject({
      ok: false,
      write_ms: null,
      error: expect.stringMatching(/cannot write there \(E[A-Z]+\)/),
    });
    expect(JSON.stringify(probe)).not.toContain(app.dataDir);
  });

  test('is for administrators', async () => {
    expect((await app.request(other, 'GET', path)).status).toBe(403);
    expect((await app.request(null, 'GET', path)).status).toBe(401);
  });
});

test('pictures of people are counted once, and as no originals', async () => {
  const before = await placeOf('files');
  const answer = await app.request(other, 'PUT', '/api/v1/me/pictures/profile', { body: await tinyPhoto(7) });
  expect(answer.status).toBe(200);
  const { derivatives, derivative_bytes: bytes, ...after } = await placeOf('files');
  expect([after.originals, after.bytes, derivatives]).toEqual([before.originals, before.bytes, before.derivatives + 5]);
  let sum = 0;
  for (const size of ['', '&size=512', '&size=256', '&size=128', '&size=64'])
    sum += (await app.request(null, 'GET', `${answer.json().url}${size}`)).body.length;
  expect(bytes - before.derivative_bytes).toBe(sum);
  await app.request(other, 'DELETE', '/api/v1/me/pictures/profile');
  await expect.poll(async () => (await placeOf('files')).derivatives, patience).toBe(before.derivatives);
});

describe('moving from the app', () => {
  test('to where nothing is configured, or where it is, is refused with a reason', async () => {
    const nowhere = await migrate('s3');
    expect([nowhere.status, nowhere.json().error.message]).toEqual([409, expect.stringMatching(/S3_BUCKET/)]);
    const here = await migrate('files');
    expect([here.status, here.json().error.message]).toEqual([409, 'All of the library is there already.']);
    expect((await migrate('tape')).status).toBe(400);
    const idle = await pause();
    expect([idle.status, idle.json().error.message]).toEqual([409, 'The library is not being moved.']);
    expect((await status()).migration).toBe(null);
  });

  test('a damaged original stays where it is and is told of; put back, it goes along', patience, async () => {
    const [hash = ''] = photos.keys();
    const damaged = join(app.dataDir, toAddress({ hash, variant: 'original' }));
    const whole = photos.get(hash)?.bytes as Buffer;
    await writeFile(damaged, Buffer.alloc(whole.length, 1));
    expect((await migrate('postgres')).status).toBe(202);
    await expect
      .poll(async () => (await status()).migration?.first_faults, patience)
      .toEqual([
        {
          hash,
          variant: 'original',
          why: 'its bytes are not those that its name tells',
          tries: expect.any(Number),
          tried_at: expect.any(String),
        },
      ]);
    const moved = { from: 'files', to: 'postgres', done: 2, of: 3, faults: 1 };
    await expect.poll(async () => (await status()).migration, patience).toMatchObject(moved);
    await expect.poll(async () => (await status()).migration?.state, patience).toBe('paused');
    expect((await pause()).status).toBe(204);

    await writeFile(damaged, whole);
    expect((await migrate('postgres')).status).toBe(202);
    await expect.poll(async () => (await status()).migration, patience).toBe(null);
    expect(await placeOf('postgres')).toMatchObject({ role: 'current', originals: 3, derivatives: 9 });
    expect(await placeOf('files')).toMatchObject({ role: 'left', originals: 0 });
    await isAsItWas();
  });

  test('and back, over what was left there: what is damaged is written anew', patience, async () => {
    const [hash = ''] = photos.keys();
    const left = join(app.dataDir, toAddress({ hash, variant: 'original' }));
    await mkdir(dirname(left), { recursive: true });
    await writeFile(left, 'not what it was');
    expect((await migrate('files')).status).toBe(202);
    await expect.poll(async () => (await status()).migration, patience).toBe(null);
    expect(await placeOf('files')).toMatchObject({ role: 'current', originals: 3 });
    await isAsItWas();
    const { items } = (await app.request(admin, 'GET', '/api/v1/admin/audit?limit=50')).json();
    const actions = items
      .map(({ action }: { action: string }) => action)
      .filter((action: string) => action.startsWith('storage'));
    expect(actions).toEqual([
      'storage_move_started',
      'storage_move_started',
      'storage_move_paused',
      'storage_move_started',
    ]);
  });
});

test('a check tells what is wrong, and is kept', patience, async () => {
  const [hash = ''] = photos.keys();
  const missing = join(app.dataDir, toAddress({ hash, variant: 'small' }));
  await rm(missing);
  expect((await app.request(admin, 'POST', `${path}/check`, { json: { read_data: true } })).status).toBe(202);
  const isUnderWay: boolean[] = [];
  await expect
    .poll(async () => {
      const { check, is_checking: isChecking } = await status();
      if (!check) isUnderWay.push(isChecking);
      return check;
    }, patience)
    .toMatchObject({
      data_read: true,
      files: 12,
      faults: 1,
      first_faults: [{ hash, variant: 'small', what: 'missing' }],
    });
  // From when it was asked for, whenever a server took it up: whoever looks waits for its end.
  expect(isUnderWay).not.toContain(false);
});

test('a server that is told another place than the library is in does not start, and says what to set', async () => {
  const start = createTestApp({ database: app.database, environment: { TINTYPE_STORAGE: 'postgres' } });
  await expect(start).rejects.toThrow(
    'The bytes of this library are in files, and TINTYPE_STORAGE says postgres. Set TINTYPE_STORAGE=files; to move them, run: tintype storage migrate --to postgres',
  );
});

test('a server that did not hear of a move stores nothing where nobody looks: it says so, and knows from then on', async () => {
  const owner = new Client(app.database.owner);
  await owner.connect();
  const say = (driver: string) =>
    owner.query(
      `alter table storage_place disable trigger announce_storage;
       update storage_place set driver = '${driver}', version = version + 1;
       alter table storage_place enable trigger announce_storage`,
    );
  const post = (bytes: Uint8Array) =>
    app.request(other, 'POST', '/api/v1/photos', { body: bytes, headers: { 'content-type': 'image/jpeg' } });
  try {
    await say('postgres');
    const bytes = await tinyPhoto(9);
    const refused = await post(bytes);
    expect([refused.status, refused.json().error.message]).toEqual([
      503,
      expect.stringMatching(/moved to another storage/),
    ]);
    expect((await post(bytes)).status).toBe(201);
    const { rows } = await owner.query(`select driver from blobs where hash = sha256($1)`, [bytes]);
    expect(rows).toEqual([{ driver: 'postgres' }]);
  } finally {
    await owner.end();
  }
});
