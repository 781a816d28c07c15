import fc from 'fast-check';
import { Client } from 'pg';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { createTestApp, type Person, tinyPhoto } from '../../../test/app.ts';
import { scale } from '../../../test/scale.ts';

const app = await createTestApp();
const api = '/api/v1';
const owner = new Client(app.database.owner);
await owner.connect();
afterAll(() => owner.end());
let seed = 9000;

const call = async (as: Person, method: string, path: string, json?: unknown) => {
  const answer = await app.request(as, method, `${api}${path}`, json === undefined ? {} : { json });
  return { status: answer.status, body: answer.text === '' ? null : answer.json() };
};
const made = async (as: Person, method: string, path: string, json?: unknown) => {
  const { status, body } = await call(as, method, path, json);
  if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(body)}`);
  return body;
};

/** A photo that was uploaded and then described. @returns its id */
async function add(person: Person, filename: string, about: object = {}): Promise<string> {
  seed += 1;
  const { id } = await app.upload(person, await tinyPhoto(seed), filename);
  if (Object.keys(about).length > 0) await made(person, 'PATCH', `/photos/${id}`, about);
  return id;
}

type Asked = Record<string, string | readonly string[]>;
const toQuery = (asked: Asked): string =>
  new URLSearchParams(
    Object.entries(asked).flatMap(([name, value]) =>
      [value].flat().map((one): [string, string] => [name, one as string]),
    ),
  ).toString();
const find = async (person: Person, asked: Asked) => made(person, 'GET', `/photos?limit=100&${toQuery(asked)}`);

describe('finding', () => {
  const library = app.signUp().then(async (person) => {
    const at = (day: string) => ({ taken_at: `${day}T12:00:00Z` });
    const ids = {
      lake: await add(person, 'IMG_2041-lake.jpg', { ...at('2024-01-01'), tags: ['Lake Trip', 'Été'] }),
      cafe: await add(person, 'DSC00123.JPG', { ...at('2024-02-01'), caption: 'Ein Café in Łódź, straße' }),
      fuji: await add(person, 'a.jpg', { ...at('2024-03-01'), caption: '富士山の夕日', place: 'Fujiyoshida, Japan' }),
      emoji: await add(person, 'b.jpg', { ...at('2024-04-01'), caption: "🏔 o'clock \\ summit & | ! <-> :* 50%" }),
      cyrillic: await add(person, 'c.jpg', { ...at('2024-05-01'), caption: 'ОЗЕРО Байкал', is_archived: true }),
      iphone: await add(person, 'd.jpg', { ...at('2024-06-01'), caption: 'Snowflakes on an iPhone 15, a 7 km walk' }),
      tagged: await add(person, 'e.jpg', { ...at('2024-07-01'), tags: ['lake trip', 'boat'], is_favorite: true }),
    };
    const album = await made(person, 'POST', '/albums', { name: 'Wedding of Zoë', photo_ids: [ids.cafe, ids.fuji] });
    const names = new Map(Object.entries(ids).map(([name, id]) => [id, name]));
    return { person, ids, names, album: album.id as string };
  });

  test.each([
    [{ q: 'lake' }, ['tagged', 'iphone', 'lake']],
    [{ q: 'LAK' }, ['tagged', 'iphone', 'lake']],
    [{ q: '2041' }, ['lake']],
    [{ q: 'img2041' }, ['lake']],
    [{ q: 'lake boat' }, ['tagged']],
    [{ q: 'boat lake' }, ['tagged']],
    [{ q: 'cafe' }, ['cafe']],
    [{ q: 'CAFÉ' }, ['cafe']],
    [{ q: 'lodz' }, ['cafe']],
    [{ q: 'strasse' }, ['cafe']],
    [{ q: '123' }, ['cafe']],
    [{ q: 'dsc00123' }, ['cafe']],
    [{ q: 'ete' }, ['lake']],
    [{ q: '夕日' }, ['fuji']],
    [{ q: '富士' }, ['fuji']],
    [{ q: '山' }, ['fuji']],
    [{ q: '士山の夕' }, ['fuji']],
    [{ q: 'yoshi山の' }, ['fuji']],
    [{ q: '山士' }, []],
    [{ q: '士夕' }, []],
    [{ q: 'japan' }, ['fuji']],
    [{ q: 'yoshi' }, ['fuji']],
    [{ q: '🏔' }, ['emoji']],
    [{ q: "o'clock" }, ['emoji']],
    [{ q: '50%' }, ['emoji']],
    [{ q: 'озеро' }, ['cyrillic']],
    [{ q: 'байк' }, ['cyrillic']],
    [{ q: 'flake' }, ['iphone']],
    [{ q: 'la' }, ['tagged', 'lake']],
    [{ q: 'ak' }, []],
    [{ q: 'iphone15' }, ['iphone']],
    [{ q: 'a7' }, []],
    [{ q: 'wedding' }, ['fuji', 'cafe']],
    [{ q: 'zoe' }, ['fuji', 'cafe']],
    [{ q: 'edding' }, ['fuji', 'cafe']],
    [{ q: 'wedding japan' }, ['fuji']],
    [{ q: 'jpg' }, []],
    [{ q: '%' }, []],
    [{ q: "'" }, []],
    [{ q: '!' }, []],
    [{ q: '\\' }, []],
    [{ q: "' | 'x" }, []],
    [{ q: '!lake' }, ['tagged', 'iphone', 'lake']],
    [{ q: 'lake & !boat' }, ['tagged']],
    [{ q: 'nowhere' }, []],
    [{ q: 'lake nowhere' }, []],
    [{ tag: 'LAKE TRIP' }, ['tagged', 'lake']],
    [{ tag: ['lake trip', 'boat'] }, ['tagged']],
    [{ tag: 'lake' }, []],
    [{ tag: 'ete' }, []],
    [{ tag: 'ÉTÉ' }, ['lake']],
    [{ place: 'fujiyoshida, japan' }, ['fuji']],
    [{ place: 'japan' }, []],
    [{ tag: 'lake trip', favorite: 'true' }, ['tagged']],
    [{ tag: 'lake trip', favorite: 'false' }, ['lake']],
    [{ tag: 'lake trip', taken_after: '2024-02-01' }, ['tagged']],
    [{ q: 'lake', taken_before: '2024-02-01' }, ['lake']],
    [{ q: 'lake', since: '2190-01-01T00:00:00Z' }, []],
    [{ format: 'jpeg' }, ['tagged', 'iphone', 'emoji', 'fuji', 'cafe', 'lake']],
    [{ format: 'jpeg', archived: 'any' }, ['tagged', 'iphone', 'cyrillic', 'emoji', 'fuji', 'cafe', 'lake']],
    [{ format: 'png' }, []],
    [{ kind: 'generated' }, []],
    [{ kind: 'uploaded', q: 'lake' }, ['tagged', 'iphone', 'lake']],
    [{ style: 'oil' }, []],
    [{ archived: 'true' }, ['cyrillic']],
    [{ archived: 'false' }, ['tagged', 'iphone', 'emoji', 'fuji', 'cafe', 'lake']],
    [{ archived: 'any' }, ['tagged', 'iphone', 'cyrillic', 'emoji', 'fuji', 'cafe', 'lake']],
    [{ archived: 'false', q: 'озеро' }, []],
    [{ archived: 'true', q: 'lake' }, []],
  ] as [Asked, string[]][])('%o', async (asked, expected) => {
    const { person, names } = await library;
    const list = await find(person, asked);
    expect(list.items.map((item: { id: string }) => names.get(item.id))).toEqual(expected);
    expect(list.total).toBe(expected.length);
    const timeline = await made(person, 'GET', `/timeline?${toQuery(asked)}`);
    expect(timeline.total).toBe(expected.length);
    for (const { month, count } of timeline.items) {
      expect((await made(person, 'GET', `/timeline/${month}?${toQuery(asked)}`)).id).toHaveLength(count);
    }
  });

  test('pages of what is found, by cursor and by offset, have all of it once', async () => {
    const { person } = await library;
    const whole = (await find(person, { format: 'jpeg' })).items.map((item: { id: string }) => item.id);
    const byCursor: string[] = [];
    for (let cursor = ''; ; ) {
      const page = await made(person, 'GET', `/photos?limit=2&format=jpeg${cursor && `&cursor=${cursor}`}`);
      expect(page.total).toBe(whole.length);
      byCursor.push(...page.items.map((item: { id: string }) => item.id));
      if (page.next_cursor === null) break;
      cursor = page.next_cursor;
    }
    expect(byCursor).toEqual(whole);
    const second = await made(person, 'GET', '/photos?limit=2&offset=2&format=jpeg');
    expect(second.items.map((item: { id: string }) => item.id)).toEqual(whole.slice(2, 4));
  });

  test('an album by its id, and not by that of somebody else', async () => {
    const { person, ids, names, album } = await library;
    const list = await find(person, { album_id: album });
    expect(list.items.map((item: { id: string }) => names.get(item.id))).toEqual(['fuji', 'cafe']);
    expect((await find(person, { album_id: album, q: 'lodz' })).total).toBe(1);
    const stranger = await app.signUp();
    const absent = '0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e';
    for (const id of [album, absent]) {
      for (const path of ['/photos', '/timeline', '/timeline/2024-02']) {
        expect((await call(stranger, 'GET', `${path}?album_id=${id}`)).status, path).toBe(404);
      }
      for (const [path, more] of Object.entries({
        'photos/batch/trash': {},
        'photos/batch/favorite': { is_favorite: true },
        'photos/batch/archive': { is_archived: true },
        'photos/batch/tag': { add: ['x'] },
        downloads: {},
      })) {
        const { status } = await call(stranger, 'POST', `/${path}`, { filter: { album_id: id }, ...more });
        expect(status, path).toBe(404);
      }
    }
    await made(person, 'DELETE', `/albums/${album}/photos`, { photo_ids: [ids.fuji] });
    expect((await find(person, { q: 'wedding' })).total).toBe(1);
    await made(person, 'PATCH', `/albums/${album}`, { name: 'Regatta' });
    expect((await find(person, { q: 'wedding' })).total).toBe(0);
    expect((await find(person, { q: 'regatta' })).total).toBe(1);
    await made(person, 'PATCH', `/photos/${ids.cafe}`, { caption: 'another' });
    expect((await find(person, { q: 'regatta another' })).total).toBe(1);
    await made(person, 'DELETE', `/albums/${album}`);
    expect((await find(person, { q: 'regatta' })).total).toBe(0);
  });

  test.each([
    ['q=a%00b'],
    ['archived=maybe'],
    ['kind=painted'],
    ['format=tiff'],
    ['album_id=mine'],
    [`tag=${'x'.repeat(51)}`],
    ['tag='],
    ['tag=%20%00'],
    [`place=${'x'.repeat(411)}`],
    [`q=${'x'.repeat(201)}`],
    ['tags=lake'],
  ])('?%s is refused', async (query) => {
    const { person } = await library;
    for (const path of ['/photos', '/timeline', '/timeline/2024-01']) {
      expect((await call(person, 'GET', `${path}?${query}`)).status, path).toBe(400);
    }
  });

  test('a search for many parts of words at once is answered', async () => {
    const { person } = await library;
    const q = Array.from({ length: 50 }, (_, n) => `la${n}`)
      .join(' ')
      .slice(0, 200);
    expect((await find(person, { q })).total).toBe(0);
    expect((await find(person, { q: '🏔'.repeat(90) })).total).toBe(1);
  });
});

describe('a library that no two photos of have the same words', () => {
  const fill = async (caption: string): Promise<Person> => {
    const person = await app.signUp();
    const { id } = await app.upload(person, await tinyPhoto(8998), 'p.jpg');
    await owner.query(
      `insert into photos (id, owner_id, blob_hash, filename, mime_type, bytes, width, height, taken_at, taken_from, caption)
       select gen_random_uuid(), owner_id, blob_hash, 'p.jpg', mime_type, bytes, width, height, taken_at, taken_from, ${caption}
       from photos, generate_series(1, 2000) i where id = $1`,
      [id],
    );
    return person;
  };
  // A search that takes longer than the server lets it is answered 503, which is what these would come to.
  test('is searched in moments where words are not told apart by spaces, and any part of all of them is found', async () => {
    const person = await fill(`'京都の庭で見た' || chr(19968 + i) || chr(21968 + i) || '紅葉と古い寺の写真'`);
    for (const q of ['の', '紅葉 の 寺', '古い寺の写']) {
      expect((await find(person, { q })).total, q).toBe(2000);
      await made(person, 'GET', `/search/suggestions?q=${encodeURIComponent(q)}`);
    }
    expect((await find(person, { q: '寺古' })).total).toBe(0);
  });

  test('is searched in moments for parts that are in thousands of words, several at once', async () => {
    const person = await fill(
      `(select string_agg(translate(md5(i || 'x' || j), '0123456789', 'ghijklmnop'), ' ') from generate_series(1, 10) j)`,
    );
    for (const q of ['abc', 'abc bcd cde def efa fab', 'abce bcef cdeg defh efai fabj abck bcdl']) {
      const path = `/search/suggestions?q=${encodeURIComponent(q)}`;
      await find(person, { q });
      await made(person, 'GET', path);
    }
  });
});

test('nobody finds what is somebody else’s, by any word of it', async () => {
  const [mine, theirs] = [await app.signUp(), await app.signUp()];
  await add(theirs, 'zeppelin.jpg', { caption: 'Secret zeppelin', tags: ['hangar'], place: 'Friedrichshafen' });
  await made(theirs, 'POST', '/albums', { name: 'Airships' });
  const searches: Asked[] = [
    { q: 'zeppelin' },
    { q: 'zep' },
    { q: 'eppel' },
    { tag: 'hangar' },
    { place: 'Friedrichshafen' },
  ];
  for (const asked of searches) {
    expect((await find(mine, asked)).total).toBe(0);
    expect((await find(theirs, asked)).total).toBe(1);
  }
  expect((await made(mine, 'GET', '/tags')).items).toEqual([]);
  for (const q of ['hang', 'fried', 'airsh', 'zepelin']) {
    expect(await made(mine, 'GET', `/search/suggestions?q=${q}`)).toEqual({ items: [], did_you_mean: null });
  }
  expect(await made(mine, 'GET', '/statistics')).toMatchObject({ photos: 0, bytes: 0, by_month: [], by_place: [] });
  expect(await made(mine, 'POST', '/tags/rename', { from: 'hangar', to: 'mine' })).toEqual({ count: 0 });
  expect(await made(mine, 'POST', '/tags/delete', { tag: 'hangar' })).toEqual({ count: 0 });
  expect((await find(theirs, { tag: 'hangar' })).total).toBe(1);
});

describe('the archive', () => {
  test('takes photos out of the timeline and its counters, not out of the library, and gives them back', async () => {
    const person = await app.signUp();
    const ids = [await add(person, 'one.jpg'), await add(person, 'two.jpg'), await add(person, 'three.jpg')];
    expect(await made(person, 'POST', '/photos/batch/archive', { ids: ids.slice(0, 2), is_archived: true })).toEqual({
      count: 2,
    });
    expect(await made(person, 'POST', '/photos/batch/archive', { ids: ids.slice(0, 2), is_archived: true })).toEqual({
      count: 0,
    });
    const shown = async () => ({
      list: (await find(person, {})).total,
      timeline: (await made(person, 'GET', '/timeline')).total,
      archived: (await find(person, { archived: 'true' })).total,
      any: (await find(person, { archived: 'any' })).total,
      usage: (await made(person, 'GET', '/me')).usage.photos,
      statistics: (await made(person, 'GET', '/statistics')).photos,
    });
    expect(await shown()).toEqual({ list: 1, timeline: 1, archived: 2, any: 3, usage: 3, statistics: 3 });
    expect((await made(person, 'GET', `/photos/${ids[0]}/metadata`)).is_archived).toBe(true);
    expect(
      await made(person, 'POST', '/photos/batch/archive', { filter: { archived: true }, is_archived: false }),
    ).toEqual({
      count: 2,
    });
    expect(await shown()).toEqual({ list: 3, timeline: 3, archived: 0, any: 3, usage: 3, statistics: 3 });
  });

  test('an archived photo that goes to the trash and comes back is archived still', async () => {
    const person = await app.signUp();
    const id = await add(person, 'one.jpg', { is_archived: true, caption: 'heron' });
    await made(person, 'DELETE', `/photos/${id}`);
    expect((await find(person, { q: 'heron' })).total).toBe(0);
    await made(person, 'POST', '/photos/batch/restore', { ids: [id] });
    expect((await find(person, { q: 'heron' })).total).toBe(1);
    expect((await find(person, {})).total).toBe(0);
  });
});

describe('tags', () => {
  test('are kept as written first, once whatever their case, and counted', async () => {
    const person = await app.signUp();
    const first = await add(person, 'a.jpg', { tags: ['  Lake\n  Trip ', 'lake trip', 'Boat', '🚣'] });
    const second = await add(person, 'b.jpg', { tags: ['boat'] });
    expect((await made(person, 'GET', `/photos/${first}/metadata`)).tags).toEqual(['Lake Trip', 'Boat', '🚣']);
    await made(person, 'POST', '/photos/batch/tag', {
      ids: [first, second],
      add: ['BOAT', 'dusk'],
      remove: ['LAKE TRIP'],
    });
    expect((await made(person, 'GET', `/photos/${first}/metadata`)).tags).toEqual(['Boat', '🚣', 'dusk']);
    expect((await made(person, 'GET', `/photos/${second}/metadata`)).tags).toEqual(['boat', 'dusk']);
    const { items } = await made(person, 'GET', '/tags');
    expect(items).toEqual([
      { tag: 'Boat', count: 2 },
      { tag: 'dusk', count: 2 },
      { tag: '🚣', count: 1 },
    ]);
    expect((await made(person, 'GET', '/tags?q=OA')).items).toEqual([{ tag: 'Boat', count: 2 }]);
    expect((await made(person, 'GET', '/tags?limit=1')).items).toHaveLength(1);
    expect(
      await made(person, 'POST', '/photos/batch/tag', { filter: { tag: ['boat'] }, remove: ['boat', 'none'] }),
    ).toEqual({
      count: 2,
    });
    expect((await find(person, { tag: 'boat' })).total).toBe(0);
    expect((await find(person, { q: 'dusk' })).total).toBe(2);
  });

  test('are renamed, merged and deleted everywhere, in the trash too', async () => {
    const person = await app.signUp();
    const both = await add(person, 'a.jpg', { tags: ['see', 'x', 'lake'] });
    const one = await add(person, 'b.jpg', { tags: ['See'] });
    const trashed = await add(person, 'c.jpg', { tags: ['SEE'] });
    await made(person, 'DELETE', `/photos/${trashed}`);
    expect(await made(person, 'POST', '/tags/rename', { from: 'see', to: 'Lake' })).toEqual({ count: 2 });
    await made(person, 'POST', '/photos/batch/restore', { ids: [trashed] });
    const tagsOf = async (id: string) => (await made(person, 'GET', `/photos/${id}/metadata`)).tags;
    expect([await tagsOf(both), await tagsOf(one), await tagsOf(trashed)]).toEqual([['Lake', 'x'], ['Lake'], ['Lake']]);
    expect((await find(person, { tag: 'see' })).total).toBe(0);
    expect((await find(person, { q: 'lake' })).total).toBe(3);
    expect(await made(person, 'POST', '/tags/rename', { from: 'lake', to: 'LAKE' })).toEqual({ count: 3 });
    expect(await tagsOf(one)).toEqual(['LAKE']);
    expect(await made(person, 'POST', '/tags/delete', { tag: 'lake' })).toEqual({ count: 3 });
    expect((await made(person, 'GET', '/tags')).items).toEqual([{ tag: 'x', count: 1 }]);
  });

  test('more than a hundred are refused, and nothing is changed then', async () => {
    const person = await app.signUp();
    const id = await add(person, 'a.jpg', { tags: Array.from({ length: 99 }, (_, n) => `t${n}`) });
    expect((await call(person, 'POST', '/photos/batch/tag', { ids: [id], add: ['u', 'v'] })).status).toBe(400);
    expect((await made(person, 'GET', `/photos/${id}/metadata`)).tags).toHaveLength(99);
    await made(person, 'POST', '/photos/batch/tag', { ids: [id], add: ['u'] });
  });

  test.each([
    ['too long a tag', { tags: ['x'.repeat(51)] }],
    ['an empty tag', { tags: [' '] }],
    ['too many tags', { tags: Array.from({ length: 101 }, (_, n) => `t${n}`) }],
    ['no list of tags', { tags: 'lake' }],
    ['an archive of neither', { is_archived: null }],
    ['too long a place', { place: 'x'.repeat(201) }],
    ['a prompt, which nobody writes by hand', { prompt: 'x' }],
  ])('%s is refused', async (_, change) => {
    const person = await app.signUp();
    const id = await add(person, 'a.jpg');
    expect((await call(person, 'PATCH', `/photos/${id}`, change)).status).toBe(400);
  });

  test('fifty emoji make a tag, without their NULs; a place is written and taken away', async () => {
    const person = await app.signUp();
    const id = await add(person, 'a.jpg', { tags: ['🚣'.repeat(50), 'a\0b\u202e'], place: ' Bergen ' });
    expect(await made(person, 'GET', `/photos/${id}/metadata`)).toMatchObject({
      tags: ['🚣'.repeat(50), 'a b'],
      place: 'Bergen',
    });
    expect((await made(person, 'PATCH', `/photos/${id}`, { place: '' })).place).toBeNull();
  });

  test.each([
    [{ ids: ['0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e'], add: ['x'] }, 404],
    [{ filter: {} }, 400],
    [{ filter: {}, add: [], remove: [] }, 400],
    [{ filter: { colour: 'red' }, add: ['x'] }, 400],
    [{ filter: { tag: 'x' }, add: ['x'] }, 400],
    [{ add: ['x'] }, 400],
  ])('%j is answered %i', async (body, status) => {
    expect((await call(await app.signUp(), 'POST', '/photos/batch/tag', body)).status).toBe(status);
  });
});

describe('suggestions', () => {
  test('are tags, places, albums and months of one’s own, with what they find', async () => {
    const person = await app.signUp();
    const id = await add(person, 'a.jpg', {
      tags: ['Juneau'],
      place: 'Juneau, Alaska',
      taken_at: '2024-06-05T12:00:00Z',
    });
    await add(person, 'b.jpg', { tags: ['juneau', 'dune'], taken_at: '2023-06-05T12:00:00Z' });
    const album = await made(person, 'POST', '/albums', { name: 'June', photo_ids: [id] });
    const { items } = await made(person, 'GET', '/search/suggestions?q=JUNE');
    expect(items).toEqual([
      { kind: 'tag', value: 'Juneau', label: 'Juneau', count: 2 },
      { kind: 'place', value: 'Juneau, Alaska', label: 'Juneau, Alaska', count: 1 },
      { kind: 'album', value: album.id, label: 'June', count: 1 },
      { kind: 'month', value: '2024-06', label: 'June 2024', count: 1 },
      { kind: 'month', value: '2023-06', label: 'June 2023', count: 1 },
    ]);
    for (const { kind, value, count } of items) {
      if (kind === 'month') continue;
      expect((await find(person, { [kind === 'album' ? 'album_id' : kind]: value })).total).toBe(count);
    }
    const months = async (q: string) =>
      (await made(person, 'GET', `/search/suggestions?q=${q}`)).items
        .filter((item: { kind: string }) => item.kind === 'month')
        .map((item: { value: string }) => item.value);
    expect([await months('2024'), await months('2023-06'), await months('jun%202023'), await months('may')]).toEqual([
      ['2024-06'],
      ['2023-06'],
      ['2023-06'],
      [],
    ]);
    expect(await made(person, 'GET', '/search/suggestions?q=')).toEqual({ items: [], did_you_mean: null });
    await made(person, 'POST', '/tags/delete', { tag: 'juneau' });
    const after = await made(person, 'GET', '/search/suggestions?q=juneau');
    expect(after.items.map((item: { kind: string }) => item.kind)).toEqual(['place']);
  });

  test('say what may have been meant, where nothing is found and something like it is', async () => {
    const person = await app.signUp();
    await add(person, 'a.jpg', { caption: 'Lanterns at the harbour' });
    const meant = async (q: string) => (await made(person, 'GET', `/search/suggestions?q=${q}`)).did_you_mean;
    expect(await meant('lantenrs')).toEqual({ q: 'lanterns', count: 1 });
    expect(await meant('harbor lantern')).toEqual({ q: 'harbour lanterns', count: 1 });
    expect(await meant('lantern')).toBeNull();
    expect(await meant('zzzz')).toBeNull();
    expect(await meant("%'\\")).toBeNull();
  });
});

test('statistics have every live photo once by each, and the trash apart', async () => {
  const person = await app.signUp();
  const june = await add(person, 'a.jpg', { taken_at: '2024-06-05T12:00:00Z', place: 'Bergen', is_archived: true });
  await add(person, 'b.jpg', { taken_at: '2024-07-05T12:00:00Z' });
  const gone = await add(person, 'c.jpg');
  await made(person, 'DELETE', `/photos/${gone}`);
  const { items } = await find(person, { archived: 'any' });
  const bytes = items.reduce((sum: number, item: { bytes: number }) => sum + item.bytes, 0);
  const statistics = await made(person, 'GET', '/statistics');
  expect(statistics).toMatchObject({ photos: 2, bytes, trash: { photos: 1 }, by_style: [], by_camera: [] });
  expect(statistics.by_month.map((row: { month: string }) => row.month)).toEqual(['2024-07', '2024-06']);
  expect(statistics.by_kind).toEqual([{ value: 'uploaded', photos: 2, bytes }]);
  expect(statistics.by_format).toEqual([{ value: 'jpeg', photos: 2, bytes }]);
  const juneBytes = items.find((item: { id: string }) => item.id === june).bytes;
  expect(statistics.by_place).toEqual([{ value: 'Bergen', photos: 1, bytes: juneBytes }]);
});

test('a camera is shown by make and model, and found so', async () => {
  const person = await app.signUp();
  const of = async (make: string, model: string) => {
    seed += 1;
    return app.upload(person, await tinyPhoto(seed, { camera: { make, model } }));
  };
  await of('Canon', 'Canon EOS R5');
  await of('NIKON', 'Z 6');
  expect((await find(person, { camera: 'canon eos r5' })).total).toBe(1);
  expect((await find(person, { camera: 'NIKON Z 6' })).total).toBe(1);
  expect((await find(person, { q: 'nikon' })).total).toBe(1);
  const { by_camera: cameras } = await made(person, 'GET', '/statistics');
  expect(cameras.map((row: { value: string }) => row.value).sort()).toEqual(['Canon EOS R5', 'NIKON Z 6']);
  expect((await made(person, 'GET', '/search/suggestions?q=eos')).items).toEqual([
    { kind: 'camera', value: 'Canon EOS R5', label: 'Canon EOS R5', count: 1 },
  ]);
});

test('the place that a file names is kept, shown and found', async () => {
  const person = await app.signUp();
  const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
    rdf:about="" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:City="Ålesund" photoshop:Country="Norway"/></rdf:RDF></x:xmpmeta>`;
  const photo = await app.upload(
    person,
    await sharp(await tinyPhoto(8999))
      .withXmp(xmp)
      .toBuffer(),
  );
  expect(photo.place).toBe('Ålesund, Norway');
  expect((await find(person, { q: 'alesund' })).total).toBe(1);
  expect((await find(person, { place: 'ålesund, norway' })).total).toBe(1);
});

test('the index has what the photos have, after any operations', async () => {
  const word = fc.constantFrom('lake', 'boat', 'Été', 'x100v', '富士');
  const which = fc.nat(9);
  const operation = fc.oneof(
    fc.record({ do: fc.constant('caption' as const), which, word }),
    fc.record({ do: fc.constant('tag' as const), which, word }),
    fc.record({ do: fc.constant('untag' as const), which, word }),
    fc.record({ do: fc.constant('archive' as const), which, value: fc.boolean() }),
    fc.record({ do: fc.constant('move' as const), which }),
    fc.record({ do: fc.constant('trash' as const), which }),
    fc.record({ do: fc.constant('restore' as const), which }),
    fc.record({ do: fc.constant('purge' as const), which }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 15 }), async (operations) => {
      const person = await app.signUp();
      const ids = [await add(person, 'a.jpg'), await add(person, 'b.jpg'), await add(person, 'c.jpg')];
      for (const step of operations) {
        const id = ids[step.which % ids.length];
        const batch = (path: string, json: object) =>
          call(person, 'POST', `/photos/batch/${path}`, { ids: [id], ...json });
        if (step.do === 'caption') await call(person, 'PATCH', `/photos/${id}`, { caption: step.word });
        if (step.do === 'move')
          await call(person, 'PATCH', `/photos/${id}`, { taken_at: `201${step.which}-01-01T00:00:00Z` });
        if (step.do === 'tag') await batch('tag', { add: [step.word] });
        if (step.do === 'untag') await batch('tag', { remove: [step.word] });
        if (step.do === 'archive') await batch('archive', { is_archived: step.value });
        if (step.do === 'trash' || step.do === 'restore' || step.do === 'purge') await batch(step.do, {});
      }
      await owner.query('begin');
      await owner.query("select set_config('app.principal', $1, true)", [`user:${person.id}`]);
      const { rows } = await owner.query(
        `select (select jsonb_agg(to_jsonb(s) order by photo_id) from photo_search s where owner_id = $1) as kept,
           (select jsonb_agg(jsonb_build_object('photo_id', id, 'owner_id', owner_id, 'sort_at', sort_at, 'is_archived', is_archived,
              'words', photo_words(owner_id, caption, filename, tags, camera, place, style, prompt, kind, mime_type, '{}')) order by id)
            from photos where owner_id = $1 and deleted_at is null) as written`,
        [person.id],
      );
      await owner.query('commit');
      expect(rows[0].kept).toEqual(rows[0].written);
    }),
    { numRuns: scale(6, 100) },
  );
});

test('words that no photo has any more are swept, and those in use stay', async () => {
  const person = await app.signUp();
  const id = await add(person, 'a.jpg', { caption: 'gondola canal', tags: ['Venice'] });
  await made(person, 'PATCH', `/photos/${id}`, { caption: 'canal', tags: [] });
  await owner.query('select sweep_search_words()');
  const { rows } = await owner.query('select word from search_words where owner_id = $1 order by 1', [person.id]);
  expect(rows.map((row) => row.word)).toEqual(['a', 'canal']);
});
