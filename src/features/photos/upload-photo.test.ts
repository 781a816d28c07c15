import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { createTestApp, type Person } from '../../../test/app.ts';
import { eventually } from '../../../test/eventually.ts';
import { tinyPhoto } from '../../../test/fixtures/tiny-photo.ts';
import { countPromise } from '../../../test/promises.ts';

const app = await createTestApp();
const owner = await app.signUp();
const api = '/api/v1';
let seed = 1;
const fresh = () => tinyPhoto({ seed: (seed += 1) });
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const upload = (bytes: Uint8Array, query: Record<string, string> = {}, as: Person = owner) =>
  app.request(as, 'POST', `${api}/photos?${new URLSearchParams(query)}`, { body: bytes });

/** A form as browsers write it: UTF-8, quotes and line ends of names escaped as HTML's standard says. */
function form(file: Uint8Array, filename: string | null, fields: Record<string, string> = {}, field = 'file') {
  const boundary = `----form${createHash('md5').update(file).digest('hex')}`;
  const escaped = filename?.replace(/\r\n|\r|\n/g, '%0D%0A').replaceAll('"', '%22');
  const named = filename === null ? '' : `; filename="${escaped}"`;
  const body = Buffer.concat([
    ...Object.entries(fields).map(([name, value]) =>
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`),
    ),
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${field}"${named}\r\n`),
    Buffer.from('Content-Type: application/octet-stream\r\n\r\n'),
    file,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  return { body, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
}

describe('the file as the body', () => {
  test('is kept byte for byte and answered as a photo', async () => {
    const bytes = await fresh();
    const answer = await upload(bytes, { filename: 'harbour.jpg' });
    expect(answer.status).toBe(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    const photo = answer.json();
    expect(photo).toMatchObject({
      filename: 'harbour.jpg',
      bytes: bytes.length,
      width: 24,
      height: 16,
      mime_type: 'image/jpeg',
      kind: 'uploaded',
      is_generated: false,
      is_favorite: false,
      caption: null,
      deleted_at: null,
    });
    const original = await app.request(owner, 'GET', photo.full_url);
    expect(sha256(original.body)).toBe(sha256(bytes));
    for (const url of [photo.thumbnail_url, photo.preview_url, `${api}/photos/thumbnail/${photo.id}`]) {
      const picture = await app.request(owner, 'GET', url);
      expect(picture.status).toBe(200);
      expect(picture.headers['content-type']).toMatch(/^image\//);
    }
  });

  test.each(['jpeg', 'png', 'webp', 'gif', 'avif'] as const)(
    'as %s, whatever its name and content type say',
    async (format) => {
      const answer = await app.request(owner, 'POST', `${api}/photos?filename=lie.bmp`, {
        body: await tinyPhoto({ seed: (seed += 1), format }),
        headers: { 'content-type': 'text/html' },
      });
      expect([answer.status, answer.json().mime_type]).toEqual([201, `image/${format}`]);
    },
  );

  test('as HEIC', async () => {
    const bytes = readFileSync(join(import.meta.dirname, '../../../test/fixtures/photo.heic'));
    const photo = (await upload(bytes)).json();
    expect(photo.mime_type).toBe('image/heic');
    const preview = await app.request(owner, 'GET', photo.preview_url);
    expect(preview.headers['content-type']).toMatch(/^image\/(jpeg|webp)$/);
  });
});

describe('the file in a form', () => {
  test('takes its name from the form', async () => {
    const { body, headers } = form(await fresh(), 'from a form.jpg');
    const answer = await app.request(owner, 'POST', `${api}/photos`, { body, headers });
    expect([answer.status, answer.json().filename]).toEqual([201, 'from a form.jpg']);
  });

  test('fields name and date it', async () => {
    const fields = { filename: 'named by a field.jpg', modified_at: '2019-03-04T05:06:07Z' };
    const { body, headers } = form(await fresh(), 'x.jpg', fields);
    const photo = (await app.request(owner, 'POST', `${api}/photos`, { body, headers })).json();
    expect([photo.filename, photo.taken_at]).toEqual(['named by a field.jpg', '2019-03-04T05:06:07Z']);
  });

  test.each([
    ['a file of another name', async () => form(await fresh(), 'a.jpg', {}, 'picture')],
    ['an unknown field', async () => form(await fresh(), 'a.jpg', { album: 'x' })],
    ['no file', async () => form(Buffer.from('text'), null, {}, 'filename')],
    ['a field beyond its size', async () => form(await fresh(), 'a.jpg', { filename: 'x'.repeat(5000) })],
  ])('%s is refused', async (_, make) => {
    const { body, headers } = await make();
    const answer = await app.request(owner, 'POST', `${api}/photos`, { body, headers });
    expect([answer.status, answer.json().error.code]).toEqual([400, 'validation_error']);
  });

  test('what comes after the file can still refuse it', async () => {
    const bytes = await fresh();
    const { body, headers } = form(bytes, 'a.jpg');
    const boundary = headers['content-type'].split('=')[1];
    const end = `\r\n--${boundary}--\r\n`;
    const extra = `\r\n--${boundary}\r\nContent-Disposition: form-data; name="evil"\r\n\r\n1${end}`;
    const longer = Buffer.concat([body.subarray(0, body.length - end.length), Buffer.from(extra)]);
    const answer = await app.request(owner, 'POST', `${api}/photos`, { body: longer, headers });
    expect(answer.status).toBe(400);
    expect((await upload(bytes)).status).toBe(201);
  });
});

describe('a duplicate of one’s own', () => {
  test('answers 200 and the photo that is there, under its first name', async () => {
    const bytes = await fresh();
    const first = (await upload(bytes, { filename: 'first.jpg' })).json();
    const again = await upload(bytes, { filename: 'second.jpg' });
    expect(again.status).toBe(200);
    expect(again.json()).toEqual(first);
  });

  test('comes out of the trash', async () => {
    const bytes = await fresh();
    const { id } = (await upload(bytes)).json();
    await app.request(owner, 'DELETE', `${api}/photos/${id}`);
    const again = await upload(bytes);
    expect([again.status, again.json().id, again.json().deleted_at]).toEqual([200, id, null]);
    const listed = (await app.request(owner, 'GET', `${api}/photos?limit=100`)).json();
    expect(listed.items.filter((photo: { id: string }) => photo.id === id)).toHaveLength(1);
  });

  test('is another photo for another person', async () => {
    const bytes = await fresh();
    const mine = (await upload(bytes)).json();
    const stranger = await app.signUp();
    const theirs = await upload(bytes, {}, stranger);
    expect(theirs.status).toBe(201);
    expect(theirs.json().id).not.toBe(mine.id);
  });

  test('sent twelve times at once is one photo', async () => {
    const bytes = await fresh();
    const answers = await Promise.all(Array.from({ length: 12 }, () => upload(bytes)));
    const made = new Set(answers.map((answer) => answer.json().id)).size;
    const what = 'uploads of the same bytes at once that make one photo';
    countPromise({ promise: 11, what, tried: answers.length, held: made === 1 ? answers.length : 0 });
    expect(made).toBe(1);
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(11).fill(200), 201]);
  });
});

describe('names', () => {
  const given = join(import.meta.dirname, '../../../../shared/corpus/filenames.json');
  const shared: { name: string; why: string }[] = existsSync(given) ? JSON.parse(readFileSync(given, 'utf8')) : [];
  const own = [
    '../../up.jpg',
    'C:\\Users\\a.jpg',
    'a\0b.jpg',
    'two\r\nSet-Cookie: x=1.jpg',
    '"; filename="b.html',
    '\u202egpj.exe',
    '',
    '.',
    '日本語📸.jpg',
    'x'.repeat(400),
    `${'📸'.repeat(200)}.jpg`,
    '\ud800lone.jpg',
  ].map((name) => ({ name, why: 'own' }));

  const expectHarmless = async (id: string, filename: string) => {
    expect(filename.length).toBeGreaterThan(0);
    expect(filename.length).toBeLessThanOrEqual(255);
    expect(filename).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069/\\]/u);
    expect(filename).not.toMatch(/^\.+$/);
    expect(filename.isWellFormed()).toBe(true);
    const answer = await app.request(owner, 'GET', `${api}/photos/${id}/original?download=1`);
    expect(answer.status).toBe(200);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.headers['content-type']).toBe('image/jpeg');
    const disposition = answer.headers['content-disposition'] ?? '';
    // One quoted name without a way out, and one RFC 8187 value that says the whole name.
    expect(disposition).toMatch(/^attachment; filename="[ !#-[\]-~]*"; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]*$/);
    expect(decodeURIComponent(disposition.split("UTF-8''")[1] ?? '')).toBe(filename);
  };

  test.each(own)('$name in the query', async ({ name }) => {
    const answer = await upload(await fresh(), { filename: name });
    expect(answer.status).toBe(201);
    await expectHarmless(answer.json().id, answer.json().filename);
  });

  test.skipIf(shared.length === 0)('of the shared corpus, by query and by form', async () => {
    for (const { name, why } of shared) {
      if (name.length > 1000) {
        expect((await upload(await fresh(), { filename: name })).status, why).toBe(400);
      } else {
        const answer = await upload(await fresh(), { filename: name });
        expect(answer.status, why).toBe(201);
        await expectHarmless(answer.json().id, answer.json().filename);
      }
      const { body, headers } = form(await fresh(), name);
      const byForm = await app.request(owner, 'POST', `${api}/photos`, { body, headers });
      expect([201, 400], why).toContain(byForm.status);
      if (byForm.status === 201) await expectHarmless(byForm.json().id, byForm.json().filename);
    }
    // Nothing is stored under a name that somebody gave.
    const names = (await readdir(app.dataDir, { recursive: true })).map((path) => path.split('/').at(-1));
    expect(
      names.filter(
        (name) => !/^([0-9a-f]{2}|[0-9a-f]{64}(\.\w+)?|originals|derivatives|tmp|uploads)$/.test(name ?? ''),
      ),
    ).toEqual([]);
  });
});

describe('when it was taken', () => {
  const takenAt = async (options: Parameters<typeof tinyPhoto>[0], query: Record<string, string> = {}) =>
    (await upload(await tinyPhoto(options), query)).json().taken_at as string;

  test('is the camera’s clock with its offset, before the file’s date', async () => {
    const options = { seed: (seed += 1), takenAt: '2024:06:14 09:30:00', offset: '+02:00' };
    expect(await takenAt(options, { modified_at: '2020-01-01T00:00:00Z' })).toBe('2024-06-14T09:30:00+02:00');
  });

  test('is the camera’s clock as it stands where it names no offset', async () => {
    expect(await takenAt({ seed: (seed += 1), takenAt: '2024:06:14 09:30:00' })).toBe('2024-06-14T09:30:00Z');
  });

  test('is the file’s date where there is no camera’s', async () => {
    const at = await takenAt({ seed: (seed += 1) }, { modified_at: '2020-05-06T07:08:09+02:00' });
    expect(at).toBe('2020-05-06T05:08:09Z');
  });

  test.each(['0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z'])(
    'is now for a file of %s',
    async (modified_at) => {
      const before = Date.now();
      const at = Date.parse(await takenAt({ seed: (seed += 1) }, { modified_at }));
      expect(at).toBeGreaterThanOrEqual(before);
      expect(at).toBeLessThanOrEqual(Date.now());
    },
  );

  test('a date that is none is refused', async () => {
    const answer = await upload(await fresh(), { modified_at: 'yesterday' });
    expect([answer.status, answer.json().error.details.field]).toEqual([400, 'modified_at']);
  });
});

test('width and height are after orientation', async () => {
  const photo = (await upload(await tinyPhoto({ seed: (seed += 1), orientation: 6 }))).json();
  expect([photo.width, photo.height]).toEqual([16, 24]);
});

test('what the camera said is in the metadata', async () => {
  const options = { seed: (seed += 1), model: 'Harbour 3', takenAt: '2024:06:14 09:30:00' };
  const { id } = (await upload(await tinyPhoto(options))).json();
  const answer = await app.request(owner, 'GET', `${api}/photos/${id}/metadata`);
  expect(answer.json()).toMatchObject({ id, camera: { make: null, model: 'Harbour 3', lens: null }, location: null });
});

test('bytes that were put away for a photo that the database then refused go by the job', async () => {
  const client = new Client(app.database.owner);
  await client.connect();
  await client.query(`
    create function refuse() returns trigger language plpgsql as $$ begin raise exception 'the disk is gone'; end $$;
    create trigger refuse before insert on photos for each row when (new.filename = 'unlucky.jpg') execute function refuse()`);
  const bytes = await fresh();
  const hash = sha256(bytes);
  const stored = async () =>
    (await readdir(app.dataDir, { recursive: true })).filter((path) => path.includes(hash)).length;
  const answer = await upload(bytes, { filename: 'unlucky.jpg' });
  expect([answer.status, answer.json().error.code]).toEqual([500, 'server_error']);
  expect(answer.text).not.toContain('the disk is gone');
  await eventually(async () => expect(await stored()).toBe(0));
  await client.query('drop trigger refuse on photos');
  await client.end();
  expect((await upload(bytes, { filename: 'unlucky.jpg' })).status).toBe(201);
  expect(await stored()).toBe(4);
});

test('a hundred refusals and uploads later, nothing is left in the temp folders', () => {
  for (const folder of ['tmp', 'uploads']) {
    const path = join(app.dataDir, folder);
    expect(existsSync(path) ? readdirSync(path) : []).toEqual([]);
  }
});
