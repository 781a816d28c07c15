import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { Client } from 'pg';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../app.ts';
import { logOf, requestsIn } from '../log-of.ts';
import { slowness } from '../slowness.ts';
import { createPhone, form, jpeg, type Part, type UserImage } from './pinit-client.ts';

// The sections of the image system's backend documentation, and what each asks of a server.

const app = await createTestApp();
const admin = await app.signUp();
const phone = createPhone(app, '10.44.2.1');
const username = 'test_user';
let token = '';

const send = async (parts: readonly Part[]) => {
  const answer = await phone.send(token, 'POST', '/api/upload_user_image/', form(parts));
  return { status: answer.status, body: answer.json() };
};
const fields = (type = 'gallery'): Part[] => [
  ['username', username],
  ['image_type', type],
];
const file = (bytes: Uint8Array, filename: string, type: string): Part => ['image', { filename, type, bytes }];

beforeAll(async () => {
  ({ access_token: token } = (await phone.register(username, 'under the old pines')).json());
});

describe('Models: UserImage', () => {
  test('has each of its fields, with values of the kind that its column has', async () => {
    const bytes = await tinyPhoto(1);
    const before = Math.floor(Date.now() / 1000) * 1000;
    const { image } = (await phone.upload(token, username, bytes, { type: 'profile', caption: 'me' })).json();
    expect(image).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      url: expect.stringContaining(image.id),
      image_type: 'profile',
      is_primary: false,
      caption: 'me',
      uploaded_at: expect.any(String),
      width: 24,
      height: 18,
      size_bytes: bytes.length,
      mime_type: 'image/jpeg',
    });
    expect(Date.parse(image.uploaded_at)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(image.uploaded_at)).toBeLessThanOrEqual(Date.now());
  });

  const types = ['profile', 'gallery', 'cover'];
  test.each(types)('image type %s', async (type) => {
    const { status, body } = await send([...fields(type), jpeg(await tinyPhoto(300 + types.indexOf(type)))]);
    expect([status, body.image.image_type]).toEqual([200, type]);
  });

  test('another type is refused, since the app could not read a list with it', async () => {
    const { status, body } = await send([...fields('banner'), jpeg(await tinyPhoto(2))]);
    expect([status, body]).toEqual([400, { error: 'Invalid image type. Allowed: profile, gallery, cover' }]);
  });

  test('the caption may be left out, and is never null', async () => {
    const { body } = await send([...fields(), jpeg(await tinyPhoto(3))]);
    expect(body.image.caption).toBe('');
  });

  test('files lie under names of the server’s own: two of the same name are two images', async () => {
    const bytes = await Promise.all([4, 5].map((seed) => tinyPhoto(seed)));
    const sent = await Promise.all(bytes.map((one) => send([...fields(), jpeg(one, '../../profile.jpg')])));
    const [first, second] = sent.map(({ body }) => body.image as UserImage) as [UserImage, UserImage];
    expect(first.id).not.toBe(second.id);
    for (const [n, image] of [first, second].entries()) {
      const shown = await phone.look(image);
      expect(shown.body.equals(bytes[n] as Buffer)).toBe(true);
      expect(shown.headers['content-disposition']).toBe(`inline; filename="${image.id}.jpg"`);
    }
    // By what they hold, and nothing that a client chose is part of it.
    const stored = await readdir(app.dataDir, { recursive: true });
    for (const one of bytes) {
      const hash = createHash('sha256').update(one).digest('hex');
      expect(
        stored.filter((path) => path.startsWith('originals') && path.replaceAll(sep, '').includes(hash)),
      ).toHaveLength(1);
    }
    expect(stored.filter((path) => path.includes('profile.jpg'))).toEqual([]);
  });

  test('saving a primary image makes all others no longer primary, however many do so at once', async () => {
    const uploads = await Promise.all(
      [6, 7, 8, 9].map(async (seed) => phone.upload(token, username, await tinyPhoto(seed), { isPrimary: true })),
    );
    for (const answer of uploads) expect(answer.json().image.is_primary).toBe(true);
    const primary = (await phone.list(token, username)).filter(({ is_primary: is }) => is);
    expect(primary).toHaveLength(1);
    await phone.upload(token, username, await tinyPhoto(10), { type: 'cover', isPrimary: true });
    const now = (await phone.list(token, username)).filter(({ is_primary: is }) => is);
    // Of all types together there is one.
    expect(now.map(({ image_type: type }) => type)).toEqual(['cover']);
  });
});

describe('API Views 1: Upload User Image', () => {
  test('takes POST alone', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await phone.send(token, method, '/api/upload_user_image/');
      expect([answer.status, answer.json()]).toEqual([405, { error: 'Method not allowed' }]);
    }
  });

  test.each<[string, readonly Part[]]>([
    ['no image', fields()],
    ['an image that is no file', [...fields(), ['image', 'photo.jpg']]],
    ['an empty username', [['username', ''], ['image_type', 'gallery'], jpeg(Buffer.from('x'))]],
    ['an empty type', [['username', username], ['image_type', ''], jpeg(Buffer.from('x'))]],
    ['nothing at all', []],
  ])('%s is a missing field, and nothing is kept', async (_, parts) => {
    const before = await phone.list(token, username);
    const image = await tinyPhoto(11);
    const real = parts.map((part): Part => (typeof part[1] === 'string' ? part : jpeg(image)));
    expect(await send(real)).toEqual({ status: 400, body: { error: 'Missing required fields' } });
    expect(await phone.list(token, username)).toEqual(before);
  });

  test('what is no form has no fields', async () => {
    for (const headers of [{ 'content-type': 'application/json' }, { 'content-type': 'multipart/form-data' }]) {
      const answer = await phone.send(token, 'POST', '/api/upload_user_image/', { body: Buffer.from('{}'), headers });
      expect([answer.status, answer.json()]).toEqual([400, { error: 'Missing required fields' }]);
    }
  });

  test('is_primary is true however it is written, and false unless it says so', async () => {
    const all = [
      ['True', true],
      ['TRUE', true],
      ['1', false],
      ['', false],
      ['yes', false],
      ['false', false],
    ] as const;
    // Another picture each: one that is there already stays primary.
    for (const [n, [said, is]] of all.entries()) {
      const { body } = await send([...fields(), ['is_primary', said], jpeg(await tinyPhoto(100 + n))]);
      expect([said, body.image.is_primary]).toEqual([said, is]);
    }
  });
});

describe('API Views 2: Get User Images', () => {
  test('newest first, with how many', async () => {
    const list = await phone.list(token, username);
    const times = list.map(({ uploaded_at: at }) => Date.parse(at));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    const { image } = (await phone.upload(token, username, await tinyPhoto(12))).json();
    const after = await phone.list(token, username);
    expect([after[0]?.id, after.length]).toEqual([image.id, list.length + 1]);
  });

  test('somebody who does not exist has none', async () => {
    const answer = await phone.send(token, 'GET', '/api/user_images/nobody-here/');
    expect([answer.status, answer.json()]).toEqual([200, { success: true, images: [], count: 0 }]);
  });

  test('a photo of the library that came another way is among them', async () => {
    const photo = await app.upload({ bearer: token }, await tinyPhoto(13), 'IMG_0001.jpg');
    const [first] = await phone.list(token, username);
    expect(first).toMatchObject({ id: photo.id, image_type: 'gallery', caption: '', is_primary: false });
  });
});

describe('API Views 3 to 5: Delete, Set Primary, Serve', () => {
  const absent = '3f0c1f0e-1111-4222-8333-944444444444';

  test('an image that does not exist', async () => {
    for (const [method, what] of [
      ['DELETE', 'delete'],
      ['POST', 'set_primary'],
      ['GET', 'serve'],
    ] as const) {
      const answer = await phone.send(token, method, `/api/user_image/${absent}/${what}/`);
      expect([what, answer.status, answer.json()]).toEqual([what, 404, { error: 'Image not found' }]);
    }
  });

  test('deleting takes the bytes along, once the trash is emptied', async () => {
    const { image } = (await phone.upload(token, username, await tinyPhoto(14))).json();
    const stored = async () => (await readdir(join(app.dataDir, 'originals'), { recursive: true })).length;
    const before = await stored();
    expect((await phone.send(token, 'DELETE', `/api/user_image/${image.id}/delete/`)).status).toBe(200);
    const purge = { json: { ids: [image.id] } };
    expect((await phone.send(token, 'POST', '/api/v1/photos/batch/purge', purge)).json()).toEqual({ count: 1 });
    await expect.poll(stored, { timeout: 60_000 }).toBeLessThan(before);
  });

  test('set_primary many times at once leaves one', async () => {
    const list = await phone.list(token, username);
    const answers = await Promise.all(
      list.slice(0, 6).map(({ id }) => phone.send(token, 'POST', `/api/user_image/${id}/set_primary/`)),
    );
    for (const answer of answers) expect(answer.status).toBe(200);
    expect((await phone.list(token, username)).filter(({ is_primary: is }) => is)).toHaveLength(1);
  });

  test('serves with the type that the image has, inline, under its key', async () => {
    const png = await sharp(await tinyPhoto(15))
      .png()
      .toBuffer();
    const { body } = await send([...fields(), file(png, 'profile_1733.5.png', 'image/png')]);
    const shown = await phone.look(body.image as UserImage);
    expect([shown.status, shown.headers['content-type'], shown.body.equals(png)]).toEqual([200, 'image/png', true]);
    // Under its key, as there; what its file was called may say more than who looks at it needs to know.
    expect(shown.headers['content-disposition']).toBe(`inline; filename="${body.image.id}.png"`);
    const range = await phone.send(token, 'GET', `/api/user_image/${body.image.id}/serve/`, {
      headers: { range: 'bytes=0-7' },
    });
    expect([range.status, range.body.equals(png.subarray(0, 8))]).toEqual([206, true]);
  });
});

describe('URL Configuration', () => {
  test.each([
    ['POST', '/api/upload_user_image/', 400],
    ['GET', '/api/user_images/test_user/', 200],
    ['DELETE', '/api/user_image/3f0c1f0e-1111-4222-8333-944444444444/delete/', 404],
    ['POST', '/api/user_image/3f0c1f0e-1111-4222-8333-944444444444/set_primary/', 404],
    ['GET', '/api/user_image/3f0c1f0e-1111-4222-8333-944444444444/serve/', 404],
    ['GET', '/api/debug/r2-status/', 403],
    ['GET', '/api/test-r2-storage/', 403],
  ])('%s %s is there', async (method, path, status) => {
    expect((await phone.send(token, method, path)).status).toBe(status);
    expect((await phone.send(null, method, path)).status).toBe(401);
  });

  test('what runs the server itself is not', async () => {
    for (const path of ['/admin/', '/api/run-migration/', '/api/update-existing-images/']) {
      expect((await phone.send(token, 'POST', path)).status, path).toBe(404);
    }
  });
});

describe('Storage Configuration', () => {
  const ask = async (path: string) => phone.send(admin.bearer, 'GET', path);
  /** Files alone: a folder that is made for one is kept for the next. */
  const stored = async () => {
    const entries = await readdir(app.dataDir, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    return new Set(files.filter((path) => /\/(originals|derivatives|tmp)\//.test(path)));
  };

  test('r2-status writes and reads, and tells where', async () => {
    const before = await stored();
    const answer = await ask('/api/debug/r2-status/');
    expect([answer.status, answer.json()]).toEqual([
      200,
      {
        status: 'connected',
        bucket: 'files',
        region: 'auto',
        public_domain: null,
        test_upload: true,
        test_download: true,
      },
    ]);
    expect([...(await stored())].filter((path) => !before.has(path))).toEqual([]);
  });

  test('test-r2-storage goes through all of it, and leaves nothing', async () => {
    const before = await stored();
    const answer = await ask('/api/test-r2-storage/');
    const passed = { connection: true, upload: true, download: true, delete: true };
    expect([answer.status, answer.json()]).toEqual([
      200,
      {
        success: true,
        message: 'R2 storage test completed successfully',
        tests: passed,
        performance: { upload_time_ms: expect.any(Number), download_time_ms: expect.any(Number) },
      },
    ]);
    expect([...(await stored())].filter((path) => !before.has(path))).toEqual([]);
  });

  test('both tell of a storage that cannot be written, and no path of this machine', async () => {
    await rm(join(app.dataDir, 'tmp'), { recursive: true, force: true });
    await writeFile(join(app.dataDir, 'tmp'), '');
    const [status, storage] = [await ask('/api/debug/r2-status/'), await ask('/api/test-r2-storage/')];
    await rm(join(app.dataDir, 'tmp'));
    expect(status.json()).toMatchObject({ status: 'error', test_upload: false, test_download: false });
    expect([storage.status, storage.json()]).toMatchObject([
      500,
      { success: false, tests: { upload: false, download: false, delete: false } },
    ]);
    for (const { text } of [status, storage]) {
      expect(text).not.toContain(app.dataDir);
      expect(text).not.toMatch(/key|secret|password/i);
    }
  });
});

/** Asks the library's database itself, as whoever looks after it does. */
async function query(text: string, values: unknown[] = []) {
  const client = new Client(app.database.owner);
  await client.connect();
  try {
    return await client.query(text, values);
  } finally {
    await client.end();
  }
}

describe('Database Schema', () => {
  test('keeps each column that an image has, as what it was', async () => {
    const { rows } = await query(
      `select column_name as name, data_type as type, is_nullable as nullable from information_schema.columns
        where table_name = 'photos'`,
    );
    const columns = Object.fromEntries(rows.map(({ name, type, nullable }) => [name, `${type} ${nullable}`]));
    expect(columns).toMatchObject({
      id: 'uuid NO',
      // Whose it is, by their account.
      owner_id: 'uuid NO',
      // Where it lies, by what it holds.
      blob_hash: 'bytea NO',
      image_type: 'text NO',
      is_primary: 'boolean NO',
      caption: 'text YES',
      created_at: 'timestamp with time zone NO',
      // Known of each, since each was decoded.
      width: 'integer NO',
      height: 'integer NO',
      bytes: 'bigint NO',
      mime_type: 'text NO',
    });
    // Addresses are made for who asks, and kept nowhere.
    expect(Object.keys(columns).filter((name) => /url/.test(name))).toEqual([]);
  });

  test('knows the three types alone, and one primary image of a person', async () => {
    const { image } = (await phone.upload(token, username, await tinyPhoto(310), { isPrimary: true })).json();
    const { body } = await send([...fields(), jpeg(await tinyPhoto(311))]);
    const set = (column: string, value: unknown, id: string) =>
      query(`update photos set ${column} = $1 where id = $2`, [value, id]);
    expect((await set('image_type', 'cover', image.id)).rowCount).toBe(1);
    await expect(set('image_type', 'banner', image.id)).rejects.toMatchObject({ code: '23514' });
    await expect(set('is_primary', true, body.image.id)).rejects.toMatchObject({ code: '23505' });
  });

  test('has indexes by person, by type, for the primary one, and by time', async () => {
    const { rows } = await query(`select indexdef from pg_indexes where tablename = 'photos'`);
    const all = rows.map(({ indexdef }) => indexdef as string);
    for (const part of [
      /\(owner_id, image_type,/,
      /UNIQUE .*\(owner_id\) WHERE is_primary/,
      /\(owner_id, sort_at DESC/,
    ]) {
      expect(all.filter((definition) => part.test(definition)).length, String(part)).toBeGreaterThan(0);
    }
  });
});

describe('Error Handling', () => {
  const everything = async () => [
    await phone.upload(token, username, await tinyPhoto(320)),
    await phone.send(token, 'GET', `/api/user_images/${username}/`),
    await phone.send(token, 'POST', '/api/user_image/3f0c1f0e-1111-4222-8333-944444444444/set_primary/'),
    await phone.send(token, 'DELETE', '/api/user_image/3f0c1f0e-1111-4222-8333-944444444444/delete/'),
  ];

  test('2. a database that fails: {error} with 500, and nothing of the database in it', async () => {
    await query('alter table photos rename to photos_elsewhere');
    const answers = await everything().finally(() => query('alter table photos_elsewhere rename to photos'));
    for (const answer of answers) {
      expect([answer.status, answer.json()]).toEqual([500, { error: expect.any(String) }]);
      expect(answer.text).not.toMatch(/photos|relation|select|update|delete from/i);
    }
    expect((await phone.upload(token, username, await tinyPhoto(320))).status).toBe(200);
  });

  test('3. a storage that fails: {error} with 500, no path of this machine, and no row without a file', async () => {
    const before = await phone.list(token, username);
    await rm(join(app.dataDir, 'tmp'), { recursive: true, force: true });
    await writeFile(join(app.dataDir, 'tmp'), '');
    const answer = await phone.upload(token, username, await tinyPhoto(321));
    await rm(join(app.dataDir, 'tmp'));
    expect([answer.status, answer.json()]).toEqual([500, { error: expect.any(String) }]);
    expect(answer.text).not.toContain(app.dataDir);
    expect(await phone.list(token, username)).toEqual(before);
    expect((await phone.upload(token, username, await tinyPhoto(321))).status).toBe(200);
  });
});

describe('Security Considerations: User Authorization', () => {
  test('nobody reads, changes or adds for somebody else, administrators neither', async () => {
    const { image } = (await phone.upload(token, username, await tinyPhoto(330))).json();
    for (const { bearer } of [await app.signUp(), admin]) {
      const listed = await phone.send(bearer, 'GET', `/api/user_images/${username}/`);
      expect(listed.json()).toEqual({ success: true, images: [], count: 0 });
      for (const [method, what] of [
        ['DELETE', 'delete'],
        ['POST', 'set_primary'],
        ['GET', 'serve'],
      ] as const) {
        const answer = await phone.send(bearer, method, `/api/user_image/${image.id}/${what}/`);
        expect([what, answer.status, answer.json()]).toEqual([what, 404, { error: 'Image not found' }]);
      }
      const added = await phone.upload(bearer, username, await tinyPhoto(331));
      expect([added.status, added.json()]).toEqual([404, { error: 'User not found' }]);
    }
    expect((await phone.list(token, username))[0]).toEqual(image);
  });
});

describe('Performance Optimization', () => {
  test('2. Caching: a list is never an old one, and pictures are kept by who looks at them', async () => {
    const { image } = (await phone.upload(token, username, await tinyPhoto(340))).json();
    const ask = () => phone.send(token, 'GET', `/api/user_images/${username}/`);
    // Five minutes of a list from before, as there, would show a picture that was deleted.
    expect((await ask()).headers['cache-control']).toBe('no-store');
    expect((await ask()).json().images[0].id).toBe(image.id);
    const shown = await phone.look(image);
    expect(shown.headers['cache-control']).toBe('private, max-age=86400');
    const again = await phone.send(token, 'GET', `/api/user_image/${image.id}/serve/`, {
      headers: { 'if-none-match': String(shown.headers.etag) },
    });
    expect([again.status, again.body.length]).toEqual([304, 0]);
    await phone.send(token, 'DELETE', `/api/user_image/${image.id}/delete/`);
    expect((await ask()).json().images.map(({ id }: UserImage) => id)).not.toContain(image.id);
  });

  test('3. Image Processing: what was sent is kept as it is, however large; smaller ones are made beside it', async () => {
    const png = await sharp({ create: { width: 2400, height: 1200, channels: 4, background: '#a0603080' } })
      .png()
      .toBuffer();
    const { body } = await send([...fields(), file(png, 'large.png', 'image/png')]);
    expect(body.image).toMatchObject({ width: 2400, height: 1200, mime_type: 'image/png', size_bytes: png.length });
    expect((await phone.look(body.image)).body.equals(png)).toBe(true);
    const small = await phone.send(token, 'GET', `/api/v1/photos/${body.image.id}/medium`);
    expect(small.status).toBe(200);
    expect(Number((await sharp(small.body).metadata()).width)).toBeLessThan(1920);
  });
});

describe('Performance 1, Monitoring and Logging', () => {
  test('a request is a line: what it was, how long it took and in how many queries, of an account and never of a name', {
    timeout: 60_000 * slowness,
  }, async () => {
    const name = 'seldom-seen-otter';
    let [id, image] = ['', ''];
    const log = await logOf(
      async (url) => {
        const call = async (method: string, path: string, bearer: string, body?: string | FormData) => {
          const answer = await fetch(`${url}${path}`, {
            method,
            headers: {
              ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
              ...(typeof body === 'string' ? { 'content-type': 'application/json' } : {}),
            },
            ...(body === undefined ? {} : { body }),
          });
          // biome-ignore lint/suspicious/noExplicitAny: the test says what it expects of it.
          return { status: answer.status, json: (await answer.json()) as any };
        };
        const form = JSON.stringify({ username: name, password: 'under the old pines' });
        const { access_token: bearer } = (await call('POST', '/api/register/', '', form)).json;
        ({ id } = (await call('GET', '/api/v1/me', bearer)).json);
        const upload = async (seed: number) => {
          const body = new FormData();
          body.set('username', name);
          body.set('image_type', 'gallery');
          body.set('image', new Blob([new Uint8Array(await tinyPhoto(seed))]), `${name}.jpg`);
          const { status, json } = await call('POST', '/api/upload_user_image/', bearer, body);
          expect(status).toBe(200);
          return json.image.id;
        };
        const list = async () => (await call('GET', `/api/user_images/${name}/`, bearer)).json.count;
        image = await upload(1);
        expect(await list()).toBe(1);
        for (const seed of [2, 3, 4]) await upload(seed);
        expect(await list()).toBe(4);
        expect((await call('DELETE', `/api/user_image/${image.replace(/^./, '9')}/delete/`, bearer)).status).toBe(404);
      },
      { LOG_LEVEL: 'debug', LOG_FORMAT: 'json' },
    );
    const requests = requestsIn(log);
    const of = (route: string) => requests.filter((request) => request.route === route);
    const line = { ms: expect.any(Number), user: id };
    const uploads = of('/api/upload_user_image/');
    expect(uploads).toEqual(Array(4).fill(expect.objectContaining({ ...line, method: 'POST', status: 200 })));
    expect(of('/api/user_image/:id/delete/')).toMatchObject([{ ...line, status: 404 }]);
    const [one, many] = of('/api/user_images/:username/');
    expect([one, many]).toMatchObject([line, line]);
    // However many images there are: one more of them is no more queries.
    expect(one?.queries).toBeGreaterThan(0);
    expect(many?.queries).toBe(one?.queries);
    // Otherwise than there: who reads a log meets ids of accounts, and neither their names nor which images they have.
    for (const kept of [name, image]) {
      expect(kept).not.toBe('');
      expect(log).not.toContain(kept);
    }
  });
});

describe('Error Handling and Security Considerations: File Validation', () => {
  test('10 MB at the most', async () => {
    // Told by its first bytes to be a JPEG, so that its size is what is wrong with it.
    const large = Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(10 * 2 ** 20)]);
    expect(await send([...fields(), jpeg(large)])).toEqual({
      status: 413,
      body: { error: 'File size exceeds 10MB limit' },
    });
    const noise = await sharp(randomBytes(1800 * 1800 * 3), { raw: { width: 1800, height: 1800, channels: 3 } })
      .png({ compressionLevel: 0 })
      .toBuffer();
    expect(noise.length).toBeGreaterThan(9 * 2 ** 20);
    expect((await send([...fields(), file(noise, 'noise.png', 'image/png')])).status).toBe(200);
  });

  const kinds = ['jpeg', 'png', 'gif', 'webp'] as const;
  test.each(kinds)('%s is kept', async (kind) => {
    const bytes = await sharp(await tinyPhoto(200 + kinds.indexOf(kind)))
      .toFormat(kind)
      .toBuffer();
    const { status, body } = await send([...fields(), file(bytes, `a.${kind}`, `image/${kind}`)]);
    expect([status, body.image.mime_type]).toEqual([200, `image/${kind}`]);
  });

  test('nothing else is, whatever it is called', async () => {
    const avif = await sharp(await tinyPhoto(16))
      .avif()
      .toBuffer();
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
    for (const bytes of [avif, svg, Buffer.from('%PDF-1.7 '), Buffer.from('MZ'.padEnd(300, 'x'))]) {
      for (const [name, type] of [
        ['a.jpg', 'image/jpeg'],
        ['a.svg', 'image/svg+xml'],
      ] as const) {
        expect(await send([...fields(), file(bytes, name, type)])).toEqual({
          status: 415,
          body: { error: 'Unsupported file format' },
        });
      }
    }
    const { status, body } = await send([...fields(), jpeg(Buffer.from('ffd8ffe000104a464946', 'hex'))]);
    expect([status, Object.keys(body)]).toEqual([422, ['error']]);
  });

  test('what it is counts, not what it is called', async () => {
    const { status } = await send([...fields(), file(await tinyPhoto(17), 'noext', 'application/octet-stream')]);
    expect(status).toBe(200);
  });
});

describe('Security Considerations: Input Sanitization', () => {
  test('a caption is kept to its first thousand characters, as it was written: whoever shows it escapes it', async () => {
    const long = '🌅'.repeat(1200);
    const { body } = await send([...fields(), ['caption', long], jpeg(await tinyPhoto(18))]);
    expect([...body.image.caption].length).toBe(1000);
    const markup = await send([...fields(), ['caption', '<b onclick="x">&amp;</b>\0'], jpeg(await tinyPhoto(19))]);
    expect(markup.body.image.caption).toBe('<b onclick="x">&amp;</b>');
    const answer = await phone.send(token, 'GET', `/api/user_images/${username}/`);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });
});

describe('Testing', () => {
  test('its own test of the API passes', async () => {
    const answer = await send([
      ['username', 'test_user'],
      jpeg(await tinyPhoto(20), 'test_image.jpg'),
      ['image_type', 'profile'],
      ['is_primary', 'true'],
    ]);
    expect([answer.status, answer.body.success]).toEqual([200, true]);
    expect(answer.body.image).toMatchObject({ image_type: 'profile', is_primary: true });
  });
});
