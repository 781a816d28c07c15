import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, createTestApp, type Person, tinyPhoto } from '../../../test/app.ts';
import { asGuest, createLink, type LinkOptions, type MadeLink, unlockLink } from '../../../test/links.ts';

// The page as it is built: what is filled in, and a script of its own.
const script = 'document.title';
const page = `<!doctype html><html><head><!--head--></head><body><noscript><!--words--></noscript><script>${script}</script></body></html>`;
const dataDir = await mkdtemp(join(tmpdir(), 'tintype-guest-page-'));
await mkdir(join(dataDir, 'no-web'));
await writeFile(join(dataDir, 'no-web/guest.html'), page);
const app = await createTestApp({ dataDir, environment: { TINTYPE_PUBLIC_URL: 'https://photos.example.org' } });
const unbuilt = await createTestApp();
afterAll(() => rm(dataDir, { recursive: true, force: true }));

let owner: Person;
let photo: string;
let album: string;
const title = `Lakes </title><script>alert("canary")</script> & 'more'`;
const escaped = 'Lakes &#60;/title&#62;&#60;script&#62;alert(&#34;canary&#34;)&#60;/script&#62; &#38; &#39;more&#39;';
const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

const api = (method: string, path: string, json?: unknown) =>
  app.request(owner, method, `/api/v1${path}`, json === undefined ? {} : { json });
const open = (link: MadeLink, path = '', headers: Record<string, string> = {}, method = 'GET') =>
  asGuest(app, link, null, method, path, { headers: { accept: browser, ...headers } });
const headOf = ({ text }: Answer): string => /<head>(.*)<\/head>/s.exec(text)?.[1] ?? '';
const blank =
  '<title>Tintype</title><meta property="og:title" content="Tintype"><meta property="og:type" content="website"><meta property="og:site_name" content="Tintype">';

beforeAll(async () => {
  owner = await app.signUp('ines-of-the-lake');
  photo = (await app.upload(owner, await tinyPhoto(1), 'canary-file.jpg')).id;
  album = (await api('POST', '/albums', { name: title, description: 'canary-words', photo_ids: [photo] })).json().id;
});

describe('the page of an open link', () => {
  test('says what it shows, for messages that carry its address, and its cover can be fetched by them', async () => {
    const link = await createLink(app, owner, { album_id: album });
    const answer = await open(link);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const image = `https://photos.example.org/s/${link.key}/photos/${photo}/preview`;
    expect(headOf(answer)).toBe(
      [
        `<title>${escaped} · Tintype</title>`,
        `<meta property="og:title" content="${escaped}">`,
        '<meta property="og:type" content="website"><meta property="og:site_name" content="Tintype">',
        `<meta property="og:image" content="${image}">`,
      ].join(''),
    );
    expect(answer.text).toContain(`<noscript><h1>${escaped}</h1></noscript>`);
    const cover = await app.request(null, 'GET', new URL(image).pathname);
    expect([cover.status, cover.headers['content-type']]).toEqual([200, 'image/jpeg']);
    for (const secret of ['canary-words', 'ines-of-the-lake', owner.id, album]) {
      expect(answer.text).not.toContain(secret);
    }
  });

  test('has the caption of a photo for its title, else the name of its file', async () => {
    const link = await createLink(app, owner, { photo_id: photo });
    expect(headOf(await open(link))).toContain('<title>canary-file.jpg · Tintype</title>');
    await api('PATCH', `/photos/${photo}`, { caption: 'Morning & mist' });
    expect(headOf(await open(link))).toContain('<title>Morning &#38; mist · Tintype</title>');
    expect(headOf(await open(link, `/${photo}`))).toContain('<title>Morning &#38; mist · Tintype</title>');
    await api('PATCH', `/photos/${photo}`, { caption: null });
  });

  test('is kept by nobody, found by no search engine, and tells no address; only its own script runs', async () => {
    const link = await createLink(app, owner, { album_id: album });
    for (const [path, method] of [
      ['', 'GET'],
      [`/${photo}`, 'GET'],
      ['', 'HEAD'],
    ] as const) {
      const answer = await open(link, path, {}, method);
      expect(answer.headers).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-robots-tag': expect.stringContaining('noindex'),
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringMatching(/script-src 'self' 'sha256-[\w+/=]+';/),
        vary: 'Accept',
      });
      expect(answer.headers['content-security-policy']).not.toContain('unsafe');
      expect(answer.headers).not.toHaveProperty('etag');
      expect(answer.headers).not.toHaveProperty('set-cookie');
      expect(answer.body.length > 0).toBe(method === 'GET');
    }
  });

  test('is for who would rather have one', async () => {
    const link = await createLink(app, owner, { photo_id: photo });
    for (const [accept, type] of [
      [browser, 'text/html; charset=utf-8'],
      ['text/html', 'text/html; charset=utf-8'],
      ['application/json', 'application/json'],
      ['*/*', 'application/json'],
      ['image/avif,image/webp,image/*,*/*;q=0.8', 'image/jpeg'],
    ] as const) {
      const answer = await open(link, '', { accept });
      expect([accept, answer.status, answer.headers['content-type']]).toEqual([accept, 200, type]);
    }
    // The API has no pages.
    const answer = await app.request(null, 'GET', link.apiPath, { headers: { accept: browser } });
    expect(answer.headers['content-type']).toBe('application/json');
  });
});

describe('the page of a link', () => {
  test.each<[string, LinkOptions]>([
    ['with a password', { password: 'kept between us' }],
    ['that counts its visits', { max_views: 5 }],
  ])('%s says nothing of what it shows, to a guest who is in neither', async (_, options) => {
    const link = await createLink(app, owner, { album_id: album, ...options });
    const session = await unlockLink(app, link, options.password);
    for (const headers of [{}, { cookie: `tintype_guest=${session}` }, { 'x-share-password': 'kept between us' }]) {
      for (const path of ['', `/${photo}`]) {
        const answer = await open(link, path, headers as Record<string, string>);
        expect([answer.status, headOf(answer)]).toEqual([200, blank]);
        expect(answer.text).not.toMatch(/Lakes|canary/);
      }
    }
    expect((await open(link, '', {}, 'HEAD')).status).toBe(200);
    const cover = await asGuest(app, link, null, 'GET', `/photos/${photo}/preview`);
    expect(cover.status).toBe(401);
    expect((await api('GET', `/share-links/${link.id}`)).json().views).toBe(1);
  });

  test('that has ended is gone, and one that never was is absent, in pages as blank', async () => {
    const link = await createLink(app, owner, { album_id: album });
    await api('DELETE', `/share-links/${link.id}`);
    const none = { ...link, path: `/s/${'A'.repeat(43)}` };
    for (const [ended, status] of [
      [link, 410],
      [none, 404],
      [{ ...link, path: '/s/x' }, 404],
    ] as const) {
      for (const path of ['', `/${photo}`]) {
        const answer = await open(ended, path);
        expect([answer.status, headOf(answer)]).toEqual([status, blank]);
        expect(answer.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
      }
    }
  });

  test('whose photo is in the trash is gone', async () => {
    const id = (await app.upload(owner, await tinyPhoto(2), 'canary-gone.jpg')).id;
    const link = await createLink(app, owner, { photo_id: id });
    await api('DELETE', `/photos/${id}`);
    const answer = await open(link);
    expect([answer.status, headOf(answer)]).toEqual([410, blank]);
  });

  test('is absent where the web app was not built, and says so without a word about the link', async () => {
    const person = await unbuilt.signUp();
    const { id } = await unbuilt.upload(person, await tinyPhoto(3), 'canary-file.jpg');
    const link = await createLink(unbuilt, person, { photo_id: id });
    const answer = await asGuest(unbuilt, link, null, 'GET', '', { headers: { accept: browser } });
    expect([answer.status, answer.text.includes('canary')]).toEqual([404, false]);
    expect(answer.headers['referrer-policy']).toBe('no-referrer');
  });
});
