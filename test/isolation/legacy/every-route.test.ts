import { describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../../app.ts';

// Whatever an earlier system's adapter comes to answer is asked here by nobody; who may do what with whose is in the files beside this.
const app = await createTestApp();
const person = await app.signUp();
const photo: string = (await app.upload(person, await tinyPhoto(1))).id;

/** Signing up and in, what is the same for everybody, and pictures for everybody, which the native API answers. */
const open: Readonly<Record<string, readonly string[]>> = {
  'ai-library': ['POST /api/auth/login', 'POST /api/auth/register'],
  'org-images': [
    'GET /images/organizations/:id/logo',
    'GET /images/parts/:id',
    'GET /images/parts/:id/count',
    'GET /images/users/:id/profile',
    'POST /token',
  ],
  pinit: ['POST /api/login/', 'POST /api/register/', 'POST /api/token/', 'POST /api/token/refresh/'],
  // Of a download, its address says who asks, or a token does. Looking at the sign-up says how it is used.
  'style-ai': [
    'GET /auth/register',
    'GET /download-image/:filename',
    'GET /styles',
    'POST /auth/login',
    'POST /auth/register',
  ],
};

const filled = (path: string): string =>
  path
    .replace(/:username/, person.username)
    .replace(/:owner/, `user-${person.id}`)
    .replace(/:filename/, `${photo}.jpg`)
    .replace(/:\w+(\{[^}]*\})?/g, photo);

describe.each(app.app.legacy.systems.map((system) => [system.name, system] as const))('%s', (name, system) => {
  test('answers without a sign-in what it says that it does, and nothing else', () => {
    const said = system.routes.filter((route) => route.open).map(({ method, path }) => `${method} ${[path].flat()[0]}`);
    expect([...new Set(said)].sort()).toEqual(open[name]);
  });

  test('nobody, and somebody with a cookie alone, are refused by every other route and every picture', async () => {
    const closed = [
      ...system.routes
        .filter((route) => !route.open)
        .flatMap(({ method, path }) => [path].flat().map((one) => [method, one] as const)),
      ...(system.images ?? []).flatMap(
        ({ path }) =>
          [
            ['GET', path],
            ['HEAD', path],
          ] as const,
      ),
    ];
    expect(closed.length).toBeGreaterThan(0);
    for (const [method, path] of closed) {
      for (const credential of [null, { cookie: person.cookie }]) {
        const answer = await app.request(credential, method, filled(path), { headers: { accept: '*/*' } });
        expect([method, path, answer.status]).toEqual([method, path, 401]);
        expect(answer.headers['set-cookie']).toBeUndefined();
        expect(answer.text).not.toContain(person.email);
      }
    }
  });
});
