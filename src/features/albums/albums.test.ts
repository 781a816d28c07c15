import { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { createTestApp, type Person, tinyPhoto } from '../../../test/app.ts';

const app = await createTestApp();
const api = '/api/v1';
let seed = 5000;

const call = async (as: Person | null, method: string, path: string, json?: unknown) => {
  const answer = await app.request(as, method, `${api}${path}`, json === undefined ? {} : { json });
  return { status: answer.status, body: answer.text === '' ? null : answer.json() };
};
const made = async (as: Person, method: string, path: string, json?: unknown) => {
  const { status, body } = await call(as, method, path, json);
  if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(body)}`);
  return body;
};
const add = async (person: Person, count: number): Promise<string[]> => {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) {
    seed += 1;
    ids.push((await app.upload(person, await tinyPhoto(seed))).id);
  }
  return ids;
};
const newAlbum = (person: Person, more: object = {}) => made(person, 'POST', '/albums', { name: 'Lakes', ...more });
const idsIn = async (person: Person, album: string): Promise<string[]> =>
  (await made(person, 'GET', `/albums/${album}/photos?limit=100`)).items.map((item: { id: string }) => item.id);

const ines = await app.signUp('ines');
const tomas = await app.signUp('tomas');
const maren = await app.signUp('maren');

describe('an album', () => {
  test('holds photos in the order they were put in, and shows what it is before it is opened', async () => {
    const photos = await add(ines, 4);
    const album = await newAlbum(ines, { description: ' October ', photo_ids: [photos[2], photos[0]] });
    expect(album).toMatchObject({
      name: 'Lakes',
      description: 'October',
      photo_count: 2,
      cover_photo_id: null,
      role: 'owner',
      owner: { id: ines.id, username: 'ines' },
      member_count: 0,
      is_pinned: false,
      filter: null,
      link_count: 0,
    });
    expect(album.cover.id).toBe(photos[2]);
    await made(ines, 'POST', `/albums/${album.id}/photos`, { photo_ids: [photos[3], photos[2]] });
    expect(await idsIn(ines, album.id)).toEqual([photos[2], photos[0], photos[3]]);
    const layout = await made(ines, 'GET', `/albums/${album.id}/layout`);
    expect(layout.id).toEqual([photos[2], photos[0], photos[3]]);
    expect(layout.added_by).toEqual([ines.id, ines.id, ines.id]);
    expect((await app.request(ines, 'GET', layout.thumbnail_url[0])).status).toBe(200);
  });

  test('is found by part of its name, with signs that SQL knows', async () => {
    const person = await app.signUp();
    for (const name of ['100% fog', 'Lake_shore', 'Früh']) await newAlbum(person, { name });
    const names = async (q: string) =>
      (await made(person, 'GET', `/albums?q=${encodeURIComponent(q)}`)).items.map(
        (item: { name: string }) => item.name,
      );
    expect(await names('%')).toEqual(['100% fog']);
    expect(await names('_')).toEqual(['Lake_shore']);
    expect(await names('früh')).toEqual(['Früh']);
    expect((await made(person, 'GET', '/albums?limit=2')).total).toBe(3);
  });

  test('has the cover its owner chose, until that photo is taken out or thrown away', async () => {
    const [first, second, third] = (await add(ines, 3)) as [string, string, string];
    const { id } = await newAlbum(ines, { photo_ids: [first, second] });
    expect((await made(ines, 'PATCH', `/albums/${id}`, { cover_photo_id: second })).cover.id).toBe(second);
    const refused = await call(ines, 'PATCH', `/albums/${id}`, { cover_photo_id: third });
    expect(refused).toMatchObject({ status: 404, body: { error: { details: { ids: [third] } } } });
    await made(ines, 'DELETE', `/photos/${second}`);
    expect((await made(ines, 'GET', `/albums/${id}`)).cover.id).toBe(first);
    await made(ines, 'POST', '/photos/batch/restore', { ids: [second] });
    expect((await made(ines, 'GET', `/albums/${id}`)).cover.id).toBe(second);
    await made(ines, 'DELETE', `/albums/${id}/photos`, { photo_ids: [second] });
    expect(await made(ines, 'GET', `/albums/${id}`)).toMatchObject({ cover_photo_id: null, cover: { id: first } });
  });

  test('goes without its photos', async () => {
    const [photo] = (await add(ines, 1)) as [string];
    const { id } = await newAlbum(ines, { photo_ids: [photo] });
    expect((await call(ines, 'DELETE', `/albums/${id}`)).status).toBe(204);
    expect((await call(ines, 'GET', `/albums/${id}`)).status).toBe(404);
    expect((await call(ines, 'GET', `/photos/${photo}/metadata`)).status).toBe(200);
  });

  test('takes everything that a filter finds but for some, oldest first', async () => {
    const person = await app.signUp();
    const ids = await add(person, 3);
    for (const [index, id] of ids.entries())
      await made(person, 'PATCH', `/photos/${id}`, { taken_at: `2024-0${3 - index}-01T00:00:00Z`, is_favorite: true });
    const { id } = await newAlbum(person);
    await made(person, 'POST', `/albums/${id}/photos`, { filter: { favorite: true }, except: [ids[1]] });
    expect(await idsIn(person, id)).toEqual([ids[2], ids[0]]);
  });

  test('says what is wrong with a name, a field or a list', async () => {
    const { id } = await newAlbum(ines);
    for (const [method, path, json] of [
      ['POST', '/albums', { name: '  ' }],
      ['POST', '/albums', { name: 'x'.repeat(201) }],
      ['POST', '/albums', { name: 'x', owner_id: tomas.id }],
      ['PATCH', `/albums/${id}`, {}],
      ['POST', `/albums/${id}/photos`, {}],
      ['POST', `/albums/${id}/photos`, { photo_ids: [] }],
      ['POST', `/albums/${id}/photos`, { photo_ids: ['none'] }],
      ['POST', `/albums/${id}/members`, { username: 'tomas', role: 'owner' }],
    ] as const) {
      const { status, body } = await call(ines, method, path, json);
      expect([method, path, json, status]).toEqual([method, path, json, 400]);
      expect(body.error.message).toMatch(/\.$/);
    }
    expect((await call(ines, 'POST', '/albums', { name: '🎞'.repeat(200) })).status).toBe(201);
  });
});

describe('the order', () => {
  const setUp = async () => {
    const photos = (await add(ines, 5)) as [string, string, string, string, string];
    return { photos, id: (await newAlbum(ines, { photo_ids: photos })).id as string };
  };

  test('puts several before another, in the order given, or at the end', async () => {
    const {
      photos: [a, b, c, d, e],
      id,
    } = await setUp();
    await made(ines, 'POST', `/albums/${id}/photos/move`, { photo_ids: [e, c], before: a });
    expect(await idsIn(ines, id)).toEqual([e, c, a, b, d]);
    await made(ines, 'POST', `/albums/${id}/photos/move`, { photo_ids: [c], before: d });
    expect(await idsIn(ines, id)).toEqual([e, a, b, c, d]);
    await made(ines, 'POST', `/albums/${id}/photos/move`, { photo_ids: [a, e], before: null });
    expect(await idsIn(ines, id)).toEqual([b, c, d, a, e]);
  });

  test('survives a hundred moves into the same gap', async () => {
    const {
      photos: [a, b, c, d, e],
      id,
    } = await setUp();
    for (let i = 0; i < 50; i += 1) {
      await made(ines, 'POST', `/albums/${id}/photos/move`, { photo_ids: [i % 2 ? b : c], before: i % 2 ? c : b });
    }
    expect(await idsIn(ines, id)).toEqual([a, b, c, d, e]);
  });

  test('is left as it is by a photo that is foreign, absent or elsewhere, and each is named', async () => {
    const {
      photos: [a, b],
      photos,
      id,
    } = await setUp();
    const [foreign] = (await add(tomas, 1)) as [string];
    const [elsewhere] = (await add(ines, 1)) as [string];
    const absent = '0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e';
    for (const stranger of [foreign, elsewhere, absent]) {
      const moved = await call(ines, 'POST', `/albums/${id}/photos/move`, { photo_ids: [b, stranger], before: a });
      expect(moved).toMatchObject({ status: 404, body: { error: { details: { ids: [stranger] } } } });
      const anchored = await call(ines, 'POST', `/albums/${id}/photos/move`, { photo_ids: [b], before: stranger });
      expect(anchored).toMatchObject({ status: 404, body: { error: { details: { ids: [stranger] } } } });
    }
    expect((await call(ines, 'POST', `/albums/${id}/photos/move`, { photo_ids: [a], before: a })).status).toBe(400);
    expect(await idsIn(ines, id)).toEqual(photos);
  });

  test('comes out whole when many put and move at once', async () => {
    const { photos, id } = await setUp();
    const more = await add(ines, 6);
    await Promise.all([
      ...more.map((photo) => made(ines, 'POST', `/albums/${id}/photos`, { photo_ids: [photo] })),
      ...photos.map((photo) => made(ines, 'POST', `/albums/${id}/photos/move`, { photo_ids: [photo], before: null })),
    ]);
    const ids = await idsIn(ines, id);
    expect([...ids].sort()).toEqual([...photos, ...more].sort());
    expect(new Set(ids).size).toBe(11);
  });
});

describe('members', () => {
  test('see the album as soon as they are let in, and nothing from the moment they are not', async () => {
    const [photo, other] = (await add(ines, 2)) as [string, string];
    const { id } = await newAlbum(ines, { photo_ids: [photo] });
    expect((await call(tomas, 'GET', `/albums/${id}`)).status).toBe(404);
    expect((await call(tomas, 'GET', `/photos/${photo}/medium`)).status).toBe(404);
    expect(await made(ines, 'POST', `/albums/${id}/members`, { username: 'TOMAS', role: 'viewer' })).toMatchObject({
      user: { id: tomas.id, username: 'tomas' },
      role: 'viewer',
      photo_count: 0,
    });
    expect(await made(tomas, 'GET', `/albums/${id}`)).toMatchObject({
      role: 'viewer',
      photo_count: 1,
      member_count: 1,
    });
    expect((await made(tomas, 'GET', '/albums?role=others')).items.map((one: { id: string }) => one.id)).toContain(id);
    expect((await made(tomas, 'GET', '/albums?role=mine')).items.map((one: { id: string }) => one.id)).not.toContain(
      id,
    );
    for (const variant of ['original', 'preview', 'medium', 'small']) {
      expect((await app.request(tomas, 'GET', `${api}/photos/${photo}/${variant}`)).status).toBe(200);
    }
    const { etag } = (await app.request(tomas, 'GET', `${api}/photos/${photo}/medium`)).headers;
    expect((await call(tomas, 'GET', `/photos/${photo}/metadata`)).status).toBe(200);
    expect((await call(tomas, 'GET', `/photos/${other}/metadata`)).status).toBe(404);
    expect((await made(tomas, 'GET', '/photos')).items.map((one: { id: string }) => one.id)).not.toContain(photo);

    await made(ines, 'DELETE', `/albums/${id}/members/${tomas.id}`);
    expect((await call(tomas, 'GET', `/albums/${id}`)).status).toBe(404);
    const conditions: Record<string, string>[] = [{}, { 'if-none-match': etag ?? '' }, { range: 'bytes=0-9' }];
    for (const headers of conditions) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await app.request(tomas, method, `${api}/photos/${photo}/medium`, { headers });
        expect([method, headers, answer.status]).toEqual([method, headers, 404]);
      }
    }
  });

  test('lose sight of a photo that is taken out or thrown away', async () => {
    const [kept, taken, trashed] = (await add(ines, 3)) as [string, string, string];
    const { id } = await newAlbum(ines, { photo_ids: [kept, taken, trashed] });
    await made(ines, 'POST', `/albums/${id}/members`, { username: 'tomas' });
    await made(ines, 'DELETE', `/albums/${id}/photos`, { photo_ids: [taken] });
    await made(ines, 'DELETE', `/photos/${trashed}`);
    expect(await idsIn(tomas, id)).toEqual([kept]);
    for (const photo of [taken, trashed]) expect((await call(tomas, 'GET', `/photos/${photo}/small`)).status).toBe(404);
  });

  test('look, or add what is their own; what a photo is to its owner stays the owner’s', async () => {
    const [photo] = (await add(ines, 1)) as [string];
    await made(ines, 'PATCH', `/photos/${photo}`, { is_favorite: true });
    const [his, hers] = [(await add(tomas, 1))[0] as string, (await add(maren, 1))[0] as string];
    const { id } = await newAlbum(ines, { photo_ids: [photo] });
    await made(ines, 'POST', `/albums/${id}/members`, { username: 'tomas', role: 'viewer' });
    await made(ines, 'POST', `/albums/${id}/members`, { username: 'maren', role: 'contributor' });

    expect((await call(tomas, 'POST', `/albums/${id}/photos`, { photo_ids: [his] })).status).toBe(403);
    expect((await call(maren, 'POST', `/albums/${id}/photos`, { photo_ids: [hers] })).status).toBe(204);
    const foreign = await call(maren, 'POST', `/albums/${id}/photos`, { photo_ids: [photo] });
    expect(foreign).toMatchObject({ status: 404, body: { error: { details: { ids: [photo] } } } });

    const seen = (await made(tomas, 'GET', `/albums/${id}/photos`)).items;
    expect(seen.map((one: { added_by: { username: string } }) => one.added_by.username)).toEqual(['ines', 'maren']);
    expect(seen[0].is_favorite).toBe(false);
    expect((await made(ines, 'GET', `/albums/${id}/members`)).items).toMatchObject([
      { user: { username: 'ines' }, role: 'owner', photo_count: 1 },
      { user: { username: 'tomas' }, role: 'viewer', photo_count: 0 },
      { user: { username: 'maren' }, role: 'contributor', photo_count: 1 },
    ]);
    // Neither throws away, changes or orders what is another's.
    expect((await call(maren, 'DELETE', `/albums/${id}/photos`, { photo_ids: [photo] })).status).toBe(403);
    expect((await call(maren, 'PATCH', `/photos/${photo}`, { caption: 'mine' })).status).toBe(404);
    expect((await call(maren, 'DELETE', `/photos/${photo}`)).status).toBe(404);
    expect((await call(ines, 'PATCH', `/photos/${hers}`, { caption: 'mine' })).status).toBe(404);
    expect((await call(maren, 'PATCH', `/albums/${id}`, { name: 'Mine' })).status).toBe(403);
    expect((await call(maren, 'POST', `/albums/${id}/photos/move`, { photo_ids: [hers], before: photo })).status).toBe(
      403,
    );
    expect((await call(maren, 'POST', `/albums/${id}/members`, { username: 'tomas' })).status).toBe(403);
    expect((await call(maren, 'DELETE', `/albums/${id}/members/${tomas.id}`)).status).toBe(403);
    expect((await call(maren, 'DELETE', `/albums/${id}`)).status).toBe(403);
    // The owner takes out what a member added; it stays the member's.
    await made(ines, 'DELETE', `/albums/${id}/photos`, { photo_ids: [hers] });
    expect((await call(maren, 'GET', `/photos/${hers}/metadata`)).status).toBe(200);
  });

  test('take along what they added when they leave', async () => {
    const [hers] = (await add(maren, 1)) as [string];
    const { id } = await newAlbum(ines, { photo_ids: await add(ines, 1) });
    await made(ines, 'POST', `/albums/${id}/members`, { username: 'maren', role: 'contributor' });
    await made(maren, 'POST', `/albums/${id}/photos`, { photo_ids: [hers] });
    expect((await app.request(ines, 'GET', `${api}/photos/${hers}/medium`)).status).toBe(200);
    await made(maren, 'PUT', `/albums/${id}/pin`);
    expect((await made(maren, 'GET', '/albums?pinned=true')).total).toBe(1);
    const key = await app.createApiKey(maren, ['photos:read', 'photos:write', 'account:read']);
    expect((await app.request(key, 'DELETE', `${api}/albums/${id}/members/${maren.id}`)).status).toBe(403);
    expect((await call(maren, 'DELETE', `/albums/${id}/members/${maren.id}`)).status).toBe(204);
    expect(await idsIn(ines, id)).not.toContain(hers);
    expect((await app.request(ines, 'GET', `${api}/photos/${hers}/medium`)).status).toBe(404);
    expect((await made(maren, 'GET', '/albums?pinned=true')).total).toBe(0);
    expect((await call(ines, 'DELETE', `/albums/${id}/members/${ines.id}`)).status).toBe(409);
  });

  test('are somebody, once, and not the owner', async () => {
    const { id } = await newAlbum(ines);
    const invite = (username: string) => call(ines, 'POST', `/albums/${id}/members`, { username });
    expect(await invite('nobody-here')).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
    expect((await invite('ines')).status).toBe(409);
    expect((await invite('tomas')).status).toBe(201);
    expect((await invite('tomas')).status).toBe(409);
    expect(await made(ines, 'PATCH', `/albums/${id}/members/${tomas.id}`, { role: 'contributor' })).toMatchObject({
      role: 'contributor',
    });
    expect((await call(ines, 'PATCH', `/albums/${id}/members/${maren.id}`, { role: 'viewer' })).status).toBe(404);
    expect((await call(ines, 'DELETE', `/albums/${id}/members/${maren.id}`)).status).toBe(404);
  });

  test('are shown with what can be seen of theirs: what lies in their trash is nobody else’s business', async () => {
    const person = await app.signUp();
    const [one, two] = (await add(person, 2)) as [string, string];
    const { id } = await newAlbum(ines);
    await made(ines, 'POST', `/albums/${id}/members`, { username: person.username, role: 'contributor' });
    await made(person, 'POST', `/albums/${id}/photos`, { photo_ids: [one, two] });
    const counts = async (as: Person) =>
      (await made(as, 'GET', `/albums/${id}/members`)).items.map((item: { photo_count: number }) => item.photo_count);
    expect(await counts(ines)).toEqual([0, 2]);
    await made(person, 'DELETE', `/photos/${one}`);
    for (const as of [ines, person]) expect(await counts(as)).toEqual([0, 1]);
  });

  test('go with the album, and with their account', async () => {
    const person = await app.signUp();
    const [theirs] = (await add(person, 1)) as [string];
    const { id } = await newAlbum(ines, { photo_ids: await add(ines, 1) });
    await made(ines, 'POST', `/albums/${id}/members`, { username: person.username, role: 'contributor' });
    await made(person, 'POST', `/albums/${id}/photos`, { photo_ids: [theirs] });
    await made(person, 'DELETE', '/me', { password: person.password, confirm: person.username });
    expect(await made(ines, 'GET', `/albums/${id}`)).toMatchObject({ photo_count: 1, member_count: 0 });
  });
});

test('a filter that photos are put in by names no album that is somebody else’s', async () => {
  const { id } = await newAlbum(ines);
  const { id: foreign } = await newAlbum(tomas);
  for (const album_id of [foreign, '0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e']) {
    const by = { filter: { album_id } };
    for (const [method, path, json] of [
      ['POST', `/albums/${id}/photos`, by],
      ['POST', '/albums', { name: 'Found', ...by }],
    ] as const) {
      expect((await call(ines, method, path, json)).status, path).toBe(404);
    }
  }
});

test('what is done to an album while it is deleted finds none, or was in time', async () => {
  const person = await app.signUp();
  const [mine, theirs] = [await add(ines, 2), await add(person, 2)];
  for (let round = 0; round < 8; round += 1) {
    const { id } = await newAlbum(ines);
    await made(ines, 'POST', `/albums/${id}/members`, { username: person.username, role: 'contributor' });
    const answers = await Promise.all([
      call(ines, 'POST', `/albums/${id}/photos`, { photo_ids: mine }),
      call(person, 'POST', `/albums/${id}/photos`, { photo_ids: theirs }),
      call(ines, 'PUT', `/albums/${id}/pin`),
      call(person, 'PUT', `/albums/${id}/pin`),
      call(ines, 'DELETE', `/albums/${id}`),
      call(person, 'POST', `/albums/${id}/photos`, { photo_ids: theirs.slice(1) }),
      call(ines, 'PUT', `/albums/${id}/pin`),
      call(ines, 'POST', `/albums/${id}/download`),
    ]);
    expect(answers.filter(({ status }) => ![201, 204, 404].includes(status))).toEqual([]);
  }
});

describe('a smart album', () => {
  test('shows what its filter finds, follows it, and can be made a plain one', async () => {
    const person = await app.signUp();
    const ids = (await add(person, 3)) as [string, string, string];
    for (const [index, id] of ids.entries())
      await made(person, 'PATCH', `/photos/${id}`, { taken_at: `2024-0${index + 1}-01T00:00:00Z` });
    const album = await newAlbum(person, { filter: { favorite: true } });
    expect(album).toMatchObject({ photo_count: 0, cover: null, filter: { favorite: true } });
    await made(person, 'POST', '/photos/batch/favorite', { ids: [ids[0], ids[2]], is_favorite: true });
    expect(await made(person, 'GET', `/albums/${album.id}`)).toMatchObject({
      photo_count: 2,
      first_taken_at: '2024-01-01T00:00:00',
      last_taken_at: '2024-03-01T00:00:00',
      cover: { id: ids[2] },
    });
    expect(await idsIn(person, album.id)).toEqual([ids[2], ids[0]]);
    const second = await made(person, 'GET', `/albums/${album.id}/photos?limit=1&offset=1`);
    expect([second.total, second.items.map((item: { id: string }) => item.id)]).toEqual([2, [ids[0]]]);

    for (const [method, path, json] of [
      ['POST', 'photos', { photo_ids: [ids[1]] }],
      ['DELETE', 'photos', { photo_ids: [ids[0]] }],
      ['POST', 'photos/move', { photo_ids: [ids[0]], before: null }],
      ['POST', 'members', { username: 'tomas' }],
    ] as const) {
      const { status, body } = await call(person, method, `/albums/${album.id}/${path}`, json);
      expect([path, status]).toEqual([path, 409]);
      expect(body.error.message).toMatch(/freeze/);
    }
    const plain = await made(person, 'POST', `/albums/${album.id}/freeze`);
    expect(plain).toMatchObject({ filter: null, photo_count: 2 });
    expect(await idsIn(person, album.id)).toEqual([ids[0], ids[2]]);
    expect((await call(person, 'POST', `/albums/${album.id}/freeze`)).status).toBe(409);
  });
});

test('smart albums of a large library are listed without reading it whole for each', async () => {
  const person = await app.signUp();
  await add(person, 1);
  const outside = new Client(app.database.owner);
  await outside.connect();
  await outside.query(
    `insert into photos (id, owner_id, blob_hash, filename, mime_type, bytes, width, height, taken_at, taken_from)
     select gen_random_uuid(), owner_id, blob_hash, 'p.jpg', mime_type, bytes, width, height, timestamptz '2021-01-01' + i * interval '1 minute',
       taken_from from photos, generate_series(1, 20000) i where owner_id = $1`,
    [person.id],
  );
  await outside.query('analyze photos');
  await outside.end();
  for (let n = 0; n < 20; n += 1) await newAlbum(person, { filter: { taken_after: `2021-01-0${1 + (n % 9)}` } });
  const { items } = await made(person, 'GET', '/albums?limit=100');
  expect(items).toHaveLength(20);
  for (const { photo_count, first_taken_at, previews, filter } of items) {
    expect(first_taken_at.slice(0, 10)).toBe(filter.taken_after);
    expect([photo_count > 7000, previews.length]).toEqual([true, 3]);
  }
});

describe('a download of an album', () => {
  test('has every photo in its order, for a member too, as long as they belong to it', async () => {
    const pictures = [await tinyPhoto(8001), await tinyPhoto(8002)];
    const ids: string[] = [];
    for (const [index, bytes] of pictures.entries()) ids.push((await app.upload(ines, bytes, `a${index}.jpg`)).id);
    const { id } = await newAlbum(ines, { name: 'Lakes/October', photo_ids: ids.toReversed() });
    await made(ines, 'POST', `/albums/${id}/members`, { username: 'tomas' });
    const download = await made(tomas, 'POST', `/albums/${id}/download`);
    expect(download).toMatchObject({ count: 2, filename: 'Lakes/October.zip' });
    const zip = await app.request(tomas, 'GET', download.url);
    expect(zip.status).toBe(200);
    expect(zip.headers['content-disposition']).toBe(
      `attachment; filename="Lakes_October.zip"; filename*=UTF-8''Lakes_October.zip`,
    );
    for (const bytes of pictures) expect(zip.body.includes(bytes)).toBe(true);
    expect(zip.body.indexOf('a1.jpg')).toBeLessThan(zip.body.indexOf('a0.jpg'));
    expect((await app.request(maren, 'GET', download.url)).status).toBe(404);
    await made(ines, 'DELETE', `/albums/${id}/members/${tomas.id}`);
    expect((await app.request(tomas, 'GET', download.url)).status).toBe(404);
  });

  test('of an empty album is none', async () => {
    const { id } = await newAlbum(ines);
    expect((await call(ines, 'POST', `/albums/${id}/download`)).status).toBe(404);
  });
});
