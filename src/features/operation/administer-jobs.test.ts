import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Pool } from 'pg';
import { PgBoss } from 'pg-boss';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp } from '../../../test/app.ts';
import { createTestDatabase } from '../../../test/database.ts';
import { slowness } from '../../../test/slowness.ts';

const database = await createTestDatabase();
const app = await createTestApp({ database });
const [admin, person] = [await app.signUp(), await app.signUp()];
const pool = new Pool({ ...database.app, max: 2 });
// The database is dropped at the end, and cuts what is still closing.
pool.on('error', () => {});
const boss = new PgBoss({
  db: { executeSql: (text, values) => pool.query(text, values) },
  migrate: false,
  createSchema: false,
  supervise: false,
  schedule: false,
});
beforeAll(() => boss.start());
afterAll(async () => {
  await boss.stop({ graceful: false });
  await pool.end();
});

const asAdmin = (method: string, path: string) => app.request(admin, method, `/api/v1/admin/jobs${path}`);
const list = async (state = 'all') => (await asAdmin('GET', `?state=${state}&limit=100`)).json();
// biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it.
const find = async (id: string): Promise<any> => (await list()).items.find((item: { id: string }) => item.id === id);
const reaches = (id: string, state: string) =>
  expect.poll(async () => (await find(id))?.state, { timeout: 20_000 * slowness, interval: 200 }).toBe(state);

/** A job that has no second try fails at the first. */
const send = async (name: string, data: object) => (await boss.send(name, data, { retryLimit: 0 })) as string;

describe('a job that failed', () => {
  // A folder in the place of the file that is to go: the job meets what a damaged disk would do.
  const hash = 'ab'.repeat(32);
  const inTheWay = join(app.dataDir, 'originals', 'ab', 'ab', hash);
  let id: string;

  beforeAll(async () => {
    await mkdir(inTheWay, { recursive: true });
    id = await send('photos.sweep-blobs', { hash });
  });

  test('is shown with what it is in words and why it failed, and nothing of what it holds', async () => {
    await reaches(id, 'failed');
    const { items, total, counts } = await list('failed');
    expect([items.length, total, counts.failed]).toEqual([1, 1, 1]);
    expect(items[0]).toMatchObject({
      id,
      name: 'photos.sweep-blobs',
      title: 'Delete files of photos that are gone',
      state: 'failed',
      error: expect.stringMatching(/directory.*…/),
      attempts: 1,
      subject: 'what one failed upload left',
    });
    expect(Date.parse(items[0].completed_at)).toBeGreaterThanOrEqual(Date.parse(items[0].created_at));
    const answer = (await asAdmin('GET', '')).text;
    expect(answer).not.toContain(hash);
    expect(answer).not.toContain(app.dataDir);
    expect(answer).not.toMatch(/ {4}at |\.ts:\d|node:/);
  });

  test('is tried again when an administrator says so, and is done once its cause is gone', async () => {
    expect((await asAdmin('POST', `/${id}/retry`)).status).toBe(204);
    await expect.poll(async () => (await find(id)).attempts, { timeout: 20_000 * slowness, interval: 200 }).toBe(2);
    await reaches(id, 'failed');
    await rm(inTheWay, { recursive: true });
    expect((await asAdmin('POST', `/${id}/retry`)).status).toBe(204);
    await reaches(id, 'completed');
    expect(await find(id)).toMatchObject({ error: null });
    expect((await list('failed')).items).toEqual([]);
    const again = await asAdmin('POST', `/${id}/retry`);
    expect([again.status, again.json().error.code]).toEqual([409, 'conflict']);
  });

  test('is forgotten for good', async () => {
    expect((await asAdmin('DELETE', `/${id}`)).status).toBe(204);
    expect(await find(id)).toBeUndefined();
    expect((await asAdmin('DELETE', `/${id}`)).status).toBe(404);
  });

  test('each of which is in the audit log', async () => {
    const { items } = (await app.request(admin, 'GET', `/api/v1/admin/audit?limit=3`)).json();
    expect(items).toMatchObject([
      { action: 'job_deleted', actor: { id: admin.id }, subject: { kind: 'job', id }, address: admin.ip },
      { action: 'job_retried', details: { job: 'photos.sweep-blobs' } },
      { action: 'job_retried' },
    ]);
  });
});

test('ids, hashes and folders in what went wrong are left out', async () => {
  const [id, photo] = [await send('photos.sweep-orphans', { later: 1 }), uuidv7()];
  await reaches(id, 'completed');
  await pool.query(`update pgboss.job set state = 'failed', output = $2 where id = $1`, [
    id,
    { message: `no file originals/ab/ab/${'ab'.repeat(32)} of ${photo}\nsecond line`, stack: 'at secret.ts:1' },
  ]);
  expect((await find(id)).error).toBe('no file originals/ab/ab/… of …');
  for (const [message, shown] of [
    [`ENOENT: no such file, open '/srv/my photos/tmp/x'`, 'ENOENT: no such file, open …'],
    ['connect ENOENT /srv/data/run/.s.PGSQL.5432', 'connect ENOENT …'],
    ['and/or, 1/2 of http://bucket.example/a/b', 'and/or, 1/2 of http://bucket.example/a/b'],
  ]) {
    await pool.query('update pgboss.job set output = $2 where id = $1', [id, { message }]);
    expect((await find(id)).error).toBe(shown);
  }
});

test('a job that waits or is worked on is told as that, and the latter is left alone', async () => {
  const waiting = (await boss.send('photos.sweep-orphans', { wait: 1 }, { startAfter: 3600 })) as string;
  expect((await list('waiting')).items).toMatchObject([
    { id: waiting, state: 'waiting', attempts: 0, started_at: null },
  ]);
  expect((await asAdmin('POST', `/${waiting}/retry`)).status).toBe(409);
  await pool.query(`update pgboss.job set state = 'active', started_on = now() where id = $1`, [waiting]);
  expect((await list('active')).items).toMatchObject([{ id: waiting, state: 'active', attempts: 1 }]);
  expect((await asAdmin('DELETE', `/${waiting}`)).status).toBe(409);
  await pool.query(`update pgboss.job set state = 'created' where id = $1`, [waiting]);
  expect((await asAdmin('DELETE', `/${waiting}`)).status).toBe(204);
});

test('jobs are for administrators, whoever knows an id', async () => {
  const id = await send('photos.sweep-orphans', { mine: 1 });
  for (const [method, path] of [
    ['GET', ''],
    ['POST', `/${id}/retry`],
    ['DELETE', `/${id}`],
  ] as const) {
    expect((await app.request(person, method, `/api/v1/admin/jobs${path}`)).status).toBe(403);
    expect((await app.request(null, method, `/api/v1/admin/jobs${path}`)).status).toBe(401);
  }
  expect((await asAdmin('GET', '?state=odd')).status).toBe(400);
  expect((await asAdmin('POST', `/${uuidv7()}/retry`)).status).toBe(404);
  await reaches(id, 'completed');
});
