import { Client as OutsideClient } from 'pg';
import sharp from 'sharp';
import { afterAll, expect, test } from 'vitest';
import { type Answer, createTestApp, type Person, tinyPhoto } from '../app.ts';
import { fileOf, formOf, page, signInByForm } from './old-client.ts';

const app = await createTestApp();
const root = await app.signUp();
const [anna, ben, eve] = [await app.signUp(), await app.signUp(), await app.signUp()];
const outside = new OutsideClient(app.database.owner);
await outside.connect();
afterAll(() => outside.end());

const found = async (as: Person, name: string): Promise<string> =>
  (await app.request(as, 'POST', '/api/v1/organizations', { json: { name } })).json().id;
const mill = await found(anna, 'Paper mill');
await app.request(anna, 'POST', `/api/v1/organizations/${mill}/invitations`, { json: { username: ben.username } });
await app.request(ben, 'POST', `/api/v1/me/invitations/${mill}/accept`);
const foreign = await found(root, 'Somebody else’s');

const asAnna = await signInByForm(app, anna);
const asBen = await signInByForm(app, ben);
const asEve = await signInByForm(app, eve);
const asRoot = await signInByForm(app, root);
const img = (url: string, method = 'GET') =>
  app.request(null, method, url, { headers: { accept: 'image/avif,image/webp,*/*' } });
const fromDataUrl = (answer: Answer): Buffer => {
  const [head, bytes = ''] = answer.json().url.split(',');
  expect(head).toBe('data:image/webp;base64');
  return Buffer.from(bytes, 'base64');
};

test('the front end in its order: in, me, a photo, me again, the picture in a plain <img>, away', async () => {
  const wrong = await app.request(null, 'POST', '/token', await formOf({ username: anna.username, password: 'no' }));
  expect([wrong.status, wrong.headers['www-authenticate'], wrong.json()]).toEqual([
    401,
    'Bearer',
    { detail: 'Incorrect username or password' },
  ]);
  const call = await signInByForm(app, anna);
  const me = (await call('GET', '/users/me/')).json();
  expect(me).toEqual({
    id: anna.id,
    username: anna.username,
    email: anna.email,
    name: anna.username,
    profile_photo_url: null,
    role: 'admin',
    organization_id: mill,
    user_status: 'active',
    is_active: true,
    last_login: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    failed_login_attempts: 0,
    locked_until: null,
    invitation_token: null,
    invitation_expires_at: null,
    organization: {
      id: mill,
      name: 'Paper mill',
      organization_type: 'customer',
      logo_url: null,
      is_active: true,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    },
  });

  const large = await sharp(await tinyPhoto(1))
    .resize(1600, 1200)
    .png()
    .toBuffer();
  const set = await call('POST', '/uploads/users/profile-photo', await formOf({ note: 'x', file: [large, 'Me.PNG'] }));
  expect(set.status).toBe(200);
  const { width, height, format } = await sharp(fromDataUrl(set)).metadata();
  expect([width, height, format]).toEqual([1024, 768, 'webp']);

  const { profile_photo_url: url } = (await call('GET', '/users/me/')).json();
  expect(url).toMatch(new RegExp(`^/images/users/${anna.id}/profile\\?v=[0-9a-f]{16}$`));
  const shown = await img(url);
  expect(shown.body.equals(fromDataUrl(set))).toBe(true);
  expect(shown.headers).toMatchObject({
    'content-type': 'image/webp',
    'cache-control': 'public, max-age=31536000, immutable',
    'content-disposition': `inline; filename="profile_${anna.id}.webp"`,
    'cross-origin-resource-policy': 'cross-origin',
  });
  expect((await img(url, 'HEAD')).status).toBe(200);
  expect((await img(`${url}&t=17`)).status).toBe(200);

  await call('POST', '/uploads/users/profile-photo', await fileOf(2));
  const next = (await call('GET', '/users/me/')).json().profile_photo_url;
  expect(next, 'two in the same second').not.toBe(url);
  const again = await signInByForm(app, anna);
  expect((await again('GET', '/users/me/')).json().profile_photo_url, 'a sign-in changes no picture').toBe(next);

  const removed = await call('DELETE', '/uploads/users/profile-photo');
  expect([removed.status, removed.json()]).toEqual([200, { message: 'Profile photo removed successfully' }]);
  expect((await call('GET', '/users/me/')).json().profile_photo_url).toBe(null);
  const gone = await img(next);
  expect([gone.status, gone.json().detail]).toEqual([404, 'Profile photo not found']);
  // The web app reads the same address, and its own words.
  expect(gone.json().error.code).toBe('not_found');
});

test('/token takes the form of OAuth, and says what is missing as FastAPI does', async () => {
  const send = (body: string, type: string) =>
    app.request(null, 'POST', '/token', { body, headers: { 'content-type': type } });
  const form = 'application/x-www-form-urlencoded';
  const missing = (name: string) => ({
    detail: [{ type: 'missing', loc: ['body', name], msg: 'Field required', input: null }],
  });
  for (const [body, type, name] of [
    ['', form, 'username'],
    ['username=a', form, 'password'],
    ['{"username":"a","password":"b"}', 'application/json', 'username'],
  ] as const) {
    const answer = await send(body, type);
    expect([answer.status, answer.json()]).toEqual([422, missing(name)]);
  }
  const asForm = await app.request(null, 'POST', '/token', {
    ...(await formOf({ username: ben.email, password: ben.password, scope: '' })),
  });
  expect(asForm.json()).toEqual({ access_token: expect.any(String), token_type: 'bearer' });
  expect(asForm.headers['set-cookie']).toBe(undefined);
  const behindApi = await app.request(null, 'POST', '/api/token', {
    body: new URLSearchParams({ username: ben.username, password: ben.password }).toString(),
    headers: { 'content-type': form },
  });
  expect(behindApi.status).toBe(200);
});

test('whoever guesses has to wait', async () => {
  const guess = () =>
    app.request(null, 'POST', '/token', {
      body: `username=${eve.username}&password=guess`,
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': '203.0.113.7' },
    });
  let answer = await guess();
  for (let tries = 1; tries < 12 && answer.status === 401; tries += 1) answer = await guess();
  expect([answer.status, answer.json()]).toEqual([429, { detail: 'Too many login attempts. Please try again later.' }]);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  // From elsewhere, the person themselves gets in.
  await signInByForm(app, eve);
});

test('a session goes on for as long as it is used, and ends eight hours after', async () => {
  const [used, idle] = [await signInByForm(app, ben), await signInByForm(app, ben)];
  const age = (hours: number) =>
    outside.query(
      `update sessions set last_used_at = now() - make_interval(hours => $1)
        where id in (select id from sessions where user_id = $2 order by created_at desc limit 2)`,
      [hours, ben.id],
    );
  await age(7);
  expect((await used('GET', '/users/me/')).status).toBe(200);
  await age(9);
  const ended = await idle('GET', '/users/me/');
  expect([ended.status, ended.headers['www-authenticate'], ended.json()]).toEqual([
    401,
    'Bearer',
    { detail: 'Could not validate credentials' },
  ]);
});

test('nobody is nobody, whatever cookie comes along', async () => {
  const nothing = { detail: 'Not authenticated' };
  for (const [headers, detail] of [
    [{}, nothing],
    [{ authorization: 'Basic YTpi' }, nothing],
    [{ cookie: `tintype_session=${anna.cookie}` }, nothing],
    [{ authorization: 'Bearer nonsense' }, { detail: 'Could not validate credentials' }],
  ] as const) {
    const answer = await app.request(null, 'GET', '/users/me/', { headers });
    expect([answer.status, answer.json()]).toEqual([401, detail]);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
  }
});

test('a file is refused by its name, by what is in it, or because it is not there', async () => {
  const send = async (options: Parameters<typeof asAnna>[2]) => {
    const answer = await asAnna('POST', '/uploads/users/profile-photo', options);
    return [answer.status, answer.json().detail];
  };
  const types = 'Allowed types: .jpg, .jpeg, .png, .gif, .webp';
  expect(await send(await fileOf(3, 'me.bmp'))).toEqual([400, `Invalid file type '.bmp'. ${types}`]);
  expect(await send(await fileOf(3, 'me'))).toEqual([400, `Invalid file type ''. ${types}`]);
  expect(await send(await formOf({ file: [Buffer.from('no picture at all'), 'me.jpg'] }))).toEqual([
    400,
    expect.stringMatching(/^Invalid image file: /),
  ]);
  expect(await send(await formOf({ file: [(await tinyPhoto(3)).subarray(0, 300), 'me.jpg'] }))).toEqual([
    400,
    expect.stringMatching(/^Invalid image file: /),
  ]);
  const missing = [{ type: 'missing', loc: ['body', 'file'], msg: 'Field required', input: null }];
  expect(await send(await formOf({ other: 'x' }))).toEqual([422, missing]);
  expect(await send({ json: {} })).toEqual([422, missing]);
  expect((await asAnna('GET', '/users/me/')).json().profile_photo_url).toBe(null);
});

test('a logo is set by who administers the organization', async () => {
  const path = `/uploads/organizations/${mill}/logo`;
  const refused = async (answer: Promise<Answer>) => [(await answer).status, (await answer).json().detail];
  expect(await refused(asBen('POST', path, await fileOf(4)))).toEqual([
    403,
    'Only organization admins can upload organization logos',
  ]);
  expect(await refused(asBen('DELETE', path))).toEqual([403, 'Only organization admins can remove organization logos']);
  const absent = '/uploads/organizations/01a00000-0000-7000-8000-000000000000/logo';
  for (const one of [absent, path]) {
    expect(await refused(asEve('POST', one, await fileOf(4)))).toEqual([404, 'Organization not found']);
    expect(await refused(asEve('DELETE', one))).toEqual([404, 'Organization not found']);
  }
  expect((await asAnna('POST', '/uploads/organizations/mill/logo', await fileOf(4))).json().detail[0]).toMatchObject({
    type: 'uuid_parsing',
    loc: ['path', 'org_id'],
    input: 'mill',
  });

  for (const [call, seed] of [
    [asAnna, 5],
    [asRoot, 6],
  ] as const) {
    const set = await call('POST', path, await fileOf(seed, 'logo.webp'));
    const [seen] = (await asBen('GET', '/organizations/')).json();
    expect(seen.logo_url).toMatch(new RegExp(`^/images/organizations/${mill}/logo\\?v=[0-9a-f]{16}$`));
    const shown = await img(seen.logo_url);
    expect(shown.body.equals(fromDataUrl(set))).toBe(true);
    expect(shown.headers['content-disposition']).toBe(`inline; filename="logo_${mill}.webp"`);
  }
  const removed = await asAnna('DELETE', path);
  expect([removed.status, removed.json()]).toEqual([200, { message: 'Organization logo removed successfully' }]);
  expect((await img(`/images/organizations/${mill}/logo`)).json().detail).toBe('Logo not found');
});

test('organizations are those that one may see; whoever opens the address in a browser gets the web app', async () => {
  const names = async (call: typeof asAnna) =>
    (await call('GET', '/organizations/')).json().map(({ name }: { name: string }) => name);
  expect(await names(asBen)).toEqual(['Paper mill']);
  expect(await names(asEve)).toEqual([]);
  expect(await names(asRoot)).toContain('Somebody else’s');
  const one = await asBen('GET', `/organizations/${mill}`);
  expect([one.status, one.json().name]).toEqual([200, 'Paper mill']);
  const other = await asBen('GET', `/organizations/${foreign}`);
  expect([other.status, other.json()]).toEqual([404, { detail: 'Organization not found' }]);
  expect((await asBen('GET', '/organizations/mill')).status).toBe(422);
  expect((await asRoot('GET', '/organizations/?limit=1&skip=0&no=1')).json()).toHaveLength(1);
  const opened = await app.request(null, 'GET', `/organizations/${mill}`, { headers: { accept: 'text/html' } });
  // No web app is built for this test: what matters is that it is asked.
  expect(opened.json()).toMatchObject({ error: { code: 'not_found' } });
});

test('the profile: what it shows, and what of it can be changed', async () => {
  const before = (await asBen('GET', '/users/me/profile')).json();
  expect(before).toMatchObject({
    id: ben.id,
    role: 'user',
    organization_name: 'Paper mill',
    organization_type: 'customer',
    preferred_language: 'en',
  });
  const change = (json: unknown) => asBen('PUT', '/users/me/profile', { json });
  const all = {
    name: 'Ben',
    email: ben.email,
    preferred_language: 'el',
    role: 'super_admin',
    organization_id: foreign,
  };
  expect((await change(all)).json()).toMatchObject({ name: 'Ben', role: 'user', organization_id: mill });
  const email = 'ben@elsewhere.example';
  expect((await change({ email })).json()).toEqual({ detail: expect.stringContaining('current password') });
  expect((await change({ email, current_password: ben.password })).json()).toMatchObject({ email, name: 'Ben' });
  // Somebody without one has an empty field in the form.
  const someone = { username: 'without-address', password: 'under the old pines' };
  expect((await app.request(null, 'POST', '/api/register/', { json: someone })).status).toBe(201);
  const asSomeone = await signInByForm(app, someone);
  const own = (await asSomeone('GET', '/users/me/profile')).json();
  expect(own.email).toBe(null);
  const saved = await asSomeone('PUT', '/users/me/profile', {
    json: { ...own, name: 'Nobody’s neighbour', email: '' },
  });
  expect([saved.status, saved.json().name]).toEqual([200, 'Nobody’s neighbour']);
  expect((await change({ name: 7 })).status).toBe(422);
  expect((await change([])).status).toBe(422);
  expect((await asBen('PUT', '/users/me/profile', { body: '{' })).json().detail[0].type).toBe('json_invalid');
  expect((await asRoot('GET', '/users/me')).json().role).toBe('super_admin');
});

test('what there is not is refused in the words of the system', async () => {
  for (const [method, path, status, detail] of [
    ['GET', '/users/', 404, 'Not Found'],
    ['GET', `/users/${anna.id}`, 404, 'Not Found'],
    ['POST', '/parts/upload-image', 404, 'Not Found'],
    ['GET', '/images/parts/01a00000-0000-7000-8000-000000000000?index=0', 404, 'Part not found'],
    ['GET', '/images/parts/01a00000-0000-7000-8000-000000000000/count', 404, 'Part not found'],
    ['PATCH', '/users/me/', 405, 'Method Not Allowed'],
    ['POST', `/images/users/${anna.id}/profile`, 405, 'Method Not Allowed'],
  ] as const) {
    const answer = await asAnna(method, path);
    expect([method, path, answer.status, answer.json()]).toEqual([method, path, status, { detail }]);
    expect(answer.headers['x-frame-options']).toBe('DENY');
  }
});

test('pages of other sites may call, without cookies; native routes are for their own', async () => {
  const ask = (path: string) =>
    app.request(null, 'OPTIONS', path, {
      headers: {
        origin: page,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
  const answer = await ask('/uploads/users/profile-photo');
  expect(answer.status).toBe(204);
  expect(answer.headers).toMatchObject({
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'POST, DELETE, OPTIONS',
  });
  expect(answer.headers['access-control-allow-credentials']).toBe(undefined);
  expect((await ask('/api/v1/photos')).headers['access-control-allow-origin']).toBe(undefined);
  const me = await asAnna('GET', '/users/me/');
  expect(me.headers).toMatchObject({
    'access-control-allow-origin': '*',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'strict-origin-when-cross-origin',
    'content-security-policy': "default-src 'self'",
    'cache-control': 'no-store',
  });
  expect(me.headers['set-cookie']).toBe(undefined);
});
