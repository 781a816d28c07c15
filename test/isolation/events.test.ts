import { Client } from 'pg';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { type Credential, createTestApp, type Person, tinyPhoto } from '../app.ts';
import { createTestDatabase } from '../database.ts';
import { type EventStream, openEvents } from '../event-stream.ts';
import { eventually } from '../eventually.ts';
import { countPromise } from '../promises.ts';

const database = await createTestDatabase();
const here = await createTestApp({ database });
const there = await createTestApp({ database, dataDir: here.dataDir });
const admin = await here.signUp();

const opened: EventStream[] = [];
const follow = async (app: typeof here, as: Person | Credential): Promise<EventStream> => {
  const stream = await openEvents(app, as);
  expect(stream.status).toBe(200);
  await eventually(() => expect(stream.hellos()).toBe(1));
  opened.push(stream);
  return stream;
};
afterEach(() => {
  for (const stream of opened.splice(0)) stream.close();
});

let seed = 0;
const upload = async (app: typeof here, as: Person): Promise<string> => {
  seed += 1;
  return (await app.upload(as, await tinyPhoto(seed))).id;
};

test('windows at two servers hear of the same changes, and nobody else’s do', async () => {
  const [one, other] = [await here.signUp(), await here.signUp()];
  const mine = [await follow(here, one), await follow(there, one)];
  const theirs = [await follow(here, other), await follow(there, other)];
  const [first, second] = [await upload(here, one), await upload(there, one)];
  const added = (id: string) => ({ kind: 'photos', ids: [id], what: 'added' });
  for (const stream of mine) {
    await eventually(() => expect(stream.changes()).toEqual([added(first), added(second)]));
  }
  const last = await upload(there, other);
  for (const stream of theirs) await eventually(() => expect(stream.changes()).toEqual([added(last)]));
  for (const stream of mine) expect(stream.changes()).toHaveLength(2);
});

interface Subject {
  readonly person: Person;
  readonly credential: Person | Credential;
  readonly keyId: string;
  /** Another session of the same person. */
  readonly from: Person;
}

async function createSubject(via: 'cookie' | 'bearer' | 'key'): Promise<Subject> {
  const person = await here.signUp();
  const from = await here.signIn(person);
  const key = await here.createApiKey(from, ['photos:read']);
  return { person, from, keyId: key.id, credential: { cookie: person, bearer: { bearer: person.bearer }, key }[via] };
}

const endings: Record<
  string,
  { via: 'cookie' | 'bearer' | 'key'; end(subject: Subject): Promise<{ status: number }> }
> = {
  'signing out': { via: 'cookie', end: ({ person }) => here.request(person, 'POST', '/api/v1/auth/logout') },
  'signing out everywhere else': { via: 'bearer', end: ({ from }) => here.request(from, 'DELETE', '/api/v1/sessions') },
  'changing the password in another session': {
    via: 'cookie',
    end: ({ from, person }) =>
      here.request(from, 'POST', '/api/v1/me/password', {
        json: { current_password: person.password, new_password: 'a new way uphill' },
      }),
  },
  'revoking the key': {
    via: 'key',
    end: ({ from, keyId }) => here.request(from, 'DELETE', `/api/v1/api-keys/${keyId}`),
  },
  'the administrator disabling the account of a key': {
    via: 'key',
    end: ({ person }) => here.request(admin, 'PATCH', `/api/v1/users/${person.id}`, { json: { disabled: true } }),
  },
  'deleting the account': {
    via: 'cookie',
    end: ({ from, person }) =>
      here.request(from, 'DELETE', '/api/v1/me', { json: { password: person.password, confirm: person.username } }),
  },
};

describe('a stream ends with its credential, at the server where that ended and at another', () => {
  let held = 0;
  test.each(Object.entries(endings))('%s', async (_, { via, end }) => {
    const subject = await createSubject(via);
    const streams = [await follow(here, subject.credential), await follow(there, subject.credential)];
    expect((await end(subject)).status).toBeLessThan(300);
    expect(await Promise.all(streams.map(({ over }) => over))).toEqual(['ended', 'ended']);
    for (const app of [here, there]) {
      await eventually(async () =>
        expect((await app.request(subject.credential, 'GET', '/api/v1/events')).status).toBe(401),
      );
    }
    held += 1;
  });
  afterAll(() =>
    countPromise({
      promise: 4,
      what: 'ways to end a credential whose stream of events is open, on two servers',
      tried: Object.keys(endings).length,
      held,
    }),
  );

  test('other streams of the same person stay', async () => {
    const subject = await createSubject('key');
    const [keys, own] = [await follow(there, subject.credential), await follow(there, subject.from)];
    await here.request(subject.from, 'DELETE', `/api/v1/api-keys/${subject.keyId}`);
    expect(await keys.over).toBe('ended');
    await upload(here, subject.from);
    await eventually(() => expect(own.changes()).toHaveLength(1));
  });
});

describe('when a server has not heard the database for a while', () => {
  async function cutListeners(): Promise<void> {
    const client = new Client(database.owner);
    await client.connect();
    const { rowCount } = await client
      .query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'tintype listens'`,
      )
      .finally(() => client.end());
    expect(rowCount).toBe(2);
  }

  test('it greets again, and tells what comes after', async () => {
    const person = await here.signUp();
    const streams = [await follow(here, person), await follow(there, person)];
    await cutListeners();
    for (const stream of streams) await eventually(() => expect(stream.hellos()).toBe(2));
    const id = await upload(here, person);
    for (const stream of streams) {
      await eventually(() => expect(stream.changes()).toEqual([{ kind: 'photos', ids: [id], what: 'added' }]));
    }
  });

  test('it greets nobody whose credential ended meanwhile', async () => {
    const { credential, from, keyId } = await createSubject('key');
    const [keys, own] = [await follow(there, credential), await follow(there, from)];
    await cutListeners();
    await here.request(from, 'DELETE', `/api/v1/api-keys/${keyId}`);
    expect(await keys.over).toBe('ended');
    expect(keys.hellos()).toBe(1);
    await eventually(() => expect(own.hellos()).toBe(2));
  });
});
