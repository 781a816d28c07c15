import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../../../../test/app.ts';
import { createImporter, sha256 } from '../../../../test/importing.ts';
import { createImmichSimulator } from '../../../../test/simulators/immich.ts';
import { openImmich } from './immich.ts';

const app = await createTestApp();
const admin = await app.signUp();
const ines = await app.signUp();
const importer = await createImporter(app, admin);
const partner = randomUUID();
const immich = await createImmichSimulator(randomUUID());
afterAll(() => immich.close());
const open = () => openImmich({ url: immich.url, key: immich.key, pauseMs: 1, readMs: 5000, pageSize: 4 });

const zoned = randomUUID();
const archived = randomUUID();
const external = randomUUID();
const altered = randomUUID();
const plain = randomUUID();
const bin = randomUUID();
const film = randomUUID();
const raw = randomUUID();
const album = randomUUID();
const bytes = new Map<string, Buffer>();

beforeAll(async () => {
  let seed = 1;
  for (const id of [zoned, archived, external, altered, plain, bin]) bytes.set(id, await tinyPhoto((seed += 1)));
  bytes.set(zoned, await tinyPhoto(1, { takenAt: '2023-06-01T20:30:00' }));
  const of = (id: string) => bytes.get(id) as Buffer;
  immich.assets.push(
    {
      ...{ id: zoned, name: 'IMG_1.jpg', bytes: of(zoned), isFavorite: true },
      ...{ fileCreatedAt: '2023-06-01T18:30:00.000Z', localDateTime: '2023-06-01T20:30:00.000Z' },
      exif: { description: 'Möwen', latitude: 54.3, longitude: 10.1, timeZone: 'Europe/Berlin' },
    },
    { id: archived, name: 'IMG_1.jpg', bytes: of(archived), visibility: 'archive' },
    { id: external, name: 'ext.jpg', bytes: of(external), externalPath: '/mnt/photos/ext.jpg' },
    { id: altered, name: 'altered.jpg', bytes: of(altered), checksum: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' },
    {
      ...{ id: plain, name: 'plain.jpg', bytes: of(plain), exif: { timeZone: 'UTC-3', latitude: 900 } },
      ...{ fileCreatedAt: '2022-02-02T12:00:00.000Z', localDateTime: '2022-02-02T09:00:00.000Z' },
    },
    { id: bin, name: 'bin.jpg', bytes: of(bin), isTrashed: true },
    { id: film, name: 'film.mp4', bytes: Buffer.from('....ftypmp42'), type: 'VIDEO' },
    { id: raw, name: 'raw.dng', bytes: Buffer.from('II*\0 raw of a camera, longer than what is looked at') },
    { id: randomUUID(), name: 'film.mov', bytes: Buffer.from('x'), type: 'VIDEO', visibility: 'hidden' },
    { id: randomUUID(), name: 'theirs.jpg', bytes: await tinyPhoto(30), ownerId: partner },
  );
  const assets = [archived, bin, plain, zoned];
  immich.albums.push(
    { id: album, name: 'Am Meer', description: 'Zwei Wochen', cover: plain, assets },
    { id: randomUUID(), name: 'Of a partner', ownerId: partner, assets: [zoned] },
  );
});

// Each run has them all: what goes wrong once costs nothing but time.
beforeEach(() => {
  immich.faults.failing = new Map([
    ['/search/metadata', 1],
    [`/assets/${external}/original`, 1],
  ]);
  immich.faults.cut = new Set([plain, archived]);
  immich.faults.slowMs = 50;
});

const expected = {
  people: { made: 0, matched: 0, there: 0, skipped: 0 },
  photos: { brought: 4, there: 0, duplicate: 0, aside: 0, skipped: 4 },
  albums: 1,
  reasons: { in_trash: 1, video: 1, raw: 1, altered: 1 },
};
const photoOf = async (id: string) =>
  (await importer.query(`select *, encode(blob_hash, 'hex') as hash from photos where id = $1`, [id]))[0];
const shown = async (id: string) => {
  const one = (await app.request(ines, 'GET', `/api/v1/albums/${id}`)).json();
  const list = (await app.request(ines, 'GET', `/api/v1/albums/${id}/photos`)).json();
  return { ...one, ids: list.items.map((photo: { id: string }) => photo.id) };
};

describe('immich', () => {
  test('a dry run tells what comes, and writes nothing', async () => {
    const before = await importer.snapshot();
    expect((await importer.run(await open(), { dryRun: true, user: ines })).counts).toEqual(expected);
    expect(await importer.snapshot()).toEqual(before);
  });

  test('photos come whole, though the server fails, is slow and breaks off', async () => {
    const { counts, skipped } = await importer.run(await open(), { user: ines });
    expect(counts).toEqual(expected);
    expect(skipped).toEqual({
      [`bin.jpg (${bin})`]: 'in_trash',
      [`film.mp4 (${film})`]: 'video',
      [`raw.dng (${raw})`]: 'raw',
      [`altered.jpg (${altered})`]: 'altered',
    });
    const brought = [zoned, archived, external, plain].map((id) => sha256(bytes.get(id) as Buffer));
    expect(await importer.hashesOf(ines)).toEqual(brought.sort());
    expect(immich.faults).toMatchObject({ cut: new Set(), slowMs: 0 });
    expect([...immich.faults.failing.values()]).toEqual([0, 0]);
    const changing = immich.requests.filter(
      (line) => !/^GET |^POST \/api\/search\/(?:metadata|statistics)$/.test(line),
    );
    expect(changing).toEqual([]);
    expect(immich.problems).toEqual([]);
  });

  test('they keep ids, dates with their zone, captions, places, favourites and the archive', async () => {
    expect(await photoOf(zoned)).toMatchObject({
      ...{ owner_id: ines.id, filename: 'IMG_1.jpg', caption: 'Möwen', latitude: 54.3, longitude: 10.1 },
      ...{ taken_at: new Date('2023-06-01T18:30:00Z'), taken_offset: 120, taken_from: 'camera' },
      ...{ is_favorite: true, is_archived: false, created_at: new Date('2025-05-05T05:05:05Z') },
    });
    expect(await photoOf(archived)).toMatchObject({ is_archived: true, is_favorite: false, caption: null });
    expect(await photoOf(plain)).toMatchObject({
      ...{ taken_at: new Date('2022-02-02T12:00:00Z'), taken_offset: -180, latitude: null },
    });
  });

  test('own albums come with their cover, others stay', async () => {
    expect(await shown(album)).toMatchObject({
      ...{ name: 'Am Meer', description: 'Zwei Wochen', cover_photo_id: plain },
      // The newest first, as they are shown there.
      ids: [archived, zoned, plain],
    });
  });

  test('a second run changes nothing, and downloads nothing but what it skipped', async () => {
    const before = await importer.snapshot();
    immich.requests.length = 0;
    const { counts } = await importer.run(await open(), { user: ines });
    expect(counts).toEqual({ ...expected, photos: { ...expected.photos, brought: 0, there: 4 }, albums: 0 });
    expect(await importer.snapshot()).toEqual(before);
    expect(immich.requests.filter((line) => line.endsWith('/original')).sort()).toEqual(
      [altered, raw].map((id) => `GET /api/assets/${id}/original`).sort(),
    );
  });

  test('albums of immich 3, which tells neither their owner nor their photos, come as well', async () => {
    const id = randomUUID();
    immich.faults.version = 3;
    immich.albums.push({ id, name: 'Since 3', order: 'asc', assets: [archived, plain, zoned] });
    expect((await importer.run(await open(), { user: ines })).counts.albums).toBe(1);
    immich.faults.version = 2;
    expect((await shown(id)).ids).toEqual([plain, zoned, archived]);
  });

  test('albums of immich 1, whose searches know none, have their own photos, and empty ones none', async () => {
    const [id, empty] = [randomUUID(), randomUUID()];
    immich.faults.version = 1;
    immich.albums.push({ id, name: 'Before 2', assets: [plain] }, { id: empty, name: 'Empty', assets: [] });
    expect((await importer.run(await open(), { user: ines })).counts.albums).toBe(2);
    immich.faults.version = 2;
    expect((await shown(id)).ids).toEqual([plain]);
    const own = await importer.query(`select id from imported where kind = 'album' and earlier_id = $1`, [empty]);
    expect((await shown(own[0].id)).ids).toEqual([]);
  });

  test('what slips through between two pages is found by another listing', async () => {
    const fifth = immich.assets
      .filter((asset) => (asset.visibility ?? 'timeline') === 'timeline')
      .toSorted((a, b) => (a.fileCreatedAt ?? '').localeCompare(b.fileCreatedAt ?? ''))[4];
    expect(fifth).toMatchObject({ id: raw });
    immich.faults.moving = 1;
    const { counts, skipped } = await importer.run(await open(), { user: ines });
    expect(immich.faults.moving).toBe(0);
    expect(counts.photos).toEqual({ ...expected.photos, brought: 0, there: 4 });
    expect(Object.keys(skipped)).toHaveLength(4);
  });

  test('a list that stays short is told', async () => {
    immich.faults.moving = 3;
    const { skipped } = await importer.run(await open(), { user: ines });
    expect(skipped).toMatchObject({ '1 more that immich counts and does not list (timeline)': 'missing' });
    expect(immich.faults.moving).toBe(0);
  });
});

describe('an import of immich that is interrupted ends at once', () => {
  const theirs = () => `/assets/${immich.assets.at(-1)?.id}/original`;
  test.each([
    ['a list', () => '/search/metadata'],
    ['an original', theirs],
    ['albums', () => '/albums'],
  ])('while %s is waited for, and while it would be asked for again', async (_, part) => {
    immich.assets.push({ id: randomUUID(), name: 'next.jpg', bytes: await tinyPhoto(50 + immich.assets.length) });
    for (const isSilent of [true, false]) {
      const stop = new AbortController();
      const { signal } = stop;
      // It would wait for longer than any test does.
      const system = await openImmich({ url: immich.url, key: immich.key, pauseMs: 600_000, readMs: 600_000, signal });
      immich.faults.failing = isSilent ? new Map() : new Map([[part(), 100]]);
      immich.faults.silent = isSilent ? part() : null;
      immich.requests.length = 0;
      const running = importer.run(system, { user: ines, signal });
      await expect.poll(() => immich.requests.some((line) => line.includes(part())), { timeout: 15_000 }).toBe(true);
      stop.abort();
      const { counts, skipped } = await running;
      expect(counts.albums).toBe(0);
      expect(Object.values(skipped)).not.toContain('unreadable');
      await system.close();
      immich.faults.silent = null;
    }
  });
});

describe('what ends an import of immich says what to do', () => {
  test.each([
    ['no key of theirs', () => openImmich({ url: immich.url, key: 'wrong' }), 'IMMICH_API_KEY'],
    ['no immich', () => openImmich({ url: app.url, key: 'x', pauseMs: 1 }), 'no immich'],
    [
      'nobody there',
      () => openImmich({ url: 'http://127.0.0.1:1', key: 'x', pauseMs: 1 }),
      'Run the same command again',
    ],
    ['no address', () => openImmich({ url: 'photos', key: 'x' }), 'is no address'],
  ])('%s', async (_, opening, says) => {
    await expect(opening()).rejects.toThrow(says);
  });

  test('a key that may not download', async () => {
    immich.faults.denied = /original$/;
    immich.assets.push({ id: randomUUID(), name: 'new.jpg', bytes: await tinyPhoto(40) });
    await expect(importer.run(await open(), { user: ines })).rejects.toThrow('asset.download');
    immich.faults.denied = null;
    expect((await importer.run(await open(), { user: ines })).counts.photos.brought).toBe(1);
  });

  test.each([
    ['its database does not know', 404, 'missing'],
    ['it lets nobody have', 400, 'missing'],
    ['its disk does not give back', 500, 'unreadable'],
  ])('an original that %s is named, and the others come', async (_, status, why) => {
    const [id, next] = [randomUUID(), randomUUID()];
    immich.assets.push({ id, name: 'gone.jpg', bytes: await tinyPhoto(status) });
    immich.assets.push({ id: next, name: 'next.jpg', bytes: await tinyPhoto(status + 1) });
    immich.faults.gone = new Map([[id, status]]);
    const { counts, skipped } = await importer.run(await open(), { user: ines });
    expect(skipped).toMatchObject({ [`gone.jpg (${id})`]: why });
    expect(counts.photos.brought).toBe(1);
    immich.faults.gone = new Map();
    expect((await importer.run(await open(), { user: ines })).counts.photos.brought).toBe(1);
  });

  test('an original that breaks off each time is named', async () => {
    const id = randomUUID();
    immich.assets.push({ id, name: 'torn.jpg', bytes: await tinyPhoto(42) });
    immich.faults.torn.add(id);
    expect((await importer.run(await open(), { user: ines })).skipped).toMatchObject({
      [`torn.jpg (${id})`]: 'unreadable',
    });
    immich.faults.torn.clear();
    expect((await importer.run(await open(), { user: ines })).counts.photos.brought).toBe(1);
  });

  test('what immich itself does not find any more is missing, and not in the trash', async () => {
    const id = randomUUID();
    immich.assets.push({ id, name: 'offline.jpg', bytes: await tinyPhoto(43), isOffline: true });
    immich.requests.length = 0;
    const { skipped } = await importer.run(await open(), { user: ines });
    expect(skipped).toMatchObject({ [`offline.jpg (${id})`]: 'missing' });
    expect(immich.requests).not.toContain(`GET /api/assets/${id}/original`);
  });

  test('a server that fails whatever it is asked ends it, and another run goes on', async () => {
    immich.assets.push({ id: randomUUID(), name: 'newer.jpg', bytes: await tinyPhoto(41) });
    const system = await open();
    immich.faults.failing = new Map([
      [`${immich.assets.at(-1)?.id}/original`, 100],
      ['/users/me', 100],
    ]);
    await expect(importer.run(system, { user: ines })).rejects.toThrow('Run the same command again');
    immich.faults.failing = new Map();
    expect((await importer.run(await open(), { user: ines })).counts.photos.brought).toBe(1);
  });
});
