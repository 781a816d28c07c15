import type { Kysely } from 'kysely';
import { describe, expect, test } from 'vitest';
import { insertImported } from '#features/imports/store.ts';
import type { ImportTables } from '#features/imports/tables.ts';
import { createTestApp, tinyPhoto } from '../../app.ts';
import { openStyleAiApp, type StyleAiApp, type StyleAiImage } from '../../legacy/style-ai-client.ts';

const app = await createTestApp();
const password = 'walks through the wall';
let people = 0;
let seed = 0;

interface Somebody {
  readonly page: StyleAiApp;
  readonly id: string;
  readonly username: string;
  readonly image: StyleAiImage;
}

/** Somebody who signed up by the earlier system's way, with one picture. */
async function createSomebody(): Promise<Somebody> {
  people += 1;
  seed += 1;
  const username = `somebody-${people}`;
  const page = openStyleAiApp(app, { ip: `198.51.100.${people}` });
  const answer = await page.register({ username, email: `${username}@people.example`, password });
  expect(answer.status).toBe(201);
  expect((await page.upload(await tinyPhoto(seed))).status).toBe(200);
  const [image] = await page.images();
  return { page, id: answer.json().user.id, username, image: image as StyleAiImage };
}

const administrator = await createSomebody();
const [ines, tomas] = [await createSomebody(), await createSomebody()];

/** Every address that names one image of the earlier system's, and what a body would be. */
const named = ({ id, filename, original_filename: original }: StyleAiImage): [string, string, object?][] => [
  ['GET', `/uploads/${filename}`],
  ['GET', `/uploads/${original}`],
  ['GET', `/download-image/${filename}`],
  ['GET', `/download-image/${original}`],
  ['GET', `/images/${id}`],
  ['PUT', `/images/${id}`, { caption: 'mine' }],
  ['PATCH', `/images/${id}`, { caption: 'mine' }],
  ['DELETE', `/images/${id}`],
  ['DELETE', `/images/${id}?original=true`],
  ['POST', `/images/${id}/share`, {}],
  ['GET', `/images/${id}/share`],
  ['DELETE', `/images/${id}/share`],
  ['POST', '/images/bulk-delete', { ids: [id] }],
  ['POST', '/images/bulk-update', { ids: [id], is_favorite: true }],
];
/** What needs somebody and names nothing. */
const unnamed: [string, string, object?][] = [
  ['GET', '/auth/me'],
  ['GET', '/auth/usage-info'],
  ['POST', '/upload', { image: 'data:,' }],
  ['GET', '/images'],
  ['GET', '/images/stats'],
  ['GET', '/rate-limit-status'],
  ['GET', '/prompts'],
  ['POST', '/prompts', { title: 'x', prompt_text: 'x' }],
];

const withoutSignature = (url: string): string => url.split('?')[0] as string;

describe('two people', () => {
  test('find their own in their lists, and nothing else', async () => {
    for (const [one, other] of [
      [ines, tomas],
      [tomas, ines],
    ] as const) {
      const text = (await one.page.call('GET', '/images')).text;
      expect(text).toContain(one.image.id);
      for (const foreign of [other.id, other.image.id, other.image.original_filename])
        expect(text).not.toContain(foreign);
      const { stats } = (await one.page.call('GET', '/images/stats')).json();
      expect(stats.total).toBe(1);
    }
  });

  test.each(named(ines.image).map((request) => [...request] as const))(
    '%s %s of one is absent to the other',
    async (method, path, json) => {
      const { id, filename, original_filename: original } = ines.image;
      // To the last letter as one that nobody has.
      const nobodys = '0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e';
      const replaced = (text: string): string =>
        text
          .replaceAll(filename, `generated_${nobodys}.jpg`)
          .replaceAll(original, `${nobodys}.jpg`)
          .replaceAll(id, nobodys);
      const absentJson = json && JSON.parse(replaced(JSON.stringify(json)));
      for (const other of [tomas, administrator]) {
        const foreign = await other.page.call(method, path, json);
        const absent = await other.page.call(method, replaced(path), absentJson);
        expect(foreign.status).toBe(404);
        expect([foreign.status, foreign.text]).toEqual([absent.status, absent.text]);
      }
      expect((await ines.page.call('GET', `/images/${id}`)).json().image).toMatchObject({
        id,
        caption: null,
        is_favorite: false,
      });
    },
  );

  test('what is shared in an album is in the web app alone', async () => {
    const [owner, member] = [await createSomebody(), await createSomebody()];
    const { id, filename, original_filename: original } = owner.image;
    const as = (page: StyleAiApp, method: string, path: string, json?: object) =>
      app.request({ bearer: page.token }, method, `/api/v1${path}`, json ? { json } : {});
    const { id: album } = (await as(owner.page, 'POST', '/albums', { name: 'us' })).json();
    const photo_ids = [id, original.slice(0, 36)];
    expect((await as(owner.page, 'POST', `/albums/${album}/photos`, { photo_ids })).status).toBeLessThan(300);
    const joined = { username: member.username, role: 'contributor' };
    expect((await as(owner.page, 'POST', `/albums/${album}/members`, joined)).status).toBe(201);
    for (const photoId of photo_ids) {
      expect((await as(member.page, 'GET', `/photos/${photoId}/metadata`)).status).toBe(200);
    }
    const onPhone = openStyleAiApp(app, { userAgent: 'An iPhone' });
    onPhone.keep(member.page.token);
    for (const page of [member.page, onPhone]) {
      for (const [method, path, json] of named(owner.image)) {
        expect((await page.call(method, path, json)).status, `${method} ${path}`).toBe(404);
      }
      for (const path of [`/uploads/${filename}`, `/download-image/${filename}`]) {
        expect((await page.call('HEAD', path)).status, `HEAD ${path}`).toBe(404);
      }
    }
    expect(await owner.page.images()).toHaveLength(1);
  });

  test('own and foreign named together change nothing', async () => {
    for (const [path, more] of [
      ['/images/bulk-delete', {}],
      ['/images/bulk-update', { is_favorite: true }],
    ] as const) {
      const answer = await tomas.page.call('POST', path, { ids: [tomas.image.id, ines.image.id], ...more });
      expect(answer.status).toBe(404);
    }
    expect((await tomas.page.call('GET', `/images/${tomas.image.id}`)).json().image.is_favorite).toBe(false);
    expect(await ines.page.images()).toHaveLength(1);
  });

  test('each find what they brought along by the names it had before, and not the other’s', async () => {
    const { id } = ines;
    const earlier = 'generated_3f1c7e0a-52d4-4c8e-9a6b-7d2e1f0c9b8a.png';
    const row = { system: 'style-ai', kind: 'photo', earlier_id: earlier, id: ines.image.id, owner_id: id } as const;
    await app.database.database.as({ kind: 'user', id }, (tx: Kysely<ImportTables>) => insertImported(tx, row));
    for (const folder of ['uploads', 'download-image']) {
      expect((await ines.page.call('GET', `/${folder}/${earlier}`)).status).toBe(200);
      expect((await tomas.page.call('GET', `/${folder}/${earlier}`)).status).toBe(404);
      expect((await tomas.page.image(`/${folder}/${earlier}`)).status).toBe(401);
    }
  });

  test('keep their prompts apart', async () => {
    const { prompt } = (await ines.page.call('POST', '/prompts', { title: 'Mine', prompt_text: 'alone' })).json();
    expect((await tomas.page.call('GET', '/prompts')).json()).toEqual({ prompts: [] });
    for (const [method, body] of [
      ['PUT', { title: 'Yours' }],
      ['DELETE', undefined],
    ] as const) {
      expect((await tomas.page.call(method, `/prompts/${prompt.id}`, body)).status).toBe(404);
    }
    expect((await ines.page.call('GET', '/prompts')).json()).toEqual({ prompts: [prompt] });
  });
});

describe('whoever is nobody', () => {
  const refused: Record<string, { bearer(): Promise<string | null>; status: number }> = {
    anonymous: { bearer: async () => null, status: 401 },
    'an ended session': {
      status: 401,
      async bearer() {
        const page = openStyleAiApp(app);
        await page.login(ines.username, password);
        const { token } = page;
        expect((await app.request({ bearer: token }, 'POST', '/api/v1/auth/logout')).status).toBe(204);
        return token;
      },
    },
    'a disabled account': {
      status: 401,
      async bearer() {
        const { page, id } = await createSomebody();
        await disable(id);
        return page.token;
      },
    },
    'a garbled token': { bearer: async () => 'garbled', status: 422 },
  };

  test.each(Object.entries(refused))('%s is refused everything', async (_, { bearer, status }) => {
    const page = openStyleAiApp(app);
    page.keep(await bearer());
    for (const [method, path, json] of [...named(ines.image), ...unnamed]) {
      const answer = await page.call(method, path, json);
      expect([answer.status, Object.keys(answer.json())], `${method} ${path}`).toEqual([status, ['msg']]);
    }
    expect(await ines.page.images()).toHaveLength(1);
  });

  test('a cookie is not looked at', async () => {
    const login = await app.request(null, 'POST', '/api/v1/auth/login', {
      json: { username: ines.username, password },
      headers: { 'x-forwarded-for': '198.51.100.201', origin: app.url },
    });
    const cookie = /tintype_session=([^;]+)/.exec(String(login.headers['set-cookie']))?.[1] as string;
    expect((await app.request({ cookie }, 'GET', '/api/v1/photos')).status).toBe(200);
    for (const [method, path, json] of [...named(ines.image), ...unnamed]) {
      const answer = await app.request({ cookie }, method, path, json ? { json } : {});
      expect(answer.status, `${method} ${path}`).toBe(401);
    }
  });

  test('a disabled account signs in no more, and is told so only with its password', async () => {
    const { page, id, username } = await createSomebody();
    await disable(id);
    const answer = await page.login(username, password);
    expect([answer.status, answer.json()]).toEqual([401, { error: 'Account is deactivated' }]);
    const guessed = await page.login(username, 'something else');
    expect([guessed.status, guessed.json()]).toEqual([401, { error: 'Invalid credentials' }]);
  });
});

describe('a key', () => {
  test('that may look looks, and changes nothing', async () => {
    const { bearer } = await keyOf(ines, ['photos:read']);
    const page = openStyleAiApp(app);
    page.keep(bearer);
    const [image] = await page.images();
    expect(image?.id).toBe(ines.image.id);
    // Its addresses are given to the key, not to the person's session.
    expect(image?.url).not.toBe(ines.image.url);
    expect((await page.image(image?.url as string)).status).toBe(200);
    for (const [method, path, json] of [
      ...named(ines.image).filter(([verb]) => verb !== 'GET'),
      ['GET', `/images/${ines.image.id}/share`, undefined] as const,
      ['POST', '/upload', { image: `data:,${(await tinyPhoto(900)).toString('base64')}` }] as const,
      ['POST', '/prompts', { title: 'x', prompt_text: 'x' }] as const,
    ]) {
      const answer = await page.call(method, path, json);
      expect([answer.status, Object.keys(answer.json())], `${method} ${path}`).toEqual([403, ['error']]);
    }
    expect(await ines.page.images()).toHaveLength(1);
  });

  test('that may only add adds, and sees nothing', async () => {
    const { bearer } = await keyOf(ines, ['photos:write']);
    const page = openStyleAiApp(app);
    page.keep(bearer);
    for (const [method, path, json] of named(ines.image).filter(([verb]) => verb === 'GET')) {
      expect((await page.call(method, path, json)).status, `${method} ${path}`).toBe(403);
    }
    expect((await page.call('GET', '/images')).status).toBe(403);
  });

  test('takes its addresses along when it is revoked', async () => {
    const { id, bearer } = await keyOf(ines, ['photos:read']);
    const page = openStyleAiApp(app);
    page.keep(bearer);
    const url = (await page.images())[0]?.url as string;
    expect((await page.image(url)).status).toBe(200);
    await app.request({ bearer: ines.page.token }, 'DELETE', `/api/v1/api-keys/${id}`);
    expect((await page.image(url)).status).toBe(401);
    expect((await page.image(ines.image.url)).status).toBe(200);
  });
});

describe('the address of a picture', () => {
  test('opens for nobody without its signature, nor with another’s', async () => {
    const { url } = ines.image;
    expect((await ines.page.image(url)).status).toBe(200);
    expect((await app.request(null, 'HEAD', url)).status).toBe(200);
    expect((await ines.page.image(withoutSignature(url))).status).toBe(401);
    const signature = url.slice(url.indexOf('?'));
    for (const wrong of [
      `${withoutSignature(tomas.image.url)}${signature}`,
      `/uploads/${ines.image.original_filename}${signature}`,
      url
        .replace(/(.)$/, (last) => (last === 'A' ? 'B' : 'A'))
        .replace(/s=(.)/, (_, one) => `s=${one === 'A' ? 'B' : 'A'}`),
    ]) {
      expect((await ines.page.image(wrong)).status, wrong).toBe(401);
    }
    // Nor is it good for the native addresses, or theirs for it.
    expect((await ines.page.image(`/api/v1/photos/${ines.image.id}/original${signature}`)).status).toBe(401);
    const native = (
      await app.request({ bearer: ines.page.token }, 'GET', `/api/v1/photos/${ines.image.id}/metadata`)
    ).json();
    const nativeSignature = String(native.full_url).slice(String(native.full_url).indexOf('?'));
    expect((await ines.page.image(`${withoutSignature(url)}${nativeSignature}`)).status).toBe(401);
  });

  test('dies with the picture, whoever asks', async () => {
    const { page, image } = await createSomebody();
    expect((await page.image(image.url)).status).toBe(200);
    await page.call('DELETE', `/images/${image.id}`);
    expect((await page.image(image.url)).status).toBe(404);
    expect((await page.call('GET', image.url)).status).toBe(404);
  });

  test('dies with the session it was given to', async () => {
    const { page, image, username } = await createSomebody();
    const other = openStyleAiApp(app);
    await other.login(username, password);
    const otherUrl = (await other.images())[0]?.url as string;
    expect((await app.request({ bearer: page.token }, 'POST', '/api/v1/auth/logout')).status).toBe(204);
    expect((await page.image(image.url)).status).toBe(401);
    expect((await page.image(otherUrl)).status).toBe(200);
  });

  test('dies with signing out everywhere', async () => {
    const { page, image, username } = await createSomebody();
    const other = openStyleAiApp(app);
    await other.login(username, password);
    expect((await app.request({ bearer: other.token }, 'DELETE', '/api/v1/sessions')).status).toBe(204);
    expect((await page.image(image.url)).status).toBe(401);
  });

  test('dies while the account is disabled', async () => {
    const { page, id, image } = await createSomebody();
    await disable(id);
    expect((await page.image(image.url)).status).toBe(401);
  });

  test('dies with the account', async () => {
    const { page, image, username } = await createSomebody();
    const gone = await app.request({ bearer: page.token }, 'DELETE', '/api/v1/me', {
      json: { password, confirm: username },
    });
    expect(gone.status).toBe(204);
    expect((await page.image(image.url)).status).toBe(401);
  });
});

async function disable(id: string): Promise<void> {
  const answer = await app.request({ bearer: administrator.page.token }, 'PATCH', `/api/v1/users/${id}`, {
    json: { disabled: true },
  });
  expect(answer.status).toBe(200);
}

async function keyOf(person: Somebody, scopes: string[]): Promise<{ id: string; bearer: string }> {
  const answer = await app.request({ bearer: person.page.token }, 'POST', '/api/v1/api-keys', {
    json: { name: scopes.join(' '), scopes },
  });
  expect(answer.status).toBe(201);
  return { id: answer.json().id, bearer: answer.json().key };
}
