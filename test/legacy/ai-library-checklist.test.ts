import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../app.ts';
import { createAutomatic1111Simulator } from '../simulators/automatic1111.ts';
import { createPage, findModels, type LibraryImage } from './ai-library-page.ts';

// The quick reference of images by user: what it says is new, and its test of thirty seconds.

const simulator = await createAutomatic1111Simulator();
afterAll(() => simulator.close());
const app = await createTestApp({
  environment: {
    AUTOMATIC1111_URL: simulator.url,
    TINTYPE_PAINTER: 'off',
    TINTYPE_PUBLIC_URL: 'https://images.example',
  },
});
const admin = await app.signUp();
const password = 'under the old pines';
/** A browser of its own for each: nothing is shared but the server. */
const [browserA, browserB, elsewhere] = ['10.45.2.1', '10.45.2.2', '10.45.2.3'].map((ip) => createPage(app, ip)) as [
  ReturnType<typeof createPage>,
  ReturnType<typeof createPage>,
  ReturnType<typeof createPage>,
];
const emailOf = (name: string) => `${name}@people.example`;

beforeAll(() => findModels(app, admin.bearer));

describe('Testing (30 seconds)', () => {
  let a = { token: '', id: '' };
  let b = { token: '', id: '' };
  let ofA: LibraryImage[] = [];

  test('1 and 2: user A signs in, generates two images, and sees two', async () => {
    a = await browserA.register('user-a', password);
    for (const prompt of ['Create an image of a red boat', 'Create an image of a blue boat']) {
      expect((await browserA.generate(a.token, prompt)).prompt).toBe(prompt);
    }
    ofA = await browserA.library(a.token);
    expect(ofA.map(({ prompt }) => prompt)).toEqual([
      'Create an image of a blue boat',
      'Create an image of a red boat',
    ]);
  });

  test('3 and 4: user B signs in in another browser, and the library is empty', async () => {
    b = await browserB.register('user-b', password);
    expect(await browserB.library(b.token)).toEqual([]);
  });

  test('5: generates one image, and sees one', async () => {
    await browserB.generate(b.token, 'a green boat');
    expect((await browserB.library(b.token)).map(({ prompt }) => prompt)).toEqual(['a green boat']);
  });

  test('6: user A still sees two, the same ones', async () => {
    expect(await browserA.library(a.token)).toEqual(ofA);
  });
});

describe('Result and Key Features', () => {
  let me: { token: string; id: string };
  let image: LibraryImage;
  beforeAll(async () => {
    me = await browserA.register('keeps-images', password);
    await browserA.generate(me.token, 'a heron');
    [image] = (await browserA.library(me.token)) as [LibraryImage];
  });

  test('direct access to somebody else’s images is blocked', async () => {
    const other = await browserB.register('another', password);
    const bare = image.url.split('?')[0] as string;
    for (const path of [bare, `/api/ai/images/${me.id}/${image.filename}`]) {
      expect((await browserB.send(null, 'GET', path)).status).toBe(401);
      const refused = await browserB.send(other.token, 'GET', path);
      expect([refused.status, refused.json()]).toEqual([
        403,
        { error: 'Access denied - you can only access your own images' },
      ]);
    }
  });

  test('images persist: signed out and in again, on another device, they are there', async () => {
    const before = (await browserA.look(image.url)).body;
    await browserA.send(me.token, 'POST', '/api/auth/logout');
    const { token } = (await elsewhere.login(emailOf('keeps-images'), password)).json();
    const [found] = (await elsewhere.library(token)) as [LibraryImage];
    // The address is another, for it names who was given it; all else is the same.
    expect({ ...found, url: '' }).toEqual({ ...image, url: '' });
    expect((await elsewhere.look(found.url)).body.equals(before)).toBe(true);
    me = { ...me, token };
  });

  test('a page that asks again within the day gets the same addresses, and loads no image anew', async () => {
    const [first] = await elsewhere.library(me.token);
    const [second] = await elsewhere.library(me.token);
    expect(second?.url).toBe(first?.url);
    const { headers } = await elsewhere.look(first?.url as string);
    expect(headers['cache-control']).toMatch(/^private, max-age=\d+/);
  });

  test('images lie in a path of the user’s own, one file each', async () => {
    const answers = await Promise.all(['one', 'two'].map((prompt) => elsewhere.generate(me.token, prompt)));
    const paths = answers.map(({ imageUrl }) => imageUrl.split('?')[0]);
    expect(new Set(paths).size).toBe(2);
    for (const path of paths) expect(path).toMatch(new RegExp(`^/uploads/images/user-${me.id}/[^/]+$`));
    // Root-relative, whatever this server is called elsewhere: the page puts its own base before it.
    expect(answers[0]?.imageUrl.startsWith('/')).toBe(true);
  });

  test('whoever is not signed in keeps to their browser: the server says 401 and no more', async () => {
    const answer = await browserB.send(null, 'GET', '/api/ai/my-images');
    expect([answer.status, Object.keys(answer.json()).toSorted()]).toEqual([401, ['error', 'success']]);
  });

  test('photos that were taken, and those in a style, are no generated images', async () => {
    const photo = await app.upload({ bearer: me.token }, await tinyPhoto(1, { width: 300, height: 200 }));
    const styled = await elsewhere.send(me.token, 'POST', `/api/v1/photos/${photo.id}/styles`, {
      json: { style: 'cinematic' },
    });
    expect(styled.status, styled.text).toBeLessThan(300);
    expect(await elsewhere.library(me.token)).toHaveLength(3);
  });
});

describe('API Endpoints: each needs a sign-in', () => {
  test.each([
    ['GET', '/api/ai/my-images'],
    ['DELETE', '/api/ai/images/1733800000000-generated.png'],
    ['POST', '/api/ai/generate-image'],
  ])('%s %s', async (method, path) => {
    const shown: Record<string, string>[] = [
      {},
      { 'user-id': 'anybody' },
      { authorization: 'Bearer ' },
      { authorization: 'Basic eDp5' },
    ];
    for (const headers of shown) {
      expect((await browserA.send(null, method, path, { headers })).status).toBe(401);
    }
  });
});

describe('For Users', () => {
  test('delete: gone from the backend and from the display, and from its address', async () => {
    const { token } = await browserB.register('deletes', password);
    const { imageUrl, filename } = await browserB.generate(token, 'a heron');
    expect((await browserB.remove(token, filename)).status).toBe(200);
    expect(await browserB.library(token)).toEqual([]);
    expect((await browserB.look(imageUrl)).status).toBe(404);
    // Not lost for thirty days: it lies in the trash of the library.
    expect((await browserB.send(token, 'GET', '/api/v1/trash')).json().total).toBe(1);
  });

  test('generate: what makes the images tells its name, and what goes wrong its reason', async () => {
    const { token } = await browserB.register('generates', password);
    expect(await browserB.generate(token, 'a heron')).toMatchObject({
      provider: 'stable-diffusion',
      model: expect.stringMatching(/dreamshaper|juggernaut/i),
    });
    expect(simulator.problems).toEqual([]);
    simulator.faults.spoil = ({ path }) => (path.includes('txt2img') ? { status: 422, body: { detail: 'no' } } : null);
    const failed = await browserB.send(token, 'POST', '/api/ai/generate-image', { json: { prompt: 'a heron' } });
    simulator.faults.spoil = () => null;
    expect([failed.status, failed.json()]).toEqual([
      500,
      { error: 'Image generation failed', message: expect.stringMatching(/\w/) },
    ]);
    expect(failed.text).not.toContain(simulator.url);
    expect(await browserB.library(token)).toHaveLength(1);
  });
});
