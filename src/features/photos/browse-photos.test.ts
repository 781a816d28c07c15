import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { createTestApp, type Person } from '../../../test/app.ts';
import { tinyPhoto } from '../../../test/fixtures/tiny-photo.ts';
import { scale } from '../../../test/scale.ts';

const app = await createTestApp();
const api = '/api/v1';
const owner = new Client(app.database.owner);
await owner.connect();
afterAll(() => owner.end());

interface Row {
  at: string;
  filename?: string;
  caption?: string | null;
  favorite?: boolean;
  kind?: string;
  model?: string;
}

/** Rows as their owner sees them: the database's owner is bound by the policies too, where it is no superuser. */
async function query<Found extends object>(person: Person, text: string, values: unknown[] = []): Promise<Found[]> {
  await owner.query('begin');
  await owner.query("select set_config('app.principal', $1, true)", [`user:${person.id}`]);
  const { rows } = await owner.query<Found>(text, values);
  await owner.query('commit');
  return rows;
}

/** Photos of which only the rows matter, put in as the database's owner does; the triggers count them as any. */
async function insertRows(person: Person, rows: readonly Row[]): Promise<string[]> {
  await owner.query(
    "insert into blobs (hash, bytes, driver) values (sha256('rows'), 1, 'files') on conflict do nothing",
  );
  const inserted = await query<{ id: string }>(
    person,
    `insert into photos (id, owner_id, blob_hash, filename, mime_type, bytes, width, height, kind, is_favorite, caption,
       taken_at, taken_from, camera_model)
     select gen_random_uuid(), $1, sha256('rows'), r.filename, 'image/jpeg', 1, 3, 2, r.kind, r.favorite, r.caption,
       r.at::timestamptz, 'camera', r.model
     from jsonb_to_recordset($2::jsonb) as r(at text, filename text, kind text, favorite boolean, caption text, model text)
     returning id`,
    [
      person.id,
      JSON.stringify(
        rows.map(({ at, filename = 'row.jpg', kind = 'uploaded', favorite = false, caption = null, model = null }) => ({
          at,
          filename,
          kind,
          favorite,
          caption,
          model,
        })),
      ),
    ],
  );
  return inserted.map(({ id }) => id);
}

const get = async (person: Person, path: string) => {
  const answer = await app.request(person, 'GET', `${api}${path}`);
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
  return answer.json();
};
const idsOf = (list: { items: { id: string }[] }) => list.items.map(({ id }) => id);
const toQuery = (fields: Record<string, string>) => new URLSearchParams(fields).toString();

describe('pages', () => {
  test('by cursor and by offset show everything once, in one order, however many share a moment', async () => {
    const moment = fc.constantFrom(
      '2024-01-01T00:00:00Z',
      '2024-01-01T00:00:00.000001Z',
      '2024-02-01T00:00:00Z',
      '1999-12-31T23:59:59Z',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(moment, { maxLength: 25 }), fc.integer({ min: 1, max: 7 }), async (moments, limit) => {
        const person = await app.signUp();
        const inserted = await insertRows(
          person,
          moments.map((at) => ({ at })),
        );
        const whole = idsOf(await get(person, '/photos?limit=100'));
        expect([...whole].sort()).toEqual([...inserted].sort());

        const byCursor: string[] = [];
        for (let cursor: string | null = ''; cursor !== null; ) {
          const page: { next_cursor: string | null; total: number; items: { id: string }[] } = await get(
            person,
            `/photos?limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`,
          );
          expect(page.total).toBe(inserted.length);
          expect(page.items.length).toBeLessThanOrEqual(limit);
          byCursor.push(...idsOf(page));
          cursor = page.next_cursor;
        }
        expect(byCursor).toEqual(whole);

        const byOffset: string[] = [];
        for (let offset = 0; offset < inserted.length; offset += limit) {
          byOffset.push(...idsOf(await get(person, `/photos?limit=${limit}&offset=${offset}`)));
        }
        expect(byOffset).toEqual(whole);
      }),
      { numRuns: scale(8, 100) },
    );
  });

  test('newest first, and a photo that comes in between shifts no cursor', async () => {
    const person = await app.signUp();
    const [old, middle, recent] = await insertRows(person, [
      { at: '2020-01-01T00:00:00Z' },
      { at: '2021-01-01T00:00:00Z' },
      { at: '2022-01-01T00:00:00Z' },
    ]);
    const first = await get(person, '/photos?limit=2');
    expect(idsOf(first)).toEqual([recent, middle]);
    await insertRows(person, [{ at: '2023-01-01T00:00:00Z' }]);
    expect(idsOf(await get(person, `/photos?limit=2&cursor=${first.next_cursor}`))).toEqual([old]);
  });

  test.each([
    'limit=0',
    'limit=101',
    'limit=ten',
    'offset=-1',
    'cursor=bm9uc2Vuc2U',
    'cursor=%00',
    'favorite=yes',
    'since=lately',
    'taken_after=2024-13-01',
    'unknown=1',
    // Dates and letters that are good for everything but PostgreSQL.
    'since=0000-01-01T00:00:00Z',
    'taken_after=0000-01-01',
    'q=a%00b',
  ])('?%s is refused', async (text) => {
    const answer = await app.request(await someone, 'GET', `${api}/photos?${text}`);
    expect([answer.status, answer.json().error.code]).toEqual([400, 'validation_error']);
  });
});

const someone = app.signUp();

describe('filters', () => {
  const person = app.signUp();
  const rows = {
    percent: { at: '2024-01-10T00:00:00Z', filename: '100%.jpg', caption: 'half_and_half' },
    plain: { at: '2024-02-10T00:00:00Z', filename: '100x.jpg', caption: 'halfXandXhalf', favorite: true },
    backslash: { at: '2024-03-10T00:00:00Z', filename: 'scan.jpg', caption: 'c:\\photos', kind: 'styled' },
    quoted: { at: '2024-04-10T12:00:00Z', filename: "o'clock.jpg", caption: null, kind: 'generated', favorite: true },
    camera: { at: '2024-05-10T23:30:00Z', filename: 'IMG_1.jpg', model: 'Harbour 3' },
  } satisfies Record<string, Row>;
  const names = Object.keys(rows) as (keyof typeof rows)[];
  const byName = person.then(async (who) => {
    const ids = await insertRows(who, Object.values(rows));
    return new Map(ids.map((id, at) => [id, names[at]]));
  });

  test.each([
    [{ favorite: 'true' }, ['quoted', 'plain']],
    [{ favorite: 'false' }, ['camera', 'backslash', 'percent']],
    [{ generated: 'true' }, ['quoted', 'backslash']],
    [{ generated: 'false' }, ['camera', 'plain', 'percent']],
    [{ generated: 'true', favorite: 'true' }, ['quoted']],
    [{ generated: 'false', favorite: 'true' }, ['plain']],
    [{ q: '100%' }, ['plain', 'percent']],
    [{ q: 'half_and' }, ['plain', 'percent']],
    [{ q: 'HALF' }, ['plain', 'percent']],
    [{ q: 'c:\\p' }, ['backslash']],
    [{ q: '\\' }, []],
    [{ q: "o'clock" }, ['quoted']],
    [{ q: 'harbour' }, ['camera']],
    [{ q: '' }, ['camera', 'quoted', 'backslash', 'plain', 'percent']],
    [{ q: 'nowhere' }, []],
    [{ taken_after: '2024-03-10' }, ['camera', 'quoted', 'backslash']],
    [{ taken_before: '2024-03-10' }, ['plain', 'percent']],
    [{ taken_after: '2024-04-10T12:00:00', taken_before: '2024-04-10T12:00:01' }, ['quoted']],
    [{ taken_after: '2024-04-10T12:00:00+09:00', taken_before: '2024-05-01' }, ['quoted']],
    [{ since: '2000-01-01T00:00:00Z', q: '100' }, ['plain', 'percent']],
    [{ since: '2190-01-01T00:00:00Z' }, []],
  ] as [Record<string, string>, string[]][])('%o', async (filter, expected) => {
    const known = await byName;
    const list = await get(await person, `/photos?${toQuery(filter)}`);
    expect(idsOf(list).map((id) => known.get(id))).toEqual(expected);
    expect(list.total).toBe(expected.length);
  });

  test.each([{}, { favorite: 'true' }, { favorite: 'false' }, { q: '100' }, { q: '100', favorite: 'true' }])(
    'the timeline and its months with %o have what the list has',
    async (filter) => {
      await byName;
      const who = await person;
      const list = await get(who, `/photos?${toQuery(filter as Record<string, string>)}`);
      const timeline = await get(who, `/timeline?${toQuery(filter as Record<string, string>)}`);
      expect(timeline.total).toBe(list.total);
      const ids: string[] = [];
      for (const { month, count } of timeline.items) {
        const columns = await get(who, `/timeline/${month}?${toQuery(filter as Record<string, string>)}`);
        expect(columns.month).toBe(month);
        for (const column of Object.values(columns)) if (Array.isArray(column)) expect(column).toHaveLength(count);
        ids.push(...columns.id);
      }
      expect(ids).toEqual(idsOf(list));
    },
  );

  test('a month that has nothing is empty, one that is none is not found', async () => {
    expect((await get(await person, '/timeline/1990-01')).id).toEqual([]);
    for (const month of ['1990-13', '90-01', 'x']) {
      expect((await app.request(await person, 'GET', `${api}/timeline/${month}`)).status).toBe(404);
    }
  });
});

test('a photo belongs to the month of the clock where it was taken', async () => {
  const person = await app.signUp();
  const bytes = await tinyPhoto({ seed: 1, takenAt: '2024:03:31 23:59:00', offset: '-10:00' });
  const { id } = await app.upload(person, bytes);
  expect((await get(person, '/timeline')).items).toEqual([{ month: '2024-03', count: 1 }]);
  const columns = await get(person, '/timeline/2024-03');
  const photo = (await get(person, '/photos')).items[0];
  expect(columns).toEqual({
    month: '2024-03',
    id: [id],
    width: [24],
    height: [16],
    placeholder: [photo.placeholder],
    thumbnail_url: [photo.thumbnail_url],
    preview_url: [photo.preview_url],
    taken_at: ['2024-03-31T23:59:00-10:00'],
    kind: ['uploaded'],
    is_favorite: [false],
    caption: [null],
    filename: ['photo.jpg'],
  });
});

describe('the counters', () => {
  const month = fc.integer({ min: 0, max: 4 });
  const which = fc.array(fc.nat(30), { minLength: 1, maxLength: 8 });
  const operation = fc.oneof(
    fc.record({
      do: fc.constant('add' as const),
      months: fc.array(month, { minLength: 1, maxLength: 4 }),
      made: fc.boolean(),
    }),
    fc.record({ do: fc.constant('trash' as const), which }),
    fc.record({ do: fc.constant('restore' as const), which }),
    fc.record({ do: fc.constant('purge' as const), which }),
    fc.record({ do: fc.constant('favorite' as const), which, value: fc.boolean() }),
    fc.record({ do: fc.constant('move' as const), which, month }),
  );
  const instant = (at: number) => `2024-0${at + 1}-15T12:00:00Z`;

  test('say what counting says, after any operations', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 12 }), async (operations) => {
        const person = await app.signUp();
        const ids: string[] = [];
        for (const step of operations) {
          if (step.do === 'add') {
            ids.push(
              ...(await insertRows(
                person,
                step.months.map((at) => ({ at: instant(at), kind: step.made ? 'styled' : 'uploaded' })),
              )),
            );
            continue;
          }
          const chosen = [...new Set(step.which.map((n) => ids[n % ids.length]))].filter((id) => id !== undefined);
          if (chosen.length === 0) continue;
          const post = (path: string, json: object) =>
            app.request(person, 'POST', `${api}/photos/batch/${path}`, { json });
          if (step.do === 'move') {
            await app.request(person, 'PATCH', `${api}/photos/${chosen[0]}`, {
              json: { taken_at: instant(step.month) },
            });
          } else if (step.do === 'favorite') {
            expect((await post('favorite', { ids: chosen, is_favorite: step.value })).status).toBe(200);
          } else {
            expect((await post(step.do, { ids: chosen })).status).toBe(200);
          }
          if (step.do === 'purge') {
            const left = await query<{ id: string }>(person, 'select id from photos where owner_id = $1', [person.id]);
            ids.splice(0, ids.length, ...left.map((row) => row.id));
          }
        }
        const counted = await query<{ month: string }>(
          person,
          `select to_char(sort_at, 'YYYY-MM') as month, count(*)::int as photos, count(*) filter (where is_favorite)::int as favorites,
             count(*) filter (where kind <> 'uploaded')::int as made
           from photos where owner_id = $1 and deleted_at is null group by 1 order by 1`,
          [person.id],
        );
        const kept = await query(
          person,
          `select to_char(month, 'YYYY-MM') as month, photos, favorites, made from timeline_months
           where owner_id = $1 and (photos, favorites, made) <> (0, 0, 0) order by 1`,
          [person.id],
        );
        expect(kept).toEqual(counted);
        const usage = await query<{ kept: number; counted: number }>(
          person,
          `select coalesce((select photos from usage where owner_id = $1), 0)::int as kept,
             (select count(*)::int from photos where owner_id = $1) as counted`,
          [person.id],
        );
        expect(usage[0]?.kept).toBe(usage[0]?.counted);
        for (const filter of ['', 'favorite=true', 'generated=true', 'generated=false', 'favorite=false']) {
          const list = await get(person, `/photos?limit=100&${filter}`);
          expect(list.total, filter).toBe(list.items.length);
        }
        expect((await get(person, '/timeline')).items.map((item: { month: string }) => item.month)).toEqual(
          counted.map((row) => row.month).reverse(),
        );
      }),
      { numRuns: scale(10, 200) },
    );
  });
});

test('a long month is compressed for who takes it so, and the same', async () => {
  const person = await app.signUp();
  for (const seed of [31, 32, 33, 34])
    await app.upload(person, await tinyPhoto({ seed, takenAt: '2024:03:05 12:00:00' }));
  const plain = await app.request(person, 'GET', '/api/v1/timeline/2024-03');
  const packed = await app.request(person, 'GET', '/api/v1/timeline/2024-03', {
    headers: { 'accept-encoding': 'gzip' },
  });
  expect(plain.body.length).toBeGreaterThan(1024);
  expect([plain.headers['content-encoding'], packed.headers['content-encoding']]).toEqual([undefined, 'gzip']);
  expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
});
