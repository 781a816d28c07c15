import { beforeAll, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../app.ts';
import { createGalleryClient, expectShape, type GalleryClient, listOf, photo } from './photo-gallery-client.ts';

const app = await createTestApp();
const albumShape = {
  id: 'uuid',
  name: 'string',
  description: 'string?',
  created_at: 'timestamp',
  updated_at: 'timestamp',
  cover_photo_id: 'uuid?',
  photo_count: 'integer',
} as const;
let client: GalleryClient;
let stranger: GalleryClient;
const photos: string[] = [];
let album: { id: string; updated_at: string };

beforeAll(async () => {
  client = createGalleryClient(app, await app.signUp());
  stranger = createGalleryClient(app, await app.signUp());
  for (const n of [1, 2, 3, 4]) photos.push((await client.upload(await tinyPhoto(n), `p${n}.jpg`)).json().id);
});

test('an album is made with a name, and a description or none', async () => {
  album = await client.ask(201, 'POST', '/albums', { name: 'Harbour', description: 'In June' });
  expectShape(album, albumShape);
  expect(album).toMatchObject({ name: 'Harbour', description: 'In June', cover_photo_id: null, photo_count: 0 });
  const bare = await client.ask(201, 'POST', '/albums', { name: 'Bare', description: null, cover_photo_id: null });
  expect(bare).toMatchObject({ description: null, cover_photo_id: null });
  await client.ask(204, 'DELETE', `/albums/${bare.id}`);
  expect(await client.refused(400, 'POST', '/albums', { description: 'nameless' })).toBe('validation_error');
});

test('an album may have its cover from the start, which lies in it then', async () => {
  const made = await client.ask(201, 'POST', '/albums', { name: 'Covered', cover_photo_id: photos[1] });
  expect(made).toMatchObject({ cover_photo_id: photos[1], photo_count: 1 });
  await client.ask(204, 'POST', `/albums/${made.id}/photos`, { photo_ids: [photos[0], photos[1]] });
  const { items } = await client.ask(200, 'GET', `/albums/${made.id}/photos`);
  expect(items.map(({ id }: { id: string }) => id)).toEqual([photos[1], photos[0]]);
  await client.ask(204, 'DELETE', `/albums/${made.id}`);
  expect(await stranger.refused(404, 'POST', '/albums', { name: 'Taken', cover_photo_id: photos[1] })).toBe(
    'not_found',
  );
  expect((await stranger.ask(200, 'GET', '/albums')).total).toBe(0);
});

test('photos are put at its end in the order given, by either address', async () => {
  await client.ask(204, 'POST', `/albums/${album.id}/photos`, { photo_ids: [photos[2], photos[0]] });
  await client.ask(204, 'POST', `/albums/${album.id}/photos/batch`, { photo_ids: [photos[3], photos[1]] });
  const page = await client.ask(200, 'GET', `/albums/${album.id}/photos`);
  expectShape(page, listOf(photo));
  expect(page).toMatchObject({ total: 4, limit: 50, offset: 0 });
  expect(page.items.map(({ id }: { id: string }) => id)).toEqual([photos[2], photos[0], photos[3], photos[1]]);
  const second = await client.ask(200, 'GET', `/albums/${album.id}/photos?limit=2&offset=2`);
  expect(second.items.map(({ id }: { id: string }) => id)).toEqual([photos[3], photos[1]]);
});

test('the list counts its photos', async () => {
  const page = await client.ask(200, 'GET', '/albums');
  expectShape(page, listOf(albumShape));
  expect(page).toMatchObject({ total: 1, limit: 50, offset: 0, items: [{ id: album.id, photo_count: 4 }] });
  expect(await client.refused(400, 'GET', '/albums?limit=101')).toBe('validation_error');
});

test('name, description and cover are changed', async () => {
  const changed = await client.ask(200, 'PATCH', `/albums/${album.id}`, { name: 'Docks', cover_photo_id: photos[3] });
  expectShape(changed, albumShape);
  expect(changed).toMatchObject({ id: album.id, name: 'Docks', description: 'In June', cover_photo_id: photos[3] });
  expect(Date.parse(changed.updated_at)).toBeGreaterThanOrEqual(Date.parse(album.updated_at));
  const emptied = await client.ask(200, 'PATCH', `/albums/${album.id}`, { description: null, cover_photo_id: null });
  expect(emptied).toMatchObject({ name: 'Docks', description: null, cover_photo_id: null });
});

test('photos are taken out by a DELETE with a body, and stay in the library', async () => {
  await client.ask(204, 'DELETE', `/albums/${album.id}/photos`, { photo_ids: [photos[2], photos[3]] });
  const { items } = await client.ask(200, 'GET', `/albums/${album.id}/photos`);
  expect(items.map(({ id }: { id: string }) => id)).toEqual([photos[0], photos[1]]);
  expect((await client.ask(200, 'GET', '/photos')).total).toBe(4);
});

test('a stranger finds no album, and gets no photo into or out of it', async () => {
  const path = `/albums/${album.id}`;
  expect((await stranger.ask(200, 'GET', '/albums')).total).toBe(0);
  expect(await stranger.refused(404, 'GET', `${path}/photos`)).toBe('not_found');
  expect(await stranger.refused(404, 'PATCH', path, { name: 'Mine' })).toBe('not_found');
  expect(await stranger.refused(404, 'DELETE', path)).toBe('not_found');
  for (const [method, to] of [
    ['POST', '/photos'],
    ['POST', '/photos/batch'],
    ['DELETE', '/photos'],
  ] as const) {
    expect(await stranger.refused(404, method, `${path}${to}`, { photo_ids: [photos[0]] })).toBe('not_found');
  }
  const own = await stranger.ask(201, 'POST', '/albums', { name: 'Own' });
  expect(await stranger.refused(404, 'POST', `/albums/${own.id}/photos/batch`, { photo_ids: [photos[0]] })).toBe(
    'not_found',
  );
});

test('a deleted album is gone, its photos are not', async () => {
  await client.ask(204, 'DELETE', `/albums/${album.id}`);
  expect(await client.refused(404, 'GET', `/albums/${album.id}/photos`)).toBe('not_found');
  expect((await client.ask(200, 'GET', '/photos')).total).toBe(4);
});
