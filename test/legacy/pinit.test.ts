import { describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../app.ts';
import { cameAlong } from './came-along.ts';
import { createPhone, form, jpeg, type UserImage } from './pinit-client.ts';

const app = await createTestApp();
const admin = await app.signUp();
const phone = createPhone(app, '10.44.0.1');
const password = 'under the old pines';

describe('the app, request by request', () => {
  let access = '';
  let refresh = '';
  let portrait: UserImage;
  let landscape: UserImage;

  test('signs somebody up, and in', async () => {
    const registered = await phone.register('mira_k', password);
    expect(registered.status, registered.text).toBe(201);
    expect(registered.json()).toEqual({
      success: true,
      message: 'User registered successfully.',
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      username: 'mira_k',
    });
    const signedIn = await phone.login('mira_k', password);
    expect(signedIn.status).toBe(200);
    expect(signedIn.json()).toEqual({
      success: true,
      message: 'Login successful.',
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      username: 'mira_k',
    });
    for (const answer of [registered, signedIn]) expect(answer.headers['set-cookie']).toBeUndefined();
    ({ access_token: access, refresh_token: refresh } = signedIn.json());
  });

  test('begins with an empty list', async () => {
    expect(await phone.list(access, 'mira_k')).toEqual([]);
  });

  test('uploads a profile picture in its order of parts, and asks for the list', async () => {
    const bytes = await tinyPhoto(1);
    const answer = await phone.upload(access, 'mira_k', bytes, { type: 'profile', isPrimary: true });
    expect(answer.status, answer.text).toBe(200);
    const { image, ...said } = answer.json();
    expect(said).toEqual({ success: true, message: 'Image uploaded successfully' });
    expect(image).toMatchObject({ image_type: 'profile', is_primary: true, caption: '', mime_type: 'image/jpeg' });
    expect([image.width, image.height, image.size_bytes]).toEqual([24, 18, bytes.length]);
    const list = await phone.list(access, 'mira_k');
    expect(list).toEqual([image]);
    [portrait] = list as [UserImage];
  });

  test('shows it by its address alone, with its id appended and whatever else', async () => {
    const bytes = await tinyPhoto(1);
    const shown = await phone.look(portrait);
    expect([shown.status, shown.headers['content-type']]).toEqual([200, 'image/jpeg']);
    expect(shown.body.equals(bytes)).toBe(true);
    expect(shown.headers['content-disposition']).toMatch(/^inline; filename="/);
    expect(shown.headers['cross-origin-resource-policy']).toBe('cross-origin');
    expect(shown.headers['cache-control']).toMatch(/^private\b/);
    const head = await phone.look(portrait, 'HEAD');
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, String(bytes.length), 0]);
    // Where an address is none it can use, it makes its own, to which it has only the token.
    const made = `/api/user_image/${portrait.id}/serve/?id=${portrait.id}`;
    expect((await phone.send(access, 'GET', made)).body.equals(bytes)).toBe(true);
    expect((await phone.send(null, 'GET', made)).status).toBe(401);
  });

  test('the same list has the same addresses, so that pictures are not loaded anew', async () => {
    expect((await phone.list(access, 'mira_k')).map(({ url }) => url)).toEqual([portrait.url]);
    expect(portrait.url.startsWith(`${app.url}/api/user_image/${portrait.id}/serve/?`)).toBe(true);
    const elsewhere = await phone.send(access, 'GET', '/api/user_images/mira_k/', {
      headers: { host: 'elsewhere.example', 'x-forwarded-host': 'elsewhere.example' },
    });
    expect(elsewhere.json().images[0].url).toBe(portrait.url);
  });

  test('uploads to the gallery with words, newest first', async () => {
    const caption = 'Am See — „früh“ 🌅';
    const answer = await phone.upload(access, 'mira_k', await tinyPhoto(2), { caption });
    expect(answer.json().image).toMatchObject({ image_type: 'gallery', is_primary: false, caption });
    const list = await phone.list(access, 'mira_k');
    expect(list.map(({ id }) => id)).toEqual([answer.json().image.id, portrait.id]);
    [landscape] = list as [UserImage];
    expect(list[1]?.is_primary).toBe(true);
  });

  test('chooses another primary one, of which there is one at the most', async () => {
    const path = `/api/user_image/${landscape.id}/set_primary/`;
    // The app sends no token here: the one thing that has to change in it.
    const without = await phone.send(null, 'POST', path, { headers: { 'content-type': 'application/json' } });
    expect(without.status).toBe(401);
    expect(without.json()).toEqual({ detail: 'Authentication credentials were not provided.' });
    const answer = await phone.send(access, 'POST', path, { headers: { 'content-type': 'application/json' } });
    expect([answer.status, answer.json()]).toEqual([
      200,
      { success: true, message: 'Primary image updated successfully' },
    ]);
    const primary = (await phone.list(access, 'mira_k')).filter(({ is_primary: is }) => is);
    expect(primary.map(({ id }) => id)).toEqual([landscape.id]);
  });

  test('asks for the images of many at once', async () => {
    const usernames = ['mira_k', 'nobody-here', admin.username, '__proto__', 'a', 'b'];
    const without = await phone.send(null, 'POST', '/api/multiple_user_images/', { json: { usernames } });
    expect(without.status).toBe(401);
    const answer = await phone.send(access, 'POST', '/api/multiple_user_images/', { json: { usernames } });
    expect(answer.status, answer.text).toBe(200);
    const { users, ...said } = answer.json();
    expect(said).toEqual({ success: true, total_users: 6 });
    expect(Object.keys(users).toSorted()).toEqual(usernames.toSorted());
    expect(users.mira_k).toEqual({ images: await phone.list(access, 'mira_k'), count: 2 });
    for (const name of usernames.slice(1))
      expect(Object.entries(users)).toContainEqual([name, { images: [], count: 0 }]);
  });

  test('finds each name as it wrote it, though capitals are nothing to the library', async () => {
    const ask = (usernames: string[]) =>
      phone.send(access, 'POST', '/api/multiple_user_images/', { json: { usernames } });
    const own = { images: await phone.list(access, 'mira_k'), count: 2 };
    const none = { images: [], count: 0 };
    const answer = await ask(['mira_k', 'Mira_K', 'mira_k', 'Tomas', 'tomas']);
    expect([answer.status, answer.json()]).toEqual([
      200,
      { success: true, users: { mira_k: own, Mira_K: own, Tomas: none, tomas: none }, total_users: 4 },
    ]);
    // The same list over and over is more than it is worth, and whose it is makes no difference.
    for (const name of ['mira_k', 'nobody']) {
      const five = [0, 1, 2, 3, 4].map((n) => name.slice(0, n) + name.charAt(n).toUpperCase() + name.slice(n + 1));
      const refused = await ask([...five.filter((one) => one !== name), name, name.toUpperCase()]);
      expect([refused.status, refused.json()]).toEqual([400, { error: 'Too many spellings of one username (max 4)' }]);
    }
  });

  test('renews its token, once with each', async () => {
    const renewed = await phone.send(null, 'POST', '/api/token/refresh/', { json: { refresh } });
    expect(renewed.status, renewed.text).toBe(200);
    expect(renewed.json()).toEqual({ access: expect.any(String), refresh: expect.any(String) });
    expect(await phone.list(renewed.json().access, 'mira_k')).toHaveLength(2);
    const again = await phone.send(null, 'POST', '/api/token/refresh/', { json: { refresh } });
    expect([again.status, again.json()]).toEqual([
      401,
      { detail: 'Token is invalid or expired', code: 'token_not_valid' },
    ]);
  });

  test('deletes, and the address shows it no longer', async () => {
    ({ access_token: access } = (await phone.login('mira_k', password)).json());
    const [image] = (await phone.list(access, 'mira_k')).filter(({ id }) => id === landscape.id) as [UserImage];
    const path = `/api/user_image/${image.id}/delete/`;
    expect((await phone.send(null, 'DELETE', path)).status).toBe(401);
    expect((await phone.look(image)).status).toBe(200);
    const answer = await phone.send(access, 'DELETE', path);
    expect([answer.status, answer.json()]).toEqual([200, { success: true, message: 'Image deleted successfully' }]);
    expect((await phone.list(access, 'mira_k')).map(({ id }) => id)).toEqual([portrait.id]);
    expect((await phone.look(image)).status).toBe(404);
    for (const [method, what] of [
      ['DELETE', 'delete'],
      ['POST', 'set_primary'],
    ] as const) {
      const gone = await phone.send(access, method, `/api/user_image/${image.id}/${what}/`);
      expect([gone.status, gone.json()]).toEqual([404, { error: 'Image not found' }]);
    }
  });

  test('signs out, and with it go the token and the addresses', async () => {
    const [image] = (await phone.list(access, 'mira_k')) as [UserImage];
    expect((await phone.look(image)).status).toBe(200);
    const answer = await phone.send(access, 'POST', '/api/logout/');
    expect([answer.status, answer.json().success]).toEqual([200, true]);
    const after = await phone.send(access, 'GET', '/api/user_images/mira_k/');
    expect(after.status).toBe(401);
    expect(after.json()).toMatchObject({ code: 'token_not_valid' });
    expect((await phone.look(image)).status).toBe(401);
  });
});

describe('what other clients of it send', () => {
  test('a pair of tokens by /api/token/', async () => {
    const { status, ...answer } = await phone.send(null, 'POST', '/api/token/', {
      json: { username: 'mira_k', password },
    });
    expect([status, answer.json()]).toEqual([200, { access: expect.any(String), refresh: expect.any(String) }]);
    const wrong = await phone.send(null, 'POST', '/api/token/', { json: { username: 'mira_k', password: 'no' } });
    expect([wrong.status, wrong.json()]).toEqual([
      401,
      { detail: 'No active account found with the given credentials' },
    ]);
    const empty = await phone.send(null, 'POST', '/api/token/', { json: {} });
    expect([empty.status, empty.json()]).toEqual([
      400,
      { username: ['This field is required.'], password: ['This field is required.'] },
    ]);
  });

  test('an upload without a username and without a type, the file first', async () => {
    const { access_token: token } = (await phone.login('mira_k', password)).json();
    const answer = await phone.send(
      token,
      'POST',
      '/api/upload_user_image/',
      form([jpeg(await tinyPhoto(3)), ['caption', 'x']]),
    );
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json().image).toMatchObject({ image_type: 'gallery', is_primary: false, caption: 'x' });
  });

  test('the same file once more is the same image, with what is said of it now', async () => {
    const { access_token: token } = (await phone.login('mira_k', password)).json();
    const before = (await phone.list(token, 'mira_k')).length;
    const first = (
      await phone.upload(token, 'mira_k', await tinyPhoto(4), { caption: 'before', isPrimary: true })
    ).json();
    const second = (
      await phone.upload(token, 'mira_k', await tinyPhoto(4), { type: 'cover', caption: 'after' })
    ).json();
    expect(second.image).toMatchObject({ id: first.image.id, image_type: 'cover', caption: 'after', is_primary: true });
    expect(await phone.list(token, 'mira_k')).toHaveLength(before + 1);
  });

  test('the same file without a type keeps the one it has', async () => {
    const { access_token: token } = (await phone.login('mira_k', password)).json();
    const first = (await phone.upload(token, 'mira_k', await tinyPhoto(40), { type: 'cover' })).json();
    const again = await phone.send(token, 'POST', '/api/upload_user_image/', form([jpeg(await tinyPhoto(40))]));
    expect(again.json().image).toMatchObject({ id: first.image.id, image_type: 'cover' });
  });

  test('addresses without their last slash, fields and query keys that nobody knows', async () => {
    const login = await phone.send(null, 'POST', '/api/login?next=/', {
      json: { username: 'mira_k', password, device: 'A' },
    });
    expect(login.status).toBe(200);
    const { access_token: token } = login.json();
    const list = await phone.send(token, 'GET', '/api/user_images/mira_k?page=1');
    expect(list.status).toBe(200);
    const { id } = list.json().images[0];
    const upload = form([['username', 'mira_k'], ['image_type', 'gallery'], ['album', '7'], jpeg(await tinyPhoto(5))]);
    expect((await phone.send(token, 'POST', '/api/upload_user_image', upload)).status).toBe(200);
    expect((await phone.send(token, 'GET', `/api/user_image/${id}/serve`)).status).toBe(200);
    expect((await phone.send(token, 'POST', `/api/user_image/${id}/set_primary`)).status).toBe(200);
    expect((await phone.send(token, 'DELETE', `/api/user_image/${id}/delete`)).status).toBe(200);
  });

  test('a preflight from a page elsewhere', async () => {
    const answer = await phone.send(null, 'OPTIONS', '/api/upload_user_image/', {
      headers: {
        origin: 'https://pinit.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type',
      },
    });
    expect(answer.status).toBeLessThan(300);
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  });

  test('an API key in place of a token, within what it may', async () => {
    const person = await app.signUp();
    const reader = (await app.createApiKey(person, ['photos:read'])).bearer;
    const writer = (await app.createApiKey(person, ['photos:read', 'photos:write'])).bearer;
    expect((await phone.upload(writer, person.username, await tinyPhoto(6))).status).toBe(200);
    const [image] = (await phone.list(reader, person.username)) as [UserImage];
    expect((await phone.look(image)).status).toBe(200);
    expect((await phone.upload(reader, person.username, await tinyPhoto(7))).status).toBe(403);
    expect((await phone.send(reader, 'DELETE', `/api/user_image/${image.id}/delete/`)).status).toBe(403);
    expect(await phone.list(reader, person.username)).toHaveLength(1);
  });
});

test('an image that came along is known by the id it had, to its owner', async () => {
  const [person, other] = [await app.signUp(), await app.signUp()];
  const photo = await app.upload(person, await tinyPhoto(8));
  const earlierId = 'b1f6a1de-0c0f-4c0e-9d0a-6a4d8a1c2e3f';
  await cameAlong(app, { system: 'pinit', kind: 'photo', earlierId, id: photo.id, ownerId: person.id, by: person.id });
  const path = `/api/user_image/${earlierId}`;
  // A telephone writes ids in capitals.
  const shown = await phone.send(person.bearer, 'GET', `/api/user_image/${earlierId.toUpperCase()}/serve/`);
  expect([shown.status, shown.body.equals(await tinyPhoto(8))]).toEqual([200, true]);
  expect((await phone.send(other.bearer, 'GET', `${path}/serve/`)).status).toBe(404);
  expect((await phone.send(other.bearer, 'DELETE', `${path}/delete/`)).status).toBe(404);
  expect((await phone.send(person.bearer, 'POST', `${path}/set_primary/`)).status).toBe(200);
  expect((await phone.list(person.bearer, person.username))[0]).toMatchObject({ id: photo.id, is_primary: true });
  expect((await phone.send(person.bearer, 'DELETE', `${path}/delete/`)).status).toBe(200);
  expect(await phone.list(person.bearer, person.username)).toEqual([]);
});

describe('somebody whose name of then nobody can have here', () => {
  test('signs in by it, and finds their images under it', async () => {
    const [person, other] = [await app.signUp('otter_now'), await app.signUp()];
    const name = '_otter-';
    await cameAlong(app, {
      system: 'pinit',
      kind: 'person',
      earlierId: `name:${name}`,
      id: person.id,
      ownerId: person.id,
      by: admin.id,
    });
    const answer = await phone.login(name, person.password);
    expect([answer.status, answer.json().username]).toEqual([200, 'otter_now']);
    const pair = await phone.send(null, 'POST', '/api/token/', { json: { username: name, password: person.password } });
    expect(pair.status).toBe(200);
    const { access_token: token } = answer.json();
    expect((await phone.upload(token, name, await tinyPhoto(41))).status).toBe(200);
    const list = await phone.list(token, name);
    expect(list).toEqual(await phone.list(token, 'otter_now'));
    expect(list).toHaveLength(1);
    const many = await phone.send(token, 'POST', '/api/multiple_user_images/', { json: { usernames: [name] } });
    expect(many.json().users[name]).toEqual({ images: list, count: 1 });

    // To everybody else it is a name that nobody has.
    const wrong = await phone.login(name, 'not this one');
    const unknown = await phone.login('_nobody-', 'not this one');
    expect([wrong.status, wrong.json()]).toEqual([401, unknown.json()]);
    expect(unknown.status).toBe(401);
    expect(await phone.list(other.bearer, name)).toEqual([]);
    const foreign = await phone.upload(other.bearer, name, await tinyPhoto(42));
    expect([foreign.status, foreign.json()]).toEqual([404, { error: 'User not found' }]);
  });

  test('a name that can be had here is never taken for one of then', async () => {
    const [person, namesake] = [await app.signUp('heron_now'), await app.signUp('heron')];
    const row = {
      system: 'pinit',
      kind: 'person',
      earlierId: 'name:heron',
      id: person.id,
      ownerId: person.id,
    } as const;
    await cameAlong(app, { ...row, by: admin.id });
    expect((await phone.login('heron', namesake.password)).json().username).toBe('heron');
    expect((await phone.login('heron', person.password)).status).toBe(401);
  });
});

describe('refusals, in the words of each family of routes', () => {
  test('signing up and in', async () => {
    for (const [body, message] of [
      [{ username: 'x', password }, /3.*30/],
      [{ username: 'has space', password }, /letters/],
      [{ username: '_mira', password }, /letter|digit/],
      [{ username: 'fresh-name', password: 'short' }, /8/],
      [{ username: 'mira_k', password }, /already/],
      [{ password }, /required/],
      [{ username: 7, password }, /required|letters/],
    ] as const) {
      const answer = await phone.send(null, 'POST', '/api/register/', { json: body });
      expect([JSON.stringify(body), answer.status]).toEqual([JSON.stringify(body), 400]);
      expect(answer.json()).toEqual({ success: false, message: expect.stringMatching(message) });
    }
    const wrong = await phone.login('mira_k', 'not this one');
    expect([wrong.status, wrong.json()]).toEqual([401, { success: false, message: 'Invalid username or password.' }]);
    const unknown = await phone.login('nobody-here', 'not this one');
    expect([unknown.status, unknown.json()]).toEqual([wrong.status, wrong.json()]);
    const broken = await phone.send(null, 'POST', '/api/login/', {
      body: Buffer.from('{'),
      headers: { 'content-type': 'application/json' },
    });
    expect([broken.status, broken.json().success]).toEqual([400, false]);
    const got = await phone.send(null, 'GET', '/api/login/');
    expect([got.status, got.json()]).toEqual([405, { success: false, message: 'Method not allowed' }]);
  });

  test('tries without end are slowed down', async () => {
    const guesser = createPhone(app, '10.44.0.99');
    const statuses: number[] = [];
    for (let tries = 0; tries < 12; tries += 1) {
      const answer = await guesser.login('mira_k', `guess ${tries}`);
      statuses.push(answer.status);
      if (answer.status === 429) expect(answer.json()).toEqual({ success: false, message: expect.any(String) });
    }
    expect(statuses).toContain(429);
  });

  test('tokens that are none', async () => {
    for (const token of ['nonsense', 'a.b.c', `${'e'.repeat(400)}.x.y`]) {
      const answer = await phone.send(token, 'GET', '/api/user_images/mira_k/');
      expect([answer.status, answer.json()]).toEqual([
        401,
        expect.objectContaining({ detail: 'Given token not valid for any token type', code: 'token_not_valid' }),
      ]);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    }
    for (const json of [{}, { refresh: 'nonsense' }, { refresh: 7 }]) {
      const answer = await phone.send(null, 'POST', '/api/token/refresh/', { json });
      expect([answer.status, Object.keys(answer.json())]).toEqual(
        'refresh' in json && json.refresh === 'nonsense' ? [401, ['detail', 'code']] : [400, ['refresh']],
      );
    }
    // What renews is no token, and what opens does not renew.
    const { access_token: access, refresh_token: refresh } = (await phone.login('mira_k', password)).json();
    expect((await phone.send(refresh, 'GET', '/api/user_images/mira_k/')).status).toBe(401);
    expect((await phone.send(null, 'POST', '/api/token/refresh/', { json: { refresh: access } })).status).toBe(401);
  });

  test('a cookie opens nothing here', async () => {
    const person = await app.signUp();
    const answer = await app.request(person, 'GET', `/api/user_images/${person.username}/`);
    expect([answer.status, answer.json()]).toEqual([401, { detail: 'Authentication credentials were not provided.' }]);
  });

  test('the batch', async () => {
    const { access_token: token } = (await phone.login('mira_k', password)).json();
    const ask = async (more: Parameters<typeof phone.send>[3]) => {
      const answer = await phone.send(token, 'POST', '/api/multiple_user_images/', more);
      return [answer.status, answer.json()];
    };
    for (const usernames of [[], undefined]) {
      expect(await ask({ json: { usernames } })).toEqual([400, { error: 'No usernames provided' }]);
    }
    const many = (count: number) => Array.from({ length: count }, (_, n) => `user-${n}`);
    expect(await ask({ json: { usernames: many(101) } })).toEqual([400, { error: 'Too many usernames (max 100)' }]);
    expect((await ask({ json: { usernames: many(100) } }))[0]).toBe(200);
    const headers = { 'content-type': 'application/json' };
    for (const body of ['{"usernames"', '[]', '{"usernames":"mira_k"}', '{"usernames":[7]}']) {
      const [status, answer] = await ask({ body: Buffer.from(body), headers });
      expect([body, status, Object.keys(answer)]).toEqual([body, 400, ['error']]);
    }
    expect(await ask({ body: Buffer.from('{"usernames"'), headers })).toEqual([400, { error: 'Invalid JSON' }]);
  });

  test('methods and addresses that are not there', async () => {
    const { access_token: token } = (await phone.login('mira_k', password)).json();
    for (const [method, path] of [
      ['GET', '/api/upload_user_image/'],
      ['POST', '/api/user_images/mira_k/'],
      ['GET', '/api/multiple_user_images/'],
      ['POST', '/api/debug/r2-status/'],
    ] as const) {
      const answer = await phone.send(token, method, path);
      expect([path, answer.status, answer.json()]).toEqual([path, 405, { error: 'Method not allowed' }]);
    }
    for (const path of [
      '/api/user_image/not-an-id/serve/',
      '/api/user_image/0190163d-8694-739b-aea5-966c26f8ad90/serve/',
      '/api/user_image/0190163d-8694-739b-aea5-966c26f8ad90/other/',
    ]) {
      const answer = await phone.send(token, 'GET', path);
      expect([path, answer.status, Object.keys(answer.json())]).toEqual([path, 404, ['error']]);
    }
  });
});
