import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Pool } from 'pg';
import { afterAll, expect, test } from 'vitest';
import { createTestApp, type Person, tinyPhoto } from '../app.ts';
import { createTestDatabase } from '../database.ts';
import { eventually } from '../eventually.ts';
import { countPromise } from '../promises.ts';
import { scale } from '../scale.ts';
import { isSuperuser } from './roles.ts';

const database = await createTestDatabase();
const here = await createTestApp({ database });
const there = await createTestApp({ database, dataDir: here.dataDir });
const outside = new Pool({ ...database.owner, max: 1 });
afterAll(() => outside.end());
const seesAll = await isSuperuser(database.owner);

/** Files under `folder` of the library that hold these bytes' name. */
async function filesOf(folder: string, bytes: Buffer): Promise<string[]> {
  const hash = createHash('sha256').update(bytes).digest('hex');
  const names = await readdir(join(here.dataDir, folder), { recursive: true });
  return names.filter((name) => name.includes(hash));
}

const total = async (person: Person): Promise<number> =>
  (await here.request(person, 'GET', '/api/v1/photos')).json().total;

test('many first people at once make exactly one administrator', async () => {
  const people = await Promise.all(Array.from({ length: 8 }, (_, n) => (n % 2 ? here : there).signUp()));
  const roles = await Promise.all(
    people.map(async (person) => (await here.request(person, 'GET', '/api/v1/me')).json().role),
  );
  expect(roles.filter((role) => role === 'admin')).toHaveLength(1);
  countPromise({ promise: 11, what: 'first sign-ups at once, one administrator', tried: 8, held: 8 });
});

test('fifty uploads of the same bytes by one person, on two servers, make one photo and one blob', async () => {
  const person = await here.signUp();
  const bytes = await tinyPhoto(1);
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      (n % 2 ? here : there).request(person, 'POST', `/api/v1/photos?filename=${n}.jpg`, { body: bytes }),
    ),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([...Array(49).fill(200), 201]);
  expect(new Set(answers.map((answer) => answer.json().id)).size).toBe(1);
  expect(await total(person)).toBe(1);
  expect(await filesOf('originals', bytes)).toHaveLength(1);
  expect(await readdir(join(here.dataDir, 'tmp'))).toEqual([]);
  countPromise({ promise: 11, what: 'uploads of the same bytes at once, one photo and one blob', tried: 50, held: 50 });
});

test('the same bytes by many people make a photo for each and one blob, which goes with the last of them', async () => {
  const people = await Promise.all(Array.from({ length: scale(8, 20) }, () => here.signUp()));
  const bytes = await tinyPhoto(2);
  const photos = await Promise.all(people.map((person, n) => (n % 2 ? here : there).upload(person, bytes)));
  expect(new Set(photos.map(({ id }) => id)).size).toBe(people.length);
  expect(await filesOf('originals', bytes)).toHaveLength(1);
  if (seesAll) {
    const { rows } = await outside.query('select count(*)::int as n from blobs where hash = sha256($1)', [bytes]);
    expect(rows).toEqual([{ n: 1 }]);
  }

  // All but one delete it for good: the last one's stays whole.
  const [last, ...others] = people as [Person, ...Person[]];
  await Promise.all(
    others.map(async (person, n) => {
      const app = n % 2 ? here : there;
      await app.request(person, 'POST', '/api/v1/photos/batch/trash', { json: { filter: {} } });
      await app.request(person, 'POST', '/api/v1/photos/batch/purge', { json: { all: true } });
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, 3000));
  expect((await here.request(last, 'GET', `/api/v1/photos/${photos[0].id}`)).body.equals(bytes)).toBe(true);
  for (const person of others) expect(await total(person)).toBe(0);

  await here.request(last, 'POST', '/api/v1/photos/batch/trash', { json: { filter: {} } });
  await here.request(last, 'POST', '/api/v1/photos/batch/purge', { json: { all: true } });
  await eventually(async () => expect(await filesOf('.', bytes)).toEqual([]));
});

test('uploading again while the last one is deleted leaves a whole photo or none', async () => {
  const [one, two] = [await here.signUp(), await here.signUp()];
  const bytes = await tinyPhoto(3);
  for (let round = 0; round < scale(4, 40); round += 1) {
    await here.upload(one, bytes);
    await here.request(one, 'POST', '/api/v1/photos/batch/trash', { json: { filter: {} } });
    const [, photo] = await Promise.all([
      here.request(one, 'POST', '/api/v1/photos/batch/purge', { json: { all: true } }),
      there.upload(two, bytes),
    ]);
    const answer = await here.request(two, 'GET', `/api/v1/photos/${photo.id}`);
    expect([answer.status, answer.body.equals(bytes)]).toEqual([200, true]);
  }
});
