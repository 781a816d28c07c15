import { pino } from 'pino';
import { expect, test } from 'vitest';
import { AppError } from '#platform/http/app-error.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { Missing } from './authenticate.ts';
import { createCors } from './cors.ts';
import { mountSystems } from './mount.ts';
import { readForm, readJson } from './read-body.ts';
import type { LegacySystem, Refusal } from './system.ts';

const refuse = ({ status, code, details }: AppError): Refusal => ({ status, body: { no: code, ...details } });
const ines = { kind: 'user', userId: 'ines' } as UserCaller;

const cameras: LegacySystem = {
  name: 'style-ai',
  prefixes: ['/cameras'],
  refuse,
  headers: { 'X-Cameras': 'yes' },
  health: { '/health': ({ version }) => ({ status: 'up', version }) },
  routes: [
    { method: 'GET', path: ['/gallery', '/gallery/'], isPageToo: true, handle: (c, user) => c.json([user.userId]) },
    {
      method: 'POST',
      path: '/cameras/:id',
      open: true,
      handle: async (c) => c.json(await readJson(c, { mostBytes: 100 })),
    },
    {
      method: 'PUT',
      path: '/cameras/:id',
      open: true,
      refuse: () => ({ status: 418, body: 'teapot' }),
      handle: () => {
        throw new AppError('rate_limited', 'Wait.', { retry_after: 7 });
      },
    },
    { method: 'POST', path: '/form', open: true, handle: async (c) => c.json(Object.fromEntries(await readForm(c))) },
  ],
};
const lenses: LegacySystem = {
  ...cameras,
  name: 'pinit',
  prefixes: [],
  routes: [],
  health: { '/health': () => ({ status: 'fine', glass: true }) },
};

const mount = (origins: readonly string[] | '*' = '*', ready = true) =>
  mountSystems([cameras, lenses], {
    cors: createCors(origins),
    authenticate: async (header): Promise<UserCaller | Missing> => (header === 'Bearer ines' ? ines : 'none'),
    addressOf: () => ({ ip: '192.0.2.1', network: '192.0.2.1', secure: false, forwarded: false }),
    look: async () => ({ ready, at: '2026-01-01T00:00:00.000Z', version: '7' }),
    logger: pino({ level: 'silent' }),
  });
const router = mount();
// What comes behind, as the web app does.
router.get('/gallery', (c) => c.html('the page'));
const signedIn = { authorization: 'Bearer ines' };

test('only what says that it is open is answered without a sign-in', async () => {
  const refused = await router.request('/gallery');
  expect([refused.status, await refused.json()]).toEqual([401, { no: 'unauthorized', reason: 'none' }]);
  const answer = await router.request('/gallery/', { headers: signedIn });
  expect(await answer.json()).toEqual(['ines']);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'access-control-allow-origin': '*',
    'cache-control': 'no-store',
    'x-cameras': 'yes',
  });
  expect((await router.request('/gallery', { method: 'HEAD', headers: signedIn })).status).toBe(200);
});

test('whoever opens a page in a browser is let through to it, a script is not', async () => {
  const page = await router.request('/gallery', { headers: { accept: 'text/html,*/*;q=0.8' } });
  expect(await page.text()).toBe('the page');
  expect(page.headers.has('access-control-allow-origin')).toBe(false);
  expect((await router.request('/gallery', { headers: { accept: 'application/json' } })).status).toBe(401);
});

test('other methods and unknown paths are refused in the words of the system', async () => {
  const method = await router.request('/cameras/1', { method: 'DELETE' });
  expect([method.status, method.headers.get('allow')]).toEqual([405, 'POST, PUT, OPTIONS']);
  expect(await method.json()).toEqual({ no: 'method_not_allowed', allowed: ['POST', 'PUT'] });
  const unknown = await router.request('/cameras/1/2');
  expect([unknown.status, await unknown.json()]).toEqual([404, { no: 'not_found' }]);
  expect((await router.request('/lenses')).headers.get('x-cameras')).toBe(null);
});

test('a family of routes has words of its own, and who must wait is told how long', async () => {
  const answer = await router.request('/cameras/1', { method: 'PUT' });
  expect([answer.status, answer.headers.get('retry-after'), await answer.json()]).toEqual([418, '7', 'teapot']);
});

test('bodies are read up to a limit, and say what is wrong with them', async () => {
  const post = async (path: string, body: string, type = 'text/plain') => {
    const answer = await router.request(path, { method: 'POST', body, headers: { 'content-type': type } });
    return [answer.status, await answer.json()];
  };
  expect(await post('/cameras/1', '\ufeff{"a":1}')).toEqual([200, { a: 1 }]);
  expect(await post('/cameras/1', 'a')).toEqual([400, { no: 'validation_error', reason: 'not_json' }]);
  expect(await post('/cameras/1', '[]')).toEqual([400, { no: 'validation_error', reason: 'not_an_object' }]);
  expect(await post('/cameras/1', `"${'a'.repeat(100)}"`)).toEqual([413, { no: 'too_large', limit: 100 }]);
  expect(await post('/form', 'a=1&b=+', 'application/x-www-form-urlencoded')).toEqual([200, { a: '1', b: ' ' }]);
  expect(await post('/form', '{}')).toEqual([400, { no: 'validation_error', reason: 'not_a_form' }]);
  const body = new FormData();
  body.set('username', 'Inês');
  const form = await router.request('/form', { method: 'POST', body });
  expect(await form.json()).toEqual({ username: 'Inês' });
});

test('systems that share an address of health answer it together, the first one first', async () => {
  const answer = await router.request('/health');
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'up', version: '7', glass: true }]);
  expect((await router.request('/health', { method: 'HEAD' })).status).toBe(200);
  expect((await mount('*', false).request('/health')).status).toBe(503);
  expect((await router.request('/api/health')).status).toBe(404);
});

test('pages of any origin may call, or of those that are named; cookies never come along', async () => {
  const ask = (of: typeof router, origin: string) =>
    of.request('/gallery', {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization,x-app',
      },
    });
  const any = await ask(router, 'https://a.example');
  expect(any.status).toBe(204);
  expect(Object.fromEntries(any.headers)).toMatchObject({
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, HEAD, OPTIONS',
    'access-control-allow-headers': expect.stringMatching(/^Authorization,.*authorization,x-app$/),
  });
  expect(any.headers.has('access-control-allow-credentials')).toBe(false);
  const some = mount(['https://a.example']);
  expect((await ask(some, 'https://a.example')).headers.get('access-control-allow-origin')).toBe('https://a.example');
  const other = await ask(some, 'https://b.example');
  expect([other.headers.get('access-control-allow-origin'), other.headers.get('vary')]).toEqual([null, 'Origin']);
});
