import { beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../../app.ts';
import { createPage, findModels, type LibraryImage } from '../../legacy/ai-library-page.ts';

const app = await createTestApp();
const admin = await app.signUp();
const page = createPage(app, '10.45.1.1');
const password = 'under the old pines';

interface Somebody {
  username: string;
  id: string;
  token: string;
  image: LibraryImage;
}
let mine: Somebody;
let theirs: Somebody;

async function enter(username: string): Promise<Somebody> {
  const { token, id } = await page.register(username, password);
  await page.generate(token, `a heron for ${username}`);
  const [image] = (await page.library(token)) as [LibraryImage];
  return { username, id, token, image };
}

const patience = 120_000;
beforeAll(async () => {
  await findModels(app, admin.bearer);
  mine = await enter('mira');
  theirs = await enter('tomas');
}, patience);

const bare = (url: string): string => url.split('?')[0] as string;

describe('two people', () => {
  test('see their own images alone', async () => {
    expect((await page.library(mine.token)).map(({ prompt }) => prompt)).toEqual(['a heron for mira']);
    expect((await page.library(theirs.token)).map(({ prompt }) => prompt)).toEqual(['a heron for tomas']);
  });

  test('are refused where a path names somebody else, existing or not', async () => {
    const answers = await Promise.all(
      [theirs.id, '0190163d-8694-739b-aea5-966c26f8ad90', '65f0c0ffee65f0c0ffee65f0', 'x', `${mine.id}x`].flatMap(
        (id) =>
          [`/api/ai/images/${id}/`, `/uploads/images/user-${id}/`].flatMap((prefix) =>
            [theirs.image.filename, mine.image.filename, 'nothing.png'].map((filename) =>
              page.send(mine.token, 'GET', `${prefix}${filename}`),
            ),
          ),
      ),
    );
    for (const answer of answers) {
      expect([answer.status, answer.json()]).toEqual([
        403,
        { error: 'Access denied - you can only access your own images' },
      ]);
    }
  });

  test('find nothing of each other’s under their own name', async () => {
    for (const path of [`/api/ai/images/${mine.id}/`, `/uploads/images/user-${mine.id}/`]) {
      for (const method of ['GET', 'HEAD']) {
        const [foreign, absent] = [
          await page.send(mine.token, method, `${path}${theirs.image.filename}`),
          await page.send(mine.token, method, `${path}0190163d-8694-739b-aea5-966c26f8ad90-generated.jpg`),
        ];
        expect([foreign.status, foreign.text]).toEqual([404, absent.text]);
        expect(absent.status).toBe(404);
      }
    }
  });

  test('find nothing of what is shared with them in an album either', async () => {
    const { id: album } = (await page.send(theirs.token, 'POST', '/api/v1/albums', { json: { name: 'us' } })).json();
    const photoId = theirs.image.filename.slice(0, 36);
    const photos = { json: { photo_ids: [photoId] } };
    expect((await page.send(theirs.token, 'POST', `/api/v1/albums/${album}/photos`, photos)).status).toBeLessThan(300);
    const member = { json: { username: mine.username, role: 'contributor' } };
    expect((await page.send(theirs.token, 'POST', `/api/v1/albums/${album}/members`, member)).status).toBe(201);
    expect((await page.send(mine.token, 'GET', `/api/v1/photos/${photoId}/metadata`)).status).toBe(200);
    for (const folder of [`/api/ai/images/${mine.id}`, `/uploads/images/user-${mine.id}`]) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await page.send(mine.token, method, `${folder}/${theirs.image.filename}`);
        expect([folder, method, answer.status]).toEqual([folder, method, 404]);
      }
    }
    expect((await page.remove(mine.token, theirs.image.filename)).status).toBe(404);
    expect((await page.send(theirs.token, 'DELETE', `/api/v1/albums/${album}`)).status).toBeLessThan(300);
  });

  test('do not delete each other’s: foreign and absent names are alike', async () => {
    const foreign = await page.remove(mine.token, theirs.image.filename);
    const absent = await page.remove(mine.token, '0190163d-8694-739b-aea5-966c26f8ad90-generated.jpg');
    expect([foreign.status, foreign.text]).toEqual([404, absent.text]);
    expect(await page.library(theirs.token)).toEqual([theirs.image]);
    expect((await page.look(theirs.image.url)).status).toBe(200);
  });

  test('a header that says who one is, is nobody’s word', async () => {
    const headers = { 'user-id': theirs.id };
    expect((await page.send(null, 'GET', '/api/ai/my-images', { headers })).status).toBe(401);
    const answer = await page.send(mine.token, 'GET', '/api/ai/my-images', { headers });
    expect(answer.json().images).toEqual([mine.image]);
  });
});

describe('who is not signed in', () => {
  test('gets nothing, whatever is named', async () => {
    for (const [method, path] of [
      ['GET', '/api/auth/me'],
      ['POST', '/api/auth/verify'],
      ['POST', '/api/auth/logout'],
      ['PUT', '/api/auth/update-profile'],
      ['POST', '/api/ai/generate-image'],
      ['GET', '/api/ai/my-images'],
      ['DELETE', `/api/ai/images/${mine.image.filename}`],
      ['GET', `/api/ai/images/${mine.id}/${mine.image.filename}`],
      ['GET', bare(mine.image.url)],
      ['HEAD', bare(mine.image.url)],
    ] as const) {
      expect([method, path, (await page.send(null, method, path)).status]).toEqual([method, path, 401]);
    }
    // A browser's own session opens nothing here either: any page may call.
    const person = await app.signUp();
    for (const path of ['/api/auth/me', '/api/ai/my-images']) {
      expect((await app.request(person, 'GET', path)).status).toBe(401);
    }
  });

  test('finds no other way to the images', async () => {
    const signature = mine.image.url.slice(mine.image.url.indexOf('?'));
    const others = [
      `${bare(theirs.image.url)}${signature}`,
      `/api/ai/images/${mine.id}/${mine.image.filename}${signature}`,
      `${bare(mine.image.url).replace(mine.image.filename, theirs.image.filename)}${signature}`,
      `/api/user_image/${mine.image.filename.slice(0, 36)}/serve/${signature}`,
      `/api/v1/photos/${mine.image.filename.slice(0, 36)}/original${signature}`,
    ];
    for (const path of others) expect([path, (await page.look(path)).status]).toEqual([path, 401]);
    const parameters = new URLSearchParams(signature);
    for (const name of parameters.keys()) {
      const changed = new URLSearchParams(parameters);
      changed.set(name, `${parameters.get(name)}0`);
      expect([name, (await page.look(`${bare(mine.image.url)}?${changed}`)).status]).toEqual([name, 401]);
    }
    expect((await page.look(mine.image.url)).status).toBe(200);
  });
});

describe('a token and an address end with', () => {
  const endings: Record<string, (one: Somebody) => Promise<{ status: number }>> = {
    'signing out': ({ token }) => page.send(token, 'POST', '/api/auth/logout'),
    'signing out of all sessions elsewhere': async ({ username }) => {
      const { token: other } = (await page.login(`${username}@people.example`, password)).json();
      return page.send(other, 'DELETE', '/api/v1/sessions');
    },
    'the account, disabled': ({ id }) =>
      app.request(admin, 'PATCH', `/api/v1/users/${id}`, { json: { disabled: true } }),
    'the account, deleted': ({ id, username }) =>
      app.request(admin, 'DELETE', `/api/v1/users/${id}`, { json: { password: admin.password, confirm: username } }),
  };

  test.each(Object.entries(endings))(
    '%s',
    async (what, end) => {
      const one = await enter(`ending-${what.replaceAll(/\W/g, '').slice(-18)}`);
      expect((await page.look(one.image.url)).status).toBe(200);
      expect((await end(one)).status).toBeLessThan(300);
      const [shown, listed] = [await page.look(one.image.url), await page.send(one.token, 'GET', '/api/ai/my-images')];
      expect([shown.status, listed.status, listed.json()]).toEqual([
        401,
        401,
        { success: false, error: 'Invalid authentication token' },
      ]);
    },
    patience,
  );

  test(
    'its photo, in the trash and deleted for good',
    async () => {
      const one = await enter('ending-photo');
      const id = one.image.filename.slice(0, 36);
      for (const step of ['trash', 'purge']) {
        await page.send(one.token, 'POST', `/api/v1/photos/batch/${step}`, { json: { ids: [id] } });
        expect([step, (await page.look(one.image.url)).status]).toEqual([step, 404]);
        expect([step, (await page.send(one.token, 'GET', bare(one.image.url))).status]).toEqual([step, 404]);
      }
    },
    patience,
  );
});

test(
  'a key that may only look makes and deletes nothing; one that may only add sees nothing',
  async () => {
    const person = await app.signUp();
    const both = await app.createApiKey(person, ['photos:read', 'photos:write']);
    await page.generate(both.bearer, 'a heron');
    const reader = await app.createApiKey(person, ['photos:read']);
    const [image] = (await page.library(reader.bearer)) as [LibraryImage];
    expect((await page.look(image.url)).status).toBe(200);
    const make = { json: { prompt: 'another' } };
    expect((await page.send(reader.bearer, 'POST', '/api/ai/generate-image', make)).status).toBe(403);
    expect((await page.remove(reader.bearer, image.filename)).status).toBe(403);
    const writer = await app.createApiKey(person, ['photos:write']);
    expect((await page.send(writer.bearer, 'GET', '/api/ai/my-images')).status).toBe(403);
    expect((await page.send(writer.bearer, 'POST', '/api/ai/generate-image', make)).status).toBe(403);
    expect((await page.send(writer.bearer, 'GET', bare(image.url))).status).toBe(403);
    expect(await page.library(reader.bearer)).toHaveLength(1);
    expect((await app.request(person, 'DELETE', `/api/v1/api-keys/${reader.id}`)).status).toBe(204);
    expect((await page.look(image.url)).status).toBe(401);
  },
  patience,
);

test('a photo that was taken is no generated image to anybody, and its own to its owner', async () => {
  const photo = await app.upload({ bearer: mine.token }, await tinyPhoto(1));
  expect(await page.library(mine.token)).toEqual([mine.image]);
  expect((await page.remove(theirs.token, `${photo.id}-generated.jpg`)).status).toBe(404);
});
