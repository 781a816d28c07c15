import { Pool } from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { createTestApp, type Person, tinyPhoto } from '../../../test/app.ts';
import { createTestDatabase } from '../../../test/database.ts';
import { asGuest, createLink, type LinkOptions, unlockLink } from '../../../test/links.ts';
import { createLinkKeys } from './link-keys.ts';

const database = await createTestDatabase();
const app = await createTestApp({ database, environment: { TINTYPE_PUBLIC_URL: 'https://photos.example.org' } });
const outside = new Pool({ ...database.owner, max: 1 });
// The database is dropped at the end, and cuts what is still closing.
outside.on('error', () => {});
afterAll(() => outside.end());

const admin = await app.signUp('admin-of-all');
const owner = await app.signUp('ines');
const stranger = await app.signUp('tomas');

async function newAlbum(person: Person, json: object): Promise<string> {
  return (await call(person, 'POST', '/albums', json)).json().id;
}
const call = (as: Person | { bearer: string } | null, method: string, path: string, json?: unknown) =>
  app.request(as, method, `/api/v1${path}`, json === undefined ? {} : { json });
const create = (json: unknown, as: Parameters<typeof call>[0] = owner) => call(as, 'POST', '/share/create', json);
const read = async (id: string) => (await call(owner, 'GET', `/share-links/${id}`)).json();
const rowOf = async (id: string): Promise<Record<string, unknown>> =>
  (await outside.query('select * from shared_links where id = $1', [id])).rows[0];
const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

const photo = (await app.upload(owner, await tinyPhoto(1), 'lake.jpg')).id as string;
const album = await newAlbum(owner, { name: 'Lakes', photo_ids: [photo] });
const absent = '0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e';

describe('a new link', () => {
  test('lasts thirty days, and allows nothing but looking unless asked to', async () => {
    const before = Date.now();
    const answer = await create({ photo_id: photo });
    expect([answer.status, answer.headers['cache-control']]).toEqual([201, 'no-store']);
    const { id, access_key: key, url, expires_at: ends, ...rest } = answer.json();
    expect(rest).toEqual({});
    expect(key).toMatch(/^[A-Za-z0-9_-]{43}$/);
    // From the configuration: whoever asks may send any Host.
    expect(url).toBe(`https://photos.example.org/s/${key}`);
    expect(Date.parse(ends) - before).toBeGreaterThanOrEqual(30 * 86_400_000);
    expect(Date.parse(ends) - Date.now()).toBeLessThanOrEqual(30 * 86_400_000);
    expect(await read(id)).toEqual({
      id,
      url,
      access_key: key,
      photo_id: photo,
      album_id: null,
      title: 'lake.jpg',
      cover: { thumbnail_url: expect.stringContaining(photo), placeholder: expect.any(String), is_generated: false },
      has_password: false,
      expires_at: ends,
      allow_download: false,
      allow_upload: false,
      show_metadata: false,
      max_views: null,
      views: 0,
      last_viewed_at: null,
      created_at: expect.any(String),
      status: 'open',
    });
  });

  test('is what it was asked to be', async () => {
    const wish = {
      album_id: album,
      allow_download: true,
      allow_upload: true,
      show_metadata: true,
      max_views: 7,
      expires_at: null,
    };
    const { id } = await createLink(app, owner, { ...wish, password: 'kept between us' });
    expect(await read(id)).toMatchObject({ ...wish, has_password: true, title: 'Lakes' });
  });

  test.each<[string, () => object, number]>([
    ['of nothing', () => ({}), 400],
    ['of a photo and an album', () => ({ photo_id: photo, album_id: album }), 400],
    ['of what is no id', () => ({ photo_id: '1' }), 400],
    ['of a photo that is not there', () => ({ photo_id: absent }), 404],
    ['of an album that is not there', () => ({ album_id: absent }), 404],
    ['that ended already', () => ({ photo_id: photo, expires_at: inDays(-1) }), 400],
    ['that ends at no time', () => ({ photo_id: photo, expires_at: 'soon' }), 400],
    ['with a password of five characters', () => ({ photo_id: photo, password: '12345' }), 400],
    ['with a password of three signs in twelve bytes', () => ({ photo_id: photo, password: '🏔️🏔️' }), 400],
    ['with a password of 257 characters', () => ({ photo_id: photo, password: 'x'.repeat(257) }), 400],
    ['with no password in so many words', () => ({ photo_id: photo, password: null }), 400],
    ['that takes uploads to a photo', () => ({ photo_id: photo, allow_upload: true }), 400],
    ['for nobody', () => ({ photo_id: photo, max_views: 0 }), 400],
    ['for half of one', () => ({ photo_id: photo, max_views: 1.5 }), 400],
    ['of somebody else', () => ({ photo_id: photo, owner_id: stranger.id }), 400],
    ['with a key of one’s own', () => ({ photo_id: photo, access_key: 'a'.repeat(43) }), 400],
    ['that is open already', () => ({ photo_id: photo, views: -5 }), 400],
  ])('%s is refused', async (_, json, status) => {
    const before = (await call(owner, 'GET', '/share-links')).json().total;
    const answer = await create(json());
    expect([answer.status, answer.json().error.message]).toEqual([status, expect.any(String)]);
    expect((await call(owner, 'GET', '/share-links')).json().total).toBe(before);
  });

  test('names the field that was wrong', async () => {
    const answer = await create({ photo_id: photo, allow_upload: true });
    expect(answer.json().error).toMatchObject({ code: 'validation_error', details: { field: 'allow_upload' } });
  });

  test('is made of one’s own alone: what is another’s is absent, for the administrator too', async () => {
    for (const person of [stranger, admin]) {
      const of = { photo: await create({ photo_id: photo }, person), album: await create({ album_id: album }, person) };
      expect([of.photo.status, of.album.status]).toEqual([404, 404]);
      const none = await create({ photo_id: absent }, person);
      const { details, ...error } = of.photo.json().error;
      expect({ ...error, details: { ids: [absent] } }).toEqual(none.json().error);
      expect(details).toEqual({ ids: [photo] });
    }
  });

  test('is not made by who only belongs to an album, nor of a photo that they were shown', async () => {
    const shared = await newAlbum(owner, { name: 'For two', photo_ids: [photo] });
    await call(owner, 'POST', `/albums/${shared}/members`, { username: stranger.username, role: 'contributor' });
    expect((await call(stranger, 'GET', `/albums/${shared}`)).status).toBe(200);
    expect((await create({ album_id: shared }, stranger)).status).toBe(403);
    expect((await create({ photo_id: photo }, stranger)).status).toBe(404);
  });

  test('is not made of a photo in the trash, nor of a smart album', async () => {
    const trashed = (await app.upload(owner, await tinyPhoto(2))).id;
    await call(owner, 'DELETE', `/photos/${trashed}`);
    expect((await create({ photo_id: trashed })).status).toBe(404);
    const smart = await newAlbum(owner, { name: 'Found', filter: { kind: 'uploaded' } });
    const answer = await create({ album_id: smart });
    expect([answer.status, answer.json().error.message]).toEqual([409, expect.stringContaining('Freeze')]);
  });

  test('asks of an API key that it may see photos and change them, and so does looking at its key', async () => {
    const { id } = await createLink(app, owner, { photo_id: photo });
    const reads = await app.createApiKey(owner, ['photos:read']);
    const writes = await app.createApiKey(owner, ['photos:write']);
    const both = await app.createApiKey(owner, ['photos:read', 'photos:write']);
    for (const [key, status] of [
      [reads, 403],
      [writes, 403],
      [both, 200],
    ] as const) {
      expect((await call(key, 'GET', '/share-links')).status).toBe(status);
      expect((await call(key, 'GET', `/share-links/${id}`)).status).toBe(status);
      expect((await call(key, 'PATCH', `/share-links/${id}`, { max_views: 9 })).status).toBe(status);
    }
    expect((await create({ photo_id: photo }, reads)).status).toBe(403);
    // It would show through the link what the key may not.
    expect((await create({ photo_id: photo }, writes)).json().error.message).toContain('lacks the scope photos:read');
    expect((await create({ album_id: album }, writes)).status).toBe(403);
    expect((await create({ photo_id: photo }, null)).status).toBe(401);
  });
});

describe('the key', () => {
  test('can be copied again, and is nowhere in the database as it is', async () => {
    const made: LinkOptions = { album_id: album, password: 'kept between us' };
    const link = await createLink(app, owner, made);
    const { id, key } = link;
    const session = await unlockLink(app, link, made.password);
    expect((await read(id)).access_key).toBe(key);
    const listed = (await call(owner, 'GET', `/share-links?album_id=${album}`)).json().items;
    expect(listed.find((link: { id: string }) => link.id === id).access_key).toBe(key);

    const { rows: tables } = await outside.query(
      `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
       where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
    );
    expect(tables.length).toBeGreaterThan(10);
    const spellings = [key, session, made.password as string].flatMap((secret) => [
      secret,
      Buffer.from(secret).toString('hex'),
      Buffer.from(secret, 'base64url').toString('hex'),
    ]);
    for (const { name } of tables) {
      const { rows } = await outside.query(`select t::text as row from ${name} t`);
      for (const { row } of rows) for (const secret of spellings) expect(row, name).not.toContain(secret);
    }
  });

  test('is sealed for the one link: moved to another row, it opens nothing', async () => {
    const [one, other] = [
      await createLink(app, owner, { photo_id: photo }),
      await createLink(app, owner, { photo_id: photo }),
    ];
    const [sealed, otherSealed] = [await rowOf(one.id), await rowOf(other.id)].map((row) => row.key_sealed as Buffer);
    expect(sealed?.equals(otherSealed as Buffer)).toBe(false);
    const keys = createLinkKeys({ key: Buffer.alloc(32, 7) });
    const { key, sealed: own } = keys.create(one.id);
    expect(keys.unseal(one.id, own)).toBe(key);
    expect(() => keys.unseal(other.id, own)).toThrow();
    expect(() => keys.unseal(one.id, Buffer.concat([own.subarray(0, -1), Buffer.from([0x55])]))).toThrow();
    expect(() => createLinkKeys({ key: Buffer.alloc(32, 8) }).unseal(one.id, own)).toThrow();
  });

  test('is another for every link', async () => {
    const links = await Promise.all(Array.from({ length: 5 }, () => createLink(app, owner, { photo_id: photo })));
    expect(new Set(links.map(({ key }) => key)).size).toBe(5);
  });
});

describe('the list', () => {
  test('is one’s own, newest first, in pages, and by what the links lead to', async () => {
    const person = await app.signUp();
    const [first, second] = [
      (await app.upload(person, await tinyPhoto(10))).id,
      (await app.upload(person, await tinyPhoto(11))).id,
    ];
    const trip = await newAlbum(person, { name: 'Trip', photo_ids: [second] });
    const made = [
      await createLink(app, person, { photo_id: first }),
      await createLink(app, person, { album_id: trip }),
      await createLink(app, person, { photo_id: first }),
    ];
    const ids = async (query = '', as = person) => {
      const page = (await call(as, 'GET', `/share-links${query}`)).json();
      return [page.total, page.items.map((link: { id: string }) => made.findIndex(({ id }) => id === link.id))];
    };
    expect(await ids()).toEqual([3, [2, 1, 0]]);
    expect(await ids('?limit=1&offset=1')).toEqual([3, [1]]);
    expect(await ids(`?photo_id=${first}`)).toEqual([2, [2, 0]]);
    expect(await ids(`?album_id=${trip}`)).toEqual([1, [1]]);
    expect(await ids(`?album_id=${album}`)).toEqual([0, []]);
    expect(await ids(`?photo_id=${first}`, stranger)).toEqual([0, []]);
    const [of] = (await call(person, 'GET', `/share-links?album_id=${trip}`)).json().items;
    expect(of).toMatchObject({ title: 'Trip', cover: { thumbnail_url: expect.stringContaining(second) } });
    for (const query of ['?limit=0', '?limit=101', '?offset=-1', '?album_id=1', '?owner=me']) {
      expect((await call(person, 'GET', `/share-links${query}`)).status).toBe(400);
    }
  });

  test('says what has ended, and leaves out what was closed', async () => {
    const person = await app.signUp();
    const id = (await app.upload(person, await tinyPhoto(12))).id;
    const [used, expired, closed] = [
      await createLink(app, person, { photo_id: id, max_views: 1 }),
      await createLink(app, person, { photo_id: id }),
      await createLink(app, person, { photo_id: id }),
    ];
    await unlockLink(app, used);
    await outside.query(`update shared_links set expires_at = now() - interval '1 second' where id = $1`, [expired.id]);
    expect((await call(person, 'DELETE', `/share-links/${closed.id}`)).status).toBe(204);
    const { items } = (await call(person, 'GET', '/share-links')).json();
    expect(items.map((link: { id: string; status: string }) => [link.id, link.status])).toEqual([
      [expired.id, 'expired'],
      [used.id, 'used_up'],
    ]);
    expect(items[1]).toMatchObject({ views: 1, max_views: 1, last_viewed_at: expect.any(String) });
  });
});

describe('a change', () => {
  test('is one of what was named alone', async () => {
    const ends = inDays(3);
    const { id } = await createLink(app, owner, { album_id: album, allow_download: true, expires_at: ends });
    const changed = await call(owner, 'PATCH', `/share-links/${id}`, { show_metadata: true });
    expect([changed.status, changed.json()]).toEqual([
      200,
      expect.objectContaining({ show_metadata: true, allow_download: true, allow_upload: false, expires_at: ends }),
    ]);
    const more = { expires_at: null, max_views: 3, allow_upload: true, allow_download: false };
    expect((await call(owner, 'PATCH', `/share-links/${id}`, more)).json()).toMatchObject(more);
    expect((await call(owner, 'PATCH', `/share-links/${id}`, { max_views: null })).json().max_views).toBeNull();
  });

  test.each<[string, object]>([
    ['to nothing', {}],
    ['to a time that has passed', { expires_at: inDays(-1) }],
    ['to a short password', { password: 'five!' }],
    ['to another photo', { photo_id: photo }],
    ['of its count', { views: 0 }],
    ['of its password’s version', { password_version: 1 }],
    ['to uploads, of a photo', { allow_upload: true }],
  ])('%s is refused', async (_, json) => {
    const { id } = await createLink(app, owner, { photo_id: photo });
    const before = await rowOf(id);
    expect((await call(owner, 'PATCH', `/share-links/${id}`, json)).status).toBe(400);
    expect(await rowOf(id)).toEqual(before);
  });

  test('of the password, to none as well, has another version; of anything else it has not', async () => {
    const { id } = await createLink(app, owner, { album_id: album, password: 'kept between us' });
    const version = async () => (await rowOf(id)).password_version;
    expect(await version()).toBe(1);
    await call(owner, 'PATCH', `/share-links/${id}`, { allow_download: true });
    expect(await version()).toBe(1);
    for (const password of ['kept between us', 'another one now', null]) {
      const before = (await version()) as number;
      const { has_password } = (await call(owner, 'PATCH', `/share-links/${id}`, { password })).json();
      expect([has_password, await version()]).toEqual([password !== null, before + 1]);
    }
    expect((await rowOf(id)).password_hash).toBeNull();
  });

  test('that lengthens an expired link opens it again; a closed one stays closed', async () => {
    const link = await createLink(app, owner, { album_id: album });
    await outside.query(`update shared_links set expires_at = now() - interval '1 second' where id = $1`, [link.id]);
    expect((await asGuest(app, link, null, 'GET')).status).toBe(410);
    await call(owner, 'PATCH', `/share-links/${link.id}`, { expires_at: inDays(1) });
    expect((await asGuest(app, link, null, 'GET')).status).toBe(200);
    await call(owner, 'DELETE', `/share-links/${link.id}`);
    expect((await asGuest(app, link, null, 'GET')).status).toBe(410);
    for (const [method, json] of [['GET'], ['PATCH', { expires_at: inDays(1) }], ['DELETE']] as const) {
      expect((await call(owner, method, `/share-links/${link.id}`, json)).status).toBe(404);
    }
  });

  test('is the owner’s alone', async () => {
    const { id } = await createLink(app, owner, { album_id: album });
    const before = await rowOf(id);
    for (const person of [stranger, admin]) {
      for (const [method, json] of [['GET'], ['PATCH', { allow_download: true }], ['DELETE']] as const) {
        const answer = await call(person, method, `/share-links/${id}`, json);
        const none = await call(person, method, `/share-links/${absent}`, json);
        expect([answer.status, answer.json().error.message]).toEqual([404, none.json().error.message]);
      }
    }
    expect(await rowOf(id)).toEqual(before);
  });
});

describe('the audit log', () => {
  test('has what was done with links, and no key, session, password or title', async () => {
    const password = 'nobody writes this down';
    const link = await createLink(app, owner, { album_id: album, password, allow_download: true });
    const wrong = 'not the password at all';
    await app.request(null, 'POST', `${link.apiPath}/unlock`, { json: { password: wrong } });
    const session = await unlockLink(app, link, password);
    await call(owner, 'PATCH', `/share-links/${link.id}`, { password: 'and neither is this', max_views: 3 });
    await call(owner, 'DELETE', `/share-links/${link.id}`);
    const answer = await call(admin, 'GET', '/admin/audit?limit=100');
    const entries = answer.json().items.filter((entry: { subject: { id: string } }) => entry.subject?.id === link.id);
    expect(entries.map((entry: { action: string; actor_kind: string }) => [entry.action, entry.actor_kind])).toEqual([
      ['link_closed', 'user'],
      ['link_changed', 'user'],
      ['link_opened', 'link'],
      ['link_unlock_failed', 'link'],
      ['link_created', 'user'],
    ]);
    expect(entries[1].details).toEqual({ changed: ['max_views', 'password'] });
    expect(entries[4].details).toMatchObject({ of: 'album', password: true, allow_download: true });
    for (const secret of [link.key, session, password, wrong, 'and neither is this', 'Lakes', 'lake.jpg']) {
      expect(answer.text).not.toContain(secret);
    }
  });
});
