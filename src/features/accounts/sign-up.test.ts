import { describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../../test/app.ts';

const register = (app: TestApp, json: object, headers: Record<string, string> = {}) =>
  app.request(null, 'POST', '/api/v1/auth/register', { json, headers: { 'x-forwarded-for': '192.0.2.1', ...headers } });
const status = async (app: TestApp) => (await app.request(null, 'GET', '/api/v1/auth/status')).json();

describe('an open library', async () => {
  const app = await createTestApp();

  test('asks for its first account, makes it the administrator, and does not ask again', async () => {
    expect(await status(app)).toMatchObject({
      setup_required: true,
      setup_token_required: false,
      registration: 'open',
    });
    const answer = await register(app, { username: 'ines', password: 'correct horse' });
    expect(answer.status).toBe(201);
    expect(answer.json()).toMatchObject({
      token_type: 'bearer',
      expires_in: 90 * 86_400,
      user: { username: 'ines', email: null, role: 'admin', usage: { photos: 0, bytes: 0 } },
    });
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      /^tintype_session=[\w-]{43}; Max-Age=7776000; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    expect(await status(app)).toMatchObject({ setup_required: false });
    const second = await register(app, { username: 'tomas', email: 'tomas@example.org', password: 'correct horse' });
    expect(second.json().user).toMatchObject({ role: 'user', email: 'tomas@example.org' });
  });

  test('marks the cookie Secure where a trusted proxy says https', async () => {
    const answer = await register(
      app,
      { username: 'secure', password: 'correct horse' },
      { 'x-forwarded-proto': 'https' },
    );
    expect(answer.headers['set-cookie']?.[0]).toContain('; Secure');
  });

  test.each([
    [{ username: 'INES', password: 'correct horse' }, 409, 'username'],
    [{ username: 'other', email: 'TOMAS@example.org', password: 'correct horse' }, 409, 'email'],
    [{ username: 'a b', password: 'correct horse' }, 400, 'username'],
    [{ username: '-rf', password: 'correct horse' }, 400, 'username'],
    [{ username: 'other', password: 'short' }, 400, 'password'],
    [{ username: 'other', password: 'password123' }, 400, 'password'],
    [{ username: 'other', email: 'nobody', password: 'correct horse' }, 400, 'email'],
    [{ username: 'other', password: 'correct horse', role: 'admin' }, 400, null],
    [{ username: 'other' }, 400, 'password'],
    [[], 400, null],
  ])('refuses %j with %i', async (json, expected, field) => {
    const answer = await register(app, json);
    expect(answer.status).toBe(expected);
    expect(answer.json().error.details.field).toBe(field);
    expect(answer.json().error.message).not.toContain('correct horse');
  });

  test('a hundred who try at once do not all get in: sign-ups are limited by network', async () => {
    const answers = await Promise.all(
      Array.from({ length: 70 }, (_, n) =>
        register(app, { username: `x${n}`, password: 'short' }, { 'x-forwarded-for': '192.0.2.77' }),
      ),
    );
    const refused = answers.filter((answer) => answer.status === 429);
    expect(refused).toHaveLength(10);
    expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThan(0);
  });
});

describe('first accounts that come at once', async () => {
  const app = await createTestApp();
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, n) => register(app, { username: `first-${n}`, password: 'correct horse' })),
  );
  expect(answers.map((answer) => answer.status)).toEqual(Array(8).fill(201));
  expect(answers.filter((answer) => answer.json().user.role === 'admin')).toHaveLength(1);

  test('make one administrator', async () => {});
});

describe('a library that others can reach', async () => {
  const app = await createTestApp({ setupToken: 'printed-at-the-start' });
  expect(await status(app)).toMatchObject({ setup_required: true, setup_token_required: true });
  const first = { username: 'ines', password: 'correct horse' };
  for (const token of [undefined, '', 'guessed']) {
    const answer = await register(app, { ...first, setup_token: token });
    expect([answer.status, answer.json().error.details.field]).toEqual([403, 'setup_token']);
  }
  expect((await register(app, { ...first, setup_token: 'printed-at-the-start' })).json().user.role).toBe('admin');
  expect((await register(app, { username: 'tomas', password: 'correct horse' })).status).toBe(201);

  test('asks its first account for the set-up token', async () => {});
});

describe('a library whose first account is configured', async () => {
  const environment = { TINTYPE_ADMIN_USERNAME: 'root', TINTYPE_ADMIN_PASSWORD: 'from the environment' };
  const app = await createTestApp({ environment });
  expect(await status(app)).toMatchObject({ setup_required: false });
  const answer = await app.request(null, 'POST', '/api/v1/auth/login', {
    json: { username: 'root', password: 'from the environment' },
  });
  expect(answer.json().user.role).toBe('admin');

  test('has it, and needs no set-up', async () => {});
});

describe('a library by invitation', async () => {
  const app = await createTestApp({ environment: { TINTYPE_REGISTRATION: 'invite' } });
  const admin = await app.signUp();
  const invite = async () => {
    const answer = await app.request(admin, 'POST', '/api/v1/invitations');
    expect(answer.status).toBe(201);
    const { id, url } = answer.json();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/signup\?invitation=/);
    return { id, invitation: new URL(url).searchParams.get('invitation') };
  };
  const [used, revoked] = [await invite(), await invite()];
  expect((await register(app, { username: 'a1', password: 'correct horse' })).status).toBe(403);
  const weak = await register(app, { username: 'a1', password: 'short', invitation: used.invitation });
  expect(weak.status).toBe(400);
  expect((await register(app, { username: 'a1', password: 'correct horse', invitation: used.invitation })).status).toBe(
    201,
  );
  expect((await register(app, { username: 'a2', password: 'correct horse', invitation: used.invitation })).status).toBe(
    403,
  );
  expect((await app.request(admin, 'DELETE', `/api/v1/invitations/${revoked.id}`)).status).toBe(204);
  expect((await app.request(admin, 'DELETE', `/api/v1/invitations/${revoked.id}`)).status).toBe(404);
  expect(
    (await register(app, { username: 'a3', password: 'correct horse', invitation: revoked.invitation })).status,
  ).toBe(403);
  const list = (await app.request(admin, 'GET', '/api/v1/invitations')).json();
  expect(list.items.map((item: { id: string; used: boolean }) => [item.id, item.used])).toEqual([[used.id, true]]);

  test('takes each invitation once, until it is taken back', async () => {});
});

describe('a closed library', async () => {
  const app = await createTestApp({ environment: { TINTYPE_REGISTRATION: 'closed' } });
  const admin = await app.signUp();
  const { url } = (await app.request(admin, 'POST', '/api/v1/invitations')).json();
  const invitation = new URL(url).searchParams.get('invitation');
  expect((await register(app, { username: 'a1', password: 'correct horse', invitation })).status).toBe(403);

  test('takes nobody in, with or without an invitation', async () => {});
});
