import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import { createFilesStore } from '#platform/blobs/files-store.ts';
import { createDelivery } from '#platform/delivery/index.ts';
import { createJobs } from '#platform/jobs/jobs.ts';
import { createTestApp, type Person } from '../../../test/app.ts';
import { eventually } from '../../../test/eventually.ts';
import { tinyPhoto } from '../../../test/fixtures/tiny-photo.ts';
import { createPartialFiles, photoJobHandlers, photoJobs } from './index.ts';

const app = await createTestApp();
const api = '/api/v1';
const owner = new Client(app.database.owner);
await owner.connect();
afterAll(() => owner.end());

let seed = 1;
const someone = await app.signUp();
const add = async (person: Person, bytes?: Uint8Array): Promise<string> =>
  (await app.upload(person, bytes ?? (await tinyPhoto({ seed: (seed += 1) })))).id;
const addMany = async (person: Person, count: number): Promise<string[]> => {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) ids.push(await add(person));
  return ids;
};
const batch = async (person: Person, what: string, json: object) => {
  const answer = await app.request(person, 'POST', `${api}/photos/batch/${what}`, { json });
  if (answer.status !== 200) throw new Error(`${what} answered ${answer.status}: ${answer.text}`);
  return answer.json();
};
const idsIn = async (person: Person, path: string): Promise<string[]> =>
  (await app.request(person, 'GET', `${api}${path}`)).json().items.map(({ id }: { id: string }) => id);
const live = async (person: Person) => (await idsIn(person, '/photos?limit=100')).sort();
const trashed = async (person: Person) => (await idsIn(person, '/trash?limit=100')).sort();

/** SQL that sees everybody's rows, as the sweeper does. */
async function asSystem(text: string, values: unknown[] = []) {
  await owner.query('begin');
  await owner.query("select set_config('app.principal', 'system', true)");
  const { rows } = await owner.query(text, values);
  await owner.query('commit');
  return rows;
}

async function stored(): Promise<string[]> {
  const names: string[] = [];
  for (const root of ['originals', 'derivatives']) {
    const entries = await readdir(join(app.dataDir, root), { recursive: true, withFileTypes: true }).catch(() => []);
    names.push(...entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)));
  }
  return names;
}

/** Runs one of the feature's jobs now, as the queue does when its hour comes. */
async function run(name: 'photos.sweep-expired' | 'photos.sweep-orphans' | 'photos.sweep-blobs'): Promise<void> {
  const { database } = app.database;
  const jobs = await createJobs({ pool: database.pool, logger: pino({ level: 'silent' }), definitions: photoJobs });
  const blobs = createFilesStore({ dataDir: app.dataDir });
  const handlers = photoJobHandlers({
    database,
    blobs,
    delivery: createDelivery({ store: blobs, logger: pino({ level: 'silent' }) }),
    trashDays: 30,
    jobs,
    partials: createPartialFiles({ folder: join(app.dataDir, 'uploads') }),
  });
  await handlers.find(({ job }) => job.name === name)?.run({}, new AbortController().signal);
  await jobs.close();
}

describe('the trash', () => {
  test('takes a photo, says when it goes, and gives it back', async () => {
    const person = await app.signUp();
    const [kept, thrown] = (await addMany(person, 2)) as [string, string];
    expect((await app.request(person, 'DELETE', `${api}/photos/${thrown}`)).status).toBe(204);
    expect(await live(person)).toEqual([kept]);
    const { items, total } = (await app.request(person, 'GET', `${api}/trash`)).json();
    expect([total, items[0].id]).toEqual([1, thrown]);
    expect(Date.parse(items[0].purge_at) - Date.parse(items[0].deleted_at)).toBe(30 * 86_400_000);
    // Its bytes can still be looked at in the trash.
    expect((await app.request(person, 'GET', items[0].thumbnail_url)).status).toBe(200);
    expect(await batch(person, 'restore', { ids: [thrown] })).toEqual({ count: 1 });
    expect(await live(person)).toEqual([kept, thrown].sort());
    expect(await trashed(person)).toEqual([]);
  });

  test('undoes one call by its moment, and nothing else', async () => {
    const person = await app.signUp();
    const ids = await addMany(person, 4);
    const first = await batch(person, 'trash', { ids: ids.slice(0, 1) });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await batch(person, 'trash', { ids: ids.slice(1, 3) });
    expect(second.count).toBe(2);
    expect(await batch(person, 'restore', { trashed_at: second.trashed_at })).toEqual({ count: 2 });
    expect(await trashed(person)).toEqual([ids[0]]);
    expect(await batch(person, 'restore', { trashed_at: first.trashed_at })).toEqual({ count: 1 });
    expect(await batch(person, 'restore', { trashed_at: first.trashed_at })).toEqual({ count: 0 });
  });

  test('takes everything that matches but for some', async () => {
    const person = await app.signUp();
    const ids = await addMany(person, 4);
    await batch(person, 'favorite', { ids: ids.slice(0, 3), is_favorite: true });
    const { count } = await batch(person, 'trash', { filter: { favorite: true }, except: [ids[1]] });
    expect(count).toBe(2);
    expect(await live(person)).toEqual([ids[1], ids[3]].sort());
    expect((await batch(person, 'trash', { filter: {} })).count).toBe(2);
    expect(await live(person)).toEqual([]);
  });

  test('DELETE of many is by id, and answers nothing', async () => {
    const person = await app.signUp();
    const ids = await addMany(person, 2);
    const answer = await app.request(person, 'POST', `${api}/photos/batch/delete`, { json: { ids } });
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(await trashed(person)).toEqual([...ids].sort());
  });
});

describe('ids of which one is not the caller’s', () => {
  const foreign = add(someone);
  test.each([
    ['trash', {}],
    ['delete', {}],
    ['favorite', { is_favorite: true }],
    ['restore', {}],
    ['purge', {}],
  ])('%s changes nothing and does not tell foreign from absent', async (what, more) => {
    const person = await app.signUp();
    const ids = await addMany(person, 2);
    if (what === 'restore' || what === 'purge') await batch(person, 'trash', { ids });
    const before = [await live(person), await trashed(person)];
    const answers = [];
    for (const other of [await foreign, '0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e']) {
      const answer = await app.request(person, 'POST', `${api}/photos/batch/${what}`, {
        json: { ids: [...ids, other], ...more },
      });
      expect(answer.status).toBe(404);
      answers.push(answer.text.replaceAll(other, 'ID'));
    }
    expect(answers[0]).toBe(answers[1]);
    expect([await live(person), await trashed(person)]).toEqual(before);
    expect((await app.request(person, 'GET', `${api}/photos?favorite=true`)).json().total).toBe(0);
    expect(await live(someone)).toContain(await foreign);
  });
});

test.each([
  ['neither ids nor filter', 'trash', {}],
  ['both', 'trash', { ids: ['0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e'], filter: {} }],
  ['except with ids', 'trash', { ids: ['0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e'], except: [] }],
  ['no ids', 'trash', { ids: [] }],
  ['too many ids', 'trash', { ids: Array(1001).fill('0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e') }],
  ['an id that is none', 'trash', { ids: ['x'] }],
  ['an unknown field', 'trash', { filter: { owner_id: 1 } }],
  ['a NUL to search for', 'trash', { filter: { q: 'a\0b' } }],
  ['all, but not quite', 'purge', { all: 'yes' }],
  ['no value', 'favorite', { filter: {} }],
])('a selection with %s is refused', async (_, what, json) => {
  const answer = await app.request(someone, 'POST', `${api}/photos/batch/${what}`, { json });
  expect([answer.status, answer.json().error.code]).toEqual([400, 'validation_error']);
});

describe('deleting for good', () => {
  test('is of the trash alone', async () => {
    const person = await app.signUp();
    const [kept, thrown] = (await addMany(person, 2)) as [string, string];
    await batch(person, 'trash', { ids: [thrown] });
    expect(await batch(person, 'purge', { ids: [kept] })).toEqual({ count: 0 });
    expect(await batch(person, 'purge', { all: true })).toEqual({ count: 1 });
    expect(await live(person)).toEqual([kept]);
    expect((await app.request(person, 'GET', `${api}/photos/${thrown}/original`)).status).toBe(404);
    expect((await app.request(person, 'GET', `${api}/photos/${thrown}/metadata`)).status).toBe(404);
  });

  test('takes the bytes by a job, but none that somebody else has', async () => {
    const [mine, theirs] = [await app.signUp(), await app.signUp()];
    const shared = await tinyPhoto({ seed: (seed += 1) });
    const before = await stored();
    const ids = [await add(mine, shared), await add(mine)];
    const kept = await add(theirs, shared);
    const added = (await stored()).filter((path) => !before.includes(path));
    expect(added).toHaveLength(8);
    await batch(mine, 'trash', { ids });
    await batch(mine, 'purge', { ids });
    // The real queue, which looks every two seconds.
    await eventually(async () => expect((await stored()).filter((path) => added.includes(path))).toHaveLength(4));
    const original = await app.request(theirs, 'GET', `${api}/photos/${kept}/original`);
    expect(original.body.equals(shared)).toBe(true);
    expect((await app.request(theirs, 'GET', `${api}/photos/${kept}/small`)).status).toBe(200);
    // And the same bytes can come again.
    expect((await app.upload(mine, shared)).deleted_at).toBeNull();
  });

  test('comes by itself after thirty days, not before', async () => {
    const person = await app.signUp();
    const ids = await addMany(person, 3);
    await batch(person, 'trash', { ids: ids.slice(0, 2) });
    await asSystem("update photos set deleted_at = now() - interval '29 days 23 hours' where id = $1", [ids[0]]);
    await asSystem("update photos set deleted_at = now() - interval '30 days 1 minute' where id = $1", [ids[1]]);
    await run('photos.sweep-expired');
    expect(await trashed(person)).toEqual([ids[0]]);
    expect(await live(person)).toEqual([ids[2]]);
  });
});

describe('sweeping orphans', () => {
  test('takes what a killed server left once it is a day old, and no photo', async () => {
    const person = await app.signUp();
    const [kept, lost, young] = (await addMany(person, 3)) as [string, string, string];
    const pathsOf = async (id: string) => {
      const [row] = await asSystem("select encode(blob_hash, 'hex') as hash from photos where id = $1", [id]);
      return (await stored()).filter((path) => path.includes(row.hash));
    };
    const [keptPaths, lostPaths, youngPaths] = [await pathsOf(kept), await pathsOf(lost), await pathsOf(young)];
    expect(lostPaths).toHaveLength(4);
    // As if the server had died between storing the bytes and committing the rows.
    await asSystem('delete from photos where id = any($1)', [[lost, young]]);
    await owner.query('begin');
    await owner.query("select set_config('app.principal', 'system', true)");
    await owner.query('delete from blobs b where not exists (select from photos p where p.blob_hash = b.hash)');
    await owner.query('commit');
    const longAgo = new Date(Date.now() - 25 * 3600_000);
    for (const path of [...keptPaths, ...lostPaths]) await utimes(path, longAgo, longAgo);

    await run('photos.sweep-orphans');
    const left = await stored();
    expect(lostPaths.filter((path) => left.includes(path))).toEqual([]);
    expect(youngPaths.filter((path) => left.includes(path))).toEqual(youngPaths);
    expect(keptPaths.filter((path) => left.includes(path))).toEqual(keptPaths);
  });
});

describe('changing a photo', () => {
  const patch = async (id: string, json: object) => app.request(someone, 'PATCH', `${api}/photos/${id}`, { json });

  test.each([
    ['markup', '<script>alert("1")</script> & <b>bold</b>'],
    ['what looks like an entity', '&lt;b&gt; &amp;'],
    ['emoji and lines', '👩‍👩‍👧 at the sea\nsecond line\t– “quoted”'],
    ['a thousand characters', 'é'.repeat(1000)],
    ['a thousand emoji', '🌊'.repeat(1000)],
    ['blanks around it', '  kept  '],
    ['SQL', `'; drop table photos; --`],
  ])('keeps a caption of %s as it was typed', async (_, caption) => {
    const id = await add(someone);
    expect((await patch(id, { caption })).json().caption).toBe(caption);
    expect((await app.request(someone, 'GET', `${api}/photos/${id}/metadata`)).json().caption).toBe(caption);
  });

  test('a caption without its NULs, and an empty one is none', async () => {
    const id = await add(someone);
    expect((await patch(id, { caption: 'a\0b' })).json().caption).toBe('ab');
    expect((await patch(id, { caption: '' })).json().caption).toBeNull();
    expect((await patch(id, { caption: null })).json().caption).toBeNull();
  });

  test('its date keeps the offset it was given with', async () => {
    const id = await add(someone);
    expect((await patch(id, { taken_at: '2020-02-29T23:30:00-09:30' })).json().taken_at).toBe(
      '2020-02-29T23:30:00-09:30',
    );
    expect((await patch(id, { taken_at: '2020-02-29T23:30:00Z' })).json().taken_at).toBe('2020-02-29T23:30:00Z');
    const months = (await app.request(someone, 'GET', `${api}/timeline`)).json().items;
    expect(months).toContainEqual({ month: '2020-02', count: 1 });
  });

  test('its favourite mark, once on and once off', async () => {
    const id = await add(someone);
    expect((await patch(id, { is_favorite: true })).json().is_favorite).toBe(true);
    expect(await idsIn(someone, '/photos?favorite=true')).toContain(id);
    expect((await patch(id, { is_favorite: false })).json().is_favorite).toBe(false);
    expect(await idsIn(someone, '/photos?favorite=true')).not.toContain(id);
  });

  test.each([
    ['too long a caption', { caption: 'x'.repeat(1001) }],
    ['too many emoji', { caption: '🌊'.repeat(1001) }],
    ['a number for a caption', { caption: 1 }],
    ['nothing', {}],
    ['a field that is not there to change', { filename: 'x.jpg' }],
    ['another owner', { caption: 'x', owner_id: '0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e' }],
    ['no date', { taken_at: '2020-02-30T00:00:00Z' }],
    ['a date of no offset', { taken_at: '2020-02-02T00:00:00' }],
    ['a year before photography', { taken_at: '0000-01-01T00:00:00Z' }],
    ['the future', { taken_at: '2999-01-01T00:00:00Z' }],
    ['an offset of nowhere', { taken_at: '2020-02-02T00:00:00+23:59' }],
  ])('%s is refused', async (_, json) => {
    const id = await add(someone);
    const answer = await patch(id, json);
    expect([answer.status, answer.json().error.code]).toEqual([400, 'validation_error']);
  });
});
