import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Credential, createTestApp, type Person, type TestApp, tinyPhoto } from '../app.ts';
import { createTestDatabase } from '../database.ts';
import { countPromise } from '../promises.ts';
import { scale } from '../scale.ts';
import { createBypassingLogin, isSuperuser } from './roles.ts';

const database = await createTestDatabase();
const walls: Record<string, TestApp> = { 'behind both walls': await createTestApp() };
if (await isSuperuser(database.owner)) {
  const login = await createBypassingLogin(database.owner, database.app);
  walls['by the access check alone'] = await createTestApp({ database, login });
}
let app: TestApp;
let admin: Person;

// Everybody uploads the same few pictures, so that what is one blob for the server is still each one's own photo.
const pictures = await Promise.all([1, 2, 3, 4, 5].map((seed) => tinyPhoto(seed)));
const dates = ['2024-01-05', '2024-01-05', '2024-03-01', '2025-12-31', '2023-07-07'].map(
  (day) => `${day}T12:00:00.000Z`,
);

interface ModelPhoto {
  readonly picture: number;
  caption: string | null;
  favorite: boolean;
  trashed: boolean;
}

/** What one person must find, whatever the others do. */
interface Somebody {
  person: Person;
  key: { id: string; bearer: string } | null;
  /** A word that is in all that is this person's, and in nothing of anybody else's. */
  mark: string;
  disabled: boolean;
  readonly photos: Map<string, ModelPhoto>;
}
type Model = { people: Somebody[] };
type Real = TestApp;

let marks = 0;
let looks = 0;
const signUp = async (): Promise<Somebody> => {
  marks += 1;
  return { person: await app.signUp(), key: null, mark: `mark${marks}x`, disabled: false, photos: new Map() };
};

const call = async (as: Person | Credential, method: string, path: string, json?: unknown) => {
  const answer = await app.request(as, method, `/api/v1${path}`, json === undefined ? {} : { json });
  return { status: answer.status, body: answer.text === '' ? null : answer.json() };
};

/** The session or, where there is one and it is asked for, the key. */
const showing = (somebody: Somebody, byKey: boolean): Person | Credential =>
  byKey && somebody.key ? { bearer: somebody.key.bearer } : somebody.person;

/** One step of one person's, checked by the steps that follow: after each, everybody looks at everything. */
class Step implements fc.AsyncCommand<Model, Real> {
  readonly #name: string;
  readonly #who: number;
  readonly #action: (somebody: Somebody, model: Model) => Promise<void>;

  constructor(name: string, who: number, action: (somebody: Somebody, model: Model) => Promise<void>) {
    this.#name = name;
    this.#who = who;
    this.#action = action;
  }

  check = (model: Readonly<Model>): boolean =>
    !(model.people[this.#who] as Somebody).disabled || this.#name === 'enable';

  async run(model: Model): Promise<void> {
    await this.#action(model.people[this.#who] as Somebody, model);
    looks += 1;
    await Promise.all(model.people.map((somebody) => lookAround(somebody, model)));
  }

  toString = (): string => `${this.#name}(${this.#who})`;
}

const live = ({ photos }: Somebody) => [...photos].filter(([, photo]) => !photo.trashed);
const pick = ({ photos }: Somebody, index: number): string | undefined =>
  [...photos.keys()][index % Math.max(1, photos.size)];

/** Lists, searches, counts and opens, as one person: all of theirs and nothing else. */
async function lookAround(somebody: Somebody, model: Model): Promise<void> {
  const as = showing(somebody, looks % 2 === 0);
  if (somebody.disabled) {
    expect((await call(somebody.person, 'GET', '/photos')).status).toBe(401);
    return;
  }
  const mine = live(somebody);
  const order = (entries: [string, ModelPhoto][]) =>
    entries
      .toSorted(
        ([a, { picture: p }], [b, { picture: q }]) =>
          (dates[q] as string).localeCompare(dates[p] as string) || b.localeCompare(a),
      )
      .map(([id]) => id);

  const list = (await call(as, 'GET', '/photos?limit=100')).body;
  expect(list.items.map((item: { id: string }) => item.id)).toEqual(order(mine));
  expect(list.total).toBe(mine.length);
  for (const item of list.items) {
    const { caption, favorite } = somebody.photos.get(item.id) as ModelPhoto;
    expect(item).toMatchObject({ caption, is_favorite: favorite, filename: `${somebody.mark}.jpg` });
  }
  const favorites = (await call(as, 'GET', '/photos?favorite=true')).body;
  expect(favorites.items.map((item: { id: string }) => item.id)).toEqual(
    order(mine.filter(([, photo]) => photo.favorite)),
  );
  expect(favorites.total).toBe(favorites.items.length);

  const trash = (await call(as, 'GET', '/trash')).body;
  const trashed = [...somebody.photos].filter(([, photo]) => photo.trashed).map(([id]) => id);
  expect(trash.items.map((item: { id: string }) => item.id).sort()).toEqual(trashed.sort());

  const timeline = (await call(as, 'GET', '/timeline')).body;
  const months = new Map<string, number>();
  for (const [, { picture }] of mine) {
    const month = (dates[picture] as string).slice(0, 7);
    months.set(month, (months.get(month) ?? 0) + 1);
  }
  expect(new Map(timeline.items.map((item: { month: string; count: number }) => [item.month, item.count]))).toEqual(
    months,
  );
  expect((await call(somebody.person, 'GET', '/me')).body.usage.photos).toBe(somebody.photos.size);

  for (const other of model.people) {
    const found = (await call(as, 'GET', `/photos?q=${other.mark}`)).body;
    expect(found.total).toBe(other === somebody ? mine.length : 0);
    const columns = (await call(as, 'GET', `/timeline/2024-01?q=${other.mark}`)).body;
    expect(columns.id.length).toBe(other === somebody ? mine.filter(([, { picture }]) => picture < 2).length : 0);
    const one = pick(other, looks);
    if (!one) continue;
    const bytes = await app.request(as, 'GET', `/api/v1/photos/${one}`);
    if (other === somebody)
      expect(bytes.body.equals(pictures[other.photos.get(one)?.picture ?? -1] as Buffer)).toBe(true);
    else expect(bytes.status).toBe(404);
  }
}

const person = fc.integer({ min: 0, max: 3 });
const photo = fc.nat({ max: 20 });
const byKey = fc.boolean();

const step = <Values extends unknown[]>(
  name: string,
  values: { [Key in keyof Values]: fc.Arbitrary<Values[Key]> },
  action: (somebody: Somebody, model: Model, ...values: Values) => Promise<void>,
): fc.Arbitrary<Step> =>
  fc
    .tuple(person, fc.tuple(...values))
    .map(
      ([who, chosen]) =>
        new Step(`${name} ${JSON.stringify(chosen)}`, who, (somebody, model) =>
          action(somebody, model, ...(chosen as Values)),
        ),
    );

const steps = [
  step('upload', [fc.nat({ max: pictures.length - 1 }), byKey], async (somebody, _, picture: number, key: boolean) => {
    const existing = [...somebody.photos].find(([, { picture: its }]) => its === picture);
    const query = new URLSearchParams({ filename: `${somebody.mark}.jpg`, modified_at: dates[picture] as string });
    const answer = await app.request(showing(somebody, key), 'POST', `/api/v1/photos?${query}`, {
      body: pictures[picture] as Buffer,
    });
    expect(answer.status).toBe(existing ? 200 : 201);
    const { id } = answer.json();
    if (existing) {
      expect(id).toBe(existing[0]);
      existing[1].trashed = false;
    } else {
      somebody.photos.set(id, { picture, caption: null, favorite: false, trashed: false });
    }
  }),
  step(
    'caption',
    [photo, fc.constantFrom('sea', '%', "o'clock", '<b>', 'früh'), byKey],
    async (somebody, _, index: number, text: string, key: boolean) => {
      const id = pick(somebody, index);
      if (!id) return;
      const caption = `${text} ${somebody.mark}`;
      expect((await call(showing(somebody, key), 'PATCH', `/photos/${id}`, { caption })).status).toBe(200);
      (somebody.photos.get(id) as ModelPhoto).caption = caption;
    },
  ),
  step('favourite', [photo, fc.boolean()], async (somebody, _, index: number, favorite: boolean) => {
    const id = pick(somebody, index);
    if (!id) return;
    expect((await call(somebody.person, 'PATCH', `/photos/${id}`, { is_favorite: favorite })).status).toBe(200);
    (somebody.photos.get(id) as ModelPhoto).favorite = favorite;
  }),
  step('favourite all', [fc.boolean(), byKey], async (somebody, _, favorite: boolean, key: boolean) => {
    await call(showing(somebody, key), 'POST', '/photos/batch/favorite', { filter: {}, is_favorite: favorite });
    for (const [, one] of live(somebody)) one.favorite = favorite;
  }),
  step('trash', [photo, byKey], async (somebody, _, index: number, key: boolean) => {
    const id = pick(somebody, index);
    if (!id) return;
    expect((await call(showing(somebody, key), 'DELETE', `/photos/${id}`)).status).toBe(204);
    (somebody.photos.get(id) as ModelPhoto).trashed = true;
  }),
  step('trash what is found by another’s mark', [person], async (somebody, model, other: number) => {
    const { mark } = model.people[other] as Somebody;
    const { body } = await call(somebody.person, 'POST', '/photos/batch/trash', { filter: { q: mark } });
    expect(body.count).toBe(model.people[other] === somebody ? live(somebody).length : 0);
    if (model.people[other] === somebody) for (const [, one] of live(somebody)) one.trashed = true;
  }),
  step('restore', [photo], async (somebody, _, index: number) => {
    const id = pick(somebody, index);
    if (!id) return;
    expect((await call(somebody.person, 'POST', '/photos/batch/restore', { ids: [id] })).status).toBe(200);
    (somebody.photos.get(id) as ModelPhoto).trashed = false;
  }),
  step('purge', [photo, byKey], async (somebody, _, index: number, key: boolean) => {
    const id = pick(somebody, index);
    if (!id) return;
    const { trashed } = somebody.photos.get(id) as ModelPhoto;
    const { body } = await call(showing(somebody, key), 'POST', '/photos/batch/purge', { ids: [id] });
    expect(body.count).toBe(trashed ? 1 : 0);
    if (trashed) somebody.photos.delete(id);
  }),
  step('empty the trash', [], async (somebody) => {
    await call(somebody.person, 'POST', '/photos/batch/purge', { all: true });
    for (const [id, { trashed }] of somebody.photos) if (trashed) somebody.photos.delete(id);
  }),
  step(
    'reach for another’s photo',
    [person, photo, byKey],
    async (somebody, model, other: number, index: number, key: boolean) => {
      const target = model.people[other] as Somebody;
      const id = pick(target, index);
      if (!id || target === somebody) return;
      const as = showing(somebody, key);
      const own = pick(somebody, index);
      const ids = own ? [own, id] : [id];
      const statuses = [
        (await call(as, 'PATCH', `/photos/${id}`, { caption: 'taken' })).status,
        (await call(as, 'DELETE', `/photos/${id}`)).status,
        (await call(as, 'GET', `/photos/${id}/metadata`)).status,
        (await call(as, 'POST', '/photos/batch/trash', { ids })).status,
        (await call(as, 'POST', '/photos/batch/restore', { ids })).status,
        (await call(as, 'POST', '/photos/batch/purge', { ids })).status,
        (await call(as, 'POST', '/photos/batch/favorite', { ids, is_favorite: true })).status,
        (await call(as, 'POST', '/downloads', { ids })).status,
      ];
      expect(statuses).toEqual(statuses.map(() => 404));
    },
  ),
  step('download all', [byKey], async (somebody, _, key: boolean) => {
    const mine = live(somebody);
    const { status, body } = await call(showing(somebody, key), 'POST', '/downloads', { filter: {} });
    expect([status, body.count]).toEqual(mine.length > 0 ? [201, mine.length] : [404, undefined]);
    if (status !== 201) return;
    const zip = (await app.request(somebody.person, 'GET', body.url)).body;
    for (const [picture, bytes] of pictures.entries()) {
      expect(zip.includes(bytes)).toBe(mine.some(([, one]) => one.picture === picture));
    }
  }),
  step('make a key', [], async (somebody) => {
    somebody.key ??= await app.createApiKey(somebody.person, ['photos:read', 'photos:write']);
  }),
  step('revoke the key', [], async (somebody) => {
    if (!somebody.key) return;
    const { id, bearer } = somebody.key;
    expect((await call(somebody.person, 'DELETE', `/api-keys/${id}`)).status).toBe(204);
    expect((await call({ bearer }, 'GET', '/photos')).status).toBe(401);
    somebody.key = null;
  }),
  step('sign in anew and out of the old', [], async (somebody) => {
    const { person: old } = somebody;
    somebody.person = await app.signIn(old);
    await call(old, 'POST', '/auth/logout');
    expect((await call(old, 'GET', '/photos')).status).toBe(401);
  }),
  step('disable', [], async (somebody) => {
    expect((await call(admin, 'PATCH', `/users/${somebody.person.id}`, { disabled: true })).status).toBe(200);
    somebody.disabled = true;
  }),
  person.map(
    (who) =>
      new Step('enable', who, async (somebody) => {
        if (!somebody.disabled) return;
        await call(admin, 'PATCH', `/users/${somebody.person.id}`, { disabled: false });
        somebody.person = await app.signIn(somebody.person);
        somebody.disabled = false;
      }),
  ),
  step('delete the account and come back as another', [], async (somebody, model) => {
    const { username: confirm, password } = somebody.person;
    expect((await call(somebody.person, 'DELETE', '/me', { confirm, password })).status).toBe(204);
    expect((await call(showing(somebody, true), 'GET', '/photos')).status).toBe(401);
    model.people[model.people.indexOf(somebody)] = await signUp();
  }),
];

test.each(Object.keys(walls))(
  'whatever four people and their keys do, each finds their own and nothing else, %s',
  {
    timeout: scale(120_000, 600_000),
  },
  async (wall) => {
    app = walls[wall] as TestApp;
    admin = await app.signUp();
    looks = 0;
    const seed = Date.now() % 2 ** 31;
    await fc.assert(
      fc.asyncProperty(fc.commands(steps, { maxCommands: scale(20, 40), size: 'max' }), async (commands) => {
        const people = [await signUp(), await signUp(), await signUp(), await signUp()];
        await fc.asyncModelRun(() => ({ model: { people }, real: app }), commands);
      }),
      // However slow the machine: as many as there is time for.
      { numRuns: scale(3, 30), endOnFailure: true, interruptAfterTimeLimit: scale(30_000, 300_000), seed },
    );
    const what = `looks around by four people after random steps of theirs and of their keys, ${wall}`;
    countPromise({ promise: 3, what, tried: looks * 4, held: looks * 4, seed });
  },
);
