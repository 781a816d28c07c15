import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { createTestApp, type Person, tinyPhoto } from '../../test/app.ts';
import { createBearerTokens, createCredentials } from '../features/accounts/index.ts';
import { createPhotoLocator, createSignedUrls } from '../features/photos/index.ts';
import { openBlobStore } from '../platform/blobs/open-store.ts';
import { createDelivery } from '../platform/delivery/index.ts';
import { AppError } from '../platform/http/app-error.ts';
import type { UserCaller } from '../platform/http/caller.ts';
import { createAuthenticate } from './authenticate.ts';
import { createCors } from './cors.ts';
import { createImageServer, signPath } from './serve-images.ts';
import type { LegacySystem } from './system.ts';

const app = await createTestApp();
const { database, notifications } = { ...app.database, notifications: app.notifications };
const [anna, ben] = [await app.signUp(), await app.signUp()];
const bytes = await tinyPhoto(1);
const photo = await app.upload(anna, bytes, 'Strand.jpg');

const tokens = createBearerTokens({ secret: app.database.secret });
const credentials = createCredentials({ database, notifications, tokens });
const locator = createPhotoLocator({ database, notifications });
const logger = pino({ level: 'silent' });
const store = await openBlobStore(
  { driver: 'files', s3: null, publicPlace: null },
  { dataDir: app.dataDir, database, cacheBytes: 2 ** 20 },
);
const signedUrls = createSignedUrls({ key: Buffer.alloc(32, 7) });
const authenticate = createAuthenticate({ credentials, tokens });

/** An album of files by person; a path that names somebody else is forbidden. */
const system: LegacySystem = {
  name: 'ai-library',
  prefixes: [],
  routes: [],
  refuse: ({ status, details }) => ({ status, body: { no: details.reason ?? status } }),
  images: [
    {
      path: '/files/:owner/:name',
      photoOf({ owner, name = '' }, caller) {
        if (owner !== caller.userId) throw new AppError('forbidden', 'Somebody else’s.');
        const [id = '', ending] = name.split('.');
        return /^[0-9a-f-]{36}$/.test(id) ? { photoId: id, ...(ending === 'save' ? { isTakenOut: true } : {}) } : null;
      },
    },
    {
      path: '/any/:name',
      photoOf: async ({ name = '' }) => ({ photoId: name.replace('photo ', ''), variant: 'small' }),
    },
  ],
};
const serve = createImageServer([system], {
  delivery: createDelivery({ store, logger }),
  locator,
  credentials,
  authenticate,
  signedUrls,
  cors: createCors(['https://a.example']),
  logger,
  answered: () => {},
});
const server = createServer((request, response) => {
  if (!serve(request, response)) response.writeHead(418).end();
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  credentials.close();
  locator.close();
  store.close();
});

const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`${at}${path}`, { headers, method });
const callerOf = async ({ bearer }: Person) => (await authenticate(`Bearer ${bearer}`)) as UserCaller;
const path = `/files/${anna.id}/${photo.id}.jpg`;
const url = signPath(signedUrls, path, await callerOf(anna));

test('an address is opened by its signature, whatever a client puts behind it', async () => {
  for (const one of [url, `${url}?t=17`, `${url}&id=${photo.id}`, `${url}?id=1&t=2`]) {
    const answer = await get(one);
    expect([one, answer.status]).toEqual([one, 200]);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'cache-control': 'private, max-age=86400',
      'cross-origin-resource-policy': 'cross-origin',
      vary: 'Authorization, Origin',
    });
  }
  expect(signPath(signedUrls, path, await callerOf(anna))).toBe(url);
  const own = await get(url, { origin: 'https://a.example' });
  expect(own.headers.get('access-control-allow-origin')).toBe('https://a.example');
  await own.arrayBuffer();
});

test('HEAD, ranges and what the client has already', async () => {
  const head = await get(url, {}, 'HEAD');
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.length)]);
  const part = await get(url, { range: 'bytes=0-1' });
  expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 2]);
  const same = await get(url, { 'if-none-match': String(head.headers.get('etag')) });
  expect([same.status, await same.text()]).toEqual([304, '']);
  const saved = await get(`/files/${anna.id}/${photo.id}.save`, { authorization: `Bearer ${anna.bearer}` });
  expect(saved.headers.get('content-disposition')).toContain('filename="Strand.jpg"');
  await saved.arrayBuffer();
});

test('a signature is for one address; without one, a token counts, and no cookie', async () => {
  const refused = async (one: string, headers: Record<string, string> = {}) => {
    const answer = await get(one, headers);
    return [answer.status, ((await answer.json()) as { no: unknown }).no];
  };
  const query = url.slice(url.indexOf('?'));
  expect(await refused(`/any/${photo.id}${query}`)).toEqual([401, 'signature']);
  expect(await refused(url.replace(anna.id, ben.id))).toEqual([401, 'signature']);
  expect(await refused(path)).toEqual([401, 'none']);
  expect(await refused(path, { cookie: `tintype_session=${anna.cookie}` })).toEqual([401, 'none']);
  expect(await refused(path, { authorization: `Bearer ${ben.bearer}` })).toEqual([403, 403]);
  expect(await refused(`/any/${photo.id}`, { authorization: `Bearer ${ben.bearer}` })).toEqual([404, 404]);
  expect(await refused(`/files/${anna.id}/none`, { authorization: `Bearer ${anna.bearer}` })).toEqual([404, 404]);
  expect(await refused('/any/%zz', { authorization: `Bearer ${anna.bearer}` })).toEqual([404, 404]);
  // What has run out does no harm beside a token that is good.
  const stale = await get(`${path}?u=1&c=2&e=3&s=4`, { authorization: `Bearer ${anna.bearer}` });
  expect(stale.status).toBe(200);
  await stale.arrayBuffer();
  const signed = signPath(signedUrls, `/any/photo%20${photo.id}`, await callerOf(anna));
  expect((await get(signed)).headers.get('content-type')).toBe('image/webp');
  expect((await get('/elsewhere')).status).toBe(418);
  expect((await get(url, {}, 'POST')).status).toBe(418);
});

test('an address dies with the session it was given to, and with the photo', async () => {
  const again = await app.signIn(anna);
  const other = signPath(signedUrls, path, await callerOf(again));
  expect((await get(other)).status).toBe(200);
  await app.request(again, 'POST', '/api/v1/auth/logout');
  await expect.poll(async () => (await get(other)).status).toBe(401);
  expect((await get(url)).status).toBe(200);
  await app.request(anna, 'DELETE', `/api/v1/photos/${photo.id}`);
  await expect.poll(async () => (await get(url)).status).toBe(404);
});
