import { beforeAll, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../app.ts';
import { createGalleryClient, expectShape, type GalleryClient, photo } from './photo-gallery-client.ts';

const app = await createTestApp();
let client: GalleryClient;
let guest: GalleryClient;
let id: string;
let original: Buffer;

beforeAll(async () => {
  client = createGalleryClient(app, await app.signUp());
  guest = createGalleryClient(app, null);
  original = await tinyPhoto(1, { width: 400, height: 300 });
  id = (await client.upload(original, 'harbour.jpg')).json().id;
});

const share = (body: object) => client.ask(201, 'POST', '/share/create', { photo_id: id, ...body });

test('a link is made of 32 random bytes, and says when it ends', async () => {
  const end = new Date(Date.now() + 86_400_000).toISOString();
  const link = await share({ expires_at: end });
  expectShape(link, { access_key: 'string', url: 'string', expires_at: 'timestamp?' });
  expect(link.access_key).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(Buffer.from(link.access_key, 'base64url')).toHaveLength(32);
  expect(link.url.endsWith(link.access_key)).toBe(true);
  expect(link.expires_at).toBe(end);
  expect((await share({ expires_at: null })).expires_at).toBe(null);
});

test('whoever has it gets the photo, or its bytes where these are accepted', async () => {
  const { access_key: key } = await share({});
  const shown = await guest.ask(200, 'GET', `/share/${key}`);
  expectShape(shown, photo);
  expect(shown).toMatchObject({ id, filename: 'harbour.jpg', width: 400, height: 300, is_generated: false });
  const answers = await Promise.all([
    guest.bytes(shown.thumbnail_url),
    guest.bytes(shown.full_url),
    guest.bytes(`/api/v1/share/${key}`, { accept: 'image/*' }),
    guest.bytes(`/api/v1/share/${key}`, { accept: 'image/webp,image/png;q=0.9' }),
  ]);
  for (const answer of answers) {
    expect([answer.status, answer.headers['content-type']]).toEqual([200, expect.stringMatching(/^image\//)]);
    expect(answer.headers['cache-control']).toMatch(/^private/);
  }
  for (const accept of ['application/json', '*/*']) {
    expect((await guest.bytes(`/api/v1/share/${key}`, { accept })).json().id).toBe(id);
  }
});

test('with allow_download, full_url and the bytes are the original', async () => {
  const { access_key: key } = await share({ allow_download: true, show_metadata: true });
  const shown = await guest.ask(200, 'GET', `/share/${key}`);
  expect((await guest.bytes(shown.full_url)).body.equals(original)).toBe(true);
  expect((await guest.bytes(`/api/v1/share/${key}`, { accept: 'image/*' })).body.equals(original)).toBe(true);
});

test('an album is shared in the place of a photo, never both', async () => {
  const album = await client.ask(201, 'POST', '/albums', { name: 'Harbour', photo_ids: [id] });
  const { access_key: key } = await client.ask(201, 'POST', '/share/create', { album_id: album.id });
  expect(await guest.ask(200, 'GET', `/share/${key}`)).toMatchObject({ kind: 'album', photo_count: 1 });
  for (const body of [{}, { photo_id: id, album_id: album.id }]) {
    expect(await client.refused(400, 'POST', '/share/create', body)).toBe('validation_error');
  }
});

test('a key that was never given, or a photo that is not there any more, shows nothing', async () => {
  const { access_key: key } = await share({});
  expect(await guest.refused(404, 'GET', `/share/${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`)).toBe(
    'not_found',
  );
  expect(await guest.refused(404, 'GET', '/share/short')).toBe('not_found');
  expect(await client.refused(400, 'POST', '/share/create', { photo_id: id, expires_at: '2020-01-01T00:00:00Z' })).toBe(
    'validation_error',
  );
  const stranger = createGalleryClient(app, await app.signUp());
  expect(await stranger.refused(404, 'POST', '/share/create', { photo_id: id })).toBe('not_found');
  await client.ask(204, 'DELETE', `/photos/${id}`);
  expect(await guest.refused(410, 'GET', `/share/${key}`)).toBe('gone');
});
