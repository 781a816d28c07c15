import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test, vi } from 'vitest';
import { createTestApp, type Person, tinyPhoto } from '../../../test/app.ts';
import { createTestDatabase } from '../../../test/database.ts';
import { eventually } from '../../../test/eventually.ts';
import { jpegClaiming, pngClaiming } from '../../../test/fixtures/bombs.ts';
import { makePhoto } from '../../../test/fixtures/photo.ts';
import { slowness } from '../../../test/slowness.ts';

const database = await createTestDatabase();
const app = await createTestApp({ database });
const other = await createTestApp({ database, dataDir: app.dataDir });
const library = await createTestApp({ environment: { TINTYPE_STORAGE: 'postgres' } });
const administrator = await app.signUp();

const immutable = 'public, max-age=31536000, immutable';
const shortly = 'public, max-age=60';
let seed = 9000;
const next = () => {
  seed += 1;
  return tinyPhoto(seed);
};
const flat = (background: string | object, width: number, height: number, channels: 3 | 4 = 3) =>
  sharp({ create: { width, height, channels, background } });
/** Pixels that no two pictures share and no encoder likes. */
const noise = (width: number, height: number, channels: 3 | 4 = 3) =>
  sharp(
    createHash('shake256', { outputLength: width * height * channels })
      .update(`noise ${width}`)
      .digest(),
    { raw: { width, height, channels } },
  );

function form(file: Uint8Array, fields: Record<string, string> = {}, name = 'file') {
  const parts = Object.entries(fields).map(
    ([field, value]) => `--X\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`,
  );
  const head = `${parts.join('')}--X\r\nContent-Disposition: form-data; name="${name}"; filename="me.jpg"\r\n\r\n`;
  return {
    headers: { 'content-type': 'multipart/form-data; boundary=X' },
    body: Buffer.concat([Buffer.from(head), file, Buffer.from('\r\n--X--\r\n')]),
  };
}
const put = (as: Person, kind: string, options: object) =>
  app.request(as, 'PUT', `/api/v1/me/pictures/${kind}`, options);
const show = async (
  as: Person,
  kind: string,
  options: object,
): Promise<{ url: string; width: number; height: number }> => {
  const answer = await put(as, kind, options);
  if (answer.status !== 200) throw new Error(`a picture was answered ${answer.status}: ${answer.text}`);
  return answer.json();
};
const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  app.request(null, method, path, { headers });
const me = async (as: Person) => (await app.request(as, 'GET', '/api/v1/me')).json();
async function colourOf(bytes: Buffer, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  const at = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * info.channels;
  return [...data.subarray(at, at + 3)];
}
const near = (actual: number[], expected: number[], tolerance = 12) => {
  for (const [n, value] of actual.entries()) expect(Math.abs(value - (expected[n] as number))).toBeLessThan(tolerance);
};
const filesOf = async (folder: string): Promise<string[]> =>
  (await readdir(join(app.dataDir, folder), { recursive: true, withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
const hashOf = async (url: string) =>
  createHash('sha256')
    .update((await get(url)).body)
    .digest('hex');

describe('a picture', () => {
  test('becomes a WebP that everybody is shown, with headers to the letter', async () => {
    const person = await app.signUp();
    expect(await me(person)).toMatchObject({ profile_picture_url: null, cover_picture_url: null });
    const photo = await makePhoto({
      width: 1600,
      height: 1200,
      seed: 1,
      takenAt: '2024-06-14T09:30:00+02:00',
      camera: { make: 'Canary', model: 'Type 1' },
      gps: { latitude: 48.1, longitude: 11.5 },
    });
    const shown = await show(person, 'profile', form(photo));
    expect(shown).toEqual({
      url: expect.stringMatching(new RegExp(`^/images/users/${person.id}/profile\\?v=[0-9a-f]{16}$`)),
      width: 1024,
      height: 768,
      bytes: expect.any(Number),
    });
    expect((await me(person)).profile_picture_url).toBe(shown.url);

    const answer = await get(shown.url);
    const { date: _, connection: __, 'keep-alive': ___, ...headers } = answer.headers;
    const hash = createHash('sha256').update(answer.body).digest('hex');
    expect([answer.status, headers]).toEqual([
      200,
      {
        'content-type': 'image/webp',
        'content-length': String(answer.body.length),
        'accept-ranges': 'bytes',
        'x-content-type-options': 'nosniff',
        'content-security-policy': "sandbox; default-src 'none'",
        'cross-origin-resource-policy': 'cross-origin',
        etag: `"${hash.slice(0, 32)}-picture"`,
        'cache-control': immutable,
        'content-disposition': `inline; filename="profile_${person.id}.webp"`,
      },
    ]);
    expect(shown.url.endsWith(`?v=${hash.slice(0, 16)}`)).toBe(true);
    expect(answer.body.length).toBeLessThanOrEqual(500 * 1024);
    const { format, width, exif, xmp, icc, iptc } = await sharp(answer.body).metadata();
    expect({ format, width, exif, xmp, icc, iptc }).toEqual({ format: 'webp', width: 1024 });
    expect(answer.body.includes('Canary')).toBe(false);

    const head = await get(shown.url, {}, 'HEAD');
    expect([head.status, head.body.length, head.headers['content-length'], head.headers['cache-control']]).toEqual([
      200,
      0,
      String(answer.body.length),
      immutable,
    ]);
  });

  test('may be kept for ever by its address, and for a minute by the plain or a former one', async () => {
    const person = await app.signUp();
    const former = await show(person, 'profile', form(await next()));
    const shown = await show(person, 'profile', form(await next()));
    expect(shown.url).not.toBe(former.url);
    const plain = `/images/users/${person.id}/profile`;
    expect((await get(`${shown.url}&size=64`)).headers['cache-control']).toBe(immutable);
    expect((await get(`${shown.url}&utm=1`)).headers['cache-control']).toBe(immutable);
    for (const path of [plain, former.url, `${plain}?v=`, `${plain}?v=${shown.url.slice(-16).toUpperCase()}`]) {
      const answer = await get(path);
      expect([path, answer.status, answer.headers['cache-control']]).toEqual([path, 200, shortly]);
      expect(createHash('sha256').update(answer.body).digest('hex').slice(0, 16)).toBe(shown.url.slice(-16));
      const etag = String(answer.headers.etag);
      for (const condition of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const unchanged = await get(path, { 'if-none-match': condition });
        expect([unchanged.status, unchanged.body.length, unchanged.headers.etag]).toEqual([304, 0, etag]);
        expect(unchanged.headers['cache-control']).toBe(shortly);
      }
      expect((await get(path, { 'if-none-match': '"other"' })).status).toBe(200);
    }
  });

  test('comes in named sizes, and in no others', async () => {
    const person = await app.signUp();
    const { url } = await show(person, 'profile', form(await makePhoto({ width: 900, height: 600, seed: 2 })));
    const etags = new Set<unknown>();
    for (const size of [64, 128, 256, 512]) {
      const answer = await get(`${url}&size=${size}`);
      const { width, height, format } = await sharp(answer.body).metadata();
      expect([answer.status, format, width, height]).toEqual([200, 'webp', size, Math.round(size / 1.5)]);
      etags.add(answer.headers.etag);
    }
    expect(etags.size).toBe(4);
    for (const size of ['63', '1024', '0', '-64', '64.0', '064', 'large', '']) {
      const answer = await get(`${url}&size=${size}`);
      expect([size, answer.status, answer.json().error.details]).toEqual([
        size,
        400,
        { field: 'size', allowed: [64, 128, 256, 512] },
      ]);
      expect(answer.json().error.message).toContain('64, 128, 256 or 512');
    }
    const part = await get(`${url}&size=64`, { range: 'bytes=0-9' });
    expect([part.status, part.body.length]).toEqual([206, 10]);
  });

  test('is upright, transparent where it was, the first frame of many, and never enlarged', async () => {
    const person = await app.signUp();
    const upright = await sharp({ create: { width: 40, height: 20, channels: 3, background: 'red' } })
      .composite([{ input: { create: { width: 20, height: 20, channels: 3, background: 'blue' } }, left: 0, top: 0 }])
      .jpeg({ quality: 95 })
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const turned = await show(person, 'profile', form(upright));
    expect([turned.width, turned.height]).toEqual([20, 40]);
    near(await colourOf((await get(turned.url)).body, 0.5, 0.1), [0, 0, 255], 40);
    near(await colourOf((await get(turned.url)).body, 0.5, 0.9), [255, 0, 0], 40);

    const glass = await flat({ r: 0, g: 200, b: 0, alpha: 0.5 }, 30, 30, 4).png().toBuffer();
    const clear = await get((await show(person, 'profile', form(glass))).url);
    expect((await sharp(clear.body).metadata()).hasAlpha).toBe(true);
    const opaque = await flat({ r: 0, g: 200, b: 0, alpha: 1 }, 30, 30, 4).png().toBuffer();
    const solid = await get((await show(person, 'profile', form(opaque))).url);
    expect((await sharp(solid.body).metadata()).hasAlpha).toBe(false);

    const frames = await sharp(
      [await flat('lime', 24, 24).png().toBuffer(), await flat('red', 24, 24).png().toBuffer()],
      { join: { animated: true } },
    )
      .gif()
      .toBuffer();
    const still = await get((await show(person, 'profile', form(frames))).url);
    expect((await sharp(still.body).metadata()).pages).toBeUndefined();
    near(await colourOf(still.body, 0.5, 0.5), [0, 255, 0], 20);

    const large = await show(person, 'cover', form(await flat('navy', 4000, 1000).png().toBuffer()));
    expect([large.width, large.height]).toEqual([1920, 480]);
  });

  test('takes 500 KB at the most, and is refused where no quality makes it fit', async () => {
    const person = await app.signUp();
    const busy = await show(person, 'profile', form(await noise(1400, 1000).png({ compressionLevel: 1 }).toBuffer()));
    const { body } = await get(busy.url);
    expect([busy.width, body.length <= 500 * 1024, body.length > 200 * 1024]).toEqual([1024, true, true]);
    // Half transparent noise, which no encoder can leave out anything of.
    const answer = await put(
      person,
      'profile',
      form(await noise(1024, 1024, 4).png({ compressionLevel: 1 }).toBuffer()),
    );
    expect([answer.status, answer.json().error]).toEqual([
      413,
      {
        code: 'too_large',
        message: expect.stringContaining('more than the 500 KB'),
        details: { limit: 512_000, bytes: expect.any(Number) },
      },
    ]);
    expect((await me(person)).profile_picture_url).toBe(busy.url);
  });

  test('is refused as an upload is, and the one before stays', async () => {
    const person = await app.signUp();
    const { url } = await show(person, 'profile', form(await next()));
    const before = [await filesOf('derivatives'), await filesOf('tmp')];
    const refused: [string, object, number, string][] = [
      ['text', form(Buffer.from('hello')), 415, 'unsupported_media_type'],
      ['SVG', form(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')), 415, 'unsupported_media_type'],
      ['nothing', form(Buffer.alloc(0)), 422, 'undecodable'],
      [
        'half a picture',
        form((await makePhoto({ width: 400, height: 300, seed: 3 })).subarray(0, 9000)),
        422,
        'undecodable',
      ],
      ['JPEG of 400 megapixels', form(await jpegClaiming(20_000, 20_000)), 413, 'too_many_pixels'],
      ['PNG of 4 gigapixels', form(await pngClaiming(65_535, 65_535)), 413, 'too_many_pixels'],
      ['PNG of 99 megapixels without the pixels', form(await pngClaiming(11_000, 9000)), 422, 'undecodable'],
      ['a field of another name', form(await next(), {}, 'picture'), 400, 'validation_error'],
      ['a field that is unknown', form(await next(), { size: '9' }), 400, 'validation_error'],
      ['text for a body', { body: 'hello' }, 415, 'unsupported_media_type'],
      [
        'half a form',
        { ...form(await next()), body: form(await next()).body.subarray(0, -20) },
        400,
        'validation_error',
      ],
      ['JSON that is none', { headers: { 'content-type': 'application/json' }, body: '{' }, 400, 'validation_error'],
      ['JSON without a photo', { json: {} }, 400, 'validation_error'],
      ['an unknown field', { json: { photo_id: person.id, size: 9 } }, 400, 'validation_error'],
    ];
    for (const [what, options, status, code] of refused) {
      const answer = await put(person, 'profile', options);
      expect([what, answer.status, answer.json().error.code]).toEqual([what, status, code]);
    }
    expect((await put(person, 'banner', form(await next()))).status).toBe(404);
    expect((await me(person)).profile_picture_url).toBe(url);
    expect([await filesOf('derivatives'), await filesOf('tmp')]).toEqual(before);
  });

  test('larger than an upload may be is refused while it comes', async () => {
    const small = await createTestApp({ database, dataDir: app.dataDir, environment: { MAX_UPLOAD_SIZE: '1MiB' } });
    const person = await app.signUp();
    const bytes = Buffer.concat([await next(), Buffer.alloc(2 ** 20)]);
    const answer = await small.request(person, 'PUT', '/api/v1/me/pictures/profile', form(bytes));
    expect([answer.status, answer.json().error.code]).toEqual([413, 'too_large']);
    await small.close();
  });

  test('is taken away, and is nobody’s to set for another', async () => {
    const person = await app.signUp();
    const { url } = await show(person, 'cover', form(await next()));
    expect((await me(person)).cover_picture_url).toBe(url);
    expect((await app.request(person, 'DELETE', '/api/v1/me/pictures/cover')).status).toBe(204);
    expect((await app.request(person, 'DELETE', '/api/v1/me/pictures/cover')).status).toBe(204);
    const gone = await get(url);
    expect([gone.status, gone.headers['cache-control'], gone.json().error.code]).toEqual([
      404,
      'no-store',
      'not_found',
    ]);
    expect((await me(person)).cover_picture_url).toBeNull();
    const key = await app.createApiKey(person, ['photos:read', 'photos:write', 'account:read']);
    expect((await app.request(key, 'PUT', '/api/v1/me/pictures/profile', form(await next()))).status).toBe(403);
    expect((await app.request(null, 'PUT', '/api/v1/me/pictures/profile', form(await next()))).status).toBe(401);
  });
});

describe('a photo as the source', () => {
  test('shows what is cut out of it, and stays as private as it was', async () => {
    const person = await app.signUp();
    const quarters = await sharp({ create: { width: 400, height: 200, channels: 3, background: 'red' } })
      .composite([
        { input: { create: { width: 200, height: 200, channels: 3, background: 'blue' } }, left: 200, top: 0 },
      ])
      .png()
      .toBuffer();
    const photo = await app.upload(person, quarters, 'canary.png');
    const crop = { x: 0.5, y: 0, width: 0.5, height: 1 };
    const shown = await show(person, 'profile', { json: { photo_id: photo.id, crop } });
    expect([shown.width, shown.height]).toEqual([200, 200]);
    near(await colourOf((await get(shown.url)).body, 0.02, 0.5), [0, 0, 255], 20);
    const whole = await show(person, 'cover', { json: { photo_id: photo.id } });
    expect([whole.width, whole.height]).toEqual([400, 200]);
    for (const variant of ['original', 'preview', 'medium', 'small']) {
      expect((await get(`/api/v1/photos/${photo.id}/${variant}`)).status).toBe(401);
    }
    const listed = await app.request(person, 'GET', `/api/v1/photos/${photo.id}/metadata`);
    expect(listed.json()).toMatchObject({ image_type: 'gallery', is_primary: false });
    // What is shown outlives the photo.
    await app.request(person, 'DELETE', `/api/v1/photos/${photo.id}`);
    await app.request(person, 'POST', '/api/v1/photos/batch/purge', { json: { ids: [photo.id] } });
    expect((await get(shown.url)).status).toBe(200);
  });

  test('is cut as it is seen, upright', async () => {
    const person = await app.signUp();
    const lying = await sharp({ create: { width: 40, height: 20, channels: 3, background: 'red' } })
      .composite([{ input: { create: { width: 20, height: 20, channels: 3, background: 'blue' } }, left: 0, top: 0 }])
      .jpeg({ quality: 95 })
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const photo = await app.upload(person, lying);
    const shown = await show(person, 'profile', {
      json: { photo_id: photo.id, crop: { x: 0, y: 0.5, width: 1, height: 0.5 } },
    });
    expect([shown.width, shown.height]).toEqual([20, 20]);
    near(await colourOf((await get(shown.url)).body, 0.5, 0.5), [255, 0, 0], 40);
    const crop = JSON.stringify({ x: 0, y: 0, width: 1, height: 0.5 });
    const uploaded = await show(person, 'profile', form(lying, { crop }));
    near(await colourOf((await get(uploaded.url)).body, 0.5, 0.5), [0, 0, 255], 40);
  });

  test('must be one’s own, and out of the trash, and the part within it', async () => {
    const [person, owner] = [await app.signUp(), await app.signUp()];
    const mine = (await app.upload(person, await next())).id;
    const theirs = (await app.upload(owner, await next())).id;
    const album = await app.request(owner, 'POST', '/api/v1/albums', { json: { name: 'Ours', photo_ids: [theirs] } });
    await app.request(owner, 'POST', `/api/v1/albums/${album.json().id}/members`, {
      json: { username: person.username },
    });
    expect((await app.request(person, 'GET', `/api/v1/photos/${theirs}/small`)).status).toBe(200);
    expect((await put(person, 'profile', { json: { photo_id: theirs } })).status).toBe(404);
    for (const crop of [
      { x: 0.5, y: 0, width: 0.6, height: 1 },
      { x: 0, y: 0, width: 0, height: 1 },
      { x: -0.1, y: 0, width: 1, height: 1 },
      { x: 0, y: 0, width: 1 },
      { x: 0, y: 0, width: '1', height: 1 },
    ]) {
      const answer = await put(person, 'profile', { json: { photo_id: mine, crop } });
      expect([crop, answer.status, answer.json().error.code]).toEqual([crop, 400, 'validation_error']);
      const inForm = await put(person, 'profile', form(await next(), { crop: JSON.stringify(crop) }));
      expect([crop, inForm.status]).toEqual([crop, 400]);
    }
    expect((await put(person, 'profile', form(await next(), { crop: '{' }))).status).toBe(400);
    expect(
      (await put(person, 'profile', { json: { photo_id: mine, crop: { x: 0.9, y: 0.7, width: 0.1, height: 0.3 } } }))
        .status,
    ).toBe(200);
    await app.request(person, 'DELETE', `/api/v1/photos/${mine}`);
    const trashed = await put(person, 'profile', { json: { photo_id: mine } });
    expect([trashed.status, trashed.json().error.code]).toEqual([409, 'conflict']);
  });
});

test('where bytes are in the database, pictures are too, and are made of photos there', {
  timeout: 60_000 * slowness,
}, async () => {
  const person = await library.signUp();
  const photo = await library.upload(person, await makePhoto({ width: 1500, height: 1000, seed: 4 }));
  const crop = { x: 0.25, y: 0.25, width: 0.5, height: 0.5 };
  const set = await library.request(person, 'PUT', '/api/v1/me/pictures/profile', {
    json: { photo_id: photo.id, crop },
  });
  expect([set.status, set.json()]).toMatchObject([200, { width: 750, height: 500 }]);
  for (const [more, width] of [
    ['', 750],
    ['&size=64', 64],
  ] as const) {
    const answer = await library.request(null, 'GET', `${set.json().url}${more}`);
    expect([answer.headers['cache-control'], (await sharp(answer.body).metadata()).width]).toEqual([immutable, width]);
  }
  expect(await readdir(join(library.dataDir, 'tmp')).catch(() => [])).toEqual([]);
});

describe('another picture', () => {
  test('has another address however soon it comes, and is shown at once by every server', async () => {
    const person = await app.signUp();
    const plain = `/images/users/${person.id}/profile`;
    let former = '';
    for (let n = 0; n < 3; n += 1) {
      const { url } = await show(person, 'profile', form(await next()));
      expect(url).not.toBe(former);
      former = url;
      expect((await app.request(null, 'GET', plain)).headers.etag).toBe((await get(url)).headers.etag);
      const elsewhere = () => other.request(null, 'GET', url);
      await eventually(async () => expect((await elsewhere()).headers['cache-control']).toBe(immutable));
    }
    await app.request(person, 'DELETE', '/api/v1/me/pictures/profile');
    expect((await get(plain)).status).toBe(404);
    await eventually(async () => expect((await other.request(null, 'GET', plain)).status).toBe(404));
  });

  test('that is the same has the same address', async () => {
    const [one, two] = [await app.signUp(), await app.signUp()];
    const bytes = await next();
    const urls = [
      await show(one, 'profile', form(bytes)),
      await show(one, 'profile', form(bytes)),
      await show(two, 'profile', form(bytes)),
    ];
    expect(new Set(urls.map(({ url }) => url.slice(-16))).size).toBe(1);
    const hash = await hashOf(urls[0]?.url as string);
    // One of two who show the same goes: the other's stays.
    await app.request(one, 'DELETE', '/api/v1/me/pictures/profile');
    await show(two, 'cover', form(await next()));
    await eventually(async () =>
      expect((await filesOf('derivatives')).filter((name) => name.startsWith(hash))).toHaveLength(5),
    );
    expect((await get(urls[2]?.url as string)).status).toBe(200);
    await app.request(two, 'DELETE', '/api/v1/me/pictures/profile');
    await vi.waitFor(
      async () => expect((await filesOf('derivatives')).filter((name) => name.startsWith(hash))).toEqual([]),
      { timeout: 15_000 * slowness, interval: 200 },
    );
  });

  test('leaves nothing of the former, and an account that goes nothing of its own', {
    timeout: 60_000 * slowness,
  }, async () => {
    const person = await app.signUp();
    const hashes: string[] = [];
    for (const kind of ['profile', 'profile', 'cover']) {
      hashes.push(await hashOf((await show(person, kind, form(await next()))).url));
    }
    const left = async () => new Set((await filesOf('derivatives')).map((name) => name.slice(0, 64)));
    await vi.waitFor(async () => expect((await left()).has(hashes[0] as string)).toBe(false), {
      timeout: 20_000 * slowness,
      interval: 200,
    });
    expect([(await left()).has(hashes[1] as string), (await left()).has(hashes[2] as string)]).toEqual([true, true]);
    const plain = `/images/users/${person.id}/cover`;
    expect((await get(plain)).status).toBe(200);
    await app.request(person, 'DELETE', '/api/v1/me', {
      json: { password: person.password, confirm: person.username },
    });
    expect((await get(plain)).status).toBe(404);
    await vi.waitFor(
      async () => {
        const files = await left();
        expect(hashes.filter((hash) => files.has(hash))).toEqual([]);
      },
      { timeout: 20_000 * slowness, interval: 200 },
    );
  });

  test('of ten that are set at once is one, and the others leave nothing', { timeout: 60_000 * slowness }, async () => {
    const person = await app.signUp();
    const before = new Set((await filesOf('derivatives')).map((name) => name.slice(0, 64)));
    const files = await Promise.all(Array.from({ length: 10 }, next));
    const shown = await Promise.all(files.map((file) => show(person, 'cover', form(file))));
    const { cover_picture_url: url } = await me(person);
    expect(shown.map((one) => one.url)).toContain(url);
    await vi.waitFor(
      async () => {
        const left = new Set((await filesOf('derivatives')).map((name) => name.slice(0, 64)));
        expect([...left].filter((hash) => !before.has(hash))).toEqual([await hashOf(url)]);
      },
      { timeout: 30_000 * slowness, interval: 300 },
    );
  });

  test('of bytes that are somebody’s photo as well goes without the photo', {
    timeout: 60_000 * slowness,
  }, async () => {
    const [person, collector] = [await app.signUp(), await app.signUp()];
    const { url } = await show(person, 'profile', form(await next()));
    const { body } = await get(url);
    const photo = await app.upload(collector, body, 'saved.webp');
    await show(person, 'profile', form(await next()));
    const mark = await app.signUp();
    const gone = await hashOf((await show(mark, 'profile', form(await next()))).url);
    await app.request(mark, 'DELETE', '/api/v1/me/pictures/profile');
    await vi.waitFor(
      async () => expect((await filesOf('derivatives')).some((name) => name.startsWith(gone))).toBe(false),
      { timeout: 20_000 * slowness, interval: 200 },
    );
    const original = await app.request(collector, 'GET', `/api/v1/photos/${photo.id}/original`);
    expect(original.body.equals(body)).toBe(true);
    expect((await app.request(collector, 'GET', `/api/v1/photos/${photo.id}/small`)).status).toBe(200);
  });

  test('is not shown of somebody who is disabled, until they are back', async () => {
    const person = await app.signUp();
    const { url } = await show(person, 'profile', form(await next()));
    expect((await get(url)).status).toBe(200);
    const set = (disabled: boolean) =>
      app.request(administrator, 'PATCH', `/api/v1/users/${person.id}`, { json: { disabled } });
    await set(true);
    await eventually(async () => expect((await get(url)).status).toBe(404));
    await set(false);
    await eventually(async () => expect((await get(url)).status).toBe(200));
  });
});

test('a logo is its administrators’ to set, and shown to everybody', async () => {
  const [admin, member, stranger] = [await app.signUp(), await app.signUp(), await app.signUp()];
  const organization = (await app.request(admin, 'POST', '/api/v1/organizations', { json: { name: 'Choir' } })).json();
  const path = `/api/v1/organizations/${organization.id}/logo`;
  await app.request(admin, 'POST', `/api/v1/organizations/${organization.id}/invitations`, {
    json: { username: member.username },
  });
  await app.request(member, 'POST', `/api/v1/me/invitations/${organization.id}/accept`);
  const send = async (as: Person) => app.request(as, 'PUT', path, form(await next()));
  expect([(await send(member)).status, (await send(stranger)).status]).toEqual([403, 404]);
  const set = await send(admin);
  expect([set.status, set.json().url]).toEqual([
    200,
    expect.stringMatching(new RegExp(`^/images/organizations/${organization.id}/logo\\?v=[0-9a-f]{16}$`)),
  ]);
  const read = async () => (await app.request(member, 'GET', `/api/v1/organizations/${organization.id}`)).json();
  expect((await read()).logo_url).toBe(set.json().url);
  const answer = await get(set.json().url);
  expect([answer.status, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([
    200,
    'image/webp',
    immutable,
  ]);
  expect((await send(administrator)).status).toBe(200);
  expect((await app.request(member, 'DELETE', path)).status).toBe(403);
  expect((await app.request(admin, 'DELETE', path)).status).toBe(204);
  expect((await read()).logo_url).toBeNull();
  expect((await get(`/images/organizations/${organization.id}/logo`)).status).toBe(404);
  await send(admin);
  await app.request(admin, 'DELETE', `/api/v1/organizations/${organization.id}`);
  expect((await get(`/images/organizations/${organization.id}/logo`)).status).toBe(404);
});

test('wherever somebody is met, their picture is named', async () => {
  const [owner, member] = [await app.signUp(), await app.signUp()];
  const { url } = await show(owner, 'profile', form(await next()));
  const album = (await app.request(owner, 'POST', '/api/v1/albums', { json: { name: 'Ours' } })).json();
  await app.request(owner, 'POST', `/api/v1/albums/${album.id}/members`, { json: { username: member.username } });
  const person = { id: owner.id, username: owner.username, display_name: null, profile_picture_url: url };
  const at = async (as: Person, path: string) => (await app.request(as, 'GET', `/api/v1${path}`)).json();
  const seen = await at(member, `/albums/${album.id}`);
  expect([seen.owner, seen.people[1].profile_picture_url]).toEqual([person, null]);
  expect((await at(member, `/albums/${album.id}/members`)).items[0].user).toEqual(person);
  expect((await at(member, `/albums/${album.id}/layout`)).people[0]).toEqual(person);
  const users = (await at(administrator, '/users?limit=100')).items;
  expect(users.find(({ id }: { id: string }) => id === owner.id)).toMatchObject({
    profile_picture_url: url,
    cover_picture_url: null,
  });
  const choir = (await app.request(owner, 'POST', '/api/v1/organizations', { json: { name: 'Choir' } })).json();
  await app.request(owner, 'POST', `/api/v1/organizations/${choir.id}/invitations`, {
    json: { username: member.username },
  });
  expect((await at(member, '/me/invitations')).items[0].invited_by).toEqual(person);
  expect((await at(owner, `/organizations/${choir.id}/members`)).items[0].user).toEqual(person);
});
