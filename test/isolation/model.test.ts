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
/** An album, whoever's: what lies in it, in its order, and who belongs to it. */
interface ModelAlbum {
  readonly id: string;
  readonly owner: Somebody;
  readonly members: Map<Somebody, 'viewer' | 'contributor'>;
  entries: { readonly photo: string; readonly adder: Somebody }[];
}
/** A link, and what a guest who came by it in time still shows. */
interface ModelLink {
  readonly id: string;
  readonly key: string;
  readonly owner: Somebody;
  readonly shows: { readonly album: ModelAlbum } | { readonly photo: string };
  readonly downloads: boolean;
  password: string | null;
  session: string | null;
  isClosed: boolean;
}
type Model = { people: Somebody[]; albums: ModelAlbum[]; links: ModelLink[] };
type Real = TestApp;

let marks = 0;
let looks = 0;
let operations = 0;
const signUp = async (): Promise<Somebody> => {
  marks += 1;
  return { person: await app.signUp(), key: null, mark: `mark${marks}x`, disabled: false, photos: new Map() };
};

const call = async (as: Person | Credential | null, method: string, path: string, json?: unknown) => {
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
    operations += 1;
    await Promise.all([...model.people.map((somebody) => lookAround(somebody, model)), ...model.links.map(visit)]);
  }

  toString = (): string => `${this.#name}(${this.#who})`;
}

/** A photo of anybody's that is not in the trash, and whose it is. */
const findLive = (model: Pick<Model, 'people'>, id: string): { owner: Somebody; photo: ModelPhoto } | undefined => {
  for (const owner of model.people) {
    const photo = owner.photos.get(id);
    if (photo) return photo.trashed ? undefined : { owner, photo };
  }
  return undefined;
};
const sees = (somebody: Somebody, album: ModelAlbum): boolean =>
  album.owner === somebody || album.members.has(somebody);
const shownIn = (album: ModelAlbum): string[] =>
  album.entries.map(({ photo }) => photo).filter((id) => findLive(everybody, id));
/** Whether somebody may see a photo of another's: it lies in an album of theirs, or that they belong to. */
const seesPhoto = (somebody: Somebody, id: string, model: Model): boolean =>
  model.albums.some((album) => sees(somebody, album) && shownIn(album).includes(id));
let everybody: Model = { people: [], albums: [], links: [] };

/** What a guest finds by a link: all that it shows, and nothing of what it does not. */
async function visit(link: ModelLink): Promise<void> {
  const shown =
    'album' in link.shows ? shownIn(link.shows.album) : findLive(everybody, link.shows.photo) ? [link.shows.photo] : [];
  const over = link.isClosed || link.owner.disabled;
  const isOpen = link.password === null || link.session !== null;
  const headers: Record<string, string> = link.session ? { 'x-share-session': link.session } : {};
  const ask = (path: string) => app.request(null, 'GET', `/api/v1/share/${link.key}${path}`, { headers });
  const layout = await ask('/layout');
  expect(layout.status).toBe(over ? 410 : isOpen ? 200 : 401);
  if (layout.status === 200) expect(layout.json().id).toEqual(shown);
  for (const somebody of everybody.people) {
    const id = pick(somebody, looks);
    if (!id) continue;
    const isShown = !over && isOpen && shown.includes(id);
    const refused = over ? 410 : isOpen ? 404 : 401;
    expect((await ask(`/photos/${id}/small`)).status).toBe(isShown ? 200 : refused);
    const original = await ask(`/photos/${id}/original`);
    expect(original.status).toBe(over || !isOpen ? refused : !link.downloads ? 403 : isShown ? 200 : 404);
  }
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

  const albums = (await call(as, 'GET', '/albums?limit=100')).body;
  const seen = model.albums.filter((album) => sees(somebody, album));
  expect(albums.items.map((item: { id: string }) => item.id).sort()).toEqual(seen.map(({ id }) => id).sort());
  const album = model.albums[looks % Math.max(1, model.albums.length)];
  if (album) {
    const { status, body } = await call(as, 'GET', `/albums/${album.id}/layout`);
    expect(status).toBe(sees(somebody, album) ? 200 : 404);
    if (status === 200) expect(body.id).toEqual(shownIn(album));
  }
  const links = (await call(somebody.person, 'GET', '/share-links?limit=100')).body;
  expect(links.items.map((item: { id: string }) => item.id).sort()).toEqual(
    model.links
      .filter(({ owner, isClosed }) => owner === somebody && !isClosed)
      .map(({ id }) => id)
      .sort(),
  );

  for (const other of model.people) {
    const found = (await call(as, 'GET', `/photos?q=${other.mark}`)).body;
    expect(found.total).toBe(other === somebody ? mine.length : 0);
    const columns = (await call(as, 'GET', `/timeline/2024-01?q=${other.mark}`)).body;
    expect(columns.id.length).toBe(other === somebody ? mine.filter(([, { picture }]) => picture < 2).length : 0);
    const one = pick(other, looks);
    if (!one) continue;
    const bytes = await app.request(as, 'GET', `/api/v1/photos/${one}`);
    if (other === somebody || seesPhoto(somebody, one, model))
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

/** A photo that is gone for good leaves every album and closes what showed it alone. */
function forget(somebody: Somebody, id: string, model: Model): void {
  somebody.photos.delete(id);
  for (const album of model.albums) album.entries = album.entries.filter(({ photo }) => photo !== id);
  model.links = model.links.filter(({ shows }) => !('photo' in shows && shows.photo === id));
}

const most = 6;
const index = fc.nat({ max: 11 });
const at = <Item>(items: readonly Item[], n: number): Item | undefined => items[n % Math.max(1, items.length)];
/** What an action on an album is answered: by one who may, by one who only sees it, and by all others. */
const verdict = (somebody: Somebody, album: ModelAlbum, may: boolean, ok = 204): number =>
  may ? ok : sees(somebody, album) ? 403 : 404;

const albumSteps = [
  step('make an album', [photo, byKey], async (somebody, model, n: number, key: boolean) => {
    if (model.albums.length >= most) return;
    const id = pick(somebody, n);
    const json = { name: 'an album', ...(id ? { photo_ids: [id] } : {}) };
    const { status, body } = await call(showing(somebody, key), 'POST', '/albums', json);
    expect(status).toBe(201);
    model.albums.push({
      id: body.id,
      owner: somebody,
      members: new Map(),
      entries: id ? [{ photo: id, adder: somebody }] : [],
    });
  }),
  step(
    'add a photo to an album',
    [index, person, photo, byKey],
    async (somebody, model, n: number, whose: number, m: number, key: boolean) => {
      const album = at(model.albums, n);
      const id = pick(model.people[whose] as Somebody, m);
      if (!album || !id) return;
      const may = album.owner === somebody || album.members.get(somebody) === 'contributor';
      const mine = somebody.photos.has(id);
      const { status } = await call(showing(somebody, key), 'POST', `/albums/${album.id}/photos`, { photo_ids: [id] });
      expect(status).toBe(may && !mine ? 404 : verdict(somebody, album, may));
      if (status === 204 && !album.entries.some((entry) => entry.photo === id))
        album.entries.push({ photo: id, adder: somebody });
    },
  ),
  step('take a photo out', [index, index], async (somebody, model, n: number, m: number) => {
    const album = at(model.albums, n);
    const entry = album && at(album.entries, m);
    if (!album || !entry) return;
    const may = album.owner === somebody || (entry.adder === somebody && sees(somebody, album));
    const { status } = await call(somebody.person, 'DELETE', `/albums/${album.id}/photos`, {
      photo_ids: [entry.photo],
    });
    expect(status).toBe(verdict(somebody, album, may));
    if (status === 204) album.entries = album.entries.filter((other) => other !== entry);
  }),
  step('move a photo to the front', [index, index], async (somebody, model, n: number, m: number) => {
    const album = at(model.albums, n);
    const [first] = album?.entries ?? [];
    const entry = album && at(album.entries, m);
    if (!album || !first || !entry || entry === first) return;
    const json = { photo_ids: [entry.photo], before: first.photo };
    const { status } = await call(somebody.person, 'POST', `/albums/${album.id}/photos/move`, json);
    expect(status).toBe(verdict(somebody, album, album.owner === somebody));
    if (status === 204) album.entries = [entry, ...album.entries.filter((other) => other !== entry)];
  }),
  step(
    'let somebody in',
    [index, person, fc.constantFrom('viewer', 'contributor')],
    async (somebody, model, n: number, whom: number, role: 'viewer' | 'contributor') => {
      const album = at(model.albums, n);
      const other = model.people[whom] as Somebody;
      if (!album || other.disabled) return;
      const json = { username: other.person.username, role };
      const { status } = await call(somebody.person, 'POST', `/albums/${album.id}/members`, json);
      const isIn = sees(other, album);
      expect(status).toBe(
        album.owner === somebody && isIn ? 409 : verdict(somebody, album, album.owner === somebody, 201),
      );
      if (status === 201) album.members.set(other, role);
    },
  ),
  step(
    'change a role',
    [index, person, fc.constantFrom('viewer', 'contributor')],
    async (somebody, model, n: number, whom: number, role: 'viewer' | 'contributor') => {
      const album = at(model.albums, n);
      const other = model.people[whom] as Somebody;
      if (!album) return;
      const { status } = await call(somebody.person, 'PATCH', `/albums/${album.id}/members/${other.person.id}`, {
        role,
      });
      const may = album.owner === somebody;
      expect(status).toBe(may && !album.members.has(other) ? 404 : verdict(somebody, album, may, 200));
      if (status === 200) album.members.set(other, role);
    },
  ),
  step('take somebody out, or leave', [index, person], async (somebody, model, n: number, whom: number) => {
    const album = at(model.albums, n);
    const other = model.people[whom] as Somebody;
    if (!album) return;
    const { status } = await call(somebody.person, 'DELETE', `/albums/${album.id}/members/${other.person.id}`);
    const may = album.owner === somebody || (other === somebody && album.members.has(somebody));
    const expected = !may
      ? verdict(somebody, album, false)
      : album.members.has(other)
        ? 204
        : other === somebody
          ? 409
          : 404;
    expect(status).toBe(expected);
    if (status !== 204) return;
    album.members.delete(other);
    album.entries = album.entries.filter(({ adder }) => adder !== other);
  }),
  step('delete an album', [index], async (somebody, model, n: number) => {
    const album = at(model.albums, n);
    if (!album) return;
    const { status } = await call(somebody.person, 'DELETE', `/albums/${album.id}`);
    expect(status).toBe(verdict(somebody, album, album.owner === somebody));
    if (status !== 204) return;
    model.albums = model.albums.filter((other) => other !== album);
    model.links = model.links.filter(({ shows }) => !('album' in shows && shows.album === album));
  }),
  step(
    'make a link',
    [index, person, photo, fc.boolean(), fc.boolean(), fc.boolean()],
    async (
      somebody,
      model,
      n: number,
      whose: number,
      m: number,
      ofAlbum: boolean,
      locked: boolean,
      downloads: boolean,
    ) => {
      if (model.links.length >= most) return;
      const album = at(model.albums, n);
      const id = pick(model.people[whose] as Somebody, m);
      if (ofAlbum ? !album : !id) return;
      const password = locked ? 'between us alone' : null;
      const target = ofAlbum ? { album_id: album?.id } : { photo_id: id };
      const { status, body } = await call(somebody.person, 'POST', '/share/create', {
        ...target,
        allow_download: downloads,
        ...(password ? { password } : {}),
      });
      const own = ofAlbum ? album?.owner === somebody : somebody.photos.has(id as string);
      const absent = ofAlbum && album && sees(somebody, album) ? 403 : 404;
      const trashed = !ofAlbum && own && somebody.photos.get(id as string)?.trashed;
      if (trashed) {
        expect([201, 404, 409]).toContain(status);
        if (status !== 201) return;
      } else expect(status).toBe(own ? 201 : absent);
      if (status !== 201) return;
      const shows = ofAlbum ? { album: album as ModelAlbum } : { photo: id as string };
      model.links.push({
        id: body.id,
        key: body.access_key,
        owner: somebody,
        shows,
        downloads,
        password,
        session: null,
        isClosed: false,
      });
    },
  ),
  step('come by a link', [index, fc.boolean()], async (_, model, n: number, knowing: boolean) => {
    const link = at(model.links, n);
    if (!link) return;
    const json = knowing && link.password ? { password: link.password } : {};
    const { status, body } = await call(null, 'POST', `/share/${link.key}/unlock`, json);
    const over = link.isClosed || link.owner.disabled;
    expect(status).toBe(over ? 410 : link.password && !knowing ? 401 : 200);
    if (status === 200) link.session = body.session;
  }),
  step(
    'change a link’s password',
    [index, fc.constantFrom(null, 'another one', 'a third one')],
    async (somebody, model, n: number, password: string | null) => {
      const link = at(model.links, n);
      if (!link) return;
      const { status } = await call(somebody.person, 'PATCH', `/share-links/${link.id}`, { password });
      const may = link.owner === somebody && !link.isClosed;
      expect(status).toBe(may ? 200 : 404);
      if (status !== 200) return;
      link.password = password;
      link.session = null;
    },
  ),
  step('close a link', [index], async (somebody, model, n: number) => {
    const link = at(model.links, n);
    if (!link) return;
    const { status } = await call(somebody.person, 'DELETE', `/share-links/${link.id}`);
    expect(status).toBe(link.owner === somebody && !link.isClosed ? 204 : 404);
    if (status === 204) link.isClosed = true;
  }),
];

const steps = [
  ...albumSteps,
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
  step('purge', [photo, byKey], async (somebody, model, index: number, key: boolean) => {
    const id = pick(somebody, index);
    if (!id) return;
    const { trashed } = somebody.photos.get(id) as ModelPhoto;
    const { body } = await call(showing(somebody, key), 'POST', '/photos/batch/purge', { ids: [id] });
    expect(body.count).toBe(trashed ? 1 : 0);
    if (trashed) forget(somebody, id, model);
  }),
  step('empty the trash', [], async (somebody, model) => {
    await call(somebody.person, 'POST', '/photos/batch/purge', { all: true });
    for (const [id, { trashed }] of somebody.photos) if (trashed) forget(somebody, id, model);
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
        (await call(as, 'POST', '/photos/batch/trash', { ids })).status,
        (await call(as, 'POST', '/photos/batch/restore', { ids })).status,
        (await call(as, 'POST', '/photos/batch/purge', { ids })).status,
        (await call(as, 'POST', '/photos/batch/favorite', { ids, is_favorite: true })).status,
        (await call(as, 'POST', '/downloads', { ids })).status,
      ];
      expect(statuses).toEqual(statuses.map(() => 404));
      expect((await call(as, 'GET', `/photos/${id}/metadata`)).status).toBe(seesPhoto(somebody, id, model) ? 200 : 404);
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
    model.albums = model.albums.filter(({ owner }) => owner !== somebody);
    for (const album of model.albums) {
      album.members.delete(somebody);
      album.entries = album.entries.filter(({ adder }) => adder !== somebody);
    }
    model.links = model.links.filter(({ owner }) => owner !== somebody);
    model.people[model.people.indexOf(somebody)] = await signUp();
  }),
];

// Both walls and each one alone: half of the operations behind both, half where the second does not hide the first.
const wanted = scale(60, 2500);

test.each(Object.keys(walls))(
  'whatever four people, their keys and their links do, each finds their own and what is shared with them, %s',
  {
    timeout: scale(180_000, 1_800_000),
  },
  async (wall) => {
    app = walls[wall] as TestApp;
    admin = await app.signUp();
    [looks, operations] = [0, 0];
    const seed = Date.now() % 2 ** 31;
    console.log(`The model’s seed, ${wall}: ${seed}`);
    await fc.assert(
      fc.asyncProperty(fc.commands(steps, { maxCommands: scale(30, 100), size: 'max' }), async (commands) => {
        if (operations >= wanted) return;
        everybody = { people: [await signUp(), await signUp(), await signUp(), await signUp()], albums: [], links: [] };
        await fc.asyncModelRun(() => ({ model: everybody, real: app }), commands);
      }),
      { numRuns: 1000, endOnFailure: true, seed },
    );
    expect(operations).toBeGreaterThanOrEqual(wanted);
    const what = `operations by four people, keys and links at random, everybody looking at everything after each, ${wall}`;
    countPromise({ promise: 3, what, tried: operations, held: operations, seed });
  },
);
