import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { get as request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { Client } from 'pg';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { createTestApp, type Person } from '../../../test/app.ts';
import { eventually } from '../../../test/eventually.ts';
import { tinyPhoto } from '../../../test/fixtures/tiny-photo.ts';
import { zipFiles } from './zip-files.ts';

const app = await createTestApp();
const api = '/api/v1';
const person = await app.signUp();
const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), 'download-'));
afterAll(() => rm(folder, { recursive: true }));

let seed = 1;
const fresh = () => tinyPhoto({ seed: (seed += 1) });
const order = (json: object, as: Person = person) => app.request(as, 'POST', `${api}/downloads`, { json });

/** Unpacked by Info-ZIP, which checks every checksum and name. */
async function unpack(zip: Buffer): Promise<Map<string, Buffer>> {
  const path = join(folder, `${seed}-${zip.length}`);
  await writeFile(`${path}.zip`, zip);
  await run('unzip', ['-tq', `${path}.zip`]);
  await run('unzip', ['-q', '-d', path, `${path}.zip`], { env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  const found = new Map<string, Buffer>();
  for (const name of await readdir(path)) found.set(name, await readFile(join(path, name)));
  return found;
}

const unzip = ['/usr/bin/unzip', '/bin/unzip', '/usr/local/bin/unzip'].some((path) => existsSync(path));

describe.skipIf(!unzip)('a zip, opened by unzip', () => {
  test('has every original byte for byte, and numbers names that come twice', async () => {
    const files: [string, Buffer][] = [
      ['a.jpg', await fresh()],
      ['a.jpg', await fresh()],
      ['A.JPG', await fresh()],
      ['a (2).jpg', await fresh()],
      ['no ending', await fresh()],
      ['.hidden.jpg', await fresh()],
      ['a:b?*"<>|.jpg', await fresh()],
      ['été 📸.jpg', await fresh()],
    ];
    const ids: string[] = [];
    for (const [name, bytes] of files) ids.push((await app.upload(person, bytes, name)).id);
    const answer = await order({ ids });
    expect(answer.status).toBe(201);
    const download = answer.json();
    expect(download.count).toBe(files.length);
    expect(download.bytes).toBe(files.reduce((sum, [, bytes]) => sum + bytes.length, 0));

    const zip = await app.request(person, 'GET', download.url);
    expect(zip.headers['content-type']).toBe('application/zip');
    expect(zip.headers['cache-control']).toBe('private, no-store');
    expect(zip.headers['content-disposition']).toContain(`attachment; filename="${download.filename}"`);
    const unpacked = await unpack(zip.body);
    expect(unpacked.size).toBe(files.length);
    expect(new Set([...unpacked.keys()].map((name) => name.toLowerCase())).size).toBe(files.length);
    for (const name of unpacked.keys()) expect(name).not.toMatch(/[\\/:*?"<>|]|^\./);
    const sent = files.map(([, bytes]) => bytes.toString('base64')).sort();
    expect([...unpacked.values()].map((bytes) => bytes.toString('base64')).sort()).toEqual(sent);
    expect([...unpacked.keys()]).toEqual(expect.arrayContaining(['a.jpg', 'no ending', 'été 📸.jpg']));
  });

  test('has what matches but for some, without what was trashed since', async () => {
    const someone = await app.signUp();
    const photos = [];
    for (const name of ['lake.jpg', 'lake at noon.jpg', 'fjord.jpg', 'lakeside.jpg'])
      photos.push(await app.upload(someone, await fresh(), name));
    const { url, count } = (await order({ filter: { q: 'lake' }, except: [photos[3].id] }, someone)).json();
    expect(count).toBe(2);
    await app.request(someone, 'DELETE', `${api}/photos/${photos[1].id}`);
    const unpacked = await unpack((await app.request(someone, 'GET', url)).body);
    expect([...unpacked.keys()]).toEqual(['lake.jpg']);
  });
});

test('nothing to download, a foreign photo, a foreign zip and one that is past its day', async () => {
  const stranger = await app.signUp();
  expect((await order({ filter: {} }, stranger)).status).toBe(404);
  const { id } = await app.upload(person, await fresh());
  expect((await order({ ids: [id] }, stranger)).status).toBe(404);
  const { url } = (await order({ ids: [id] })).json();
  expect((await app.request(stranger, 'GET', url)).status).toBe(404);

  const owner = new Client(app.database.owner);
  await owner.connect();
  await owner.query('begin');
  await owner.query("select set_config('app.principal', 'system', true)");
  await owner.query("update downloads set expires_at = now() - interval '1 second'");
  await owner.query('commit');
  await owner.end();
  const late = await app.request(person, 'GET', url);
  expect([late.status, late.json().error.code]).toEqual([410, 'gone']);
});

test('of downloads that were only ordered, the newest fifty are kept', async () => {
  const someone = await app.signUp();
  await app.upload(someone, await fresh());
  const urls: string[] = [];
  for (let i = 0; i < 52; i += 1) urls.push((await order({ filter: {} }, someone)).json().url);
  const statuses: number[] = [];
  for (const url of urls.slice(0, 3)) statuses.push((await app.request(someone, 'HEAD', url)).status);
  expect(statuses).toEqual([404, 404, 200]);
  const others = (await order({ filter: {} })).json().url;
  expect((await app.request(person, 'HEAD', others)).status).toBe(200);
});

test('files of one name are numbered at once, however many they are', async () => {
  const entry = async () => ({
    filename: 'IMG.jpg',
    modifiedAt: new Date(0),
    reader: { size: 1, read: async () => {}, close: async () => {} },
  });
  const zip = await buffer(zipFiles(Array.from({ length: 6000 }, () => entry)));
  for (const name of ['IMG.jpg', 'IMG (2).jpg', 'IMG (6000).jpg']) expect(zip.includes(name)).toBe(true);
});

describe.skipIf(!existsSync('/proc/self/fd'))('files that are open', () => {
  const originalsOpen = async (): Promise<number> => {
    const links = await Promise.all(
      (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
    );
    return links.filter((path) => path.startsWith(join(app.dataDir, 'originals'))).length;
  };

  test('are none after clients that left in the middle, and after HEAD', async () => {
    const someone = await app.signUp();
    // Larger than all the buffers on the way, so that the server is in the middle of one when the client leaves.
    for (let i = 0; i < 3; i += 1) {
      const noise = sharp(randomBytes(1200 * 1200 * 3), { raw: { width: 1200, height: 1200, channels: 3 } });
      await app.upload(someone, await noise.png().toBuffer());
    }
    const { url } = (await order({ filter: {} }, someone)).json();
    for (let i = 0; i < 6; i += 1) {
      await new Promise<void>((resolve) => {
        const sent = request(
          `${app.url}${url}`,
          { headers: { authorization: `Bearer ${someone.bearer}` } },
          (response) => {
            response.once('data', () => {
              sent.destroy();
              resolve();
            });
            response.on('error', () => {});
          },
        );
        sent.on('error', () => {});
      });
      const head = await app.request(someone, 'HEAD', url);
      expect([head.status, head.headers['content-type']]).toEqual([200, 'application/zip']);
    }
    await eventually(async () => expect(await originalsOpen()).toBe(0));
  });
});
