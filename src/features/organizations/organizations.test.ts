import { describe, expect, test } from 'vitest';
import { type Credential, createTestApp, type Person } from '../../../test/app.ts';
import { openEvents } from '../../../test/event-stream.ts';
import { eventually } from '../../../test/eventually.ts';

const app = await createTestApp();
const administrator = await app.signUp('root');
const ines = await app.signUp('ines');
const tomas = await app.signUp('tomas');
const maren = await app.signUp('maren');

const call = async (as: Person | Credential, method: string, path: string, json?: unknown) => {
  const answer = await app.request(as, method, `/api/v1${path}`, json === undefined ? {} : { json });
  return { status: answer.status, body: answer.text === '' ? null : answer.json() };
};
const made = async (as: Person, method: string, path: string, json?: unknown) => {
  const { status, body } = await call(as, method, path, json);
  if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(body)}`);
  return body;
};
const newOrganization = (as: Person, more: object = {}) =>
  made(as, 'POST', '/organizations', { name: 'Harbour choir', ...more });
const join = async (admin: Person, id: string, person: Person, role?: 'admin' | 'member') => {
  await made(admin, 'POST', `/organizations/${id}/invitations`, {
    username: person.username,
    ...(role ? { role } : {}),
  });
  await made(person, 'POST', `/me/invitations/${id}/accept`);
};
const names = async (as: Person, query = ''): Promise<string[]> =>
  (await made(as, 'GET', `/organizations${query}`)).items.map(({ name }: { name: string }) => name);
const peopleOf = async (as: Person, id: string): Promise<[string, string][]> =>
  (await made(as, 'GET', `/organizations/${id}/members`)).items.map(
    ({ user, role }: { user: { username: string }; role: string }) => [user.username, role],
  );

describe('an organization', () => {
  test('belongs to whoever makes it, and to nobody else’s sight', async () => {
    const one = await newOrganization(ines, { name: '  Harbour\u202e \n choir ', description: ' We sing. ' });
    expect(one).toEqual({
      id: expect.any(String),
      name: 'Harbour choir',
      description: 'We sing.',
      visibility: 'members',
      logo_url: null,
      role: 'admin',
      may_administer: true,
      member_count: 1,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    expect(await made(ines, 'GET', `/organizations/${one.id}`)).toEqual(one);
    expect(await made(ines, 'GET', '/organizations')).toEqual({ items: [one], total: 1, limit: 50, offset: 0 });
    for (const [method, path] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['GET', '/members'],
      ['GET', '/invitations'],
    ] as const) {
      const json = method === 'PATCH' ? { name: 'taken' } : undefined;
      const refused = await call(tomas, method, `/organizations/${one.id}${path}`, json);
      expect([method, path, refused.status]).toEqual([method, path, 404]);
    }
    expect(await names(tomas)).toEqual([]);
    expect((await call(null, 'GET', '/organizations')).status).toBe(401);
    await made(ines, 'DELETE', `/organizations/${one.id}`);
    expect((await call(ines, 'GET', `/organizations/${one.id}`)).status).toBe(404);
  });

  test('that everyone may see shows what it is, and not who belongs to it', async () => {
    const one = await newOrganization(ines, { name: 'Open choir', visibility: 'everyone' });
    expect(await made(tomas, 'GET', `/organizations/${one.id}`)).toMatchObject({
      name: 'Open choir',
      role: null,
      may_administer: false,
      member_count: 1,
    });
    for (const [method, path, json] of [
      ['PATCH', '', { name: 'taken' }],
      ['DELETE', ''],
      ['GET', '/members'],
      ['GET', '/invitations'],
      ['POST', '/invitations', { username: 'maren' }],
      ['PATCH', `/members/${ines.id}`, { role: 'member' }],
      ['DELETE', `/members/${ines.id}`],
    ] as const) {
      const refused = await call(tomas, method, `/organizations/${one.id}${path}`, json);
      expect([method, path, refused.status]).toEqual([method, path, 403]);
    }
    expect((await call(tomas, 'DELETE', `/organizations/${one.id}/members/${tomas.id}`)).status).toBe(404);
    await made(ines, 'PATCH', `/organizations/${one.id}`, { visibility: 'members' });
    expect((await call(tomas, 'GET', `/organizations/${one.id}`)).status).toBe(404);
    await made(ines, 'DELETE', `/organizations/${one.id}`);
  });

  test('is found by part of its name, and by what one is in it', async () => {
    const person = await app.signUp();
    const [own, other] = [
      await newOrganization(person, { name: 'Ferns 100%' }),
      await newOrganization(ines, { name: 'Ferns of the north', visibility: 'everyone' }),
    ];
    await join(ines, other.id, tomas);
    expect(await names(person, '?q=FERNS')).toEqual(['Ferns 100%', 'Ferns of the north']);
    expect(await names(person, '?q=100%25')).toEqual(['Ferns 100%']);
    expect(await names(person, '?role=any')).toEqual(['Ferns 100%']);
    expect(await names(tomas, '?role=member')).toEqual(['Ferns of the north']);
    expect(await names(tomas, '?role=admin')).toEqual([]);
    const page = await made(person, 'GET', '/organizations?limit=1&offset=1&q=ferns');
    expect([page.total, page.items.length, page.items[0].id]).toEqual([2, 1, other.id]);
    await made(person, 'DELETE', `/organizations/${own.id}`);
    await made(ines, 'DELETE', `/organizations/${other.id}`);
  });

  test('wants a name, and words that are known', async () => {
    const bad = [
      [{}, 'name'],
      [{ name: '  ' }, 'name'],
      [{ name: 'x'.repeat(101) }, 'name'],
      [{ name: 'x', description: 'x'.repeat(2001) }, 'description'],
      [{ name: 'x', visibility: 'nobody' }, 'visibility'],
      [{ name: 'x', logo: 'x' }, null],
    ] as const;
    for (const [json, field] of bad) {
      const { status, body } = await call(ines, 'POST', '/organizations', json);
      expect([json, status, body.error.code, body.error.details.field]).toEqual([json, 400, 'validation_error', field]);
    }
    const emoji = await newOrganization(ines, { name: '🎶'.repeat(100) });
    expect((await call(ines, 'PATCH', `/organizations/${emoji.id}`, {})).status).toBe(400);
    expect((await made(ines, 'PATCH', `/organizations/${emoji.id}`, { description: null })).description).toBeNull();
    await made(ines, 'DELETE', `/organizations/${emoji.id}`);
  });

  test('is one of fifty at the most that somebody administers', async () => {
    const person = await app.signUp();
    const answers = await Promise.all(
      Array.from({ length: 53 }, () => call(person, 'POST', '/organizations', { name: 'One of many' })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(50);
    const refused = answers.find(({ status }) => status !== 201);
    expect([refused?.status, refused?.body.error.message]).toEqual([409, expect.stringContaining('50 organizations')]);
  });

  test('is read by a key that may read the account, and changed by none', async () => {
    const one = await newOrganization(ines);
    const reading = await app.createApiKey(ines, ['account:read']);
    const other = await app.createApiKey(ines, ['photos:read', 'photos:write']);
    expect((await call(reading, 'GET', `/organizations/${one.id}`)).status).toBe(200);
    expect((await call(reading, 'PATCH', `/organizations/${one.id}`, { name: 'x' })).status).toBe(403);
    expect((await call(reading, 'POST', '/organizations', { name: 'x' })).status).toBe(403);
    expect((await call(other, 'GET', '/organizations')).status).toBe(403);
    const full = await app.createApiKey(ines, ['account:read', 'photos:read', 'photos:write']);
    expect((await call(full, 'DELETE', `/organizations/${one.id}/members/${ines.id}`)).status).toBe(403);
    await made(ines, 'DELETE', `/organizations/${one.id}`);
  });
});

describe('an invitation', () => {
  test('tells the name and who asks, and nothing else until it is accepted', async () => {
    const one = await newOrganization(ines, { description: 'canary of the choir' });
    const sent = await made(ines, 'POST', `/organizations/${one.id}/invitations`, { username: 'TOMAS', role: 'admin' });
    expect(sent).toMatchObject({
      user: { id: tomas.id, username: 'tomas' },
      role: 'admin',
      invited_by: { id: ines.id },
    });
    const own = await made(tomas, 'GET', '/me/invitations');
    expect(own).toEqual({
      items: [
        {
          organization: { id: one.id, name: 'Harbour choir' },
          role: 'admin',
          invited_by: { id: ines.id, username: 'ines', display_name: null, profile_picture_url: null },
          created_at: expect.any(String),
        },
      ],
      total: 1,
      limit: 50,
      offset: 0,
    });
    expect((await call(tomas, 'GET', `/organizations/${one.id}`)).status).toBe(404);
    expect((await call(tomas, 'GET', `/organizations/${one.id}/members`)).status).toBe(404);
    expect(await names(tomas)).toEqual([]);
    expect((await made(ines, 'GET', `/organizations/${one.id}`)).member_count).toBe(1);
    // It is for the one who was asked.
    expect((await call(maren, 'POST', `/me/invitations/${one.id}/accept`)).status).toBe(404);
    expect((await call(maren, 'DELETE', `/me/invitations/${one.id}`)).status).toBe(404);

    expect(await made(tomas, 'POST', `/me/invitations/${one.id}/accept`)).toMatchObject({
      role: 'admin',
      member_count: 2,
    });
    expect((await call(tomas, 'POST', `/me/invitations/${one.id}/accept`)).status).toBe(404);
    expect((await made(tomas, 'GET', '/me/invitations')).total).toBe(0);
    expect(await peopleOf(tomas, one.id)).toEqual([
      ['ines', 'admin'],
      ['tomas', 'admin'],
    ]);
    await made(ines, 'DELETE', `/organizations/${one.id}`);
    expect(await names(tomas)).toEqual([]);
  });

  test('is declined, taken back, and made once', async () => {
    const one = await newOrganization(ines);
    const ask = (username: string) => call(ines, 'POST', `/organizations/${one.id}/invitations`, { username });
    expect((await ask('tomas')).status).toBe(201);
    expect(await ask('tomas')).toMatchObject({
      status: 409,
      body: { error: { message: expect.stringContaining('asked') } },
    });
    expect(await ask('ines')).toMatchObject({
      status: 409,
      body: { error: { message: expect.stringContaining('belongs') } },
    });
    expect((await ask('nobody-of-that-name')).status).toBe(404);
    expect((await call(tomas, 'DELETE', `/me/invitations/${one.id}`)).status).toBe(204);
    expect((await ask('tomas')).status).toBe(201);
    expect((await made(ines, 'GET', `/organizations/${one.id}/invitations`)).items).toMatchObject([
      { user: { username: 'tomas' }, role: 'member', invited_by: { username: 'ines' } },
    ]);
    expect((await call(ines, 'DELETE', `/organizations/${one.id}/invitations/${tomas.id}`)).status).toBe(204);
    expect((await call(ines, 'DELETE', `/organizations/${one.id}/invitations/${tomas.id}`)).status).toBe(404);
    expect((await call(tomas, 'POST', `/me/invitations/${one.id}/accept`)).status).toBe(404);
    await made(ines, 'DELETE', `/organizations/${one.id}`);
  });

  test('is not a member’s to make', async () => {
    const one = await newOrganization(ines);
    await join(ines, one.id, tomas);
    expect((await call(tomas, 'POST', `/organizations/${one.id}/invitations`, { username: 'maren' })).status).toBe(403);
    expect((await call(tomas, 'GET', `/organizations/${one.id}/invitations`)).status).toBe(403);
    expect((await call(tomas, 'PATCH', `/organizations/${one.id}`, { name: 'x' })).status).toBe(403);
    expect(await peopleOf(tomas, one.id)).toEqual([
      ['ines', 'admin'],
      ['tomas', 'member'],
    ]);
    await made(ines, 'DELETE', `/organizations/${one.id}`);
  });
});

describe('those who belong to it', () => {
  test('change what they are, go and are taken out, and one who administers it is always left', async () => {
    const one = await newOrganization(ines);
    await join(ines, one.id, tomas);
    await join(ines, one.id, maren);
    const members = `/organizations/${one.id}/members`;
    const last = { status: 409, body: { error: { message: expect.stringContaining('Make somebody else one first') } } };
    expect(await call(ines, 'DELETE', `${members}/${ines.id}`)).toMatchObject(last);
    expect(await call(ines, 'PATCH', `${members}/${ines.id}`, { role: 'member' })).toMatchObject(last);
    expect(await call(administrator, 'DELETE', `${members}/${ines.id}`)).toMatchObject(last);
    expect((await call(ines, 'PATCH', `${members}/${tomas.id}`, { role: 'owner' })).status).toBe(400);
    expect((await call(ines, 'PATCH', `${members}/${administrator.id}`, { role: 'admin' })).status).toBe(404);

    expect(await made(ines, 'PATCH', `${members}/${tomas.id}`, { role: 'admin' })).toMatchObject({
      user: { username: 'tomas' },
      role: 'admin',
    });
    expect((await call(ines, 'DELETE', `${members}/${ines.id}`)).status).toBe(204);
    expect((await call(ines, 'GET', `/organizations/${one.id}`)).status).toBe(404);
    expect((await call(maren, 'DELETE', `${members}/${tomas.id}`)).status).toBe(403);
    expect((await call(tomas, 'DELETE', `${members}/${maren.id}`)).status).toBe(204);
    expect((await call(maren, 'DELETE', `${members}/${maren.id}`)).status).toBe(404);
    expect(await peopleOf(tomas, one.id)).toEqual([['tomas', 'admin']]);
    await made(tomas, 'DELETE', `/organizations/${one.id}`);
  });

  test('two who step back at the same moment do not both', async () => {
    for (let round = 0; round < 5; round += 1) {
      const one = await newOrganization(ines);
      await join(ines, one.id, tomas, 'admin');
      const members = `/organizations/${one.id}/members`;
      const answers = await Promise.all([
        call(ines, 'DELETE', `${members}/${ines.id}`),
        call(tomas, 'PATCH', `${members}/${tomas.id}`, { role: 'member' }),
      ]);
      const admins = (await peopleOf(administrator, one.id)).filter(([, role]) => role === 'admin');
      expect(admins).toHaveLength(1);
      expect(answers.map(({ status }) => status).filter((status) => status === 409)).toHaveLength(1);
      await made(administrator, 'DELETE', `/organizations/${one.id}`);
    }
  });

  test('an account that is deleted leaves it to who has belonged to it longest, and the last one takes it along', async () => {
    const [founder, early, late] = [await app.signUp(), await app.signUp(), await app.signUp()];
    const one = await newOrganization(founder);
    await join(founder, one.id, early);
    await join(founder, one.id, late);
    await made(founder, 'POST', `/organizations/${one.id}/invitations`, { username: 'maren' });
    const leave = (person: Person) =>
      made(person, 'DELETE', '/me', { password: person.password, confirm: person.username });
    await leave(founder);
    expect(await peopleOf(early, one.id)).toEqual([
      [early.username, 'admin'],
      [late.username, 'member'],
    ]);
    expect((await made(maren, 'GET', '/me/invitations')).items).toMatchObject([
      { organization: { id: one.id }, invited_by: null },
    ]);
    await leave(late);
    await leave(early);
    expect((await call(administrator, 'GET', `/organizations/${one.id}`)).status).toBe(404);
    expect((await made(maren, 'GET', '/me/invitations')).total).toBe(0);
    const log = await made(administrator, 'GET', '/admin/audit?limit=20');
    const told = log.items.filter((entry: { subject: { id: string } | null }) => entry.subject?.id === one.id);
    expect(told.slice(0, 2).map((entry: { action: string; details: object }) => [entry.action, entry.details])).toEqual(
      [
        ['organization_deleted', { reason: 'nobody_left' }],
        ['organization_member_changed', { reason: 'last_admin_gone', role: 'admin', user_id: early.id }],
      ],
    );
  });
});

test('an administrator of the instance does what an organization’s own may', async () => {
  const one = await newOrganization(ines, { name: 'Quiet choir' });
  expect(await names(administrator, '?q=quiet')).toEqual(['Quiet choir']);
  expect(await made(administrator, 'GET', `/organizations/${one.id}`)).toMatchObject({
    role: null,
    may_administer: true,
  });
  await made(administrator, 'PATCH', `/organizations/${one.id}`, { name: 'Loud choir' });
  await join(administrator, one.id, tomas);
  await made(administrator, 'PATCH', `/organizations/${one.id}/members/${tomas.id}`, { role: 'admin' });
  expect(await peopleOf(administrator, one.id)).toHaveLength(2);
  expect((await call(administrator, 'DELETE', `/organizations/${one.id}/members/${administrator.id}`)).status).toBe(
    404,
  );
  await made(administrator, 'DELETE', `/organizations/${one.id}`);
  expect((await call(ines, 'GET', `/organizations/${one.id}`)).status).toBe(404);
});

test('the log tells of each step, by whom and about whom', async () => {
  const one = await newOrganization(ines, { name: 'canary choir' });
  await join(ines, one.id, tomas);
  await made(ines, 'PATCH', `/organizations/${one.id}/members/${tomas.id}`, { role: 'admin' });
  await made(ines, 'PATCH', `/organizations/${one.id}/members/${tomas.id}`, { role: 'member' });
  await made(ines, 'DELETE', `/organizations/${one.id}/members/${tomas.id}`);
  await made(ines, 'PATCH', `/organizations/${one.id}`, { visibility: 'everyone' });
  await made(ines, 'DELETE', `/organizations/${one.id}`);
  const log = await app.request(administrator, 'GET', '/api/v1/admin/audit?limit=50');
  const told = log.json().items.filter((entry: { subject: { id: string } | null }) => entry.subject?.id === one.id);
  expect(
    told.map((entry: { action: string; actor: { username: string }; details: object }) => [
      entry.action,
      entry.actor.username,
      entry.details,
    ]),
  ).toEqual([
    ['organization_deleted', 'ines', {}],
    ['organization_changed', 'ines', { fields: ['visibility'], visibility: 'everyone' }],
    ['organization_member_removed', 'ines', { user_id: tomas.id }],
    ['organization_member_changed', 'ines', { user_id: tomas.id, role: 'member' }],
    ['organization_member_changed', 'ines', { user_id: tomas.id, role: 'admin' }],
    ['organization_joined', 'tomas', { role: 'member' }],
    ['organization_invited', 'ines', { user_id: tomas.id, role: 'member' }],
    ['organization_created', 'ines', { visibility: 'members' }],
  ]);
  expect(log.text).not.toContain('canary');
});

test('windows hear of what changes for those whom it concerns', async () => {
  const [admin, member, outsider] = [await app.signUp(), await app.signUp(), await app.signUp()];
  const streams = {
    admin: await openEvents(app, admin),
    member: await openEvents(app, member),
    outsider: await openEvents(app, outsider),
  };
  try {
    for (const stream of Object.values(streams)) await eventually(() => expect(stream.hellos()).toBe(1));
    const one = await newOrganization(admin, { visibility: 'everyone' });
    const told = (what: string) => ({ kind: 'organizations', ids: [one.id], what });
    await eventually(() => expect(streams.admin.changes()).toEqual([told('added')]));
    await made(admin, 'POST', `/organizations/${one.id}/invitations`, { username: member.username });
    await eventually(() => expect(streams.member.changes()).toEqual([told('changed')]));
    await made(member, 'POST', `/me/invitations/${one.id}/accept`);
    await eventually(() => expect(streams.member.changes()).toContainEqual(told('added')));
    await made(admin, 'DELETE', `/organizations/${one.id}`);
    await eventually(() => expect(streams.member.changes()).toContainEqual(told('removed')));
    await eventually(() => expect(streams.admin.changes()).toContainEqual(told('removed')));
    expect(streams.outsider.changes()).toEqual([]);
  } finally {
    for (const stream of Object.values(streams)) stream.close();
  }
});
