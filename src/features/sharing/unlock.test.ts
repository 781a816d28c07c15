import { beforeAll, describe, expect, test } from 'vitest';
import { type Answer, createTestApp, type Person, tinyPhoto } from '../../../test/app.ts';
import { createTestDatabase } from '../../../test/database.ts';
import {
  asGuest,
  createLink,
  type LinkOptions,
  lookAtEverything,
  type MadeLink,
  statusesOf,
  unlockLink,
} from '../../../test/links.ts';
import { createGuestSessions } from './guest-sessions.ts';

const database = await createTestDatabase();
const app = await createTestApp({ database });
/** Another server of the same library. */
const there = await createTestApp({ database, dataDir: app.dataDir });
const password = 'kept between us';

let owner: Person;
let photo: string;
let album: string;
let seed = 300;

const api = (as: Person | null, method: string, path: string, json?: unknown) =>
  app.request(as, method, `/api/v1${path}`, json === undefined ? {} : { json });
const upload = async (person: Person, filename = 'canary-file.jpg'): Promise<string> => {
  seed += 1;
  return (await app.upload(person, await tinyPhoto(seed), filename)).id;
};
const newAlbum = async (person: Person, ids: readonly string[], name = 'canary-album'): Promise<string> =>
  (await api(person, 'POST', '/albums', { name, description: 'canary-words', photo_ids: ids })).json().id;
const linkTo = (options: LinkOptions = {}) => createLink(app, owner, { album_id: album, ...options });
const unlock = (link: MadeLink, json: object = {}, headers: Record<string, string> = {}, server = app) =>
  server.request(null, 'POST', `${link.apiPath}/unlock`, { json, headers });
const refusal = (answer: Answer) => [answer.status, answer.json().error.code];
const viewsOf = async (link: MadeLink): Promise<number> =>
  (await api(owner, 'GET', `/share-links/${link.id}`)).json().views;
/** Each call comes from an address of its own, so that the limits of one test are no other's. */
let addresses = 0;
const newAddress = (): Record<string, string> => {
  addresses += 1;
  return { 'x-forwarded-for': `198.51.${addresses >> 8}.${addresses & 255}` };
};

beforeAll(async () => {
  await app.signUp();
  owner = await app.signUp('ines-of-the-lake');
  photo = await upload(owner);
  await api(owner, 'PATCH', `/photos/${photo}`, { caption: 'canary-caption' });
  album = await newAlbum(owner, [photo]);
});

describe('a locked link', () => {
  test('says that it needs a password, and nothing else, whatever is asked and however', async () => {
    const link = await linkTo({ password, allow_download: true, show_metadata: true });
    const session = await unlockLink(app, link, password);
    const seen = await asGuest(app, link, session, 'GET', `/photos/${photo}/medium`);
    const tag = String(seen.headers.etag);
    expect([seen.status, tag]).toEqual([200, expect.stringMatching(/^"[\w-]{22}"$/)]);

    const answers = await lookAtEverything(app, link, { photo, tag });
    answers.push(await asGuest(app, link, null, 'POST', '/photos?filename=x.jpg', { body: await tinyPhoto(1) }));
    expect(statusesOf(answers)).toEqual([401]);
    const bodies = new Set(answers.map(({ text }) => text).filter((text) => text !== ''));
    expect([...bodies].map((text) => JSON.parse(text))).toEqual([
      {
        error: {
          code: 'link_locked',
          message: expect.stringContaining('password'),
          details: { needs: 'password' },
        },
      },
    ]);
    for (const { headers, rawHeaders } of answers) {
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-robots-tag': 'noindex',
        'x-content-type-options': 'nosniff',
      });
      for (const name of ['etag', 'last-modified', 'accept-ranges', 'content-range', 'content-disposition']) {
        expect(headers).not.toHaveProperty(name);
      }
      expect(rawHeaders.join('\n')).not.toMatch(/canary|ines|Lake/);
    }
  });

  test('answers a photo that it has as one that it has not', async () => {
    const link = await linkTo({ password });
    const outside = await upload(owner);
    const [within, without] = [
      await lookAtEverything(app, link, { photo }),
      await lookAtEverything(app, link, { photo: outside, headers: { 'x-share-session': 'x' } }),
    ];
    expect(within.map(({ status, text }) => [status, text])).toEqual(without.map(({ status, text }) => [status, text]));
  });
});

describe('unlocking', () => {
  test('takes the password and no other', async () => {
    const link = await linkTo({ password });
    const wrong = ['', 'kept between u', `${password} `, password.toUpperCase(), 'x'.repeat(1000)];
    for (const text of wrong) {
      const answer = await unlock(link, { password: text }, newAddress());
      expect([...refusal(answer), answer.json().error.details]).toEqual([401, 'link_locked', { needs: 'password' }]);
      expect(answer.headers).not.toHaveProperty('set-cookie');
    }
    expect(refusal(await unlock(link, {}))).toEqual([401, 'link_locked']);
    for (const json of [{ password: 7 }, { password: ['a'] }, { password, key: 'x' }, { password: 'x'.repeat(1001) }]) {
      expect((await unlock(link, json)).status).toBe(400);
    }
    const answer = await unlock(link, { password });
    expect([answer.status, Object.keys(answer.json()).sort()]).toEqual([200, ['expires_at', 'session']]);
    expect(
      statusesOf(await lookAtEverything(app, link, { photo, headers: { 'x-share-session': answer.json().session } })),
    ).toEqual([200, 206, 304, 403, 404]);
  });

  test('sets a cookie of the link’s own path that no script reads, Secure on https', async () => {
    const link = await linkTo({ password });
    const open = async (headers: Record<string, string> = {}) => {
      const answer = await asGuest(app, link, null, 'POST', '/unlock', { json: { password }, headers });
      const cookies = answer.headers['set-cookie'] ?? [];
      expect([answer.status, cookies.length]).toEqual([200, 1]);
      const [pair, ...attributes] = (cookies[0] as string).split('; ');
      expect(pair).toBe(`tintype_guest=${answer.json().session}`);
      return { attributes, answer };
    };
    const { attributes, answer } = await open();
    const expires = attributes.find((text) => text.startsWith('Expires='))?.slice('Expires='.length) ?? '';
    expect(attributes.filter((text) => !text.startsWith('Expires='))).toEqual([
      `Path=/s/${link.key}`,
      'HttpOnly',
      'SameSite=Lax',
    ]);
    expect(Date.parse(expires)).toBe(Math.floor(Date.parse(answer.json().expires_at) / 1000) * 1000);
    expect(Date.parse(expires) - Date.now()).toBeLessThanOrEqual(24 * 3600_000);
    const secure = await open({ 'x-forwarded-proto': 'https', origin: app.url.replace('http:', 'https:') });
    expect(secure.attributes).toContain('Secure');
    expect((await unlock(link, { password })).headers).not.toHaveProperty('set-cookie');
  });

  test('is not done by a foreign page', async () => {
    const link = await linkTo({ password });
    const session = await unlockLink(app, link, password);
    const from = (headers: Record<string, string>, cookie: string | null = null) =>
      asGuest(app, link, cookie, 'POST', '/unlock', { json: { password }, headers });
    expect((await from({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await from({ origin: 'null' })).status).toBe(403);
    expect((await from({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    const bare = await app.request(null, 'POST', `${link.path}/unlock`, {
      json: {},
      headers: { cookie: `tintype_guest=${session}` },
    });
    expect(bare.status).toBe(403);
    expect((await from({}, session)).status).toBe(200);
  });

  test('may be tried ten times from a network; what is right is held back then too, and other networks are not', async () => {
    const link = await linkTo({ password });
    const other = await linkTo({ password });
    const here = { 'x-forwarded-for': '2001:db8:1:2::1' };
    // However it is shown, and wherever: all are tries at the one password.
    const guess = { 'x-share-password': 'a guess at it' };
    const tries = [
      () => unlock(link, { password: 'a guess at it' }, here),
      () => asGuest(app, link, null, 'HEAD', `/photos/${photo}/small`, { headers: { ...here, ...guess } }),
      () => app.request(null, 'GET', `${link.apiPath}/layout`, { headers: { ...here, ...guess } }),
      () => asGuest(app, link, null, 'GET', `/photos/${photo}/small`, { headers: { ...here, ...guess } }),
    ];
    for (let n = 0; n < 10; n += 1) expect((await tries[n % tries.length]?.())?.status).toBe(401);
    for (const attempt of tries) expect((await attempt()).status).toBe(429);
    const held = await unlock(link, { password }, { 'x-forwarded-for': '2001:db8:1:2:ffff::9' });
    expect([...refusal(held), Number(held.headers['retry-after'])]).toEqual([429, 'rate_limited', expect.any(Number)]);
    expect(held.json().error.details).toEqual({ retry_after: Number(held.headers['retry-after']) });
    expect((await unlock(link, { password }, { 'x-forwarded-for': '2001:db8:1:3::1' })).status).toBe(200);
    expect((await unlock(other, { password }, here)).status).toBe(200);
  });

  test('of a link that asks for nothing is written down no more than three hundred times from a network', async () => {
    const link = await linkTo();
    const here = newAddress();
    const answers = await Promise.all(Array.from({ length: 320 }, () => unlock(link, {}, here)));
    expect(answers.filter(({ status }) => status === 200).length).toBe(300);
    expect(answers.filter(({ status }) => status === 429).length).toBe(20);
    expect(await viewsOf(link)).toBe(300);
  });
});

describe('without a session, by the headers of a client', () => {
  test('the password opens what has one, and counts no view', async () => {
    const link = await linkTo({ password, allow_download: true });
    const headers = { 'x-share-password': password };
    for (const path of ['', '/layout', '/download', `/photos/${photo}`, `/photos/${photo}/original`]) {
      for (const base of [link.path, link.apiPath]) {
        expect((await app.request(null, 'GET', `${base}${path}`, { headers })).status).toBe(200);
      }
    }
    const wrong = { 'x-share-password': `${password}!`, ...newAddress() };
    expect((await app.request(null, 'GET', link.apiPath, { headers: wrong })).status).toBe(401);
    expect(await viewsOf(link)).toBe(0);
  });

  test('the password may be of any language, as UTF-8 or as Latin-1', async () => {
    const words = 'Grüße vom Fluß 🏔️';
    const link = await linkTo({ password: words });
    const ask = (text: string) =>
      app.request(null, 'GET', link.apiPath, { headers: { 'x-share-password': text, ...newAddress() } });
    expect((await ask(Buffer.from(words).toString('latin1'))).status).toBe(200);
    expect((await ask(Buffer.from(words.normalize('NFD')).toString('latin1'))).status).toBe(200);
    const latin = await linkTo({ password: 'Grüße vom Fluß' });
    for (const bytes of ['Grüße vom Fluß', Buffer.from('Grüße vom Fluß').toString('latin1')]) {
      const headers = { 'x-share-password': bytes };
      expect((await app.request(null, 'GET', latin.apiPath, { headers })).status).toBe(200);
      const medium = await asGuest(app, latin, null, 'GET', `/photos/${photo}/medium`, { headers });
      expect(medium.status).toBe(200);
    }
  });

  test('the session opens it, at either address', async () => {
    const link = await linkTo({ password });
    const session = await unlockLink(app, link, password);
    for (const path of [link.path, link.apiPath]) {
      for (const headers of [{ 'x-share-session': session }, { cookie: `tintype_guest=${session}` }]) {
        expect((await app.request(null, 'GET', `${path}/layout`, { headers: headers as never })).status).toBe(200);
      }
    }
    // On the other server as well: no server keeps sessions.
    expect((await there.request(null, 'GET', link.path, { headers: { 'x-share-session': session } })).status).toBe(200);
  });
});

describe('a session', () => {
  test('is good for its own link', async () => {
    const [one, other] = [await linkTo({ password }), await linkTo({ password })];
    const session = await unlockLink(app, one, password);
    expect(statusesOf(await lookAtEverything(app, other, { photo, headers: { 'x-share-session': session } }))).toEqual([
      401,
    ]);
    expect(
      statusesOf(await lookAtEverything(app, other, { photo, headers: { cookie: `tintype_guest=${session}` } })),
    ).toEqual([401]);
  });

  test.each([
    ['another password', { password: 'another one now' }, 401],
    ['the same password once more', { password }, 401],
    ['no password', { password: null }, 200],
  ])('ends with %s, on every server', async (_, change, status) => {
    const link = await linkTo({ password });
    const session = await unlockLink(app, link, password);
    const ask = (server: typeof app) => asGuest(server, link, session, 'GET', `/photos/${photo}/medium`);
    expect([(await ask(app)).status, (await ask(there)).status]).toEqual([200, 200]);
    await api(owner, 'PATCH', `/share-links/${link.id}`, change);
    expect([(await ask(app)).status, (await ask(there)).status]).toEqual([status, status]);
    // And it does not come back with the old one.
    await api(owner, 'PATCH', `/share-links/${link.id}`, { password });
    expect((await ask(app)).status).toBe(401);
  });

  test('outlives other changes, which hold for it at once', async () => {
    const link = await linkTo({ password });
    const session = await unlockLink(app, link, password);
    const original = () => asGuest(app, link, session, 'GET', `/photos/${photo}/original`);
    expect((await original()).status).toBe(403);
    await api(owner, 'PATCH', `/share-links/${link.id}`, { allow_download: true });
    expect((await original()).status).toBe(200);
    await api(owner, 'PATCH', `/share-links/${link.id}`, { allow_download: false });
    expect((await original()).status).toBe(403);
  });

  test('is not made longer, nor made up', async () => {
    const link = await linkTo({ password });
    const session = await unlockLink(app, link, password);
    const [ends, mac] = session.split('.') as [string, string];
    const flipped = `${mac.slice(0, -2)}${mac.at(-2) === 'A' ? 'B' : 'A'}${mac.at(-1)}`;
    const madeUp = [
      `${Number(ends) + 1}.${mac}`,
      `0${ends}.${mac}`,
      `${ends}.${flipped}`,
      `${ends}.`,
      `.${mac}`,
      `${ends}.${mac}=`,
      `${session}.${mac}`,
      ` `,
      link.key,
    ];
    for (const text of madeUp) {
      const answer = await app.request(null, 'GET', link.apiPath, { headers: { 'x-share-session': text } });
      expect([text, answer.status]).toEqual([text, 401]);
    }
  });

  test('ends with its link, and within a day', () => {
    const sessions = createGuestSessions({ key: Buffer.alloc(32, 1) });
    const at = (ms: number) => ({ id: 'a', password_version: 1, expires_at: new Date(Date.now() + ms) });
    const [soon, late, over] = [at(90_000), at(90 * 86_400_000), at(-1000)];
    expect(sessions.issue(soon).expiresAt.getTime()).toBeLessThanOrEqual(soon.expires_at.getTime());
    const { token, expiresAt } = sessions.issue(late);
    expect(expiresAt.getTime() - Date.now()).toBeLessThanOrEqual(86_400_000);
    expect(sessions.verify(late, token)).toEqual(expiresAt);
    expect(sessions.verify({ ...late, password_version: 2 }, token)).toBeNull();
    expect(sessions.verify({ ...late, id: 'b' }, token)).toBeNull();
    expect(sessions.verify(over, sessions.issue(over).token)).toBeNull();
    expect(createGuestSessions({ key: Buffer.alloc(32, 2) }).verify(late, token)).toBeNull();
  });
});

describe('views', () => {
  test('are visits that were opened: looking counts nothing, and who is in is not counted again', async () => {
    const link = await linkTo({ password });
    await lookAtEverything(app, link, { photo });
    await unlock(link, { password: 'a guess at it' }, newAddress());
    expect(await viewsOf(link)).toBe(0);
    const session = await unlockLink(app, link, password);
    expect(await viewsOf(link)).toBe(1);
    await lookAtEverything(app, link, { photo, headers: { 'x-share-session': session } });
    const again = await unlock(link, {}, { 'x-share-session': session });
    expect([again.status, again.json().session]).toEqual([200, session]);
    expect(await viewsOf(link)).toBe(1);
    await unlockLink(app, link, password);
    expect(await viewsOf(link)).toBe(2);
  });

  test('that are limited let nobody see a byte without having opened one', async () => {
    const [plain, secret] = [await linkTo({ max_views: 3 }), await linkTo({ max_views: 3, password })];
    const answers = [
      ...(await lookAtEverything(app, plain, { photo })),
      ...(await lookAtEverything(app, secret, { photo })),
      ...(await lookAtEverything(app, secret, { photo, headers: { 'x-share-password': password } })),
      ...(await lookAtEverything(app, plain, { photo, headers: { 'x-share-password': password } })),
    ];
    expect(statusesOf(answers)).toEqual([401]);
    const needs = answers.filter(({ text }) => text).map((answer) => answer.json().error.details.needs);
    expect([...new Set(needs)].sort()).toEqual(['password', 'view']);
    expect([await viewsOf(plain), await viewsOf(secret)]).toEqual([0, 0]);
  });

  test.each([
    ['without a password', {}],
    ['with a password', { password }],
  ])('of twenty who come at once to two servers, %s, as many as may are let in', async (_, options) => {
    const link = await linkTo({ ...options, max_views: 7 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => unlock(link, options, newAddress(), n % 2 ? app : there)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(7).fill(200), ...Array(13).fill(410)]);
    expect(await viewsOf(link)).toBe(7);
    const sessions = answers.filter(({ status }) => status === 200).map((answer) => answer.json().session);
    for (const session of sessions) expect((await asGuest(app, link, session, 'GET')).status).toBe(200);
    // Nobody new from now on, and no byte; a limit that is raised lets more in.
    expect(statusesOf(await lookAtEverything(app, link, { photo }))).toEqual([410]);
    expect(statusesOf(await lookAtEverything(app, link, { photo, headers: { 'x-share-password': password } }))).toEqual(
      [410],
    );
    await api(owner, 'PATCH', `/share-links/${link.id}`, { max_views: 8 });
    expect((await unlock(link, options)).status).toBe(200);
    expect((await unlock(link, options)).status).toBe(410);
  });
});
