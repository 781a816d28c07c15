import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../app.ts';
import { createTestDatabase } from '../database.ts';
import { countPromise } from '../promises.ts';
import { createFixture, type Fixture } from './fixture.ts';
import { createGuests, type GuestFixture, guestCells, tryGuests } from './guests.ts';
import { createBypassingLogin, isSuperuser } from './roles.ts';

const app = await createTestApp();
const second = await createTestDatabase();
const superuser = await isSuperuser(second.owner);
const login = superuser ? await createBypassingLogin(second.owner, second.app) : null;
const unwalled = login && (await createTestApp({ database: second, login }));

describe('both walls', () => tryAll('answers to guests of links in every state', () => app));
describe.skipIf(!superuser)('the access check alone, with row-level security out of the way', () =>
  tryAll('answers to guests by the access check alone', () => unwalled as TestApp),
);

function tryAll(what: string, server: () => TestApp): void {
  let fixture: Fixture;
  let guests: GuestFixture;
  let [tried, held] = [0, 0];

  beforeAll(async () => {
    fixture = await createFixture(server());
    guests = await createGuests(fixture);
  });
  afterAll(() => countPromise({ promise: 3, what, tried, held }));

  test.each(Object.keys(guestCells))('%s', async (operation) => {
    const result = await tryGuests(fixture, guests, operation);
    tried += result.tried;
    held += result.tried - result.deviations.length;
    expect(result.deviations).toEqual([]);
  });

  // Being somebody opens no link, and a link makes nobody somebody.
  test.each(['view', 'medium', 'original'])(
    '%s, while signed in as a stranger, and as the owner',
    async (operation) => {
      for (const signedInAs of [fixture.stranger, fixture.owner.person]) {
        const result = await tryGuests(fixture, guests, operation, { signedInAs });
        tried += result.tried;
        held += result.tried - result.deviations.length;
        expect(result.deviations).toEqual([]);
      }
    },
  );

  test('a key or a visit of a link is no credential for anything else', async () => {
    const { guest } = guests.guests['link that allows all, unlocked'] as GuestFixture['guests'][string];
    const session = guest.headers['x-share-session'] as string;
    for (const headers of [
      { authorization: `Bearer ${guest.key}` },
      { authorization: `Bearer ${session}` },
      { cookie: `tintype_session=${session}` },
      { cookie: `tintype_session=${guest.key}` },
      { cookie: `tintype_guest=${session}` },
    ]) {
      for (const path of ['/photos', '/albums', `/photos/${guests.photos.shown}/medium`, '/share-links', '/me']) {
        const answer = await fixture.app.request(null, 'GET', `/api/v1${path}`, { headers: headers as never });
        expect([path, headers, answer.status]).toEqual([path, headers, 401]);
      }
    }
  });
}
