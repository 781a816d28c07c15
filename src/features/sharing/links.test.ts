import { expect, test } from 'vitest';
import { createTestApp } from '../../../test/app.ts';
import { tinyPhoto } from '../../../test/fixtures/tiny-photo.ts';
import { asGuest, createLink } from '../../../test/links.ts';

const app = await createTestApp();
const owner = await app.signUp();
const photo = await app.upload(owner, await tinyPhoto({ seed: 1 }), 'lake.jpg');

test('a link to a photo shows it', async () => {
  const link = await createLink(app, owner, { photo_id: photo.id });
  const view = await asGuest(app, link, null, 'GET', '', { headers: { accept: 'application/json' } });
  expect([view.status, view.text]).toEqual([200, expect.stringContaining('lake.jpg')]);
  const medium = await asGuest(app, link, null, 'GET', `/photos/${photo.id}/medium`);
  expect(medium.status).toBe(200);
  const listed = await app.request(owner, 'GET', '/api/v1/share-links');
  expect([listed.status, listed.json().items[0].access_key]).toEqual([200, link.key]);
});
