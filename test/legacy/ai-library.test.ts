import { beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '#platform/http/app-error.ts';
import { refuseListing } from '../../src/legacy/ai-library/words.ts';
import { createTestApp, tinyPhoto } from '../app.ts';
import { createPage, findModels, type LibraryImage, small } from './ai-library-page.ts';
import { cameAlong } from './came-along.ts';

const app = await createTestApp();
const admin = await app.signUp();
const page = createPage(app, '10.45.0.1');
const password = 'under the old pines';
const email = 'mira@people.example';
const patience = 120_000;

beforeAll(() => findModels(app, admin.bearer));

const person = (more: object = {}) => ({
  id: expect.any(String),
  username: 'mira',
  email,
  profile: { firstName: '', lastName: '', avatar: null, bio: '' },
  settings: {
    theme: expect.any(String),
    responseType: expect.any(String),
    notifications: expect.any(Boolean),
    soundEffects: expect.any(Boolean),
    language: expect.any(String),
    autoSave: expect.any(Boolean),
  },
  subscription: { plan: 'free', status: 'active' },
  createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
  ...more,
});

describe('the page, request by request', () => {
  let token = '';
  let first: { imageUrl: string; filename: string; userId: string };
  let images: LibraryImage[];

  test('signs somebody up, and in', async () => {
    const registered = await page.send(null, 'POST', '/api/auth/register', {
      json: { username: 'mira', email, password },
    });
    expect([registered.status, registered.json()]).toEqual([
      200,
      { success: true, token: expect.any(String), user: person() },
    ]);
    const signedIn = await page.login(email, password);
    expect([signedIn.status, signedIn.json()]).toEqual([
      200,
      { success: true, token: expect.any(String), user: person() },
    ]);
    for (const answer of [registered, signedIn]) {
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(answer.headers['access-control-allow-origin']).toBe('*');
    }
    ({ token } = signedIn.json());
  });

  test('asks whether its token is still good, and who it is', async () => {
    const verified = await page.send(token, 'POST', '/api/auth/verify');
    expect([verified.status, verified.json()]).toEqual([200, { success: true, valid: true, user: person() }]);
    const me = await page.send(token, 'GET', '/api/auth/me');
    expect([me.status, me.json()]).toEqual([200, { success: true, user: person() }]);
  });

  test('begins with a library in which nothing was ever made', async () => {
    const answer = await page.send(token, 'GET', '/api/ai/my-images');
    expect([answer.status, answer.json()]).toEqual([
      200,
      { success: true, images: [], message: 'No images generated yet' },
    ]);
  });

  test(
    'has an image made by its prompt alone, and waits until it is there',
    async () => {
      const prompt = 'a lighthouse <b>at dusk</b> & rain';
      const answer = await page.send(token, 'POST', '/api/ai/generate-image', { json: { prompt } });
      expect(answer.status, answer.text).toBe(200);
      expect(answer.json()).toEqual({
        success: true,
        imageUrl: expect.stringMatching(/^\/uploads\/images\/user-[^/]+\/[^/?]+\?/),
        filename: expect.stringMatching(/-generated\.(png|jpg|webp)$/),
        prompt,
        userId: expect.any(String),
        provider: expect.any(String),
        model: expect.any(String),
        processingTime: expect.any(Number),
      });
      first = answer.json();
      expect(first.imageUrl.startsWith(`/uploads/images/user-${first.userId}/${first.filename}?`)).toBe(true);
    },
    patience,
  );

  test('shows it in an <img>, and lists it with what it was made of', async () => {
    const shown = await page.look(first.imageUrl);
    expect([shown.status, shown.headers['content-type']]).toEqual([200, expect.stringMatching(/^image\//)]);
    expect(shown.headers['cross-origin-resource-policy']).toBe('cross-origin');
    const head = await page.look(first.imageUrl, 'HEAD');
    expect([head.status, head.headers['content-length']]).toEqual([200, String(shown.body.length)]);
    images = await page.library(token);
    expect(images).toEqual([
      {
        filename: first.filename,
        url: first.imageUrl,
        timestamp: expect.any(String),
        size: shown.body.length,
        prompt: 'a lighthouse <b>at dusk</b> & rain',
      },
    ]);
    expect((await page.send(token, 'GET', '/api/ai/my-images')).json().count).toBe(1);
  });

  test(
    'lists the newest first, and no photo that was taken',
    async () => {
      await app.upload({ bearer: token }, await tinyPhoto(1));
      const second = await page.generate(token, 'a lighthouse in fog');
      images = await page.library(token);
      expect(images.map(({ filename }) => filename)).toEqual([second.filename, first.filename]);
      const times = images.map(({ timestamp }) => Date.parse(timestamp));
      expect(times[0]).toBeGreaterThan(times[1] as number);
    },
    patience,
  );

  test('loads one with its token, by the address of the API', async () => {
    const answer = await page.send(token, 'GET', `/api/ai/images/${first.userId}/${first.filename}`);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, expect.stringMatching(/^image\//)]);
    const bare = first.imageUrl.split('?')[0] as string;
    expect((await page.send(token, 'GET', bare)).body.equals(answer.body)).toBe(true);
    expect((await page.look(bare)).status).toBe(401);
    expect((await page.look(`${first.imageUrl}?t=1733`)).status).toBe(200);
  });

  test('deletes, twice: the second finds nothing', async () => {
    const answer = await page.remove(token, first.filename);
    expect([answer.status, answer.json()]).toEqual([200, { success: true, message: 'Image deleted successfully' }]);
    const again = await page.remove(token, first.filename);
    expect([again.status, again.json()]).toEqual([404, { error: 'Image not found' }]);
    expect((await page.look(first.imageUrl)).status).toBe(404);
    expect((await page.library(token)).map(({ filename }) => filename)).toEqual([images[0]?.filename]);
    await page.remove(token, images[0]?.filename as string);
    // It is empty, and something was made here once.
    const empty = await page.send(token, 'GET', '/api/ai/my-images');
    expect(empty.json()).toEqual({ success: true, images: [], count: 0 });
  });

  test('changes its names', async () => {
    const answer = await page.send(token, 'PUT', '/api/auth/update-profile', {
      json: { displayName: 'Mira Kowal Novak', username: 'mira' },
    });
    const profile = { firstName: 'Mira', lastName: 'Kowal Novak', avatar: null, bio: '' };
    expect([answer.status, answer.json()]).toMatchObject([200, { success: true, user: person({ profile }) }]);
    expect((await page.send(token, 'GET', '/api/auth/me')).json().user.profile).toEqual(profile);
    const taken = await page.send(token, 'PUT', '/api/auth/update-profile', { json: { username: admin.username } });
    expect([taken.status, taken.json().success]).toEqual([400, false]);
  });

  test('signs out, and its token and addresses are no longer good', async () => {
    const answer = await page.send(token, 'POST', '/api/auth/logout');
    expect([answer.status, answer.json()]).toEqual([200, { success: true, message: 'Logged out successfully' }]);
    const verified = await page.send(token, 'POST', '/api/auth/verify');
    expect([verified.status, verified.json()]).toEqual([401, { success: false, valid: false, error: 'Invalid token' }]);
    expect((await page.send(token, 'GET', '/api/ai/my-images')).status).toBe(401);
  });
});

describe('refusals, in its words', () => {
  test('signing up', async () => {
    for (const [json, error] of [
      [{ username: 'x', email: 'x@people.example' }, 'Please provide username, email, and password'],
      [{}, 'Please provide username, email, and password'],
      [
        { username: 'mira', email: 'other@people.example', password },
        'User with this email or username already exists',
      ],
      [{ username: 'other', email, password }, 'User with this email or username already exists'],
      [{ username: 'ab', email: 'ab@people.example', password }, expect.stringMatching(/3/)],
      [{ username: 'has space', email: 'ab@people.example', password }, expect.any(String)],
      [{ username: 'other', email: 'no-address', password }, expect.stringMatching(/e-?mail/i)],
      [{ username: 'other', email: 'ab@people.example', password: '1234567' }, expect.stringMatching(/8/)],
      [{ username: ['x'], email: 'ab@people.example', password }, 'Please provide username, email, and password'],
    ] as const) {
      const answer = await page.send(null, 'POST', '/api/auth/register', { json });
      expect([JSON.stringify(json), answer.status, answer.json()]).toEqual([
        JSON.stringify(json),
        400,
        { success: false, error },
      ]);
    }
  });

  test('signing in', async () => {
    const wrong = { success: false, error: 'Invalid email or password' };
    for (const [who, what] of [
      [email, 'not this one'],
      ['nobody@people.example', password],
    ] as const) {
      const answer = await page.login(who, what);
      expect([answer.status, answer.json()]).toEqual([401, wrong]);
    }
    const missing = await page.send(null, 'POST', '/api/auth/login', { json: { email } });
    expect([missing.status, missing.json()]).toEqual([400, { success: false, error: expect.any(String) }]);
    const person = await app.signUp();
    await app.request(admin, 'PATCH', `/api/v1/users/${person.id}`, { json: { disabled: true } });
    const disabled = await page.login(person.email, person.password);
    expect([disabled.status, disabled.json()]).toEqual([
      401,
      { success: false, error: 'Your account has been deactivated' },
    ]);
    // Whoever does not know the password does not learn of it.
    const guessed = await page.login(person.email, 'not this one');
    expect([guessed.status, guessed.json()]).toEqual([401, wrong]);
  });

  test('without a token, or with one that is none', async () => {
    const none = { success: false, error: 'No authentication token provided' };
    const invalid = { success: false, error: 'Invalid token' };
    for (const [method, path] of [
      ['GET', '/api/auth/me'],
      ['PUT', '/api/auth/update-profile'],
      ['GET', '/api/ai/my-images'],
      ['POST', '/api/ai/generate-image'],
      ['DELETE', '/api/ai/images/1733800000000-generated.png'],
      ['GET', '/api/ai/images/somebody/1733800000000-generated.png'],
    ] as const) {
      const [without, garbled] = [await page.send(null, method, path), await page.send('garbled', method, path)];
      expect([path, without.status, without.json()]).toEqual([path, 401, none]);
      expect([path, garbled.status, garbled.json()]).toEqual([path, 401, invalid]);
    }
    const without = await page.send(null, 'POST', '/api/auth/verify');
    expect([without.status, without.json()]).toEqual([401, { success: false, error: 'No token provided' }]);
    const garbled = await page.send('garbled', 'POST', '/api/auth/verify');
    expect([garbled.status, garbled.json()]).toEqual([401, { success: false, valid: false, error: 'Invalid token' }]);
  });

  test('making an image of nothing, or as it cannot be made', async () => {
    const { token } = await page.register('tomas', password);
    for (const json of [{}, { prompt: '' }, { prompt: '   ' }, { prompt: 7 }]) {
      const answer = await page.send(token, 'POST', '/api/ai/generate-image', { json });
      expect([answer.status, answer.json()]).toEqual([400, { error: 'Prompt is required' }]);
    }
    const odd = await page.send(token, 'POST', '/api/ai/generate-image', { json: { prompt: 'x', width: 77 } });
    expect([odd.status, odd.json()]).toEqual([400, { error: expect.stringMatching(/256/) }]);
    const long = await page.send(token, 'POST', '/api/ai/generate-image', { json: { prompt: 'x'.repeat(4001) } });
    expect([long.status, long.json()]).toEqual([400, { error: expect.stringMatching(/4000/) }]);
    // Nothing of it is left behind in the studio.
    expect((await page.send(token, 'GET', '/api/v1/generation/sessions')).json().total).toBe(0);
    expect((await page.send(token, 'GET', '/api/ai/my-images')).json().message).toBe('No images generated yet');
  });

  test('what is not there', async () => {
    const { token } = (await page.login(email, password)).json();
    for (const [method, path] of [
      ['GET', '/api/ai/chat'],
      ['POST', '/api/ai/'],
      ['GET', '/api/ai/images/1733800000000-generated.png/other/more'],
      ['GET', '/api/auth/debug-user/mira@people.example'],
      ['POST', '/api/auth/reset-account/mira@people.example'],
      ['POST', '/api/auth/reset-password'],
    ] as const) {
      const answer = await page.send(token, method, path);
      expect([path, answer.status, answer.json()]).toEqual([
        path,
        404,
        { success: false, error: 'Endpoint not found' },
      ]);
    }
    for (const filename of ['nothing.png', '../../server.js', '..%2f..%2fserver.js', '%00', 'a'.repeat(300)]) {
      const answer = await page.remove(token, filename);
      expect([filename, answer.status, answer.json()]).toEqual([filename, 404, { error: 'Image not found' }]);
    }
    for (const path of ['/server.js', '/package.json', '/.env', '/first.js', '/uploads/images/']) {
      expect((await page.send(token, 'GET', path)).status, path).toBe(404);
    }
  });
});

test(
  'scripts may say more of the image that is to be made',
  async () => {
    const { token } = await page.register('scripts', password);
    const answer = await page.send(token, 'POST', '/api/ai/generate-image', {
      json: { prompt: 'hills', ...small, negativePrompt: 'houses', model: 'whatever' },
    });
    expect(answer.status, answer.text).toBe(200);
    const [image] = await page.library(token);
    const listed = (await page.send(token, 'GET', '/api/v1/photos?generated=true')).json().items;
    expect(listed[0]).toMatchObject({ width: 256, height: 256, bytes: image?.size });
    expect(listed[0].generation_metadata).toMatchObject({ prompt: 'hills', negative_prompt: 'houses', steps: 2 });
  },
  patience,
);

test('images and people that came along are known by the names they had', async () => {
  const [person, other] = [await app.signUp(), await app.signUp()];
  const bytes = await tinyPhoto(2);
  const photo = await app.upload(person, bytes);
  const [userId, filename] = ['65f0c0ffee65f0c0ffee65f0', '1733800000000-generated.png'];
  const base = { system: 'ai-library', ownerId: person.id };
  await cameAlong(app, { ...base, kind: 'person', earlierId: userId, id: person.id, by: admin.id });
  await cameAlong(app, { ...base, kind: 'photo', earlierId: filename, id: photo.id, by: person.id });
  for (const path of [`/uploads/images/user-${userId}/${filename}`, `/api/ai/images/${userId}/${filename}`]) {
    expect((await page.send(person.bearer, 'GET', path)).body.equals(bytes)).toBe(true);
    expect((await page.send(other.bearer, 'GET', path)).status).toBe(403);
    expect((await page.look(path)).status).toBe(401);
  }
  expect((await page.send(other.bearer, 'GET', `/api/ai/images/${other.id}/${filename}`)).status).toBe(404);
  expect((await page.remove(other.bearer, filename)).status).toBe(404);
  expect((await page.remove(person.bearer, filename)).status).toBe(200);
  expect((await page.send(person.bearer, 'GET', `/api/ai/images/${userId}/${filename}`)).status).toBe(404);
});

test('two folders that became one person’s may have a file of the same name each', async () => {
  const person = await app.signUp();
  const name = '1733800000001-generated.png';
  const base = { system: 'ai-library', ownerId: person.id };
  const folders = ['65f0c0ffee65f0c0ffee65f1', '65f0c0ffee65f0c0ffee65f2'];
  const files = await Promise.all([tinyPhoto(31), tinyPhoto(32)]);
  for (const [n, folder] of folders.entries()) {
    const { id } = await app.upload(person, files[n] as Buffer);
    await cameAlong(app, { ...base, kind: 'person', earlierId: folder, id: person.id, by: admin.id });
    await cameAlong(app, { ...base, kind: 'photo', earlierId: `user-${folder}/${name}`, id, by: person.id });
    if (n === 0) await cameAlong(app, { ...base, kind: 'photo', earlierId: name, id, by: person.id });
  }
  for (const [n, folder] of folders.entries()) {
    const shown = await page.send(person.bearer, 'GET', `/uploads/images/user-${folder}/${name}`);
    expect(shown.body.equals(files[n] as Buffer)).toBe(true);
  }
});

test('a library that cannot be listed is told of in its words', () => {
  const refused = refuseListing(new AppError('server_error', 'It broke.'), {
    method: 'GET',
    path: '/api/ai/my-images',
  });
  expect([refused.status, refused.body]).toEqual([500, { error: 'Failed to fetch images', message: 'It broke.' }]);
});

test('says how it is', async () => {
  const answer = await page.send(null, 'GET', '/api/health');
  expect([answer.status, answer.json()]).toMatchObject([
    200,
    { status: 'ok', timestamp: expect.any(String), version: expect.any(String) },
  ]);
  expect(answer.json()).toHaveProperty('database');
  expect(answer.json()).toHaveProperty('services');
});

test('answers the questions that browsers ask beforehand', async () => {
  for (const [path, method] of [
    ['/api/auth/login', 'POST'],
    ['/api/auth/update-profile', 'PUT'],
    ['/api/ai/images/x.png', 'DELETE'],
  ] as const) {
    const answer = await page.send(null, 'OPTIONS', path, {
      headers: {
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization,content-type,user-id',
      },
    });
    expect(answer.status).toBeLessThan(300);
    expect(answer.headers['access-control-allow-methods']).toContain(method);
    expect(String(answer.headers['access-control-allow-headers']).toLowerCase()).toMatch(/authorization.*user-id/);
  }
});
