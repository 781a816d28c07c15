import { type Kysely, sql } from 'kysely';
import { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, describe, expect, test } from 'vitest';
import { createTestApp, type Person, tinyPhoto } from '../../../test/app.ts';
import { createTestDatabase } from '../../../test/database.ts';
import { actions } from './contract.ts';
import { recordAudit } from './index.ts';
import { sweepAudit } from './sweep-audit.ts';

const database = await createTestDatabase();
const app = await createTestApp({ database });
const outside = new Pool({ ...database.owner, max: 1 });
// The database is dropped at the end, and cuts what is still closing.
outside.on('error', () => {});
afterAll(() => outside.end());
const admin = await app.signUp('admin-of-all');

interface Entry {
  id: number;
  action: string;
  actor_kind: string;
  actor: { id: string; username: string } | null;
  address: string | null;
  subject: { kind: string; id: string | null; name: string | null } | null;
  details: Record<string, unknown>;
}

async function read(query: Record<string, string> = {}): Promise<Entry[]> {
  const answer = await app.request(admin, 'GET', `/api/v1/admin/audit?${new URLSearchParams(query)}`);
  expect(answer.status).toBe(200);
  return answer.json().items;
}
/** What was written down since then, oldest first. */
async function during(work: () => Promise<unknown>): Promise<Entry[]> {
  const [last] = await read({ limit: '1' });
  await work();
  return (await read({ limit: '100' })).filter(({ id }) => id > (last?.id ?? 0)).reverse();
}
const own = (person: Person, method: string, path: string, json?: object) =>
  app.request(person, method, `/api/v1${path}`, json ? { json } : {});
const signIn = (username: string, password: string, ip: string) =>
  app.request(null, 'POST', '/api/v1/auth/login', { json: { username, password }, headers: { 'x-forwarded-for': ip } });

describe('who did what', () => {
  test('signing up, in and out is written down with the address, by whoever did it', async () => {
    let person!: Person;
    const entries = await during(async () => {
      person = await app.signUp();
      await own(await app.signIn(person), 'POST', '/auth/logout');
    });
    const me = { id: person.id, username: person.username };
    expect(entries).toMatchObject([
      {
        action: 'account_created',
        actor_kind: 'anonymous',
        actor: null,
        address: person.ip,
        subject: { kind: 'user', id: person.id, name: person.username },
        details: { role: 'user' },
      },
      { action: 'sign_in', actor_kind: 'user', actor: me, address: person.ip, details: { kind: 'browser' } },
      { action: 'sign_in', actor: me },
      { action: 'sign_out', actor: me, address: person.ip },
    ]);
    expect(entries[3]?.subject?.id).toBe(entries[2]?.subject?.id);
  });

  test('a sign-in that failed names the account where there is one, and nothing that was typed', async () => {
    const person = await app.signUp();
    const entries = await during(async () => {
      await signIn(person.username, 'my other password', '198.51.100.7');
      // People type their password into the wrong field.
      await signIn('correct-horse-battery', 'x', '198.51.100.8');
      await own(person, 'POST', '/me/password', { current_password: 'wrong horse', new_password: 'a better horse' });
    });
    expect(entries).toMatchObject([
      {
        action: 'sign_in_failed',
        actor: null,
        address: '198.51.100.7',
        subject: { kind: 'user', id: person.id, name: person.username },
        details: { reason: 'password' },
      },
      {
        action: 'sign_in_failed',
        actor: null,
        address: '198.51.100.8',
        subject: null,
        details: { reason: 'no_account' },
      },
      { action: 'sign_in_failed', actor: { id: person.id }, details: { reason: 'current_password' } },
    ]);
    expect(JSON.stringify(entries)).not.toMatch(/horse|my other/);
  });

  test('what people change of their own accounts', async () => {
    const person = await app.signUp();
    const entries = await during(async () => {
      await own(person, 'PATCH', '/me', { display_name: 'Canary Display', username: `${person.username}-2` });
      const key = await app.createApiKey(person, ['photos:read']);
      await own(person, 'DELETE', `/api-keys/${key.id}`);
      await signIn(`${person.username}-2`, person.password, person.ip);
      await own(person, 'DELETE', '/sessions');
      await own(person, 'POST', '/me/password', { current_password: person.password, new_password: 'a better horse' });
      await own(person, 'DELETE', '/me', { password: 'a better horse', confirm: `${person.username}-2` });
    });
    expect(entries.map(({ action }) => action)).toEqual([
      'account_changed',
      'key_created',
      'key_revoked',
      'sign_in',
      'session_revoked',
      'password_changed',
      'account_deleted',
    ]);
    expect(entries[0]?.details).toEqual({ fields: ['username', 'display_name'] });
    expect(entries[1]).toMatchObject({
      subject: { kind: 'api_key', name: null },
      details: { scopes: ['photos:read'] },
    });
    // The account is gone; the log still knows who it was.
    expect(entries.at(-1)).toMatchObject({
      actor: { id: person.id, username: `${person.username}-2` },
      subject: { kind: 'user', id: person.id, name: `${person.username}-2` },
    });
  });

  test('what an administrator does', async () => {
    const person = await app.signUp();
    const entries = await during(async () => {
      const made = (await own(admin, 'POST', '/users', { username: 'made-by-admin' })).json();
      await app.request(null, 'POST', '/api/v1/auth/reset', {
        json: { token: new URL(made.reset_link.url).searchParams.get('token'), password: 'brand new horse' },
      });
      await own(admin, 'PATCH', `/users/${person.id}`, { disabled: true });
      await own(admin, 'PATCH', `/users/${person.id}`, { disabled: false, quota_photos: 5 });
      await own(admin, 'PATCH', `/users/${person.id}`, { role: 'admin' });
      await own(admin, 'POST', `/users/${person.id}/reset-link`);
      const { id } = (await own(admin, 'POST', '/invitations')).json();
      await own(admin, 'DELETE', `/invitations/${id}`);
      await own(admin, 'DELETE', `/users/${person.id}`, { password: admin.password, confirm: person.username });
    });
    expect(entries.map(({ action }) => action)).toEqual([
      'user_created',
      'reset_link_made',
      'password_reset',
      'user_disabled',
      'user_enabled',
      'user_changed',
      'user_changed',
      'reset_link_made',
      'invitation_made',
      'invitation_revoked',
      'user_deleted',
    ]);
    expect(entries[5]?.details).toEqual({ quota_photos: 5 });
    expect(entries[6]?.details).toEqual({ role: 'admin' });
    expect(entries[2]).toMatchObject({ actor: null, subject: { name: 'made-by-admin' } });
    expect(entries.filter(({ actor }) => actor?.id !== admin.id).map(({ action }) => action)).toEqual([
      'password_reset',
    ]);
  });

  test('who is let into an album, and out of it, with the address', async () => {
    const [owner, member] = [await app.signUp(), await app.signUp()];
    const { id } = (await own(owner, 'POST', '/albums', { name: 'Lakes' })).json();
    const entries = await during(async () => {
      const { username } = member;
      await own(owner, 'POST', `/albums/${id}/members`, { username, role: 'viewer' });
      await own(owner, 'PATCH', `/albums/${id}/members/${member.id}`, { role: 'contributor' });
      await own(member, 'DELETE', `/albums/${id}/members/${member.id}`);
      await own(owner, 'POST', `/albums/${id}/members`, { username, role: 'viewer' });
      await own(owner, 'DELETE', `/albums/${id}/members/${member.id}`);
      await own(owner, 'POST', '/share/create', { album_id: id });
      await own(owner, 'DELETE', `/albums/${id}`);
    });
    const [byOwner, subject] = [
      { actor: { id: owner.id }, address: owner.ip },
      { kind: 'album', id },
    ];
    const user_id = member.id;
    expect(entries).toMatchObject([
      { action: 'album_member_added', ...byOwner, subject, details: { user_id, role: 'viewer' } },
      { action: 'album_member_changed', ...byOwner, subject, details: { user_id, role: 'contributor' } },
      { action: 'album_member_left', actor: { id: member.id }, address: member.ip, subject, details: { user_id } },
      { action: 'album_member_added', ...byOwner },
      { action: 'album_member_removed', ...byOwner, subject, details: { user_id } },
      { action: 'link_created', ...byOwner },
      { action: 'shared_album_deleted', ...byOwner, subject, details: { members: 0, links: 1 } },
    ]);
  });

  test('what was refused or came to nothing is not written down as done', async () => {
    const person = await app.signUp();
    const entries = await during(async () => {
      await own(person, 'PATCH', `/users/${admin.id}`, { disabled: true });
      await own(admin, 'PATCH', `/users/${admin.id}`, { role: 'user' });
      await own(admin, 'PATCH', `/users/${uuidv7()}`, { disabled: true });
      await own(person, 'DELETE', `/api-keys/${uuidv7()}`);
      await own(admin, 'POST', '/users', { username: person.username });
    });
    expect(entries).toEqual([]);
  });
});

describe('the entry and what it tells of', () => {
  const rowsOf = async (id: string) =>
    (await outside.query('select action from audit_log where subject_id = $1', [id])).rows.length;
  const entry = (id: string) => ({ action: 'link_opened', subject: { kind: 'link', id } }) as const;

  test('are there together, or not at all', async () => {
    const id = uuidv7();
    const failing = database.database.as({ kind: 'user', id: admin.id }, async (tx: Kysely<unknown>) => {
      await recordAudit(tx, entry(id));
      await sql`select 1 / 0`.execute(tx);
    });
    await expect(failing).rejects.toMatchObject({ code: '22012' });
    expect(await rowsOf(id)).toBe(0);
  });

  test('may be a guest’s', async () => {
    const id = uuidv7();
    await database.database.as({ kind: 'link', id }, (tx: Kysely<unknown>) =>
      recordAudit(tx, { ...entry(id), address: '198.51.100.9' }),
    );
    expect(await read({ action: 'link_opened' })).toMatchObject([
      { actor_kind: 'link', actor: null, address: '198.51.100.9', subject: { kind: 'link', id, name: null } },
    ]);
  });

  test('are refused where details are no few words', async () => {
    const long = database.database.as({ kind: 'user', id: admin.id }, (tx: Kysely<unknown>) =>
      recordAudit(tx, { action: 'link_changed', details: { text: 'x'.repeat(3000) } }),
    );
    await expect(long).rejects.toMatchObject({ code: '23514' });
  });
});

test('nothing that people wrote or hold is in it', async () => {
  const canary = (name: string) => `canary${name}${Math.random().toString(36).slice(2)}`;
  const [caption, filename, keyName, display, album, agent, tag] = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(canary) as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const person = await app.signUp();
  const photo = await app.upload(person, await tinyPhoto(77), `${filename}.jpg`);
  await own(person, 'PATCH', `/photos/${photo.id}`, { caption, tags: [tag] });
  await own(person, 'PATCH', '/me', { display_name: display });
  const { key } = (await own(person, 'POST', '/api-keys', { name: keyName, scopes: ['photos:read'] })).json();
  const made = await own(person, 'POST', '/albums', { name: album, photo_ids: [photo.id] });
  expect(made.status).toBe(201);
  const shared = await own(person, 'POST', '/share/create', { album_id: made.json().id, password: 'canary-of-link' });
  await app.request(null, 'POST', '/api/v1/auth/login', {
    json: { username: person.username, password: person.password },
    headers: { 'user-agent': agent, 'x-forwarded-for': person.ip },
  });
  const reset = (await own(admin, 'POST', `/users/${person.id}/reset-link`)).json().url.split('token=')[1];
  const { rows } = await outside.query('select a::text as row from audit_log a');
  const whole = rows.map(({ row }) => row).join('\n');
  expect(shared.status).toBe(201);
  for (const secret of [
    caption,
    filename,
    keyName,
    display,
    album,
    agent,
    tag,
    key,
    reset,
    person.bearer,
    person.cookie,
    person.password,
    person.email,
    shared.json().access_key,
    'canary-of-link',
  ]) {
    expect(whole.includes(secret), secret).toBe(false);
  }
  expect(whole).toContain(person.username);
});

describe('reading it', () => {
  test('is for administrators', async () => {
    const person = await app.signUp();
    expect((await own(person, 'GET', '/admin/audit')).status).toBe(403);
    expect((await app.request(null, 'GET', '/api/v1/admin/audit')).status).toBe(401);
  });

  test('goes page by page to the end, by action and by person, and leaves out nothing', async () => {
    const person = await app.signUp();
    for (let n = 0; n < 6; n += 1) await app.signIn(person);
    await own(admin, 'PATCH', `/users/${person.id}`, { quota_photos: 3 });
    const pages: Entry[][] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: URLSearchParams = new URLSearchParams({
        user_id: person.id,
        limit: '3',
        ...(cursor ? { before: cursor } : {}),
      });
      const page: { items: Entry[]; next_cursor: string | null } = (
        await own(admin, 'GET', `/admin/audit?${query}`)
      ).json();
      pages.push(page.items);
      cursor = page.next_cursor;
    }
    expect(pages.map((page) => page.length)).toEqual([3, 3, 3]);
    const ids = pages.flat().map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => b - a));
    expect(pages.flat().map(({ action }) => action)).toEqual([
      'user_changed',
      ...Array(7).fill('sign_in'),
      'account_created',
    ]);
    expect(await read({ user_id: person.id, action: 'user_changed' })).toHaveLength(1);
    expect(await read({ user_id: uuidv7() })).toEqual([]);
  });

  test.each(['action=everything', 'before=x', 'before=-1', 'limit=0', 'limit=101', 'user_id=me', 'more=1'])(
    'refuses %s',
    async (query) => {
      expect((await own(admin, 'GET', `/admin/audit?${query}`)).status).toBe(400);
    },
  );

  test('the database takes every action that can be written down', async () => {
    const id = uuidv7();
    await database.database.as({ kind: 'user', id: admin.id }, async (tx: Kysely<unknown>) => {
      for (const action of actions) await recordAudit(tx, { action, subject: { kind: 'job', id } });
    });
    const { rows } = await outside.query('select action from audit_log where subject_id = $1 order by id', [id]);
    expect(rows.map(({ action }) => action)).toEqual(actions);
  });
});

test('what is past its days is forgotten, and nothing else', async () => {
  const { rows } = await outside.query(`insert into audit_log (at, action, actor_kind)
    values (now() - interval '31 days', 'sign_out', 'system'), (now() - interval '29 days', 'sign_out', 'system')
    returning id`);
  const count = async () => Number((await outside.query('select count(*) as n from audit_log')).rows[0].n);
  const before = await count();
  expect(await sweepAudit({ database: database.database, auditDays: 30 })).toBe(1);
  expect(await count()).toBe(before - 1);
  const left = await outside.query('select id from audit_log where id = any($1)', [rows.map(({ id }) => id)]);
  expect(left.rows).toEqual([rows[1]]);
});
