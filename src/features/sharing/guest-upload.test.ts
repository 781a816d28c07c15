import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, createTestApp, type Person, tinyPhoto } from '../../../test/app.ts';
import { createTestDatabase } from '../../../test/database.ts';
import { jpegClaiming, pngClaiming } from '../../../test/fixtures/bombs.ts';
import { makePhoto } from '../../../test/fixtures/photo.ts';
import { asGuest, createLink, type LinkOptions, type MadeLink, unlockLink } from '../../../test/links.ts';

const limit = 300 * 1024;
const database = await createTestDatabase();
const app = await createTestApp({ database, environment: { MAX_UPLOAD_SIZE: String(limit) } });
const outside = new Pool({ ...database.owner, max: 1 });
// The database is dropped at the end, and cuts what is still closing.
outside.on('error', () => {});
afterAll(() => outside.end());
const password = 'kept between us';

let admin: Person;
let owner: Person;
let album: string;
let link: MadeLink;
let seed = 40_000;

const api = (as: Person, method: string, path: string, json?: unknown) =>
  app.request(as, method, `/api/v1${path}`, json === undefined ? {} : { json });
const picture = (): Promise<Buffer> => {
  seed += 1;
  return tinyPhoto(seed);
};
const newAlbum = async (person: Person, ids: readonly string[] = []): Promise<string> =>
  (await api(person, 'POST', '/albums', { name: 'Party', ...(ids.length > 0 ? { photo_ids: ids } : {}) })).json().id;
const linkTo = (options: LinkOptions = {}, person = owner) =>
  createLink(app, person, { album_id: album, allow_upload: true, ...options });
const send = (to: MadeLink, body: Buffer, session: string | null = null, filename = 'from a guest.jpg') =>
  asGuest(app, to, session, 'POST', `/photos?${new URLSearchParams({ filename })}`, { body });
const refusal = (answer: Answer) => [answer.status, answer.json().error.code];
const placesIn = async (id: string, person = owner) =>
  (await api(person, 'GET', `/albums/${id}/photos?limit=100`)).json().items as { id: string }[];
const usageOf = async (person = owner) => (await api(person, 'GET', '/me')).json().usage;
const filesOf = (bytes: Buffer): string[] => {
  const hash = createHash('sha256').update(bytes).digest('hex');
  return (readdirSync(app.dataDir, { recursive: true }) as string[]).filter((name) => name.includes(hash));
};
const temporary = (): string[] => readdirSync(join(app.dataDir, 'tmp'));

beforeAll(async () => {
  admin = await app.signUp();
  owner = await app.signUp('ines');
  album = await newAlbum(owner, [(await app.upload(owner, await picture())).id]);
  link = await linkTo();
});

describe('a photo from a guest', () => {
  test('is the owner’s, at the end of the album, and shown to guests', async () => {
    const bytes = await picture();
    const before = await usageOf();
    const answer = await send(link, bytes, null, '../../etc/from a guest\u202egpj.jpg');
    expect(answer.status).toBe(201);
    const { id, filename, caption, is_generated } = answer.json();
    expect({ filename, caption, is_generated }).toEqual({
      filename: 'from a guestgpj.jpg',
      caption: null,
      is_generated: false,
    });
    expect((await placesIn(album)).at(-1)?.id).toBe(id);
    const own = await app.request(owner, 'GET', `/api/v1/photos/${id}`);
    expect([own.status, own.body.equals(bytes)]).toEqual([200, true]);
    expect(await usageOf()).toMatchObject({ photos: before.photos + 1, bytes: before.bytes + bytes.length });
    expect((await asGuest(app, link, null, 'GET', `/photos/${id}/medium`)).status).toBe(200);
    // The guest who sent it has no more of it than the link gives.
    expect((await asGuest(app, link, null, 'GET', `/photos/${id}/original`)).status).toBe(403);
    expect(answer.text).not.toContain(owner.id);
  });

  test('comes as a form too, and to the address of the API', async () => {
    const form = new FormData();
    form.set('file', new File([new Uint8Array(await picture())], 'form.jpg'));
    const sent = await fetch(`${app.url}${link.apiPath}/photos`, { method: 'POST', body: form });
    expect([sent.status, ((await sent.json()) as { filename: string }).filename]).toEqual([201, 'form.jpg']);
  });

  test('is told from the owner’s own by the link it came through, and stays when that is closed', async () => {
    const [once, party] = [await newAlbum(owner), await picture()];
    const through = await linkTo({ album_id: once });
    const { id } = (await send(through, party)).json();
    const layout = (await api(owner, 'GET', `/albums/${once}/layout`)).json();
    expect([layout.id, layout.added_by]).toEqual([[id], [null]]);
    await api(owner, 'DELETE', `/share-links/${through.id}`);
    expect((await placesIn(once)).map((place) => place.id)).toEqual([id]);
    expect((await app.request(owner, 'GET', `/api/v1/photos/${id}`)).body.equals(party)).toBe(true);
  });

  test('is looked at whole: what is no picture, too large, or a bomb is refused and leaves nothing', async () => {
    const before = [await usageOf(), (await placesIn(album)).length];
    const large = await makePhoto({ width: 1400, height: 1000, seed: 9 });
    expect(large.length).toBeGreaterThan(limit);
    const cases: [Buffer, number, string][] = [
      [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 415, 'unsupported_media_type'],
      [Buffer.from('%PDF-1.7 and so on, for more than a few bytes'), 415, 'unsupported_media_type'],
      [Buffer.alloc(0), 422, 'undecodable'],
      [(await picture()).subarray(0, 200), 422, 'undecodable'],
      [large, 413, 'too_large'],
      [await jpegClaiming(65_000, 65_000), 413, 'too_many_pixels'],
      [await pngClaiming(60_000, 60_000), 413, 'too_many_pixels'],
    ];
    for (const [bytes, status, code] of cases) {
      const answer = await send(link, bytes);
      const own = await app.request(owner, 'POST', '/api/v1/photos', { body: bytes });
      expect([...refusal(answer), answer.json().error.message]).toEqual([status, code, own.json().error.message]);
      expect(filesOf(bytes)).toEqual([]);
    }
    expect([await usageOf(), (await placesIn(album)).length]).toEqual(before);
    expect(temporary()).toEqual([]);
  });
});

describe('who may not', () => {
  test('is refused before anything is read', async () => {
    const locked = await linkTo({ password });
    const looking = await linkTo({ allow_upload: false });
    const single = await createLink(app, owner, { photo_id: (await placesIn(album))[0]?.id as string });
    const counted = await linkTo({ max_views: 1 });
    const bytes = await picture();
    const before = await usageOf();
    expect(refusal(await send(locked, bytes))).toEqual([401, 'link_locked']);
    expect(refusal(await send(counted, bytes))).toEqual([401, 'link_locked']);
    expect(refusal(await send(looking, bytes))).toEqual([403, 'forbidden']);
    expect(refusal(await send(single, bytes))).toEqual([403, 'forbidden']);
    // It is announced and never sent: who waits for it would not have answered.
    for (const to of [locked, looking]) expect(await announce(to, 200_000)).toBe(to === locked ? 401 : 403);
    expect([await usageOf(), filesOf(bytes), temporary()]).toEqual([before, [], []]);
    expect((await send(locked, bytes, await unlockLink(app, locked, password))).status).toBe(201);
  });

  test('is not a foreign page that a guest happens to be on', async () => {
    const locked = await linkTo({ password });
    const session = await unlockLink(app, locked, password);
    const options = { body: await picture(), headers: { origin: 'https://evil.example' } };
    expect((await asGuest(app, locked, session, 'POST', '/photos', options)).status).toBe(403);
    expect(
      (
        await app.request(null, 'POST', `${locked.path}/photos`, {
          body: options.body,
          headers: { cookie: `tintype_guest=${session}` },
        })
      ).status,
    ).toBe(403);
  });

  test.each<[string, (to: MadeLink) => Promise<unknown>, number]>([
    ['its link is closed', (to) => api(owner, 'DELETE', `/share-links/${to.id}`), 410],
    [
      'uploads are no longer allowed',
      (to) => api(owner, 'PATCH', `/share-links/${to.id}`, { allow_upload: false }),
      403,
    ],
    ['the password is changed', (to) => api(owner, 'PATCH', `/share-links/${to.id}`, { password: 'another one' }), 401],
  ])('is one for whom, while they send, %s', async (_, change, status) => {
    const to = await linkTo({ password });
    const session = await unlockLink(app, to, password);
    const bytes = await picture();
    const before = [await usageOf(), (await placesIn(album)).length];
    const answer = await sendInHalves(to, session, bytes, () => change(to));
    expect(answer).toEqual({ status, code: expect.stringMatching(/gone|forbidden|link_locked/) });
    expect([await usageOf(), (await placesIn(album)).length]).toEqual(before);
    expect(temporary()).toEqual([]);
    await expect.poll(() => filesOf(bytes)).toEqual([]);
  });

  test('is one whose link is closed while their photo is being put away', async () => {
    const to = await linkTo();
    const bytes = await picture();
    const before = [await usageOf(), (await placesIn(album)).length];
    // The lock that a sweeper of these bytes would hold: it is waited for behind the last question, before anything is put.
    const lock = createHash('sha256').update(bytes).digest().readBigInt64BE(0).toString();
    await outside.query('select pg_advisory_lock($1::bigint)', [lock]);
    const waiting = async () =>
      (
        await outside.query(`select from pg_locks l join pg_database d on d.oid = l.database
          where l.locktype = 'advisory' and not l.granted and d.datname = current_database()`)
      ).rowCount;
    const sent = send(to, bytes);
    await expect.poll(waiting).toBe(1);
    await api(owner, 'DELETE', `/share-links/${to.id}`);
    await outside.query('select pg_advisory_unlock($1::bigint)', [lock]);
    expect(refusal(await sent)).toEqual([403, 'forbidden']);
    expect([await usageOf(), (await placesIn(album)).length]).toEqual(before);
    await expect.poll(() => filesOf(bytes)).toEqual([]);
  });
});

describe('bytes that are there already', () => {
  test('are told of where the album shows them, and nowhere else', async () => {
    const [shown, hidden, trashed, foreign] = [await picture(), await picture(), await picture(), await picture()];
    const somebody = await app.signUp();
    const inside = (await app.upload(owner, shown)).id;
    const outside = (await app.upload(owner, hidden)).id;
    const thrown = (await app.upload(owner, trashed)).id;
    await app.upload(somebody, foreign);
    const shared = await newAlbum(owner, [inside, thrown]);
    await api(owner, 'DELETE', `/photos/${thrown}`);
    const to = await linkTo({ album_id: shared });

    const again = await send(to, shown);
    expect([again.status, again.json().id]).toEqual([200, inside]);
    const strangers = { hidden, trashed, foreign, fresh: await picture() };
    const answers: [string, number, string[]][] = [];
    const taken = new Set([inside, outside, thrown]);
    for (const [what, bytes] of Object.entries(strangers)) {
      const answer = await send(to, bytes);
      answers.push([what, answer.status, Object.keys(answer.json()).sort()]);
      expect(taken.has(answer.json().id)).toBe(false);
      taken.add(answer.json().id);
    }
    const [, , fields] = answers[0] ?? [];
    expect(answers).toEqual(Object.keys(strangers).map((what) => [what, 201, fields]));
    // What the owner threw away stays there.
    expect((await api(owner, 'GET', '/trash')).json().items.map((item: { id: string }) => item.id)).toContain(thrown);
    expect((await placesIn(shared)).length).toBe(5);
  });

  test('sent by ten guests at once make one photo', async () => {
    const shared = await newAlbum(owner);
    const to = await linkTo({ album_id: shared });
    const bytes = await picture();
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(to, bytes)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(9).fill(200), 201]);
    expect(new Set(answers.map((answer) => answer.json().id)).size).toBe(1);
    expect((await placesIn(shared)).length).toBe(1);
  });
});

describe('the owner’s quota', () => {
  test('holds for guests, to the photo, and they hear no figures', async () => {
    const person = await app.signUp();
    const shared = await newAlbum(person);
    const to = await createLink(app, person, { album_id: shared, allow_upload: true });
    await api(admin, 'PATCH', `/users/${person.id}`, { quota_photos: 3 });
    const files = await Promise.all(Array.from({ length: 5 }, picture));
    const answers = await Promise.all(files.map((bytes) => send(to, bytes)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(3).fill(201), ...Array(2).fill(507)]);
    for (const answer of answers.filter(({ status }) => status === 507)) {
      expect(answer.json().error).toEqual({
        code: 'quota_exceeded',
        message: 'Whoever shared this has no room left for more photos. Tell them.',
        details: {},
      });
    }
    expect(await usageOf(person)).toMatchObject({ photos: 3 });
    expect((await placesIn(shared, person)).length).toBe(3);
    const refused = files.filter((_, n) => answers[n]?.status === 507);
    await expect.poll(() => refused.flatMap(filesOf)).toEqual([]);
    // Not by bytes either, and before they are sent.
    await api(admin, 'PATCH', `/users/${person.id}`, { quota_photos: null, quota_bytes: 10_000 });
    expect(await announce(to, 200_000)).toBe(507);
  });
});

/** The status that is answered to a body of which nothing is sent. */
function announce(to: MadeLink, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': bytes, origin: app.url };
    const sent = request(`${app.url}${to.path}/photos`, { method: 'POST', headers }, (response) => {
      resolve(response.statusCode ?? 0);
      sent.destroy();
    });
    sent.on('error', reject);
    sent.flushHeaders();
  });
}

/** Sends one half, waits for what happens between, and sends the other. */
async function sendInHalves(to: MadeLink, session: string, bytes: Buffer, between: () => Promise<unknown>) {
  const headers = { 'content-length': bytes.length, origin: app.url, cookie: `tintype_guest=${session}` };
  const sent = request(`${app.url}${to.path}/photos`, { method: 'POST', headers });
  const answered = new Promise<{ status: number; code: string }>((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ status: response.statusCode ?? 0, code: JSON.parse(Buffer.concat(chunks).toString()).error?.code });
    });
  });
  const half = bytes.length >> 1;
  sent.write(bytes.subarray(0, half));
  // Once its first half lies in a temp file, the guest has passed the door.
  await expect.poll(temporary).toHaveLength(1);
  await between();
  sent.end(bytes.subarray(half));
  return answered;
}
