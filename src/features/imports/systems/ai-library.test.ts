import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../../../../test/app.ts';
import { createImporter, sha256 } from '../../../../test/importing.ts';
import { openAiLibrary } from './ai-library.ts';

const app = await createTestApp();
const admin = await app.signUp();
const taken = await app.signUp();
const importer = await createImporter(app, admin);
const folder = await mkdtemp(join(tmpdir(), 'tintype-ai-library-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const images = join(folder, 'images');
const at = (name: string) => join(folder, name);

const password = 'blauer Käfer 7';
const bcrypt = '$2b$05$abcdefghijklmnopqrstuuOva8UF6sdnBk81iuNAlf2wv1Tv6N8ja';
const [tove, gone, linked, nobody] = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(24)) as [
  string,
  string,
  string,
  string,
];
const [first, second] = [1_700_000_000_000, 1_700_000_100_000];
const png = (ms: number) => `${ms}-generated.png`;

beforeAll(async () => {
  const put = async (name: string, bytes: Buffer | string) => {
    await mkdir(join(images, name, '..'), { recursive: true });
    await writeFile(join(images, name), bytes);
  };
  await put(`user-${tove}/${png(first)}`, await tinyPhoto(1));
  await put(`user-${tove}/${png(second)}`, await tinyPhoto(2));
  await put(`user-${tove}/odd.png`, await tinyPhoto(3));
  await utimes(join(images, `user-${tove}/odd.png`), 1_690_000_000, 1_690_000_000);
  // The same bytes and the same name, of others: neither is the one of before.
  await put(`user-${gone}/${png(first)}`, await tinyPhoto(1));
  await put(`user-${linked}/${png(first)}`, await tinyPhoto(4));
  await put(`user-${nobody}/${png(second)}`, await tinyPhoto(5));
  await put(png(first), await tinyPhoto(6));
  await put(`user-${tove}/notes.json`, '{}');
  await put(`user-${linked}/older/deep.png`, await tinyPhoto(7));
  const people = [
    {
      _id: { $oid: tove },
      username: 'tove',
      email: 'Tove@AI.example',
      password: bcrypt,
      profile: { firstName: 'Tove', lastName: 'Lind' },
      createdAt: { $date: '2024-02-03T04:05:06.789Z' },
      isActive: true,
    },
    { _id: { $oid: gone }, username: 'gone', email: 'gone@ai.example', isActive: false },
  ];
  await writeFile(at('users.json'), people.map((one) => JSON.stringify(one)).join('\n'));
  await writeFile(at('array.json'), JSON.stringify(people));
  const kept = [
    { url: `http://localhost:3000/uploads/images/user-${tove}/${png(first)}`, prompt: 'a heron at dawn' },
    { url: `/uploads/images/user-${tove}/odd.png?t=1`, prompt: 'mist', timestamp: 1_680_000_000_000 },
    { filename: png(second), prompt: 'whose this is, nobody says' },
    { url: 'data:image/png;base64,AAAA', prompt: 'elsewhere' },
    null,
  ];
  await writeFile(at('browser.json'), JSON.stringify(kept));
});

const open = (people = 'users.json') =>
  openAiLibrary({
    images,
    people: at(people),
    accounts: new Map([[linked, taken.username]]),
    browsers: [at('browser.json')],
  });
const counts = {
  people: { made: 2, matched: 0, named: 1, there: 0, skipped: 0 },
  photos: { brought: 6, there: 0, duplicate: 0, aside: 1, skipped: 2 },
  albums: 1,
  reasons: { no_owner: 1, not_a_picture: 1 },
};

describe('ai-library', () => {
  test('a dry run tells what comes, and writes nothing', async () => {
    const before = await importer.snapshot();
    expect((await importer.run(await open(), { dryRun: true })).counts).toEqual(counts);
    expect(await importer.snapshot()).toEqual(before);
  });

  test('people and images come; of folders that nobody’s account is named for, each file is told', async () => {
    const { counts: came, skipped, notes } = await importer.run(await open());
    expect(came).toEqual(counts);
    expect(skipped).toEqual({
      [`user-${nobody}/${png(second)}`]: 'no_owner',
      [`user-${tove}/notes.json`]: 'not_a_picture',
    });
    expect(notes.gone).toContain('reset link');
    const [{ id: toveId }] = await importer.query(`select id from users where username = 'tove'`);
    const seeds = await Promise.all([1, 2, 3].map((seed) => tinyPhoto(seed)));
    expect(await importer.hashesOf({ id: toveId })).toEqual(seeds.map(sha256).sort());
    expect(await importer.hashesOf(taken)).toEqual([sha256(await tinyPhoto(4)), sha256(await tinyPhoto(7))].sort());
    expect(await importer.hashesOf(admin)).toEqual([sha256(await tinyPhoto(6))]);
  });

  test('the page lists them with their prompts and times, and finds them by the names and the id they had', async () => {
    const login = await app.request(null, 'POST', '/api/auth/login', {
      json: { email: 'tove@ai.example', password },
    });
    const { token, user } = login.json();
    expect(user).toMatchObject({ profile: { firstName: 'Tove' }, createdAt: '2024-02-03T04:05:06.789Z' });
    const headers = { authorization: `Bearer ${token}` };
    const list = async () => (await app.request(null, 'GET', '/api/ai/my-images', { headers })).json();
    const { images: listed } = await list();
    expect(listed.map(({ prompt, timestamp }: Record<string, string>) => [prompt, timestamp])).toEqual([
      ['', new Date(second).toISOString()],
      ['a heron at dawn', new Date(first).toISOString()],
      ['mist', new Date(1_680_000_000_000).toISOString()],
    ]);
    const get = (path: string) => app.request(null, 'GET', path, { headers });
    for (const path of [`/uploads/images/user-${tove}/${png(first)}`, `/api/ai/images/${tove}/${png(first)}`]) {
      const answer = await get(path);
      expect(answer.status, path).toBe(200);
    }
    expect((await get(`/uploads/images/user-${linked}/${png(first)}`)).status).toBe(403);
    const gone = await app.request(null, 'DELETE', `/api/ai/images/${png(second)}`, { headers });
    expect(gone.status).toBe(200);
    expect((await list()).count).toBe(2);
  });

  test('what two folders of one person have by the same name is known by each of its addresses', async () => {
    const both = await openAiLibrary({
      ...{ images, people: null, browsers: [] },
      accounts: new Map([tove, linked].map((id) => [id, taken.username])),
    });
    const known: string[] = [];
    for await (const item of both.photos()) if ('earlierIds' in item) known.push(item.earlierIds[0]);
    expect(known).toEqual(expect.arrayContaining([tove, linked].map((id) => `user-${id}/${png(first)}`)));
    expect(new Set(known).size).toBe(known.length);
    expect(await both.count()).toBe(known.length);
  });

  test('a second run changes nothing, whichever way the people were exported', async () => {
    const before = await importer.snapshot();
    expect((await importer.run(await open('array.json'))).counts).toMatchObject({
      people: { made: 0, matched: 0, there: 3 },
      photos: { brought: 0, there: 7, skipped: 2 },
      albums: 0,
    });
    expect(await importer.snapshot()).toEqual(before);
  });

  test('what is none of its own is said before anything is brought', async () => {
    const at_ = { images, people: null, accounts: new Map(), browsers: [] };
    await expect(openAiLibrary({ ...at_, images: folder })).rejects.toThrow('name its folder uploads/images');
    await expect(openAiLibrary({ ...at_, people: at('browser.json') })).rejects.toThrow('no export of users');
    await expect(openAiLibrary({ ...at_, people: at('none.json') })).rejects.toThrow('cannot be read');
    await expect(openAiLibrary({ ...at_, browsers: [at('users.json')] })).rejects.toThrow('no JSON');
    const unknown = await openAiLibrary({ ...at_, accounts: new Map([[nobody, 'no-such']]) });
    await expect(importer.run(unknown)).rejects.toThrow('no account called “no-such”');
  });
});
