import { expect, test } from 'vitest';
import { tinyPhoto } from './app.ts';
import { logOf, requestsIn } from './log-of.ts';
import { slowness } from './slowness.ts';

test('a line a request: what, how long, whose; never a secret, a body, an address with an id', {
  timeout: 60_000 * slowness,
}, async () => {
  const secrets: string[] = [
    'correct horse battery',
    'wrong horse battery',
    'a caption nobody reads',
    'ines@people.example',
  ];
  let photoId = '';
  const log = await logOf(
    async (url) => {
      const post = (route: string, json: object, headers: Record<string, string> = {}) =>
        fetch(`${url}/api/v1${route}`, {
          method: 'POST',
          body: JSON.stringify(json),
          headers: { 'content-type': 'application/json', ...headers },
        });
      const account = { username: 'ines', email: secrets[3], password: secrets[0] };
      const signedUp = await post('/auth/register', account);
      const cookie = /tintype_session=([^;]+)/.exec(signedUp.headers.get('set-cookie') ?? '')?.[1] ?? '';
      const { access_token: bearer } = (await signedUp.json()) as { access_token: string };
      secrets.push(cookie, bearer);
      await post('/auth/login', { username: 'ines', password: secrets[1] });
      const authorization = `Bearer ${bearer}`;
      const made = await post('/api-keys', { name: 'x', scopes: ['photos:read'] }, { authorization });
      secrets.push(((await made.json()) as { key: string }).key);
      const sent = await fetch(`${url}/api/v1/photos`, {
        method: 'POST',
        body: new Uint8Array(await tinyPhoto(1)),
        headers: { authorization },
      });
      const photo = (await sent.json()) as { id: string; thumbnail_url: string };
      photoId = photo.id;
      secrets.push(new URL(photo.thumbnail_url, url).searchParams.get('s') ?? '');
      await fetch(`${url}${photo.thumbnail_url}`);
      await fetch(`${url}/api/v1/photos/${photo.id}`, {
        method: 'PATCH',
        body: JSON.stringify({ caption: secrets[2] }),
        headers: { 'content-type': 'application/json', authorization },
      });
      await post('/auth/reset', { token: 'a-reset-token-that-is-none', password: secrets[0] });
      secrets.push('a-reset-token-that-is-none');
    },
    { LOG_LEVEL: 'debug', LOG_FORMAT: 'json' },
  );
  expect(secrets.every((secret) => secret.length > 10)).toBe(true);
  for (const secret of secrets) expect(log).not.toContain(secret);
  expect(log).not.toContain(photoId);
  const requests = requestsIn(log);
  const change = requests.find(({ method }) => method === 'PATCH');
  expect(change).toMatchObject({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    route: '/api/v1/photos/:id',
    status: 200,
    ms: expect.any(Number),
    user: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect(change?.queries).toBeGreaterThan(0);
  expect(requests.find(({ status }) => status === 401)).toMatchObject({ route: '/api/v1/auth/login', user: null });
});
