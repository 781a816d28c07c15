import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { describe, expect, test, vi } from 'vitest';
import { type Answer, createTestApp, type Person, tinyPhoto } from '../../../test/app.ts';
import { createTestDatabase } from '../../../test/database.ts';
import { countPromise } from '../../../test/promises.ts';
import { slowness } from '../../../test/slowness.ts';

const database = await createTestDatabase();
const here = await createTestApp({ database });
const there = await createTestApp({ database, dataDir: here.dataDir });
const admin = await here.signUp();

type Quota = { quota_bytes?: number | null; quota_photos?: number | null };
const usageOf = async (person: Person) => (await here.request(person, 'GET', '/api/v1/me')).json().usage;

async function bound(person: Person, quota: Quota): Promise<void> {
  const answer = await here.request(admin, 'PATCH', `/api/v1/users/${person.id}`, { json: quota });
  expect([answer.status, answer.json().usage]).toEqual([200, expect.objectContaining(quota)]);
}

async function personWith(quota: Quota): Promise<Person> {
  const person = await here.signUp();
  await bound(person, quota);
  return person;
}

let seed = 500_000;
const pictures = (count: number): Promise<Buffer[]> =>
  Promise.all(
    Array.from({ length: count }, () => {
      seed += 1;
      return tinyPhoto(seed);
    }),
  );
const send = (person: Person, bytes: Buffer, app = here) =>
  app.request(person, 'POST', '/api/v1/photos?filename=photo.jpg', { body: bytes });
const tus = (person: Person, method: string, path: string, headers: Record<string, string>, body?: Uint8Array) =>
  here.request(person, method, path, { headers: { 'tus-resumable': '1.0.0', ...headers }, ...(body ? { body } : {}) });
const announce = (person: Person, bytes: number) =>
  tus(person, 'POST', '/api/v1/uploads', { 'upload-length': String(bytes) });
const refusal = (answer: Answer) => [answer.status, answer.json().error.code];
const exceeded = [507, 'quota_exceeded'];

async function filesOf(bytes: Buffer): Promise<string[]> {
  const hash = createHash('sha256').update(bytes).digest('hex');
  const names = await readdir(here.dataDir, { recursive: true });
  return names.filter((name) => name.includes(hash));
}

describe('fifty uploads at once, over two servers, at the edge of a quota', () => {
  async function rush(person: Person, files: Buffer[]) {
    const answers = await Promise.all(files.map((file, n) => send(person, file, n % 2 ? here : there)));
    const kept = files.filter((_, n) => answers[n]?.status === 201);
    const refused = files.filter((_, n) => answers[n]?.status === 507);
    expect(kept.length + refused.length).toBe(files.length);
    const usage = await usageOf(person);
    expect(usage.photos).toBe(kept.length);
    expect(usage.bytes).toBe(kept.reduce((sum, file) => sum + file.length, 0));
    expect((await here.request(person, 'GET', '/api/v1/photos')).json().total).toBe(kept.length);
    return { kept, refused, usage };
  }

  /** Of what was refused nothing stays, and all of what was kept. */
  async function requireClean({ kept, refused }: { kept: Buffer[]; refused: Buffer[] }): Promise<void> {
    expect(await readdir(join(here.dataDir, 'tmp'))).toEqual([]);
    await vi.waitFor(
      async () => {
        for (const file of refused) expect(await filesOf(file)).toEqual([]);
      },
      { timeout: 30_000 * slowness, interval: 500 },
    );
    for (const file of kept) expect((await filesOf(file)).length).toBeGreaterThan(1);
  }

  test('of bytes: never pass it by one, and refuse only what does not fit', {
    timeout: 60_000 * slowness,
  }, async () => {
    const files = await pictures(50);
    const quota = files.slice(0, 20).reduce((sum, file) => sum + file.length, 0) + 1;
    const person = await personWith({ quota_bytes: quota });
    const outcome = await rush(person, files);
    expect(outcome.usage.bytes).toBeLessThanOrEqual(quota);
    expect(outcome.kept.length).toBeGreaterThan(0);
    // What is used only grew, so each that was refused must be too large for what is left now.
    for (const file of outcome.refused) expect(outcome.usage.bytes + file.length).toBeGreaterThan(quota);
    await requireClean(outcome);
    countPromise({ promise: 11, what: 'uploads at the edge of a quota of bytes, on two servers', tried: 50, held: 50 });
  });

  test('of photos: exactly as many as it allows', { timeout: 60_000 * slowness }, async () => {
    const person = await personWith({ quota_photos: 20 });
    const outcome = await rush(person, await pictures(50));
    expect(outcome.kept).toHaveLength(20);
    await requireClean(outcome);
    countPromise({
      promise: 11,
      what: 'uploads at the edge of a quota of photos, on two servers',
      tried: 50,
      held: 50,
    });
  });

  test('resumable ones stop at the same wall, and leave no partial file', { timeout: 60_000 * slowness }, async () => {
    const person = await here.signUp();
    const files = await pictures(10);
    const begun = await Promise.all(files.map((file) => announce(person, file.length)));
    await bound(person, { quota_photos: 4 });
    const ends = await Promise.all(
      files.map((file, n) =>
        tus(
          person,
          'PATCH',
          String(begun[n]?.headers.location),
          { 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
          file,
        ),
      ),
    );
    expect(ends.map(({ status }) => status).sort()).toEqual([...Array(4).fill(204), ...Array(6).fill(507)]);
    expect(await usageOf(person)).toMatchObject({ photos: 4 });
    const refused = begun[ends.findIndex(({ status }) => status === 507)];
    const state = await here.request(person, 'GET', String(refused?.headers.location));
    expect(state.json()).toMatchObject({ status: 'failed', error: { code: 'quota_exceeded' } });
    expect(await readdir(join(here.dataDir, 'uploads'))).toEqual([]);
  });
});

describe('before the body', () => {
  test('a declared size that does not fit is refused while nothing was sent yet', async () => {
    const person = await personWith({ quota_bytes: 5000 });
    const status = await new Promise((resolve, reject) => {
      const sent = request(
        `${here.url}/api/v1/photos`,
        { method: 'POST', headers: { authorization: `Bearer ${person.bearer}`, 'content-length': '5001' } },
        (response) => {
          resolve(response.statusCode);
          sent.destroy();
        },
      );
      sent.on('error', reject);
      sent.flushHeaders();
    });
    expect(status).toBe(507);
    expect(await readdir(join(here.dataDir, 'tmp'))).toEqual([]);
  });

  test('the refusal says how much there is and what to do, to the owner', async () => {
    const [one, two] = (await pictures(2)) as [Buffer, Buffer];
    const person = await personWith({ quota_photos: 1, quota_bytes: null });
    expect((await send(person, one)).status).toBe(201);
    const refused = await send(person, two);
    expect(refusal(refused)).toEqual(exceeded);
    expect(refused.json().error).toMatchObject({
      message:
        'You may keep 1 photo, and have 1. Empty the trash, which counts as well, or ask an administrator for more room.',
      details: { limit_bytes: null, used_bytes: one.length, limit_photos: 1, used_photos: 1 },
    });
    await bound(person, { quota_photos: null, quota_bytes: one.length + 10 });
    expect((await send(person, two)).json().error.message).toMatch(/^Your photos may take up .* ask an administrator/);
  });

  test('what other uploads have announced is taken', async () => {
    const person = await personWith({ quota_bytes: 1000 });
    const first = await announce(person, 600);
    expect(first.status).toBe(201);
    const second = await announce(person, 600);
    expect(refusal(second)).toEqual(exceeded);
    expect(second.json().error.message).toContain('Uploads that you have begun');
    expect((await announce(person, 400)).status).toBe(201);
    await tus(person, 'DELETE', String(first.headers.location), {});
    expect((await announce(person, 600)).status).toBe(201);
    // Another person's announcements take nothing away.
    expect((await announce(await personWith({ quota_bytes: 1000 }), 1000)).status).toBe(201);
  });

  test('a thousand unfinished uploads are enough', async () => {
    const person = await here.signUp();
    await database.database.as({ kind: 'user', id: person.id }, (tx: Kysely<unknown>) =>
      sql`insert into uploads (id, owner_id, filename, bytes, expires_at)
        select gen_random_uuid(), ${person.id}, 'x', 10, now() + interval '1 hour' from generate_series(1, 999)`.execute(
        tx,
      ),
    );
    expect((await announce(person, 10)).status).toBe(201);
    expect(refusal(await announce(person, 10))).toEqual([429, 'rate_limited']);
  });
});

test('the trash counts until it is emptied, and a quota below what is there takes nothing away', async () => {
  const [one, two] = (await pictures(2)) as [Buffer, Buffer];
  const person = await here.signUp();
  const photo = (await send(person, one)).json();
  await bound(person, { quota_photos: 0 });
  expect((await here.request(person, 'GET', `/api/v1/photos/${photo.id}`)).status).toBe(200);
  await here.request(person, 'DELETE', `/api/v1/photos/${photo.id}`);
  expect(await usageOf(person)).toMatchObject({ photos: 1, bytes: one.length });
  await bound(person, { quota_photos: 1 });
  expect(refusal(await send(person, two))).toEqual(exceeded);
  await here.request(person, 'POST', '/api/v1/photos/batch/purge', { json: { all: true } });
  expect((await send(person, two)).status).toBe(201);
});

test('guests meet the wall of whoever shared, and hear no figures', async () => {
  const owner = await personWith({ quota_photos: 1 });
  await send(owner, (await pictures(1))[0] as Buffer);
  const [album, link] = [uuidv7(), uuidv7()];
  await database.database.as({ kind: 'user', id: owner.id }, async (tx: Kysely<unknown>) => {
    await sql`insert into albums (id, owner_id, name) values (${album}, ${owner.id}, 'Open')`.execute(tx);
    await sql`insert into shared_links (id, owner_id, album_id, key_hash, key_sealed, allow_upload)
      values (${link}, ${owner.id}, ${album}, sha256(${link}::text::bytea), 'x', true)`.execute(tx);
  });
  const asGuest = (statement: ReturnType<typeof sql>) =>
    database.database.as(
      { kind: 'link', id: link },
      (tx: Kysely<unknown>) => statement.execute(tx) as Promise<unknown>,
    );
  const refused = { code: 'TT010', detail: '' };
  await expect(asGuest(sql`select require_room(${owner.id}, 1, 1)`)).rejects.toMatchObject({ code: 'TT010' });
  const copy = sql`insert into photos (id, owner_id, link_id, blob_hash, filename, mime_type, bytes, width, height, taken_at, taken_from)
    select ${uuidv7()}::uuid, ${owner.id}::uuid, ${link}::uuid, sha256('guest'), 'x', 'image/jpeg', 1, 1, 1, now(), 'upload'`;
  await asGuest(sql`select record_blob(sha256('guest'), 1, 'files', '[]')`);
  const error = await asGuest(copy).catch((thrown: unknown) => thrown);
  expect({ code: (error as typeof refused).code, detail: (error as Partial<typeof refused>).detail ?? '' }).toEqual(
    refused,
  );
  // Of others' room a guest hears nothing at all.
  const other = await personWith({ quota_photos: 0 });
  await expect(asGuest(sql`select require_room(${other.id}, 1, 1)`)).resolves.toBeDefined();
  await bound(owner, { quota_photos: 2 });
  await asGuest(copy);
  expect(await usageOf(owner)).toMatchObject({ photos: 2 });
});

const bounded = await createTestApp({ environment: { TINTYPE_QUOTA_BYTES: '1MiB', TINTYPE_QUOTA_PHOTOS: '7' } });

test('new accounts get what the configuration says, but for the first', async () => {
  const first = await bounded.signUp();
  const usage = async (person: Person) => (await bounded.request(person, 'GET', '/api/v1/me')).json().usage;
  expect(await usage(first)).toMatchObject({ quota_bytes: null, quota_photos: null });
  expect(await usage(await bounded.signUp())).toEqual({ photos: 0, bytes: 0, quota_bytes: 2 ** 20, quota_photos: 7 });
  const make = async (json: object) =>
    (await bounded.request(first, 'POST', '/api/v1/users', { json })).json().user.usage;
  expect(await make({ username: 'ines' })).toMatchObject({ quota_bytes: 2 ** 20, quota_photos: 7 });
  expect(await make({ username: 'tomas', quota_photos: null, quota_bytes: 5 })).toMatchObject({
    quota_bytes: 5,
    quota_photos: null,
  });
});
