import { get } from 'node:http';
import { describe, expect, test } from 'vitest';
import { type Answer, createTestApp } from '../../../test/app.ts';
import { tinyPhoto } from '../../../test/fixtures/tiny-photo.ts';

const app = await createTestApp();
const api = '/api/v1';
const person = await app.signUp();
const bytes = await tinyPhoto({ seed: 1 });
const photo = await app.upload(person, bytes, 'harbour.jpg');

/** A request that shows nothing at all, as an `<img>` of another site's page would send. */
const bare = (url: string): Promise<number> =>
  new Promise((resolve, reject) => {
    get(`${app.url}${url}`, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on('error', reject);
  });

const addresses = [
  `${api}/photos/${photo.id}`,
  `${api}/photos/${photo.id}/original`,
  `${api}/photos/${photo.id}/preview`,
  `${api}/photos/${photo.id}/medium`,
  `${api}/photos/${photo.id}/small`,
  `${api}/photos/thumbnail/${photo.id}`,
];

describe.each(addresses)('%s', (address) => {
  test('is for its owner, to keep for a year, and for no shared cache', async () => {
    const answer = await app.request(person, 'GET', address);
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('private, max-age=31536000, immutable');
    expect(answer.headers.vary).toMatch(/\bCookie\b/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['content-security-policy']).toContain('sandbox');
    expect(Number(answer.headers['content-length'])).toBe(answer.body.length);
    expect(answer.headers.etag).toMatch(/^"[^"]+"$/);
  });

  test('HEAD, Range and conditions', async () => {
    const whole = await app.request(person, 'GET', address);
    const head = await app.request(person, 'HEAD', address);
    const told = ({ headers }: Answer) => [headers['content-type'], headers['content-length'], headers.etag];
    expect([head.status, head.body.length, told(head)]).toEqual([200, 0, told(whole)]);

    const part = await app.request(person, 'GET', address, { headers: { range: 'bytes=5-14' } });
    expect([part.status, part.headers['content-range']]).toEqual([206, `bytes 5-14/${whole.body.length}`]);
    expect(part.body.equals(whole.body.subarray(5, 15))).toBe(true);
    const beyond = await app.request(person, 'GET', address, { headers: { range: 'bytes=999999-' } });
    expect([beyond.status, beyond.headers['content-range']]).toEqual([416, `bytes */${whole.body.length}`]);

    const etag = whole.headers.etag as string;
    const same = await app.request(person, 'GET', address, { headers: { 'if-none-match': etag } });
    expect([same.status, same.body.length, same.headers.etag]).toEqual([304, 0, etag]);
    expect(same.headers.vary).toMatch(/\bCookie\b/);
    const other = await app.request(person, 'GET', address, { headers: { 'if-none-match': '"other"' } });
    expect(other.status).toBe(200);
  });

  test('is checked before a condition is answered', async () => {
    const { headers } = await app.request(person, 'GET', address);
    const conditional = { headers: { 'if-none-match': headers.etag as string } };
    expect((await app.request(null, 'GET', address, conditional)).status).toBe(401);
    expect((await app.request(await app.signUp(), 'GET', address, conditional)).status).toBe(404);
  });

  test('takes no writes', async () => {
    const answer = await app.request(person, 'PUT', address, { body: 'x' });
    expect([answer.status, answer.json().error.code]).toEqual([404, 'not_found']);
  });
});

test('sizes carry no EXIF, the original is as it was sent', async () => {
  const tagged = await app.upload(
    person,
    await tinyPhoto({ seed: 2, model: 'Secret Camera', takenAt: '2024:01:01 00:00:00' }),
  );
  for (const variant of ['preview', 'medium', 'small']) {
    const { body } = await app.request(person, 'GET', `${api}/photos/${tagged.id}/${variant}`);
    expect(body.includes('Secret Camera')).toBe(false);
  }
  const original = await app.request(person, 'GET', `${api}/photos/${photo.id}/original`);
  expect(original.body.equals(bytes)).toBe(true);
  expect(original.headers['content-disposition']).toBeUndefined();
});

test('a download says its name', async () => {
  const answer = await app.request(person, 'GET', `${api}/photos/${photo.id}/original?download=1`);
  expect(answer.headers['content-disposition']).toBe(
    `attachment; filename="harbour.jpg"; filename*=UTF-8''harbour.jpg`,
  );
});

test('names that are none answer as absent ones do', async () => {
  for (const path of [
    `${api}/photos/0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e`,
    `${api}/photos/0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e/small`,
    `${api}/photos/${photo.id}/huge`,
    `${api}/photos/${photo.id}/original/x`,
    `${api}/photos/${photo.id.toUpperCase()}/original`,
    `${api}/photos/..%2f..%2fetc%2fpasswd`,
  ]) {
    const answer = await app.request(person, 'GET', path);
    expect([path, answer.status, answer.json().error.code]).toEqual([path, 404, 'not_found']);
  }
});

test('signing out empties the browser’s cache, and the addresses are closed', async () => {
  const again = await app.signIn(person);
  expect((await app.request(again, 'GET', photo.thumbnail_url)).status).toBe(200);
  const out = await app.request(again, 'POST', `${api}/auth/logout`);
  expect([out.status, out.headers['clear-site-data']]).toEqual([204, '"cache"']);
  for (const address of addresses) expect((await app.request(again, 'GET', address)).status).toBe(401);
});

test('JSON is for nobody to keep', async () => {
  for (const path of [
    'photos',
    'timeline',
    'trash',
    `photos/${photo.id}/metadata`,
    'me',
    'photos?limit=x',
    'nowhere',
  ]) {
    const answer = await app.request(person, 'GET', `${api}/${path}`);
    expect([path, answer.headers['cache-control']]).toEqual([path, 'no-store']);
  }
});

describe('addresses given to who shows a token', () => {
  test('open in a bare GET, each for its own size of its own photo alone', async () => {
    const listed = (await app.request({ bearer: person.bearer }, 'GET', `${api}/photos`)).json().items[0];
    for (const url of [listed.thumbnail_url, listed.preview_url, listed.full_url]) expect(await bare(url)).toBe(200);
    expect(await bare(listed.thumbnail_url.replace('/medium?', '/original?'))).toBe(401);
    const other = listed.id.replace(/.$/, (last: string) => (last === '0' ? '1' : '0'));
    expect(await bare(listed.thumbnail_url.replace(listed.id, other))).toBe(401);
    expect(await bare(listed.thumbnail_url.replace(/([?&]e=)(\d)/, '$19'))).toBe(401);
    expect(
      await bare(listed.thumbnail_url.replace(/s=./, (start: string) => `s=${start.endsWith('A') ? 'B' : 'A'}`)),
    ).toBe(401);
    expect(await bare(listed.thumbnail_url.split('?')[0])).toBe(401);
  });

  test('end with the session', async () => {
    const again = await app.signIn(person);
    const { thumbnail_url: url } = (await app.request({ bearer: again.bearer }, 'GET', `${api}/photos`)).json()
      .items[0];
    expect(await bare(url)).toBe(200);
    await app.request(again, 'POST', `${api}/auth/logout`);
    expect(await bare(url)).toBe(401);
  });

  test('end with the API key', async () => {
    const key = await app.createApiKey(person, ['photos:read']);
    const { thumbnail_url: url } = (await app.request({ bearer: key.bearer }, 'GET', `${api}/photos`)).json().items[0];
    expect(await bare(url)).toBe(200);
    expect((await app.request(person, 'DELETE', `${api}/api-keys/${key.id}`)).status).toBe(204);
    expect(await bare(url)).toBe(401);
  });

  test('carry no signature where a cookie does', async () => {
    expect(photo.thumbnail_url).toMatch(/\?v=[0-9a-f]{16}$/);
  });
});
