import { Client } from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { type Credential, createTestApp, type Person, tinyPhoto } from '../app.ts';
import { createTestDatabase } from '../database.ts';
import { eventually } from '../eventually.ts';
import { countPromise } from '../promises.ts';

const database = await createTestDatabase();
const here = await createTestApp({ database });
// A second server of the same library, with a memory of its own.
const there = await createTestApp({ database, dataDir: here.dataDir });
const admin = await here.signUp();

/**
 * How long another server may go on trusting what it remembers, in milliseconds: it is told, and does not wait until it would forget by
 * itself, after one minute or five. That this takes less than a second is no matter of a machine that does much else.
 */
const bound = 20_000;

const read = async (app: typeof here, as: Person | Credential, path = '/api/v1/photos') =>
  (await app.request(as, 'GET', path)).status;

/** Waits until the other server refuses; answers how often it still let the request through. */
async function refusedThere(as: Person | Credential, path?: string, status = 401): Promise<void> {
  const started = performance.now();
  for (;;) {
    if ((await read(there, as, path)) === status) return;
    if (performance.now() - started > bound) throw new Error(`the other server still let it through after ${bound} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

interface Subject {
  readonly person: Person;
  /** What is about to end. */
  readonly credential: Person | Credential;
  readonly keyId: string;
  /** Another session of the same person, from which the first may be ended. */
  readonly from: Person;
}

async function createSubject(via: 'cookie' | 'bearer' | 'key'): Promise<Subject> {
  const person = await here.signUp();
  const from = await here.signIn(person);
  const key = await here.createApiKey(from, ['photos:read', 'photos:write']);
  const credential = { cookie: person, bearer: { bearer: person.bearer }, key }[via];
  return { person, credential, keyId: key.id, from };
}

const sessionOf = async (person: Person): Promise<string> =>
  (await here.request(person, 'GET', '/api/v1/sessions'))
    .json()
    .items.find((item: { current: boolean }) => item.current).id;

const endings: Record<string, { via: 'cookie' | 'bearer' | 'key'; end(subject: Subject): Promise<number> }> = {
  'signing out': {
    via: 'cookie',
    end: async ({ person }) => (await here.request(person, 'POST', '/api/v1/auth/logout')).status,
  },
  'ending the session from another': {
    via: 'bearer',
    end: async ({ person, from }) =>
      (await here.request(from, 'DELETE', `/api/v1/sessions/${await sessionOf(person)}`)).status,
  },
  'signing out everywhere else': {
    via: 'cookie',
    end: async ({ from }) => (await here.request(from, 'DELETE', '/api/v1/sessions')).status,
  },
  'changing the password in another session': {
    via: 'cookie',
    end: async ({ from, person }) =>
      (
        await here.request(from, 'POST', '/api/v1/me/password', {
          json: { current_password: person.password, new_password: 'a new way uphill' },
        })
      ).status,
  },
  'a reset by link': {
    via: 'cookie',
    async end({ person }) {
      const { url } = (await here.request(admin, 'POST', `/api/v1/users/${person.id}/reset-link`)).json();
      const token = new URL(url).searchParams.get('token');
      return (await here.request(null, 'POST', '/api/v1/auth/reset', { json: { token, password: 'found a new way' } }))
        .status;
    },
  },
  'the administrator disabling the account': {
    via: 'bearer',
    end: async ({ person }) =>
      (await here.request(admin, 'PATCH', `/api/v1/users/${person.id}`, { json: { disabled: true } })).status,
  },
  'the administrator disabling the account of a key': {
    via: 'key',
    end: async ({ person }) =>
      (await here.request(admin, 'PATCH', `/api/v1/users/${person.id}`, { json: { disabled: true } })).status,
  },
  'revoking the key': {
    via: 'key',
    end: async ({ from, keyId }) => (await here.request(from, 'DELETE', `/api/v1/api-keys/${keyId}`)).status,
  },
  'deleting the account': {
    via: 'bearer',
    end: async ({ from, person }) =>
      (
        await here.request(from, 'DELETE', '/api/v1/me', {
          json: { password: person.password, confirm: person.username },
        })
      ).status,
  },
  'the administrator deleting the account of a key': {
    via: 'key',
    end: async ({ person }) =>
      (
        await here.request(admin, 'DELETE', `/api/v1/users/${person.id}`, {
          json: { password: admin.password, confirm: person.username },
        })
      ).status,
  },
};

describe('what was revoked is nobody’s with the next request here, and within the bound on another server', () => {
  let seed = 0;
  test.each(Object.entries(endings))('%s', async (_, { via, end }) => {
    const subject = await createSubject(via);
    const { credential } = subject;
    seed += 1;
    const photo = await here.upload(subject.person, await tinyPhoto(seed));
    const bytes = `/api/v1/photos/${photo.id}/small`;
    // Both remember the credential and whose the photo is, so that a stale memory would show.
    for (const app of [here, there]) {
      expect([
        await read(app, credential),
        await read(app, credential, bytes),
        await read(app, credential, bytes),
      ]).toEqual([200, 200, 200]);
    }
    expect([200, 204]).toContain(await end(subject));
    expect([await read(here, credential), await read(here, credential, bytes)]).toEqual([401, 401]);
    await refusedThere(credential);
    await refusedThere(credential, bytes);
    held += 1;
  });
  let held = 0;
  afterAll(() =>
    countPromise({
      promise: 4,
      what: 'ways to end a credential, on two servers',
      tried: Object.keys(endings).length,
      held,
    }),
  );

  test('a role that was taken away', async () => {
    const deputy = await here.signUp();
    const setRole = (role: string) => here.request(admin, 'PATCH', `/api/v1/users/${deputy.id}`, { json: { role } });
    await setRole('admin');
    expect([await read(here, deputy, '/api/v1/users'), await read(there, deputy, '/api/v1/users')]).toEqual([200, 200]);
    await setRole('user');
    expect(await read(here, deputy, '/api/v1/users')).toBe(403);
    await refusedThere(deputy, '/api/v1/users', 403);
  });

  test('what an administrator handed out ends with the role', async () => {
    const [deputy, target] = [await here.signUp(), await here.signUp()];
    const setRole = (role: string) => here.request(admin, 'PATCH', `/api/v1/users/${deputy.id}`, { json: { role } });
    await setRole('admin');
    const { url } = (await here.request(deputy, 'POST', `/api/v1/users/${target.id}/reset-link`)).json();
    const token = new URL(url).searchParams.get('token');
    const use = () =>
      here.request(null, 'POST', '/api/v1/auth/reset', { json: { token, password: 'taken over by link' } });
    await setRole('user');
    expect((await use()).status).toBe(410);
    expect(await read(here, target)).toBe(200);
    await setRole('admin');
    expect((await use()).status).toBe(204);
  });

  test('a photo that was deleted for good', async () => {
    const owner = await here.signUp();
    const photo = await here.upload(owner, await tinyPhoto(500));
    const bytes = `/api/v1/photos/${photo.id}/small`;
    for (const app of [here, there]) expect(await read(app, owner, bytes)).toBe(200);
    await here.request(owner, 'DELETE', `/api/v1/photos/${photo.id}`);
    expect(await read(here, owner, bytes)).toBe(200);
    await here.request(owner, 'POST', '/api/v1/photos/batch/purge', { json: { all: true } });
    expect(await read(here, owner, bytes)).toBe(404);
    await refusedThere(owner, bytes, 404);
  });
});

describe('while a server cannot hear of revocations', () => {
  /** Cuts the connections on which servers listen, and waits until both have noticed. */
  async function cutListeners(): Promise<void> {
    const noticed = [here, there].map(
      ({ notifications }) =>
        new Promise<void>((resolve) => {
          const stop = notifications.subscribe({
            onAnnouncement() {},
            onCut() {
              stop();
              resolve();
            },
          });
        }),
    );
    const client = new Client(database.owner);
    await client.connect();
    const { rowCount } = await client
      .query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'tintype listens'`,
      )
      .finally(() => client.end());
    expect(rowCount).toBe(2);
    await Promise.all(noticed);
  }

  const heardAgain = () =>
    eventually(() => expect([here.notifications.live, there.notifications.live]).toEqual([true, true]));

  test('it asks the database each time, and remembers again once it is back', async () => {
    const subject = await createSubject('key');
    const { credential, from, keyId } = subject;
    expect([await read(here, credential), await read(there, credential)]).toEqual([200, 200]);

    await cutListeners();
    await here.request(from, 'DELETE', `/api/v1/api-keys/${keyId}`);
    expect([await read(here, credential), await read(there, credential)]).toEqual([401, 401]);

    await heardAgain();
    const next = await createSubject('key');
    expect([await read(here, next.credential), await read(there, next.credential)]).toEqual([200, 200]);
    await here.request(next.from, 'DELETE', `/api/v1/api-keys/${next.keyId}`);
    await refusedThere(next.credential);
  });

  test('a revocation between the cut and the return is not forgotten', async () => {
    const { credential, person, from } = await createSubject('bearer');
    const photo = await here.upload(person, await tinyPhoto(600));
    const bytes = `/api/v1/photos/${photo.id}/small`;
    expect([await read(there, credential, bytes), await read(there, credential, bytes)]).toEqual([200, 200]);
    await cutListeners();
    await here.request(from, 'DELETE', '/api/v1/sessions');
    await heardAgain();
    expect([await read(there, credential), await read(there, credential, bytes)]).toEqual([401, 401]);
  });
});
