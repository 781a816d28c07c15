import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../app.ts';
import { createGalleryClient, expectShape, type GalleryClient, listOf, photo } from './photo-gallery-client.ts';

const app = await createTestApp();
const absent = '0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e';
let client: GalleryClient;
let stranger: GalleryClient;
const uploaded: { id: string; created_at: string; bytes: Buffer }[] = [];

beforeAll(async () => {
  client = createGalleryClient(app, await app.signUp());
  stranger = createGalleryClient(app, await app.signUp());
});

describe('an upload in a form', () => {
  test('answers id, filename, width, height and created_at', async () => {
    for (const n of [1, 2, 3]) {
      const bytes = await tinyPhoto(n, {
        width: 640,
        height: 480,
        ...(n === 2 ? { takenAt: '2023-05-06T07:08:09' } : {}),
      });
      const answer = await client.upload(bytes, `harbour-${n}.jpg`);
      expect(answer.status).toBe(201);
      const body = answer.json();
      expectShape(body, {
        id: 'uuid',
        filename: 'string',
        width: 'integer',
        height: 'integer',
        created_at: 'timestamp',
      });
      expect(body).toMatchObject({ filename: `harbour-${n}.jpg`, width: 640, height: 480 });
      uploaded.push({ ...body, bytes });
    }
  });

  test.each(['png', 'webp'] as const)('takes %s', async (format) => {
    const bytes = await sharp(await tinyPhoto(20))
      .resize(120, 100)
      [format]()
      .toBuffer();
    const answer = await client.upload(bytes, `drawn.${format}`, `image/${format}`);
    expect(answer.status).toBe(201);
    await client.ask(204, 'DELETE', `/photos/${answer.json().id}`);
  });

  test('takes heic', async () => {
    const bytes = await readFile(join(import.meta.dirname, '../fixtures/photo.heic'));
    const answer = await client.upload(bytes, 'IMG_1.HEIC', 'image/heic');
    expect([answer.status, answer.json().filename]).toEqual([201, 'IMG_1.HEIC']);
    expect((await client.bytes(`/api/v1/photos/${answer.json().id}`)).body.equals(bytes)).toBe(true);
    await client.ask(204, 'DELETE', `/photos/${answer.json().id}`);
  });

  test('refuses a form without the file, a file that is none, and one that is larger than MAX_UPLOAD_SIZE', async () => {
    const empty = await client.upload(Buffer.from('text'), 'x.jpg', 'image/jpeg', 'another');
    expect([empty.status, empty.json().error.code]).toEqual([400, 'validation_error']);
    const none = await client.upload(Buffer.from('no picture'), 'x.jpg');
    expect([none.status, none.json().error.code]).toEqual([415, 'unsupported_media_type']);
    const damaged = await client.upload((await tinyPhoto(21)).subarray(0, 400), 'x.jpg');
    expect([damaged.status, damaged.json().error.code]).toEqual([422, 'undecodable']);
    const large = await client.upload(
      Buffer.concat([uploaded[0]?.bytes as Buffer, Buffer.alloc(20 * 1024 * 1024)]),
      'large.jpg',
    );
    expect([large.status, large.json().error.code]).toEqual([413, 'too_large']);
  });
});

describe('the list of photos', () => {
  test('is a page of photos, fifty from the first unless told otherwise', async () => {
    const page = await client.ask(200, 'GET', '/photos');
    expectShape(page, listOf(photo));
    expect(page).toMatchObject({ total: 3, limit: 50, offset: 0 });
    expect(page.items[0]).toMatchObject({
      is_generated: false,
      retrieval_status: 'completed',
      generation_metadata: {},
    });
    const second = await client.ask(200, 'GET', '/photos?limit=1&offset=1');
    expect(second).toMatchObject({ total: 3, limit: 1, offset: 1, items: [{ id: page.items[1].id }] });
    expect((await client.ask(200, 'GET', '/photos?limit=100')).limit).toBe(100);
  });

  test.each(['limit=101', 'limit=0', 'limit=ten', 'offset=-1', 'generated=maybe', 'since=yesterday'])(
    'refuses ?%s',
    async (query) => {
      expect(await client.refused(400, 'GET', `/photos?${query}`)).toBe('validation_error');
    },
  );

  test('is narrowed by generated, album_id, session_id, step_id and since', async () => {
    const total = async (query: string): Promise<number> => (await client.ask(200, 'GET', `/photos?${query}`)).total;
    expect([await total('generated=false'), await total('generated=true')]).toEqual([3, 0]);
    const album = await client.ask(201, 'POST', '/albums', { name: 'Harbour' });
    await client.ask(204, 'POST', `/albums/${album.id}/photos`, { photo_ids: [uploaded[0]?.id] });
    expect(await total(`album_id=${album.id}`)).toBe(1);
    expect([await total(`session_id=${absent}`), await total(`step_id=${absent}`)]).toEqual([0, 0]);
    expect(await total(`since=${uploaded[2]?.created_at}`)).toBe(1);
    expect(await total(`since=${encodeURIComponent('2100-01-01T00:00:00+00:00')}`)).toBe(0);
  });

  test('shows a stranger nothing', async () => {
    expect((await stranger.ask(200, 'GET', '/photos')).total).toBe(0);
  });
});

describe('one photo', () => {
  const first = () => uploaded[0] as (typeof uploaded)[number];

  test('is its original, byte for byte, under its own type, kept for a year', async () => {
    const answer = await client.bytes(`/api/v1/photos/${first().id}`);
    expect([answer.status, answer.headers['content-type'], answer.body.equals(first().bytes)]).toEqual([
      200,
      'image/jpeg',
      true,
    ]);
    expect(answer.headers['cache-control']).toMatch(/^private, max-age=31536000/);
  });

  test('has a thumbnail of 300 pixels in WebP', async () => {
    const answer = await client.bytes(`/api/v1/photos/thumbnail/${first().id}`);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'image/webp']);
    const { width, height, format } = await sharp(answer.body).metadata();
    expect({ width, height, format }).toEqual({ width: 300, height: 225, format: 'webp' });
    expect(answer.headers['cache-control']).toMatch(/^private, max-age=31536000/);
  });

  test('is shown by its two addresses in the list', async () => {
    const { items } = await client.ask(200, 'GET', '/photos');
    for (const { thumbnail_url: small, full_url: full } of items) {
      expect([(await client.bytes(small)).status, (await client.bytes(full)).status]).toEqual([200, 200]);
    }
  });

  test('tells how it was made, where it was', async () => {
    const metadata = await client.ask(200, 'GET', `/photos/${first().id}/metadata`);
    expectShape(metadata, {
      id: 'uuid',
      generation_prompt: 'string?',
      generation_negative_prompt: 'string?',
      generation_params: {},
      source_image_id: 'uuid?',
      created_at: 'timestamp',
    });
    expect(metadata).toMatchObject({ id: first().id, generation_prompt: null, generation_params: {} });
  });

  test('that is absent, foreign or misnamed is not found, by every address', async () => {
    for (const id of [absent, 'harbour-1.jpg']) {
      expect((await client.bytes(`/api/v1/photos/${id}`)).status).toBe(404);
      expect((await client.bytes(`/api/v1/photos/thumbnail/${id}`)).status).toBe(404);
      expect(await client.refused(404, 'GET', `/photos/${id}/metadata`)).toBe('not_found');
      expect(await client.refused(404, 'DELETE', `/photos/${id}`)).toBe('not_found');
      expect(await client.refused(404, 'POST', `/photos/${id}/retry`)).toBe('not_found');
    }
    expect((await stranger.bytes(`/api/v1/photos/${first().id}`)).status).toBe(404);
    expect((await stranger.bytes(`/api/v1/photos/thumbnail/${first().id}`)).status).toBe(404);
    expect(await stranger.refused(404, 'DELETE', `/photos/${first().id}`)).toBe('not_found');
    expect(await stranger.refused(404, 'POST', '/photos/batch/delete', { ids: [first().id] })).toBe('not_found');
  });

  test('that was uploaded needs no fetching: a retry says so, and one of many counts it as failed', async () => {
    expect(await client.refused(409, 'POST', `/photos/${first().id}/retry`)).toBe('conflict');
    expect(await client.ask(200, 'POST', '/photos/batch/retry', { ids: [first().id] })).toEqual({
      success_count: 0,
      failed_count: 1,
      details: { retrying: [], failed: [first().id] },
    });
    expect(await client.refused(400, 'POST', '/photos/batch/retry', { ids: [] })).toBe('validation_error');
  });
});

test('what is deleted, alone or with others, is in no list any more', async () => {
  const [one, two, three] = uploaded.map(({ id }) => id);
  await client.ask(204, 'DELETE', `/photos/${one}`);
  const left = async (): Promise<string[]> =>
    (await client.ask(200, 'GET', '/photos')).items.map(({ id }: { id: string }) => id).toSorted();
  expect(await left()).toEqual([two, three].toSorted());
  await client.ask(204, 'POST', '/photos/batch/delete', { ids: [two, three] });
  expect(await left()).toEqual([]);
});

test('a disk that fails is told as storage_error', async () => {
  // A file in the place of the folder that uploads are written to.
  const temp = join(app.dataDir, 'tmp');
  await rm(temp, { recursive: true });
  await writeFile(temp, '');
  const answer = await client.upload(await tinyPhoto(40), 'unlucky.jpg');
  expect([answer.status, answer.json().error.code]).toEqual([500, 'storage_error']);
  expect(answer.text).not.toContain(app.dataDir);
  await rm(temp);
});

describe('what the program before this one answered', () => {
  test.each([
    ['GET', '/api/photos'],
    ['DELETE', '/api/photos/a.png'],
    ['GET', '/api/metadata/a.png'],
    ['POST', '/api/generate'],
    ['GET', '/photos/a.png'],
    ['GET', '/photos/thumbnail/a.png'],
  ])('%s %s is not served', async (method, path) => {
    expect((await app.request(null, method, path)).status).toBe(404);
  });
});
