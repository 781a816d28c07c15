import { readdir, readFile, writeFile } from 'node:fs/promises';
import { request as send } from 'node:http';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { createTestApp, type Person, tinyPhoto } from '../../../test/app.ts';
import { createTestDatabase } from '../../../test/database.ts';
import { eventually } from '../../../test/eventually.ts';
import { makePhoto } from '../../../test/fixtures/photo.ts';

const database = await createTestDatabase();
const app = await createTestApp({ database });
const library = await createTestApp({ environment: { TINTYPE_STORAGE: 'postgres' } });
const administrator = await app.signUp();
const ann = await app.signUp();
const taken = {
  takenAt: '2024-06-14T09:30:00+02:00',
  camera: { make: 'Tintype', model: 'Test One' },
  gps: { latitude: 48.2, longitude: 16.4 },
};
const photo = await app.upload(
  ann,
  await makePhoto({ width: 480, height: 360, seed: 5001, icc: 'srgb', orientation: 6, ...taken }),
  'Summer.JPG',
);
const ids =
  'cinematic, enhance, sketch, pencil_sketch, cartoon, oil_painting, watercolor, pop_art, vintage, neon'.split(', ');
const style = (as: Person | null, id: string, json: object, on = app) =>
  on.request(as, 'POST', `/api/v1/photos/${id}/styles`, { json });
const bytesOf = async (as: Person, id: string) => (await app.request(as, 'GET', `/api/v1/photos/${id}/original`)).body;
const metadataOf = async (as: Person, id: string) =>
  (await app.request(as, 'GET', `/api/v1/photos/${id}/metadata`)).json();
const totalOf = async (as: Person) => (await app.request(as, 'GET', '/api/v1/photos')).json().total as number;
const refused = (answer: { status: number; json(): { error: { code: string } } }) => [
  answer.status,
  answer.json().error.code,
];

test('there are ten, each with what a person is told of it', async () => {
  const { items } = (await app.request(ann, 'GET', '/api/v1/styles')).json();
  expect(items.map(({ id }: { id: string }) => id)).toEqual(ids);
  for (const item of items) {
    expect(item).toEqual({
      id: expect.any(String),
      name: expect.stringMatching(/^[A-Z]/),
      description: expect.stringMatching(/\w{3}/),
      category: expect.stringMatching(/^(film|drawing|paint|graphic)$/),
      default_strength: expect.any(Number),
    });
  }
  expect((await app.request(null, 'GET', '/api/v1/styles')).status).toBe(401);
});

describe('a photo in a style', () => {
  test.each(ids)('%s: a new photo beside its source, that says what it is and not where it was', async (id) => {
    const answer = await style(ann, photo.id, { style: id });
    expect(answer.status).toBe(201);
    const made = answer.json();
    // Upright: the source is stored lying on its side.
    expect(made).toMatchObject({
      kind: 'styled',
      is_generated: true,
      width: 360,
      height: 480,
      mime_type: 'image/jpeg',
      taken_at: '2024-06-14T09:30:00+02:00',
      filename: expect.stringMatching(/^Summer \([a-z ]+\)\.jpg$/),
    });
    expect(await metadataOf(ann, made.id)).toMatchObject({
      source_image_id: photo.id,
      style: id,
      generation_params: { tool: 'style', strength: expect.any(Number) },
      digital_source_type: 'http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced',
      camera: { make: 'Tintype', model: 'Test One' },
      location: null,
    });
    const header = await sharp(await bytesOf(ann, made.id)).metadata();
    expect(header.xmp?.toString()).toContain(
      'Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"',
    );
    expect([header.format, header.space, header.orientation ?? 1]).toEqual(['jpeg', 'srgb', 1]);
    expect(header.exif?.toString('latin1')).not.toContain('GPS');
    expect(await metadataOf(ann, photo.id)).toMatchObject({ kind: 'uploaded', location: { latitude: 48.2 } });
  });

  test('is made once: asked for again, it is the photo that it is, and comes out of the trash', async () => {
    const first = await style(ann, photo.id, { style: 'neon', strength: 0.3 });
    const again = await style(ann, photo.id, { style: 'neon', strength: 0.3001 });
    expect([first.status, again.status, again.json().id]).toEqual([201, 200, first.json().id]);
    await app.request(ann, 'DELETE', `/api/v1/photos/${first.json().id}`);
    const back = await style(ann, photo.id, { style: 'neon', strength: 0.3 });
    expect([back.status, back.json().id, back.json().deleted_at]).toEqual([200, first.json().id, null]);
    const stronger = await style(ann, photo.id, { style: 'neon', strength: 0.6 });
    expect(stronger.status).toBe(201);
    expect(stronger.json().id).not.toBe(first.json().id);
  });

  test('asked for twice at once, it is one photo', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => style(ann, photo.id, { style: 'sketch', strength: 0.11 })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
    expect(new Set(answers.map((answer) => answer.json().id)).size).toBe(1);
  });

  test('keeps what is transparent, and takes the first frame of an animation', async () => {
    const clear = await sharp({
      create: { width: 96, height: 64, channels: 4, background: { r: 200, g: 40, b: 40, alpha: 0 } },
    })
      .composite([
        {
          input: await sharp(await tinyPhoto(5100))
            .resize(40, 40)
            .png()
            .toBuffer(),
          left: 8,
          top: 8,
        },
      ])
      .png()
      .toBuffer();
    const source = await app.upload(ann, clear, 'clear.png');
    const made = (await style(ann, source.id, { style: 'cartoon' })).json();
    expect(made.mime_type).toBe('image/webp');
    const bytes = await bytesOf(ann, made.id);
    expect((await sharp(bytes).metadata()).xmp?.toString()).toContain('algorithmicallyEnhanced');
    const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    expect([data[3], data[(20 * 96 + 20) * 4 + 3]]).toEqual([0, 255]);

    const frames = Buffer.concat([Buffer.alloc(32 * 32 * 3, 250), Buffer.alloc(32 * 32 * 3, 5)]);
    const gif = await sharp(frames, { raw: { width: 32, height: 64, channels: 3, pageHeight: 32 } })
      .gif({ delay: [100, 100] })
      .toBuffer();
    const moving = await app.upload(ann, gif, 'moving.gif');
    const still = (await style(ann, moving.id, { style: 'vintage' })).json();
    expect(still).toMatchObject({ width: 32, height: 32, mime_type: 'image/jpeg' });
    const { channels } = await sharp(await bytesOf(ann, still.id)).stats();
    expect(channels[0]?.mean).toBeGreaterThan(150);
  });

  test('comes of HEIC, of grey and of one pixel', async () => {
    const heic = await readFile(join(import.meta.dirname, '../../../test/fixtures/photo.heic'));
    const grey = await sharp(await tinyPhoto(5101))
      .greyscale()
      .png()
      .toBuffer();
    const one = await sharp({ create: { width: 1, height: 1, channels: 3, background: 'teal' } })
      .png()
      .toBuffer();
    for (const [bytes, width] of [
      [heic, 1200],
      [grey, undefined],
      [one, 1],
    ] as const) {
      const source = await app.upload(ann, bytes);
      for (const id of width === 1200 ? ['watercolor'] : ids) {
        const answer = await style(ann, source.id, { style: id });
        expect([id, answer.status, answer.json().width]).toEqual([id, 201, width ?? source.width]);
      }
    }
  });

  test('comes of a photo without a date at the very moment of that photo', async () => {
    const source = await app.upload(ann, await tinyPhoto(5102), 'undated.jpg');
    const made = (await style(ann, source.id, { style: 'enhance' })).json();
    expect(made.taken_at).toBe(source.taken_at);
    const exif = (await sharp(await bytesOf(ann, made.id)).metadata()).exif?.toString('latin1') ?? '';
    expect(exif).not.toMatch(/\d{4}:\d\d:\d\d/);
  });

  test('comes of bytes that lie in the database as well', async () => {
    const person = await library.signUp();
    const source = await library.upload(person, await tinyPhoto(5103));
    expect((await style(person, source.id, { style: 'pop_art' }, library)).status).toBe(201);
    const preview = await library.request(person, 'GET', `/api/v1/photos/${source.id}/styles/pop_art/preview`);
    expect([preview.status, preview.headers['content-type']]).toEqual([200, 'image/jpeg']);
  });
});

describe('what cannot be styled', () => {
  test('an unknown style, or a strength that is none, is told what there is', async () => {
    const unknown = await style(ann, photo.id, { style: 'cubist' });
    expect(refused(unknown)).toEqual([400, 'validation_error']);
    for (const id of ids) expect(unknown.text).toContain(id);
    for (const strength of [-0.1, 1.1, 'much', null]) {
      expect(refused(await style(ann, photo.id, { style: 'neon', strength }))).toEqual([400, 'validation_error']);
    }
    expect(refused(await style(ann, photo.id, {}))).toEqual([400, 'validation_error']);
  });

  test('a photo of somebody else is not there; one in the trash is to be taken out first', async () => {
    const bob = await app.signUp();
    expect(refused(await style(bob, photo.id, { style: 'neon' }))).toEqual([404, 'not_found']);
    expect(refused(await style(administrator, photo.id, { style: 'neon' }))).toEqual([404, 'not_found']);
    const own = await app.upload(bob, await tinyPhoto(5104));
    await app.request(bob, 'DELETE', `/api/v1/photos/${own.id}`);
    const trashed = await style(bob, own.id, { style: 'neon' });
    expect(refused(trashed)).toEqual([409, 'conflict']);
    expect(trashed.text).toContain('Take it out first');
  });

  test('where the quota is used up, nothing is made', async () => {
    const carol = await app.signUp();
    const source = await app.upload(carol, await tinyPhoto(5105));
    await app.request(administrator, 'PATCH', `/api/v1/users/${carol.id}`, { json: { quota_photos: 1 } });
    expect(refused(await style(carol, source.id, { style: 'neon' }))).toEqual([507, 'quota_exceeded']);
    expect(await totalOf(carol)).toBe(1);
  });

  test('an original that is damaged on the disk is said to be', async () => {
    const dora = await app.signUp();
    const source = await app.upload(dora, await tinyPhoto(5106));
    // The address of the bytes begins with what they are stored under.
    const start = /v=([0-9a-f]{16})/.exec(source.full_url)?.[1] as string;
    const hash = (await readdir(join(app.dataDir, 'originals', start.slice(0, 2), start.slice(2, 4)))).find((name) =>
      name.startsWith(start),
    ) as string;
    const path = join(app.dataDir, 'originals', hash.slice(0, 2), hash.slice(2, 4), hash);
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length / 2));
    expect(refused(await style(dora, source.id, { style: 'neon' }))).toEqual([422, 'undecodable']);
    expect(await totalOf(dora)).toBe(1);
  });

  test('who goes away ends the work, and nothing is left of it', async () => {
    const emil = await app.signUp();
    const large = await app.upload(emil, await makePhoto({ width: 2400, height: 1800, seed: 5107 }));
    await new Promise<void>((resolve) => {
      const sent = send(`${app.url}/api/v1/photos/${large.id}/styles`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${emil.bearer}`,
          'content-type': 'application/json',
          'x-forwarded-for': emil.ip,
        },
      });
      sent.on('error', () => resolve());
      sent.on('socket', (socket) => socket.on('close', () => resolve()));
      sent.end(JSON.stringify({ style: 'oil_painting' }), () => setTimeout(() => sent.destroy(), 120));
    });
    // The decoder is free again for the next one, long before the lost one would have been done.
    expect((await style(emil, large.id, { style: 'oil_painting', strength: 0.42 })).status).toBe(201);
    await eventually(async () => expect(await totalOf(emil)).toBe(2));
  });
});

describe('a preview', () => {
  const preview = (as: Person | null, id: string, rest: string, headers: Record<string, string> = {}) =>
    app.request(as, 'GET', `/api/v1/photos/${id}/styles/${rest}`, { headers });

  test('is a small picture, private, drawn as strongly as asked', async () => {
    const plain = await preview(ann, photo.id, 'oil_painting/preview');
    expect([plain.status, plain.headers['content-type'], plain.headers['cache-control']]).toEqual([
      200,
      'image/jpeg',
      'private, max-age=86400',
    ]);
    expect(await sharp(plain.body).metadata()).toMatchObject({ format: 'jpeg', width: 360, height: 480 });
    const weak = await preview(ann, photo.id, 'oil_painting/preview?strength=0.1');
    expect(weak.body.equals(plain.body)).toBe(false);
    const again = await preview(ann, photo.id, 'oil_painting/preview', { 'if-none-match': `${plain.headers.etag}` });
    expect([again.status, again.body.length]).toEqual([304, 0]);
    expect((await preview(ann, photo.id, 'oil_painting/preview')).body.equals(plain.body)).toBe(true);
  });

  test('keeps nothing: no photo, no bytes', async () => {
    const before = (await app.request(ann, 'GET', '/api/v1/me')).json().usage;
    for (const id of ids) expect((await preview(ann, photo.id, `${id}/preview?strength=0.9`)).status).toBe(200);
    expect((await app.request(ann, 'GET', '/api/v1/me')).json().usage).toEqual(before);
  });

  test('is for whoever may see the photo, and of the ten styles', async () => {
    const stranger = await app.signUp();
    const etag = (await preview(ann, photo.id, 'neon/preview')).headers.etag as string;
    expect(refused(await preview(stranger, photo.id, 'neon/preview', { 'if-none-match': etag }))).toEqual([
      404,
      'not_found',
    ]);
    expect((await preview(null, photo.id, 'neon/preview')).status).toBe(401);
    expect(refused(await preview(ann, photo.id, 'cubist/preview'))).toEqual([404, 'not_found']);
    expect(refused(await preview(ann, photo.id, 'neon/preview?strength=2'))).toEqual([400, 'validation_error']);
  });
});
