import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../../../../test/app.ts';
import { createImporter, sha256 } from '../../../../test/importing.ts';
import { createFolder } from './folder.ts';

const app = await createTestApp();
const admin = await app.signUp();
const ines = await app.signUp();
const importer = await createImporter(app, admin);
const outside = await mkdtemp(join(tmpdir(), 'tintype-folder-'));
afterAll(() => rm(outside, { recursive: true, force: true }));
const root = join(outside, 'pictures');
const open = (albums = false) => createFolder(root, { albums });

const photos = await Promise.all([1, 2, 3].map((seed) => tinyPhoto(seed)));
const [one, two, three] = photos as [Buffer, Buffer, Buffer];

beforeAll(async () => {
  for (const folder of ['Summer', 'Summer/Beach', '.thumbnails']) await mkdir(join(root, folder), { recursive: true });
  const write = (name: string, bytes: Uint8Array | string) => writeFile(join(root, name), bytes);
  await write('one.jpg', one);
  await write('Summer/two.jpg', two);
  await write('Summer/Beach/three.jpg', three);
  await write('Summer/Beach/one again.jpg', one);
  await write('a picture that is called film.mp4', await tinyPhoto(4));
  await write('film.MOV', Buffer.from('....ftypqt  ....'));
  await write('raw.NEF', Buffer.from('MM\0*........'));
  await write('film without a name', Buffer.from('....ftypisom....'));
  await write('notes.txt', 'no picture');
  await write('nothing.jpg', '');
  await write('cut.jpg', one.subarray(0, one.length - 40));
  await write('large.jpg', Buffer.concat([one, Buffer.alloc(1_000_000)]));
  await write('.thumbnails/t.jpg', two);
  await write('.DS_Store', 'x');
  await writeFile(join(outside, 'secret.jpg'), await tinyPhoto(5));
  await symlink(join(outside, 'secret.jpg'), join(root, 'link.jpg'));
  await symlink(outside, join(root, 'loop'));
  execFileSync('mkfifo', [join(root, 'pipe.jpg')]);
  await utimes(join(root, 'one.jpg'), new Date('2011-04-03T10:00:00Z'), new Date('2011-04-03T10:00:00Z'));
});

const reasons = {
  'film.MOV': 'video',
  'raw.NEF': 'raw',
  'film without a name': 'video',
  'notes.txt': 'not_a_picture',
  'nothing.jpg': 'empty',
  'cut.jpg': 'undecodable',
  'large.jpg': 'too_large',
  '.thumbnails': 'hidden',
  '.DS_Store': 'hidden',
  'link.jpg': 'link',
  loop: 'link',
  'pipe.jpg': 'not_a_file',
};

describe('a folder of pictures', () => {
  test('is looked at without anything being written', async () => {
    const before = await importer.snapshot();
    const { counts, skipped } = await importer.run(open(true), { dryRun: true, user: ines });
    expect(counts.photos).toEqual({ brought: 4, there: 0, duplicate: 1, aside: 0, skipped: 12 });
    expect(counts.albums).toBe(2);
    expect(skipped).toEqual(reasons);
    expect(await importer.snapshot()).toEqual(before);
  });

  test('becomes its owner’s as the dry run told, with the very bytes', async () => {
    const rehearsed = await importer.run(open(true), { dryRun: true, user: ines });
    const { counts, skipped } = await importer.run(open(true), { user: ines });
    expect(counts).toEqual(rehearsed.counts);
    expect(skipped).toEqual(reasons);
    const wanted = [...photos, await tinyPhoto(4)].map(sha256).sort();
    expect(await importer.hashesOf(ines)).toEqual(wanted);
    const [{ taken_at }] = await importer.query(`select taken_at from photos where filename = 'one.jpg'`);
    expect(taken_at.toISOString()).toBe('2011-04-03T10:00:00.000Z');
    const albums = await importer.query(
      `select a.name, count(*)::int as photos from albums a join album_photos p on p.album_id = a.id group by 1 order by 1`,
    );
    expect(albums).toEqual([
      { name: 'Summer', photos: 1 },
      { name: join('Summer', 'Beach'), photos: 2 },
    ]);
    const served = await app.request(ines, 'GET', '/api/v1/photos');
    expect(served.json().total).toBe(4);
  });

  test('changes nothing when it is run again', async () => {
    const before = await importer.snapshot();
    const { counts } = await importer.run(open(true), { user: ines });
    expect(counts.photos).toEqual({ brought: 0, there: 5, duplicate: 0, aside: 0, skipped: 12 });
    expect(counts.albums).toBe(0);
    expect(await importer.snapshot()).toEqual(before);
  });

  test('does not bring back what was deleted since, nor what lies in the trash', async () => {
    const [{ id }] = await importer.query(`select id from photos where filename = 'two.jpg'`);
    await app.request(ines, 'DELETE', `/api/v1/photos/${id}`);
    await importer.run(open(true), { user: ines });
    await app.request(ines, 'DELETE', `/api/v1/trash/${id}`);
    const before = await importer.snapshot();
    await importer.run(open(true), { user: ines });
    expect(await importer.snapshot()).toEqual(before);
  });

  test('takes a file anew that has another content in the same place', async () => {
    await writeFile(join(root, 'one.jpg'), await tinyPhoto(6));
    const { counts } = await importer.run(open(true), { user: ines });
    expect(counts.photos.brought).toBe(1);
  });

  test('of which one has some already leaves these as they are', async () => {
    const tomas = await app.signUp();
    const own = await app.upload(tomas, two, 'mine.jpg');
    await app.request(tomas, 'PATCH', `/api/v1/photos/${own.id}`, { json: { caption: 'mine' } });
    const before = await importer.query('select * from photos where id = $1', [own.id]);
    const { counts } = await importer.run(open(), { user: tomas });
    expect(counts.photos.duplicate).toBe(1);
    expect(await importer.query('select * from photos where id = $1', [own.id])).toEqual(before);
  });

  test('says so where nobody was named', async () => {
    await expect(importer.run(open())).rejects.toThrow('--user');
  });

  test('is not filled beyond what its owner may keep', async () => {
    const few = await app.signUp();
    await app.request(admin, 'PATCH', `/api/v1/users/${few.id}`, { json: { quota_photos: 2 } });
    const foreseen = await importer.run(open(), { user: few, lanes: 1, dryRun: true });
    const { counts } = await importer.run(open(), { user: few, lanes: 1 });
    expect(counts).toEqual(foreseen.counts);
    expect(counts.photos.brought).toBe(2);
    // What is no picture is told as that, whatever room there is.
    const { no_room, ...others } = counts.reasons;
    expect(no_room).toBeGreaterThan(0);
    expect(others).toMatchObject({ video: 2, raw: 1, too_large: 1 });
  });

  // APFS and NTFS take no such names.
  test.skipIf(process.platform !== 'linux')('comes whatever its names are written in', async () => {
    const odd = join(outside, 'odd');
    await mkdir(odd);
    const at = (...parts: string[]) => Buffer.from(`${odd}/${parts.join('/')}`, 'latin1');
    await mkdir(at('M\u00fcnchen'));
    await writeFile(at('M\u00fcnchen', 'K\u00e4fer.jpg'), await tinyPhoto(21));
    await writeFile(at('M\u00fcnchen', 'plain.jpg'), await tinyPhoto(22));
    await writeFile(at('na\u00efve\u0084.jpg'), await tinyPhoto(23));
    await mkdir(join(odd, 'Łódź'));
    await writeFile(
      Buffer.concat([Buffer.from(join(odd, 'Łódź/')), Buffer.from('\u00e9t\u00e9.jpg', 'latin1')]),
      await tinyPhoto(24),
    );
    // The same name, written in both.
    await writeFile(join(odd, 'äh.jpg'), await tinyPhoto(25));
    await writeFile(at('\u00e4h.jpg'), await tinyPhoto(26));
    await symlink(join(outside, 'secret.jpg'), at('l\u00efnk.jpg'));
    const owner = await app.signUp();
    const system = () => createFolder(odd, { albums: true });
    const foreseen = await importer.run(system(), { user: owner, dryRun: true });
    const ran = await importer.run(system(), { user: owner });
    expect(ran).toEqual(foreseen);
    expect(ran.skipped).toEqual({ 'äh.jpg': 'same_name', 'lïnk.jpg': 'link' });
    expect(ran.counts).toMatchObject({ photos: { brought: 5 }, albums: 2 });
    const wanted = await Promise.all([21, 22, 23, 24, 25].map((seed) => tinyPhoto(seed)));
    expect(await importer.hashesOf(owner)).toEqual(wanted.map(sha256).sort());
    const names = await importer.query('select filename from photos where owner_id = $1', [owner.id]);
    expect(names.map(({ filename }) => filename)).toEqual(expect.arrayContaining(['Käfer.jpg', 'été.jpg', 'äh.jpg']));
    const before = await importer.snapshot();
    expect((await importer.run(system(), { user: owner })).counts.photos).toMatchObject({ brought: 0, there: 5 });
    expect(await importer.snapshot()).toEqual(before);
  });
});
