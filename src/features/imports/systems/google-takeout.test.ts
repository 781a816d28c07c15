import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../../../../test/app.ts';
import { createImporter, sha256 } from '../../../../test/importing.ts';
import { createGoogleTakeout, isYearFolder } from './google-takeout.ts';

const app = await createTestApp();
const admin = await app.signUp();
const ines = await app.signUp();
const importer = await createImporter(app, admin);
const root = await mkdtemp(join(tmpdir(), 'tintype-takeout-'));
afterAll(() => rm(root, { recursive: true, force: true }));
const open = () => createGoogleTakeout(root);

const year = 'Takeout/Google Fotos/Fotos von 2019';
const album = 'Takeout/Google Fotos/Am Meer';
const rome = 'Takeout/Google Fotos/Fotos Rom 2019';
const longTitle = 'a walk along the harbour and back over the hill.jpg';
const plain = await tinyPhoto(1);
const second = await tinyPhoto(2);
const long = await tinyPhoto(3);
const [zoned, corrected] = (await Promise.all(
  [4, 5].map((seed) => tinyPhoto(seed, { takenAt: '2019-06-07T20:30:12' })),
)) as [Buffer, Buffer];

const sidecar = (title: string, facts: object = {}) =>
  JSON.stringify({
    title,
    description: '',
    photoTakenTime: { timestamp: '1559932212', formatted: '07.06.2019, 18:30:12 UTC' },
    creationTime: { timestamp: '1560000000' },
    geoData: { latitude: 0, longitude: 0, altitude: 0 },
    ...facts,
  });

const gulls = {
  description: 'Möwen über dem Hafen',
  favorited: true,
  geoData: { latitude: 54.3, longitude: 10.1, altitude: 3 },
};

beforeAll(async () => {
  const write = (folder: string, name: string, bytes: Uint8Array | string) =>
    writeFile(join(root, folder, name), bytes);
  for (const folder of [year, album, rome]) await mkdir(join(root, folder), { recursive: true });
  await write(year, 'IMG_1.jpg', plain);
  await write(year, 'IMG_1.jpg.supplemental-metadata.json', sidecar('IMG_1.jpg', gulls));
  await write(year, 'IMG_1(1).jpg', second);
  await write(
    year,
    'IMG_1.jpg.supplemental-metadata(1).json',
    sidecar('IMG_1.jpg', { description: 'the second', archived: true, photoTakenTime: { timestamp: '1262304000' } }),
  );
  await write(year, `${longTitle.slice(0, 43)}.jpg`, long);
  await write(year, `${longTitle.slice(0, 46)}.json`, sidecar(longTitle, { description: 'cut' }));
  await write(year, 'zoned.jpg', zoned);
  await write(year, 'zoned.jpg.json', sidecar('zoned.jpg'));
  await write(year, 'corrected.jpg', corrected);
  await write(year, 'corrected.jpg.json', sidecar('corrected.jpg', { photoTakenTime: { timestamp: '1000000000' } }));
  await write(year, 'bin.jpg', await tinyPhoto(6));
  await write(year, 'bin.jpg.json', sidecar('bin.jpg', { trashed: true }));
  await write(year, 'IMG_2.MP4', Buffer.from('....ftypmp42'));
  await write(year, 'lost.jpg.json', sidecar('lost.jpg'));
  await write(year, 'broken.jpg', await tinyPhoto(7));
  await write(year, 'broken.jpg.json', '{"title": ');
  await write(album, 'Metadaten.json', JSON.stringify({ title: 'Am Meer 2019', description: 'Zwei Wochen' }));
  await write(album, 'IMG_1.jpg', plain);
  await write(album, 'IMG_1.jpg.json', sidecar('IMG_1.jpg', gulls));
  await write(album, 'IMG_9.jpg', await tinyPhoto(9));
  await write(year, 'user-generated-memory-titles.json', JSON.stringify({ title: 'Memories' }));
  await write(album, 'IMG_9.jpg.json', JSON.stringify({ title: 'IMG_9.jpg', description: 'x'.repeat(1_000_001) }));
  // As a Mac writes it.
  await write(rome, 'me\u0301tadonne\u0301es.json', JSON.stringify({ title: '' }));
  await write(rome, 'IMG_10.jpg', await tinyPhoto(10));
  await write(rome, 'print-subscriptions.json', JSON.stringify({ title: 'Prints' }));
});

const expected = {
  people: { made: 0, matched: 0, there: 0, skipped: 0 },
  photos: { brought: 8, there: 0, duplicate: 1, aside: 0, skipped: 5 },
  albums: 2,
  reasons: { in_trash: 1, video: 1, sidecar: 1, unreadable: 2 },
};

test('a dry run tells what comes, and writes nothing', async () => {
  const before = await importer.snapshot();
  expect((await importer.run(open(), { dryRun: true, user: ines })).counts).toEqual(expected);
  expect(await importer.snapshot()).toEqual(before);
});

test('pictures come with what their sidecars know', async () => {
  const { counts, skipped } = await importer.run(open(), { user: ines });
  expect(counts).toEqual(expected);
  expect(skipped).toEqual({
    [join(year, 'bin.jpg')]: 'in_trash',
    [join(year, 'IMG_2.MP4')]: 'video',
    [join(year, 'lost.jpg.json')]: 'sidecar',
    [join(year, 'broken.jpg.json')]: 'unreadable',
    [join(album, 'IMG_9.jpg.json')]: 'unreadable',
  });
  const rows = await importer.query(
    `select encode(blob_hash, 'hex') as hash, filename, caption, is_favorite, is_archived, latitude, taken_at, taken_offset, taken_from
     from photos where owner_id = $1`,
    [ines.id],
  );
  const of = (bytes: Buffer) => rows.find(({ hash }) => hash === sha256(bytes));
  const at = new Date('2019-06-07T18:30:12Z');
  expect(of(plain)).toMatchObject({
    caption: 'Möwen über dem Hafen',
    is_favorite: true,
    is_archived: false,
    latitude: 54.3,
    taken_at: at,
    taken_from: 'file',
  });
  expect(of(second)).toMatchObject({
    filename: 'IMG_1(1).jpg',
    caption: 'the second',
    is_archived: true,
    latitude: null,
    taken_at: new Date('2010-01-01T00:00:00Z'),
  });
  expect(of(long)).toMatchObject({ filename: longTitle, caption: 'cut' });
  // The camera’s clock was two hours ahead of the moment.
  expect(of(zoned)).toMatchObject({ taken_at: at, taken_offset: 120, taken_from: 'camera' });
  expect(of(corrected)).toMatchObject({ taken_at: new Date(1e12), taken_from: 'person' });
});

test('albums come with what lies in them, that which lies elsewhere as well', async () => {
  const rows = await importer.query(
    `select a.name, a.description, count(*)::int as photos from albums a join album_photos p on p.album_id = a.id group by 1, 2 order by 1`,
  );
  expect(rows).toEqual([
    { name: 'Am Meer 2019', description: 'Zwei Wochen', photos: 2 },
    { name: 'Fotos Rom 2019', description: null, photos: 1 },
  ]);
});

test('a second run changes nothing', async () => {
  const before = await importer.snapshot();
  const { counts } = await importer.run(open(), { user: ines });
  expect(counts.photos).toEqual({ ...expected.photos, brought: 0, duplicate: 0, there: 9 });
  expect(await importer.snapshot()).toEqual(before);
});

test('a picture that was taken out of its album stays out', async () => {
  const [{ album_id, photo_id }] = await importer.query('select * from album_photos limit 1');
  await importer.query('delete from album_photos where photo_id = $1', [photo_id]);
  await importer.run(open(), { user: ines });
  expect(
    await importer.query('select 1 from album_photos where album_id = $1 and photo_id = $2', [album_id, photo_id]),
  ).toEqual([]);
});

test.each([
  'Photos from 2019',
  'Fotos von 2019',
  'Photos de 2019',
  'Fotos de 2019',
  'Foto da 2019',
  'Foto’s uit 2019',
  "Foto's van 2019",
  'Zdjęcia z 2019',
  'Fotky z roku 2019',
  'Foton från 2019'.normalize('NFD'),
  'Billeder fra 2019',
  'Bilder fra 1899',
  'Kuvat vuodelta 2019',
  'Фото за 2019 год',
  'Фото за 2019 рік',
  '2019 年の写真',
  '2019 年的照片',
  '2019년 사진',
])('“%s” is a folder of a year', (name) => {
  expect(isYearFolder(name)).toBe(true);
});

test.each([
  'Bilder Urlaub 2019',
  'Photos Rome 2019',
  'Fotos 2019',
  'Photos from Rome 2019',
  'Photos from 2019 (2)',
  'Urlaub 2019',
  '2019 年の旅行の写真',
  'Fotos von 1700',
])('“%s” is somebody’s album', (name) => {
  expect(isYearFolder(name)).toBe(false);
});
