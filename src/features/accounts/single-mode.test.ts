import { expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../../../test/app.ts';

const app = await createTestApp({
  environment: { TINTYPE_MODE: 'single', TINTYPE_TRUSTED_PROXIES: '', TINTYPE_ALLOWED_HOSTS: 'photos.home' },
});
const get = (path: string, headers: Record<string, string> = {}) => app.request(null, 'GET', path, { headers });

test('whoever sits at the machine is the owner, without signing in', async () => {
  expect((await get('/api/v1/auth/status')).json()).toMatchObject({ mode: 'single', setup_required: false });
  expect((await get('/api/v1/me')).json()).toMatchObject({ username: 'owner', role: 'admin' });
  const photo = await app.upload(null, await tinyPhoto(1));
  expect((await get(`/api/v1/photos/${photo.id}/medium`)).status).toBe(200);
  expect((await get('/api/v1/photos')).json().total).toBe(1);
});

test.each([
  ['another host name (DNS rebinding)', { host: 'evil.example' }],
  ['a host name that only begins like ours', { host: 'localhost.evil.example' }],
  ['a proxy', { 'x-forwarded-for': '127.0.0.1' }],
  ['a proxy of the other kind', { forwarded: 'for=127.0.0.1' }],
  ['a proxy that only names the host', { 'x-forwarded-host': 'localhost' }],
])('refuses %s, for the API and for bytes', async (_, headers) => {
  expect((await get('/api/v1/me', headers)).status).toBe(403);
  const photo = (await get('/api/v1/photos')).json().items[0] ?? (await app.upload(null, await tinyPhoto(2)));
  expect((await get(`/api/v1/photos/${photo.id}/medium`, headers)).status).toBe(403);
});

test.each(['localhost', '127.0.0.1:8000', '[::1]:8000', 'photos.home'])('answers to the name %s', async (host) => {
  expect((await get('/api/v1/me', { host })).status).toBe(200);
});

test('a page of another site cannot write, and a program can', async () => {
  const photo = await app.upload(null, await tinyPhoto(3));
  const patch = (headers: Record<string, string>) =>
    app.request(null, 'PATCH', `/api/v1/photos/${photo.id}`, { json: { is_favorite: true }, headers });
  expect((await patch({ origin: 'https://evil.example' })).status).toBe(403);
  expect((await patch({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  expect((await patch({ origin: app.url })).status).toBe(200);
  expect((await patch({})).status).toBe(200);
});

test('the owner signs out to no avail, and nothing breaks', async () => {
  expect((await app.request(null, 'POST', '/api/v1/auth/logout')).status).toBe(204);
  expect((await get('/api/v1/me')).status).toBe(200);
});
