import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import { Client as OutsideClient } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, describe, expect, test } from 'vitest';
import { createTestApp, type Person } from '../../../test/app.ts';
import { createCredentials } from './credentials.ts';
import { createDecoyForms } from './decoy-forms.ts';
import type { Client } from './deps.ts';
import { importPerson } from './import-person.ts';
import { createPasswords } from './passwords.ts';
import { registerUser } from './register-user.ts';
import { renewSession } from './renew-session.ts';
import { signIn } from './sign-in.ts';
import { createSignInLimits } from './sign-in-limits.ts';
import type { Lifetime } from './start-session.ts';
import type { AccountTables } from './tables.ts';
import { createBearerTokens } from './tokens.ts';

const app = await createTestApp();
const admin = await app.signUp('admin-of-earlier');
const owner = new OutsideClient(app.database.owner);
await owner.connect();
afterAll(() => owner.end());

const { database, secret } = app.database;
const tokens = createBearerTokens({ secret });
const credentials = createCredentials({ database, notifications: app.notifications, tokens });
afterAll(() => credentials.close());
const deps = {
  database,
  tokens,
  credentials,
  passwords: createPasswords(),
  limits: createSignInLimits(),
  formOf: createDecoyForms({ database, key: secret }),
  registration: 'open' as const,
  setupToken: null,
  quota: { bytes: null, photos: null },
};
const client: Client = { ip: '192.0.2.7', network: '192.0.2.7', userAgent: 'an app', isBrowser: false, publicUrl: '' };
const enter = ({ username, password }: Person, lifetime: Lifetime) =>
  signIn(deps, { username, password }, client, lifetime);
const me = async (bearer: string) => (await app.request({ bearer }, 'GET', '/api/v1/me')).status;
const withCookie = async (cookie: string) => (await app.request({ cookie }, 'GET', '/api/v1/me')).status;
const age = (sessionId: string, seconds: number) =>
  owner.query(`update sessions set last_used_at = now() - make_interval(secs => $2) where id = $1`, [
    sessionId,
    seconds,
  ]);
const hashOf = async (id: string): Promise<string> =>
  (await owner.query('select hash from passwords where user_id = $1', [id])).rows[0]?.hash;

describe('somebody who comes with an earlier hash', () => {
  const password = 'blauer Käfer 7';
  const django = 'pbkdf2_sha256$260000$Zt4kQ9$X31GNz0Bwi9Omn5KUJlrsQWaM/o4Sar3J1azIUc/VUY=';
  const bring = async (passwordHash: string) => {
    const id = uuidv7();
    const username = `came-${randomBytes(4).toString('hex')}`;
    await database.as({ kind: 'user', id: admin.id }, (tx: Kysely<AccountTables>) =>
      importPerson(
        tx,
        { id, username, email: null, displayName: null, passwordHash, createdAt: new Date('2019-05-04') },
        { system: 'pinit', quota: { bytes: 7, photos: null } },
      ),
    );
    return { id, username };
  };
  const login = (username: string, typed: string) =>
    app.request(null, 'POST', '/api/v1/auth/login', { json: { username, password: typed } });

  test('signs in with their password, which is kept anew from then on', async () => {
    const { id, username } = await bring(django);
    expect((await login(username, 'wrong horse')).status).toBe(401);
    expect(await hashOf(id)).toBe(django);
    const answer = await login(username, password);
    expect(answer.status).toBe(200);
    expect(answer.json().user).toMatchObject({ id, role: 'user', created_at: '2019-05-04T00:00:00.000Z' });
    expect(answer.json().user.usage.quota_bytes).toBe(7);
    expect(await hashOf(id)).toMatch(/^\$argon2id\$/);
    expect((await login(username, password)).status).toBe(200);
    expect((await login(username, 'wrong horse')).status).toBe(401);
  });

  test('is not let in with a hash that costs too much, nor one of no known form', async () => {
    for (const hash of [`pbkdf2_sha256$99999999$salt$${Buffer.alloc(32).toString('base64')}`, '!unusable', 'plain']) {
      await expect(bring(hash)).rejects.toMatchObject({ code: 'validation_error' });
    }
  });

  test('is brought by an administrator alone', async () => {
    const stranger = await app.signUp();
    const import_ = database.as({ kind: 'user', id: stranger.id }, (tx: Kysely<AccountTables>) =>
      importPerson(
        tx,
        { id: uuidv7(), username: 'taken', email: null, displayName: null, passwordHash: django, createdAt: null },
        { system: 'pinit', quota: { bytes: null, photos: null } },
      ),
    );
    await expect(import_).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('a name that nobody has is verified like those who came and those who were here, always alike', async () => {
    await bring(django);
    const formOf = createDecoyForms({ database, key: secret });
    const names = Array.from({ length: 300 }, (_, n) => `nobody-${n}`);
    const forms = await Promise.all(names.map(formOf));
    expect(new Set(forms)).toEqual(new Set(['$argon2id$v=19$m=19456,t=2,p=1', 'pbkdf2_sha256$260000']));
    const another = createDecoyForms({ database, key: secret });
    expect(await Promise.all(names.map((name) => another(name.toUpperCase())))).toEqual(forms);
  });
});

describe('a session of an earlier client', () => {
  test('ends when it was idle for as long as its system had it, and so does what it was given', async () => {
    const ines = await app.signUp();
    const { body, sessionId } = await enter(ines, { idleSeconds: 8 * 3600 });
    await age(sessionId, 8 * 3600 - 60);
    expect(await me(body.access_token)).toBe(200);
    const grant = { userId: ines.id, credentialId: sessionId };
    expect((await credentials.resolveGrant(grant)).kind).toBe('user');
    const { body: other, sessionId: idle } = await enter(ines, { idleSeconds: 8 * 3600 });
    await age(idle, 8 * 3600 + 60);
    expect(await me(other.access_token)).toBe(401);
    expect((await credentials.resolveGrant({ userId: ines.id, credentialId: idle })).kind).toBe('anonymous');
    const listed = (await app.request(ines, 'GET', '/api/v1/sessions')).json().items;
    expect(listed.map(({ id }: { id: string }) => id)).toContain(sessionId);
    expect(listed.map(({ id }: { id: string }) => id)).not.toContain(idle);
  });

  test('lasts as long as its system had it', async () => {
    const ines = await app.signUp();
    const { body, sessionId } = await enter(ines, { seconds: 7 * 24 * 3600 });
    expect(body.expires_in).toBe(7 * 24 * 3600);
    const { rows } = await owner.query(
      'select round(extract(epoch from expires_at - created_at) / 3600)::int as hours from sessions where id = $1',
      [sessionId],
    );
    expect(rows[0].hours).toBe(7 * 24);
    expect(await me(body.access_token)).toBe(200);
  });
});

describe('a session that is renewed', () => {
  const lifetime = { seconds: 7 * 24 * 3600, accessSeconds: 3600 };
  const start = async () => {
    const session = await enter(await app.signUp(), lifetime);
    return { ...session, renewalToken: session.renewalToken as string };
  };

  test('goes on with a new token each time; access tokens given before live on', async () => {
    const first = await start();
    expect(first.body.expires_in).toBe(3600);
    const second = await renewSession(deps, first.renewalToken, lifetime);
    expect(second).toMatchObject({ sessionId: first.sessionId, userId: first.body.user.id, expires_in: 3600 });
    const third = await renewSession(deps, second.renewalToken, lifetime);
    for (const token of [first.body.access_token, second.access_token, third.access_token]) {
      expect(await me(token)).toBe(200);
    }
  });

  test('is over for both when a token is shown a second time', async () => {
    const first = await start();
    const second = await renewSession(deps, first.renewalToken, lifetime);
    expect(await me(second.access_token)).toBe(200);
    await expect(renewSession(deps, first.renewalToken, lifetime)).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(renewSession(deps, second.renewalToken, lifetime)).rejects.toMatchObject({ code: 'unauthorized' });
    await expect.poll(() => me(second.access_token)).toBe(401);
  });

  test('is not renewed by an access token, half of a renewal token, or one of another session', async () => {
    const [one, two] = [await start(), await start()];
    const [secretOfOne, renewalOfOne] = one.renewalToken.split('.') as [string, string];
    const [secretOfTwo] = two.renewalToken.split('.') as [string];
    for (const token of [
      one.body.access_token,
      renewalOfOne,
      secretOfOne,
      `${secretOfTwo}.${renewalOfOne}`,
      'x'.repeat(1e6),
      '',
    ]) {
      await expect(renewSession(deps, token, lifetime)).rejects.toMatchObject({ code: 'unauthorized' });
    }
    expect((await renewSession(deps, one.renewalToken, lifetime)).sessionId).toBe(one.sessionId);
  });

  test('is over once it was signed out of, or the account disabled', async () => {
    const [out, disabled] = [await start(), await start()];
    await app.request({ bearer: out.body.access_token }, 'POST', '/api/v1/auth/logout');
    await app.request(admin, 'PATCH', `/api/v1/users/${disabled.body.user.id}`, { json: { disabled: true } });
    for (const { renewalToken } of [out, disabled]) {
      await expect(renewSession(deps, renewalToken, lifetime)).rejects.toMatchObject({ code: 'unauthorized' });
    }
  });

  test('opens nothing as a cookie, whose time would be the whole session’s', async () => {
    const { cookie, body } = await start();
    expect(await withCookie(cookie.secret)).toBe(401);
    expect(await me(body.access_token)).toBe(200);
  });

  test('keeps neither half of what renews it', async () => {
    const { renewalToken } = await start();
    const { rows } = await owner.query(
      `select (select string_agg(r::text, '') from renewal_tokens r) || (select string_agg(s::text, '') from sessions s) as all`,
    );
    for (const half of renewalToken.split('.')) {
      expect(rows[0].all).not.toContain(half);
      expect(rows[0].all).not.toContain(Buffer.from(half).toString('hex'));
    }
  });

  test('access ends with its own time while the session goes on', async () => {
    const session = await enter(await app.signUp(), { ...lifetime, accessSeconds: 1 });
    await expect.poll(() => me(session.body.access_token)).toBe(401);
    const next = await renewSession(deps, session.renewalToken as string, lifetime);
    expect(await me(next.access_token)).toBe(200);
  });
});

test('signing up starts a session of the same kinds', async () => {
  const username = `new-${randomBytes(4).toString('hex')}`;
  const session = await registerUser(deps, { username, password: 'over the hills' }, client, {
    seconds: 600,
    accessSeconds: 60,
  });
  expect(session.body.expires_in).toBe(60);
  expect((await renewSession(deps, session.renewalToken as string, { seconds: 600, accessSeconds: 60 })).userId).toBe(
    session.body.user.id,
  );
});
