import { SMTPServer } from 'smtp-server';
import { afterAll, describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../../../test/app.ts';
import { createExpiringKey } from '../../../test/expiring-key.ts';

const app = await createTestApp();
const admin = await app.signUp('admin-of-all');
const signIn = (username: string, password: string, ip = '192.0.2.9') =>
  app.request(null, 'POST', '/api/v1/auth/login', { json: { username, password }, headers: { 'x-forwarded-for': ip } });

describe('signing in', async () => {
  const ines = await app.signUp();

  test('by username or e-mail, in whatever case', async () => {
    for (const name of [ines.username, ines.username.toUpperCase(), ines.email]) {
      expect((await signIn(name, ines.password)).status).toBe(200);
    }
  });

  test('a wrong name and a wrong password answer alike', async () => {
    const [name, password] = [await signIn('nobody-here', ines.password), await signIn(ines.username, 'wrong horse')];
    expect(name.status).toBe(401);
    expect(password.status).toBe(401);
    expect(name.text).toBe(password.text);
  });

  test('is refused after ten wrong tries, says when to come back, and not to a person elsewhere', async () => {
    const tomas = await app.signUp();
    const tries = [];
    for (let n = 0; n < 12; n += 1) tries.push((await signIn(tomas.username, 'wrong horse', '192.0.2.66')).status);
    expect(tries).toEqual([...Array(10).fill(401), 429, 429]);
    const refused = await signIn(tomas.username, tomas.password, '192.0.2.66');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await signIn(tomas.username, tomas.password, tomas.ip)).status).toBe(200);
  });

  test('signing out ends the session, cookie and token alike, and clears what the browser keeps', async () => {
    const again = await app.signIn(ines);
    const answer = await app.request(again, 'POST', '/api/v1/auth/logout');
    expect(answer.status).toBe(204);
    expect(answer.headers['clear-site-data']).toBe('"cache"');
    expect(answer.headers['set-cookie']?.[0]).toMatch(/^tintype_session=; Max-Age=0; Path=\//);
    expect((await app.request(again, 'GET', '/api/v1/me')).status).toBe(401);
    expect((await app.request({ bearer: again.bearer }, 'GET', '/api/v1/me')).status).toBe(401);
    expect((await app.request(ines, 'GET', '/api/v1/me')).status).toBe(200);
  });
});

describe("one's own account", () => {
  test('names change freely, the e-mail with the password, and never the role', async () => {
    const ines = await app.signUp();
    const patch = (json: object) => app.request(ines, 'PATCH', '/api/v1/me', { json });
    expect((await patch({ display_name: '  Inés ' })).json().display_name).toBe('Inés');
    expect((await patch({ display_name: null })).json().display_name).toBeNull();
    expect((await patch({ username: admin.username })).status).toBe(409);
    expect((await patch({ email: 'new@example.org' })).status).toBe(400);
    expect((await patch({ email: 'new@example.org', current_password: 'wrong horse' })).status).toBe(403);
    expect((await patch({ email: 'new@example.org', current_password: ines.password })).json().email).toBe(
      'new@example.org',
    );
    expect((await patch({ role: 'admin' })).status).toBe(400);
    expect((await patch({ id: admin.id })).status).toBe(400);
  });

  test('a new password ends the other sessions and keeps this one', async () => {
    const ines = await app.signUp();
    const elsewhere = await app.signIn(ines);
    const change = (current: string, next: string) =>
      app.request(ines, 'POST', '/api/v1/me/password', { json: { current_password: current, new_password: next } });
    expect((await change('wrong horse', 'a better horse')).status).toBe(403);
    expect((await change(ines.password, 'short')).status).toBe(400);
    expect((await change(ines.password, 'a better horse')).status).toBe(204);
    expect((await app.request(elsewhere, 'GET', '/api/v1/me')).status).toBe(401);
    expect((await app.request(ines, 'GET', '/api/v1/me')).status).toBe(200);
    expect((await signIn(ines.username, ines.password, ines.ip)).status).toBe(401);
    expect((await signIn(ines.username, 'a better horse', ines.ip)).status).toBe(200);
  });

  test('sessions are listed, the current one marked, and ended one by one or all at once', async () => {
    const ines = await app.signUp();
    const [second, third] = [await app.signIn(ines), await app.signIn(ines)];
    const { items, total } = (await app.request(ines, 'GET', '/api/v1/sessions')).json();
    expect(total).toBe(3);
    expect(items.filter((item: { current: boolean }) => item.current)).toHaveLength(1);
    expect(items[0]).toMatchObject({ kind: 'browser', ip: ines.ip });
    const own = (await app.request(second, 'GET', '/api/v1/sessions')).json().items;
    const { id } = own.find((item: { current: boolean }) => item.current);
    expect((await app.request(ines, 'DELETE', `/api/v1/sessions/${id}`)).status).toBe(204);
    expect((await app.request(second, 'GET', '/api/v1/me')).status).toBe(401);
    expect((await app.request(third, 'GET', '/api/v1/me')).status).toBe(200);
    expect((await app.request(ines, 'DELETE', '/api/v1/sessions')).status).toBe(204);
    expect((await app.request(third, 'GET', '/api/v1/me')).status).toBe(401);
    expect((await app.request(ines, 'GET', '/api/v1/me')).status).toBe(200);
  });

  test('deleting it takes the password and the name, ends everything, and takes the bytes along', async () => {
    const ines = await app.signUp();
    const photo = await app.upload(ines, await tinyPhoto(4711));
    const key = await app.createApiKey(ines, ['photos:read']);
    const signed = (await app.request(key, 'GET', '/api/v1/photos')).json().items[0].full_url;
    expect((await app.request(null, 'GET', signed)).status).toBe(200);
    const remove = (password: string, confirm: string) =>
      app.request(ines, 'DELETE', '/api/v1/me', { json: { password, confirm } });
    expect((await remove('wrong horse', ines.username)).status).toBe(403);
    expect((await remove(ines.password, 'somebody')).status).toBe(400);
    expect((await app.request(ines, 'GET', '/api/v1/me')).status).toBe(200);
    expect((await remove(ines.password, ines.username)).status).toBe(204);
    for (const as of [ines, key, { bearer: ines.bearer }]) {
      expect((await app.request(as, 'GET', '/api/v1/me')).status).toBe(401);
      expect((await app.request(as, 'GET', `/api/v1/photos/${photo.id}`)).status).toBe(401);
    }
    expect((await app.request(null, 'GET', signed)).status).toBe(401);
    expect((await signIn(ines.username, ines.password, ines.ip)).status).toBe(401);
  });
});

describe('API keys', async () => {
  const ines = await app.signUp();

  test('are shown once, work within their scopes, and make no keys', async () => {
    const key = await app.createApiKey(ines, ['photos:read']);
    expect(key.bearer).toMatch(/^tintype_[\w-]{43}$/);
    const list = await app.request(ines, 'GET', '/api/v1/api-keys');
    expect(list.text).not.toContain(key.bearer);
    expect(list.json().items[0]).toMatchObject({ scopes: ['photos:read'], prefix: key.bearer.slice(0, 12) });
    expect((await app.request(key, 'GET', '/api/v1/photos')).status).toBe(200);
    expect((await app.request(key, 'GET', '/api/v1/me')).status).toBe(403);
    expect((await app.request(key, 'POST', '/api/v1/photos', { body: await tinyPhoto(1) })).status).toBe(403);
    expect(
      (await app.request(key, 'POST', '/api/v1/api-keys', { json: { name: 'x', scopes: ['photos:read'] } })).status,
    ).toBe(403);
    expect((await app.request(key, 'GET', '/api/v1/sessions')).status).toBe(403);
    expect(
      (await app.request(key, 'DELETE', '/api/v1/me', { json: { password: ines.password, confirm: ines.username } }))
        .status,
    ).toBe(403);
  });

  test('end when they are revoked, and when their day has come', async () => {
    const key = await app.createApiKey(ines, ['photos:read']);
    expect((await app.request(ines, 'DELETE', `/api/v1/api-keys/${key.id}`)).status).toBe(204);
    expect((await app.request(key, 'GET', '/api/v1/photos')).status).toBe(401);
    const soon = await createExpiringKey(app, ines, ['photos:read'], async (used) =>
      expect((await app.request(used, 'GET', '/api/v1/photos')).status).toBe(200),
    );
    await soon.ended();
    expect((await app.request(soon.key, 'GET', '/api/v1/photos')).status).toBe(401);
    const past = { name: 'x', scopes: ['photos:read'], expires_at: new Date(Date.now() - 1000).toISOString() };
    expect((await app.request(ines, 'POST', '/api/v1/api-keys', { json: past })).status).toBe(400);
  });
});

describe('administration', () => {
  test('a disabled person is nobody at once, and somebody again when enabled', async () => {
    const ines = await app.signUp();
    const set = (json: object) => app.request(admin, 'PATCH', `/api/v1/users/${ines.id}`, { json });
    expect((await app.request(ines, 'GET', '/api/v1/me')).status).toBe(200);
    expect((await set({ disabled: true })).json()).toMatchObject({ disabled: true });
    expect((await app.request(ines, 'GET', '/api/v1/me')).status).toBe(401);
    const refused = await signIn(ines.username, ines.password, ines.ip);
    expect([refused.status, refused.json().error.code]).toEqual([401, 'unauthorized']);
    expect((await set({ disabled: false })).json()).toMatchObject({ disabled: false });
    expect((await signIn(ines.username, ines.password, ines.ip)).status).toBe(200);
  });

  test('a library keeps an administrator', async () => {
    expect((await app.request(admin, 'PATCH', `/api/v1/users/${admin.id}`, { json: { role: 'user' } })).status).toBe(
      409,
    );
    expect((await app.request(admin, 'PATCH', `/api/v1/users/${admin.id}`, { json: { disabled: true } })).status).toBe(
      409,
    );
    const gone = await app.request(admin, 'DELETE', '/api/v1/me', {
      json: { password: admin.password, confirm: admin.username },
    });
    expect(gone.status).toBe(409);
    expect((await app.request(admin, 'GET', '/api/v1/me')).json().role).toBe('admin');
  });

  test('an administrator deletes a person with the own password and the other name', async () => {
    const ines = await app.signUp();
    const remove = (json: object) => app.request(admin, 'DELETE', `/api/v1/users/${ines.id}`, { json });
    expect((await remove({ password: ines.password, confirm: ines.username })).status).toBe(403);
    expect((await remove({ password: admin.password, confirm: admin.username })).status).toBe(400);
    expect((await remove({ password: admin.password, confirm: ines.username })).status).toBe(204);
    expect((await remove({ password: admin.password, confirm: ines.username })).status).toBe(404);
    expect((await app.request(ines, 'GET', '/api/v1/me')).status).toBe(401);
  });

  test('an administrator makes an account, whose password is set by the link, and nobody gets in before', async () => {
    const make = (as: typeof admin, json: object) => app.request(as, 'POST', '/api/v1/users', { json });
    const made = await make(admin, { username: 'newcomer', email: 'newcomer@people.example', quota_bytes: 5000 });
    expect(made.status).toBe(201);
    const { user, reset_link: link } = made.json();
    expect(user).toMatchObject({
      username: 'newcomer',
      role: 'user',
      disabled: false,
      usage: { photos: 0, bytes: 0, quota_bytes: 5000, quota_photos: null },
    });
    expect((await signIn('newcomer', 'first password here')).status).toBe(401);
    const token = new URL(link.url).searchParams.get('token');
    const reset = await app.request(null, 'POST', '/api/v1/auth/reset', {
      json: { token, password: 'first password here' },
      headers: { 'x-forwarded-for': '192.0.2.77' },
    });
    expect(reset.status).toBe(204);
    expect((await signIn('newcomer', 'first password here')).status).toBe(200);
    expect((await make(admin, { username: 'second-admin', role: 'admin' })).json().user.role).toBe('admin');

    const taken = await make(admin, { username: 'NEWCOMER' });
    expect([taken.status, taken.json().error.details]).toEqual([409, { field: 'username' }]);
    for (const wrong of [
      {},
      { username: 'x' },
      { username: 'fine', quota_bytes: -1 },
      { username: 'fine', quota_photos: 1.5 },
    ]) {
      expect((await make(admin, wrong)).status).toBe(400);
    }
    expect((await make(await app.signUp(), { username: 'fine' })).status).toBe(403);
  });

  test('quotas are shown to the person and the administrator, and changed one by one', async () => {
    const ines = await app.signUp();
    const set = (json: object) => app.request(admin, 'PATCH', `/api/v1/users/${ines.id}`, { json });
    expect((await set({ quota_bytes: 10 })).json().usage).toMatchObject({ quota_bytes: 10, quota_photos: null });
    expect((await set({ quota_photos: 3 })).json().usage).toMatchObject({ quota_bytes: 10, quota_photos: 3 });
    expect((await set({ quota_bytes: null })).json().usage).toMatchObject({ quota_bytes: null, quota_photos: 3 });
    expect((await app.request(ines, 'GET', '/api/v1/me')).json().usage.quota_photos).toBe(3);
    const { items } = (await app.request(admin, 'GET', '/api/v1/users?limit=100')).json();
    expect(items.find(({ id }: { id: string }) => id === ines.id).usage.quota_photos).toBe(3);
    expect((await app.request(ines, 'PATCH', '/api/v1/me', { json: { quota_photos: 9 } })).status).toBe(400);
  });

  test('a reset link works once and ends the sessions there were', async () => {
    const ines = await app.signUp();
    const link = await app.request(admin, 'POST', `/api/v1/users/${ines.id}/reset-link`);
    expect(link.status).toBe(201);
    const token = new URL(link.json().url).searchParams.get('token');
    const reset = (password: string) =>
      app.request(null, 'POST', '/api/v1/auth/reset', {
        json: { token, password },
        headers: { 'x-forwarded-for': ines.ip },
      });
    expect((await reset('short')).status).toBe(400);
    expect((await reset('brand new horse')).status).toBe(204);
    expect((await reset('another new horse')).status).toBe(410);
    expect((await app.request(ines, 'GET', '/api/v1/me')).status).toBe(401);
    expect((await signIn(ines.username, 'brand new horse', ines.ip)).status).toBe(200);
  });
});

describe('with a mail server', async () => {
  const mails: string[] = [];
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push(Buffer.concat(chunks).toString().replaceAll('=\r\n', '').replaceAll('=3D', '='));
        done();
      });
    },
  });
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
  afterAll(() => new Promise<void>((resolve) => smtp.close(resolve)));
  const { port } = smtp.server.address() as { port: number };
  const mailing = await createTestApp({
    environment: {
      SMTP_HOST: '127.0.0.1',
      SMTP_PORT: String(port),
      SMTP_FROM: 'Tintype <photos@example.org>',
      TINTYPE_PUBLIC_URL: 'https://photos.example.org',
    },
  });

  test('a reset goes to the address, and the answer does not tell whether there is one', async () => {
    const ines = await mailing.signUp();
    const ask = (email: string) =>
      mailing.request(null, 'POST', '/api/v1/auth/reset/request', {
        json: { email },
        // A Host of somebody else's choosing must not end up in the link.
        headers: { 'x-forwarded-for': ines.ip, host: 'evil.example' },
      });
    const [there, absent] = [await ask(ines.email.toUpperCase()), await ask('nobody@people.example')];
    expect([there.status, absent.status]).toEqual([202, 202]);
    expect(there.text).toBe(absent.text);
    await expect.poll(() => mails.length).toBe(1);
    expect(mails[0]).toContain(`Hello ${ines.username}`);
    expect(mails[0]).not.toContain('evil.example');
    const token = /https:\/\/photos\.example\.org\/reset\?token=([\w-]{43})/.exec(mails[0] ?? '')?.[1];
    const answer = await mailing.request(null, 'POST', '/api/v1/auth/reset', {
      json: { token, password: 'brand new horse' },
      headers: { 'x-forwarded-for': ines.ip },
    });
    expect(answer.status).toBe(204);
  });
});

test('without a mail server, asking for a mail says who can help', async () => {
  const answer = await app.request(null, 'POST', '/api/v1/auth/reset/request', { json: { email: 'a@example.org' } });
  expect([answer.status, answer.json().error.message]).toEqual([503, expect.stringContaining('administrator')]);
});
