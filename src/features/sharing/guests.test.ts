import { sql } from 'kysely';
import { beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type Person, type RequestOptions, tinyPhoto } from '../../../test/app.ts';
import { createTestDatabase } from '../../../test/database.ts';
import {
  asGuest,
  byteShapes,
  createLink,
  type LinkOptions,
  lookAtEverything,
  type MadeLink,
  statusesOf,
  unlockLink,
} from '../../../test/links.ts';

const database = await createTestDatabase();
const app = await createTestApp({ database });
/** Another server of the same library. */
const there = await createTestApp({ database, dataDir: app.dataDir });
const password = 'kept between us';

let admin: Person;
let owner: Person;
let photo: string;
let album: string;
let seed = 300;

const api = (as: Person | null, method: string, path: string, json?: unknown) =>
  app.request(as, method, `/api/v1${path}`, json === undefined ? {} : { json });
const upload = async (person: Person, filename = 'canary-file.jpg'): Promise<string> => {
  seed += 1;
  return (await app.upload(person, await tinyPhoto(seed), filename)).id;
};
const newAlbum = async (person: Person, ids: readonly string[], name = 'canary-album'): Promise<string> =>
  (await api(person, 'POST', '/albums', { name, description: 'canary-words', photo_ids: ids })).json().id;
const linkTo = (options: LinkOptions = {}) => createLink(app, owner, { album_id: album, ...options });
const unlock = (link: MadeLink, json: object = {}, headers: Record<string, string> = {}, server = app) =>
  server.request(null, 'POST', `${link.apiPath}/unlock`, { json, headers });
/** Each call comes from an address of its own, so that the limits of one test are no other's. */
let addresses = 0;
const newAddress = (): Record<string, string> => {
  addresses += 1;
  return { 'x-forwarded-for': `198.51.${addresses >> 8}.${addresses & 255}` };
};

beforeAll(async () => {
  admin = await app.signUp();
  owner = await app.signUp('ines-of-the-lake');
  photo = await upload(owner);
  await api(owner, 'PATCH', `/photos/${photo}`, { caption: 'canary-caption' });
  album = await newAlbum(owner, [photo]);
});

describe('what has ended is gone for everybody, on the next request, on every server', () => {
  type Ending = (links: readonly MadeLink[], by: Person) => Promise<unknown>;
  test.each<[string, Ending, number]>([
    [
      'links that were closed',
      (links, by) => Promise.all(links.map(({ id }) => api(by, 'DELETE', `/share-links/${id}`))),
      410,
    ],
    [
      'links that have expired',
      (_, { id }) =>
        database.database.as({ kind: 'user', id }, (tx) => sql`update shared_links set expires_at = now()`.execute(tx)),
      410,
    ],
    ['links whose owner is disabled', (_, { id }) => api(admin, 'PATCH', `/users/${id}`, { disabled: true }), 410],
    [
      'links whose owner has left',
      (_, person) => api(person, 'DELETE', '/me', { password: person.password, confirm: person.username }),
      404,
    ],
  ])('%s', async (_, end, status) => {
    const person = await app.signUp();
    const id = await upload(person);
    const links = [
      await createLink(app, person, { photo_id: id, password, allow_download: true }),
      await createLink(app, person, { album_id: await newAlbum(person, [id]), password, allow_download: true }),
    ];
    const visits: [MadeLink, string, string][] = [];
    for (const link of links) {
      const session = await unlockLink(app, link, password);
      const seen = await asGuest(app, link, session, 'GET', `/photos/${id}/medium`);
      const tag = String(seen.headers.etag);
      const kept = { headers: { 'if-none-match': tag } };
      expect((await asGuest(app, link, session, 'GET', `/photos/${id}/medium`, kept)).status).toBe(304);
      visits.push([link, session, tag]);
    }
    await end(links, person);
    for (const [link, session, tag] of visits) {
      for (const server of [app, there]) {
        const look = { photo: id, headers: { 'x-share-session': session }, tag };
        expect(statusesOf(await lookAtEverything(server, link, look))).toEqual([status]);
        expect((await unlock(link, { password }, newAddress(), server)).status).toBe(status);
      }
    }
  });

  test('what never was', async () => {
    for (const key of ['x', 'A'.repeat(43), 'A'.repeat(44), '%00', `${'A'.repeat(42)}%2f`, '..%2f..%2fetc%2fpasswd']) {
      const link = { key, path: `/s/${key}`, apiPath: `/api/v1/share/${key}` } as MadeLink;
      expect(statusesOf(await lookAtEverything(app, link, { photo }))).toEqual([404]);
      expect((await unlock(link)).status).toBe(404);
    }
  });
});

describe('what its owner takes away is away at once', () => {
  const guestOf = async (target: LinkOptions, person: Person) => {
    const link = await createLink(app, person, { ...target, allow_download: true });
    return { link, ask: (path: string, server = app) => asGuest(server, link, null, 'GET', path) };
  };

  test('a photo in the trash, until it is restored; and one that was deleted for good', async () => {
    const id = await upload(owner);
    const single = await guestOf({ photo_id: id }, owner);
    const many = await guestOf({ album_id: await newAlbum(owner, [id, photo]) }, owner);
    const medium = `/photos/${id}/medium`;
    const tag = String((await single.ask(medium)).headers.etag);
    expect((await many.ask(medium)).status).toBe(200);

    expect((await api(owner, 'DELETE', `/photos/${id}`)).status).toBe(204);
    for (const { link } of [single, many]) {
      expect(statusesOf(await lookAtEverything(app, link, { photo: id, tag, only: 'bytes' }))).toEqual([404]);
    }
    for (const server of [app, there]) {
      for (const path of ['', '/layout', '/download']) {
        const answer = await single.ask(path, server);
        expect([path, answer.status]).toEqual([path, path === '/layout' ? 200 : 410]);
        expect(answer.text).not.toContain(id);
      }
      const [view, layout] = [await many.ask('', server), await many.ask('/layout', server)];
      expect([view.json().photo_count, layout.json().id]).toEqual([1, [photo]]);
      expect(view.text).not.toContain(id);
    }
    await api(owner, 'POST', '/photos/batch/restore', { ids: [id] });
    expect([(await single.ask(medium)).status, (await many.ask(medium)).status]).toEqual([200, 200]);

    await api(owner, 'DELETE', `/photos/${id}`);
    expect((await api(owner, 'POST', '/photos/batch/purge', { ids: [id] })).json()).toMatchObject({ count: 1 });
    expect(statusesOf(await lookAtEverything(app, single.link, { photo: id, tag }))).toEqual([404]);
    expect([(await many.ask(medium)).status, (await many.ask('')).status]).toEqual([404, 200]);
  });

  test('a photo that was taken out of the album, and the album itself', async () => {
    const id = await upload(owner);
    const shared = await newAlbum(owner, [photo, id]);
    const { link, ask } = await guestOf({ album_id: shared }, owner);
    const medium = `/photos/${id}/medium`;
    const tag = String((await ask(medium)).headers.etag);
    await app.request(owner, 'DELETE', `/api/v1/albums/${shared}/photos`, { json: { photo_ids: [id] } });
    expect(statusesOf(await lookAtEverything(app, link, { photo: id, tag, only: 'bytes' }))).toEqual([404]);
    expect((await ask(`/photos/${id}`)).status).toBe(404);
    const kept = await asGuest(app, link, null, 'GET', medium, { headers: { 'if-none-match': tag } });
    expect(kept.status).toBe(404);
    expect((await ask('/layout')).json().id).toEqual([photo]);
    await api(owner, 'DELETE', `/albums/${shared}`);
    expect(statusesOf(await lookAtEverything(app, link, { photo }))).toEqual([404]);
  });
});

describe('at its own address', () => {
  let single: MadeLink;
  beforeAll(async () => {
    single = await createLink(app, owner, { photo_id: photo });
  });
  const ask = (link: MadeLink, accept: string | null, method = 'GET', options: RequestOptions = {}) =>
    app.request(null, method, link.apiPath, {
      ...options,
      headers: { ...(accept === null ? {} : { accept }), ...options.headers },
    });

  test.each([
    [null, 'application/json'],
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    ['text/plain', 'application/json'],
    ['image/*', 'image/jpeg'],
    ['image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8', 'image/jpeg'],
    ['IMAGE/WEBP', 'image/jpeg'],
    ['application/json;q=0.5, image/*;q=0.9', 'image/jpeg'],
    ['application/json, image/*', 'application/json'],
    ['image/*;q=0, */*;q=0.1', 'application/json'],
    ['image/*;q=abc', 'application/json'],
  ])('a link to a photo answers Accept: %s', async (accept, type) => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await ask(single, accept, method);
      expect([answer.status, String(answer.headers['content-type']).split(';')[0]]).toEqual([200, type]);
      expect(String(answer.headers.vary)).toContain('Accept');
      expect(answer.headers['cache-control']).toBe(type === 'application/json' ? 'no-store' : 'private, no-cache');
    }
  });

  test('the bytes are the preview’s until downloads are allowed, in every shape', async () => {
    const bytes = await ask(single, 'image/*');
    const preview = await asGuest(app, single, null, 'GET', `/photos/${photo}/preview`);
    expect(bytes.body.equals(preview.body)).toBe(true);
    const [head, part, same] = [
      await ask(single, 'image/*', 'HEAD'),
      await ask(single, 'image/*', 'GET', { headers: { range: 'bytes=2-5' } }),
      await ask(single, 'image/*', 'GET', { headers: { 'if-none-match': String(bytes.headers.etag) } }),
    ];
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, `${bytes.body.length}`, 0]);
    expect([part.status, part.body]).toEqual([206, bytes.body.subarray(2, 6)]);
    expect(same.status).toBe(304);
  });

  test('an album is no picture', async () => {
    const link = await linkTo();
    expect((await ask(link, 'image/*')).status).toBe(404);
    expect((await ask(link, 'application/json')).json().kind).toBe('album');
  });
});

describe('downloads', () => {
  test('that are not allowed give no original and no zip, and previews as before', async () => {
    const link = await linkTo();
    for (const [method, shape] of byteShapes) {
      const answer = await asGuest(app, link, null, method, `/photos/${photo}/original`, { headers: shape });
      expect([answer.status, answer.headers.etag]).toEqual([403, undefined]);
    }
    for (const method of ['GET', 'HEAD']) {
      expect((await asGuest(app, link, null, method, '/download')).status).toBe(403);
    }
    expect((await asGuest(app, link, null, 'GET', `/photos/${photo}/original?download=1`)).status).toBe(403);
    const saved = await asGuest(app, link, null, 'GET', `/photos/${photo}/preview?download=1`);
    expect([saved.status, saved.headers['content-disposition']]).toEqual([200, expect.stringMatching(/^attachment; /)]);
    const detail = (await asGuest(app, link, null, 'GET', `/photos/${photo}`)).json();
    expect([detail.full_url, detail.bytes]).toEqual([null, null]);
    expect((await asGuest(app, link, null, 'GET')).json()).toMatchObject({ bytes: null, allow_download: false });
  });

  test('that are allowed give the original, under its name where that is asked', async () => {
    const link = await linkTo({ allow_download: true, show_metadata: true });
    const own = await app.request(owner, 'GET', `/api/v1/photos/${photo}`);
    const { full_url: address, bytes } = (await asGuest(app, link, null, 'GET', `/photos/${photo}`)).json();
    expect([address, bytes]).toEqual([`${link.path}/photos/${photo}/original`, own.body.length]);
    const shown = await app.request(null, 'GET', address);
    expect([shown.status, shown.body.equals(own.body)]).toEqual([200, true]);
    expect(shown.headers).not.toHaveProperty('content-disposition');
    expect(shown.headers).toMatchObject({
      'cache-control': 'private, no-cache',
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex',
      'content-security-policy': "sandbox; default-src 'none'",
      'cross-origin-resource-policy': 'same-origin',
    });
    const saved = await app.request(null, 'GET', `${address}?download=1`);
    expect(saved.headers['content-disposition']).toContain('filename="canary-file.jpg"');
    // Its tag tells nothing that the owner's tells, which is made of the file's hash.
    expect(shown.headers.etag).not.toBe(own.headers.etag);
  });

  test('of an album are a zip of what it shows, in its order', async () => {
    const [second, third] = [await upload(owner, 'zweites.jpg'), await upload(owner, 'zweites.jpg')];
    const outside = await upload(owner, 'outside.jpg');
    const trip = await newAlbum(owner, [third, photo, second, outside], 'Trip/24.12');
    await api(owner, 'DELETE', `/photos/${outside}`);
    const link = await createLink(app, owner, { album_id: trip, allow_download: true });
    const zip = await asGuest(app, link, null, 'GET', '/download');
    expect([zip.status, zip.headers['content-type'], zip.headers['cache-control']]).toEqual([
      200,
      'application/zip',
      'private, no-store',
    ]);
    expect(zip.headers['content-disposition']).toContain('filename="Trip_24.12.zip"');
    expect(namesIn(zip.body)).toEqual(['zweites.jpg', 'canary-file.jpg', 'zweites (2).jpg']);
    const head = await asGuest(app, link, null, 'HEAD', '/download');
    expect([head.status, head.body.length]).toEqual([200, 0]);
    const { id: none } = (await api(owner, 'POST', '/albums', { name: 'Nothing yet' })).json();
    const empty = await createLink(app, owner, { album_id: none, allow_download: true });
    expect((await asGuest(app, empty, null, 'GET', '/download')).status).toBe(404);
  });
});

describe('what a guest is told', () => {
  test('is what the link shows, and nothing of the owner’s library', async () => {
    const link = await linkTo();
    const view = (await asGuest(app, link, null, 'GET')).json();
    expect(view).toEqual({
      kind: 'album',
      title: 'canary-album',
      description: 'canary-words',
      photo_count: 1,
      bytes: null,
      first_taken_at: expect.any(String),
      last_taken_at: expect.any(String),
      from: ['ines-of-the-lake'],
      expires_at: expect.any(String),
      allow_download: false,
      allow_upload: false,
      show_metadata: false,
      cover: expect.objectContaining({ id: photo, thumbnail_url: `${link.path}/photos/${photo}/medium` }),
      photo: null,
    });
    const photoKeys = Object.keys((await asGuest(app, link, null, 'GET', `/photos/${photo}`)).json()).sort();
    expect(photoKeys).toEqual(
      'bytes camera caption exposure filename full_url height id is_generated kind location mime_type placeholder preview_url taken_at thumbnail_url width'.split(
        ' ',
      ),
    );
    const columns = Object.keys((await asGuest(app, link, null, 'GET', '/layout')).json()).sort();
    expect(columns).toEqual(
      'caption filename height id kind placeholder preview_url taken_at thumbnail_url width'.split(' '),
    );
    const hash = (await app.request(owner, 'GET', `/api/v1/photos/${photo}`)).headers.etag as string;
    for (const answer of await lookAtEverything(app, link, { photo })) {
      const whole = `${answer.rawHeaders.join('\n')}\n${answer.body.toString('latin1')}`;
      for (const secret of [owner.id, owner.email, link.id, album, hash.slice(1, 33)]) {
        expect(whole).not.toContain(secret);
      }
    }
  });

  test('names whose photos it shows, and not who only looks', async () => {
    const [adder, viewer] = [await app.signUp('maren-adds'), await app.signUp('timo-looks')];
    const shared = await newAlbum(owner, [photo]);
    await api(owner, 'POST', `/albums/${shared}/members`, { username: adder.username, role: 'contributor' });
    await api(owner, 'POST', `/albums/${shared}/members`, { username: viewer.username, role: 'viewer' });
    const link = await createLink(app, owner, { album_id: shared });
    const from = async () => (await asGuest(app, link, null, 'GET')).json().from;
    expect(await from()).toEqual(['ines-of-the-lake']);
    const added = await upload(adder);
    await api(adder, 'POST', `/albums/${shared}/photos`, { photo_ids: [added] });
    expect(await from()).toEqual(['ines-of-the-lake', 'maren-adds']);
    expect((await asGuest(app, link, null, 'GET', `/photos/${added}/medium`)).status).toBe(200);
    await api(adder, 'DELETE', `/photos/${added}`);
    expect(await from()).toEqual(['ines-of-the-lake']);
    await api(adder, 'POST', '/photos/batch/restore', { ids: [added] });
    expect(await from()).toEqual(['ines-of-the-lake', 'maren-adds']);
    await api(adder, 'DELETE', `/albums/${shared}/members/${adder.id}`);
    expect(await from()).toEqual(['ines-of-the-lake']);
    expect((await asGuest(app, link, null, 'GET', `/photos/${added}/medium`)).status).toBe(404);
  });
});

/** The names of a zip's central directory (APPNOTE 4.3.12), in its order. */
function namesIn(zip: Buffer): string[] {
  const names: string[] = [];
  for (let at = zip.indexOf('PK\x01\x02', 0, 'latin1'); at >= 0; at = zip.indexOf('PK\x01\x02', at + 4, 'latin1')) {
    names.push(zip.toString('utf8', at + 46, at + 46 + zip.readUInt16LE(at + 28)));
  }
  return names;
}
