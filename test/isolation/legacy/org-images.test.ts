import { describe, expect, test } from 'vitest';
import { type Credential, createTestApp, type Person, type RequestOptions } from '../../app.ts';
import { fileOf, signInByForm } from '../../legacy/old-client.ts';

const app = await createTestApp();
const root = await app.signUp();
const [anna, ben] = [await app.signUp(), await app.signUp()];
const found = async (as: Person, name: string): Promise<string> =>
  (await app.request(as, 'POST', '/api/v1/organizations', { json: { name } })).json().id;
const [mill, yard] = [await found(anna, 'Paper mill of A'), await found(ben, 'Boat yard of B')];
const absent = '01a00000-0000-7000-8000-000000000000';

const asAnna = await signInByForm(app, anna);
const asBen = await signInByForm(app, ben);
for (const [call, id, seed] of [
  [asAnna, mill, 1],
  [asBen, yard, 3],
] as const) {
  await call('POST', '/uploads/users/profile-photo', await fileOf(seed));
  await call('POST', `/uploads/organizations/${id}/logo`, await fileOf(seed + 1));
}
const logoOf = (id: string) => app.request(null, 'GET', `/images/organizations/${id}/logo`);
const photoOf = (person: Person) => app.request(null, 'GET', `/images/users/${person.id}/profile`);

/** Every operation that asks who calls, with B’s in the place of what it names. */
const closed: readonly (readonly [method: string, path: string, options?: RequestOptions])[] = [
  ['GET', '/users/me/'],
  ['GET', '/users/me'],
  ['GET', '/users/me/profile'],
  ['PUT', '/users/me/profile', { json: { name: 'Taken over' } }],
  ['GET', '/organizations/'],
  ['GET', `/organizations/${yard}`],
  ['POST', '/uploads/users/profile-photo', await fileOf(9)],
  ['DELETE', '/uploads/users/profile-photo'],
  ['POST', `/uploads/organizations/${yard}/logo`, await fileOf(9)],
  ['DELETE', `/uploads/organizations/${yard}/logo`],
];

test('the cells are all that is not open', () => {
  const system = app.app.legacy.systems.find(({ name }) => name === 'org-images');
  const wanted = system?.routes
    .filter(({ open }) => !open)
    .map(({ method, path }) => `${method} ${[path].flat()[0]?.replace(':id', yard)}`);
  const had = new Set(closed.map(([method, path]) => `${method} ${path}`));
  expect(wanted?.filter((one) => !had.has(one))).toEqual([]);
});

describe('A and B', () => {
  test('neither finds the other’s: by list, by its own word, or by address', async () => {
    for (const [call, own, other, otherId] of [
      [asAnna, mill, yard, ben.id],
      [asBen, yard, mill, anna.id],
    ] as const) {
      const list = await call('GET', '/organizations/');
      expect(list.json().map(({ id }: { id: string }) => id)).toEqual([own]);
      for (const path of ['/users/me/', '/users/me/profile', '/organizations/']) {
        const { text } = await call('GET', path);
        expect(text).not.toContain(other);
        expect(text).not.toContain(otherId);
      }
      for (const method of ['GET', 'HEAD'] as const) {
        const [foreign, none] = [
          await call(method, `/organizations/${other}`),
          await call(method, `/organizations/${absent}`),
        ];
        expect([foreign.status, foreign.text]).toEqual([404, none.text]);
      }
    }
  });

  test('neither changes the other’s: foreign and absent are refused alike, and nothing is changed', async () => {
    const before = [(await logoOf(yard)).headers.etag, (await photoOf(ben)).headers.etag];
    for (const method of ['POST', 'DELETE'] as const) {
      const options = method === 'POST' ? await fileOf(9) : {};
      const [foreign, none] = [
        await asAnna(method, `/uploads/organizations/${yard}/logo`, options),
        await asAnna(method, `/uploads/organizations/${absent}/logo`, options),
      ];
      expect([foreign.status, foreign.text]).toEqual([404, none.text]);
    }
    // No path names another person: one's own is all that can be taken away.
    for (const path of [`/uploads/users/${ben.id}/profile-photo`, `/users/${ben.id}`, `/users/${ben.id}/profile`]) {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) expect((await asAnna(method, path)).status).toBe(404);
    }
    await asAnna('DELETE', `/uploads/users/profile-photo?user_id=${ben.id}`);
    await asAnna('PUT', '/users/me/profile', { json: { id: ben.id, user_id: ben.id, name: 'A' } });
    expect([(await logoOf(yard)).headers.etag, (await photoOf(ben)).headers.etag]).toEqual(before);
    expect((await asBen('GET', '/users/me/')).json().name).toBe(ben.username);
  });
});

describe('who is nobody', () => {
  const refused = async (as: Credential, detail: string) => {
    for (const [method, path, options] of closed) {
      for (const one of method === 'GET' ? ['GET', 'HEAD'] : [method]) {
        const answer = await app.request(as, one, path, options);
        expect([one, path, answer.status]).toEqual([one, path, 401]);
        if (one !== 'HEAD') expect(answer.json()).toEqual({ detail });
      }
    }
  };

  test('without anything, and with the cookie of a session', async () => {
    await refused(null, 'Not authenticated');
    await refused({ cookie: ben.cookie }, 'Not authenticated');
  });
  test('with a session that ended', async () => {
    const call = await signInByForm(app, ben);
    await app.request({ bearer: call.token }, 'POST', '/api/v1/auth/logout');
    await refused({ bearer: call.token }, 'Could not validate credentials');
  });
  test('with a key that was revoked, and a token that was changed', async () => {
    const key = await app.createApiKey(ben, ['photos:read', 'account:read']);
    await app.request(ben, 'DELETE', `/api/v1/api-keys/${key.id}`);
    await refused(key, 'Could not validate credentials');
    const { token } = await signInByForm(app, ben);
    await refused({ bearer: `${token.slice(0, -4)}AAAA` }, 'Could not validate credentials');
  });
});

test('a key does what its scopes allow, and changes nothing of an account', async () => {
  const statuses = async (scopes: readonly string[]) => {
    const key = await app.createApiKey(ben, scopes);
    const answers = [];
    for (const [method, path, options] of closed) answers.push((await app.request(key, method, path, options)).status);
    return answers;
  };
  expect(await statuses(['photos:read'])).toEqual(closed.map(() => 403));
  expect(await statuses(['account:read'])).toEqual(closed.map(([method]) => (method === 'GET' ? 200 : 403)));
});

test('somebody who is disabled is nobody, shows nothing, and cannot sign in', async () => {
  const eve = await app.signUp();
  const call = await signInByForm(app, eve);
  await call('POST', '/uploads/users/profile-photo', await fileOf(5));
  expect((await photoOf(eve)).status).toBe(200);
  await app.request(root, 'PATCH', `/api/v1/users/${eve.id}`, { json: { disabled: true } });
  const me = await call('GET', '/users/me/');
  expect([me.status, me.json()]).toEqual([401, { detail: 'Could not validate credentials' }]);
  await expect.poll(async () => (await photoOf(eve)).status).toBe(404);
  // Somebody who shows nothing, somebody who is disabled and nobody at all are told alike.
  const none = await app.request(null, 'GET', `/images/users/${absent}/profile`);
  expect((await photoOf(eve)).text).toBe(none.text);
  await expect(signInByForm(app, eve)).rejects.toThrow('Incorrect username or password');
});
