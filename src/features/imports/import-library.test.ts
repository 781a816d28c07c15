import { createHash, randomUUID } from 'node:crypto';
import type { Kysely, KyselyPlugin } from 'kysely';
import { Client } from 'pg';
import sharp from 'sharp';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type AccountTables, findSoleOwner } from '#features/accounts/index.ts';
import { anonymous } from '#platform/database/principal.ts';
import { createTestApp, type Person, tinyPhoto } from '../../../test/app.ts';
import { eventually } from '../../../test/eventually.ts';
import { createImporter, sha256 } from '../../../test/importing.ts';
import { assignEarlier, listAside } from './assign-earlier.ts';
import type { EarlierOrganization, EarlierPerson, EarlierPhoto, EarlierSystem, OpenFile } from './earlier-system.ts';

const app = await createTestApp();
const admin = await app.signUp();
const rosa = await app.signUp();
const second = await app.signUp();
const importer = await createImporter(app, admin);
const laterImporter = await createImporter(app, second);
const { query } = importer;

const werkzeug = 'pbkdf2:sha256:600000$Zt4kQ9$9b7ec77514f6cb24967b8971c99668b086e62e3f6a991801ff1fa052d742766e';

/** What somebody who writes down a library by hand would have: each test has one of its own. */
const library = (
  name: string,
  parts: Partial<EarlierSystem> & { items?: readonly EarlierPhoto[] } = {},
): EarlierSystem => ({
  name,
  async *photos() {
    yield* parts.items ?? [];
  },
  count: async () => 1 + (parts.items?.length ?? 0),
  close: async () => {},
  ...parts,
});
const each = <Item>(items: readonly Item[]) =>
  async function* () {
    yield* items;
  };
const fileOf = (bytes: Buffer): OpenFile => ({
  bytes: bytes.length,
  modifiedAt: null,
  body: each([bytes])(),
  close: async () => {},
});
const photo = (name: string, bytes: Buffer, about: Partial<EarlierPhoto> = {}): EarlierPhoto => ({
  name,
  filename: name,
  earlierIds: [name],
  owner: 'unknown',
  told: {},
  albums: [],
  open: async () => fileOf(bytes),
  ...about,
});
const person = (earlierId: string, about: Partial<EarlierPerson> = {}): EarlierPerson => ({
  earlierId,
  username: `p-${randomUUID().slice(0, 8)}`,
  email: null,
  displayName: null,
  passwordHash: werkzeug,
  createdAt: null,
  isDisabled: false,
  ...about,
});
const rowOf = async (owner: { id: string }, bytes: Buffer) =>
  (await query(
    'select * from photos where owner_id = $1 and blob_hash = $2 and deleted_at is null order by created_at',
    [owner.id, Buffer.from(sha256(bytes), 'hex')],
  )) as Record<string, unknown>[];
const assign = (system: string, to: Person, ...names: string[]) =>
  assignEarlier(importer.deps, { system, adminId: admin.id, userId: to.id, names });

test('an import and changes of many photos by their owner take turns, whichever comes first', async () => {
  const ines = await app.signUp();
  const told = { takenAt: { at: new Date('2015-06-07T08:00:00Z'), offsetMinutes: 0 } };
  const albums = [{ earlierId: 'lake', name: 'Lake', description: null }];
  const [first, second] = [await tinyPhoto(120), await tinyPhoto(121)];
  const items = (...bytes: Buffer[]) =>
    bytes.map((one, n) => photo(`${n}.jpg`, one, { owner: 'named', told, albums, isPrimary: true }));
  await importer.run(library('turns', { items: items(first) }), { user: ines });

  const marking = new Client(app.database.owner);
  await marking.connect();
  onTestFinished(() => marking.end());
  await marking.query('begin');
  // As lockPhotos takes it.
  await marking.query('select pg_advisory_xact_lock(hashtextextended($1, 3))', [ines.id]);
  const importing = importer.run(library('turns', { items: items(first, second) }), { user: ines });
  await eventually(async () => {
    const waiting = `select 1 from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`;
    expect(await query(waiting)).not.toEqual([]);
  });
  await marking.query('update photos set is_favorite = true where owner_id = $1', [ines.id]);
  await marking.query('commit');
  const { counts } = await importing;
  expect(counts.photos).toMatchObject({ brought: 1, there: 1 });
  const months = 'select photos, favorites from timeline_months where owner_id = $1';
  expect(await query(months, [ines.id])).toEqual([{ photos: 2, favorites: 1 }]);
});

test('words that PostgreSQL does not keep, as JSON and SQLite do, come without what it does not', async () => {
  const odd = 'b\0\ud800';
  const theirs = person(`1${odd}`, { username: `ada${odd}`, displayName: `Ada ${odd}`, email: `ada\0@people.example` });
  const item = photo(`x${odd}.jpg`, await tinyPhoto(130), {
    owner: { person: theirs.earlierId },
    told: { caption: `at ${odd}` },
    albums: [{ earlierId: `lake${odd}`, name: `Lake ${odd}`, description: odd }],
  });
  const members = [{ person: theirs.earlierId, role: 'admin' }] as const;
  const system = library('odd-words', {
    people: each([theirs]),
    organizations: each([{ earlierId: `2${odd}`, name: `Rowers ${odd}`, members }]),
    items: [item],
  });
  const { counts } = await importer.run(system);
  expect(counts).toMatchObject({ people: { made: 1 }, organizations: { made: 1 }, photos: { brought: 1 }, albums: 1 });
  expect((await importer.run(system)).counts).toMatchObject({ people: { there: 1 }, photos: { there: 1 }, albums: 0 });
});

describe('what nobody is known to own', () => {
  test('is no photo that the administrator has of the same bytes: giving it away leaves theirs', async () => {
    const bytes = await tinyPhoto(101);
    const own = await app.upload(admin, bytes, 'mine.jpg');
    const system = library('alike', { items: [photo('a.jpg', bytes), photo('b.jpg', bytes)] });
    const foreseen = await importer.run(system, { dryRun: true });
    const { counts } = await importer.run(system);
    expect(counts).toEqual(foreseen.counts);
    expect(counts.photos).toMatchObject({ brought: 0, duplicate: 0, aside: 2 });
    const before = await query('select * from photos where id = $1', [own.id]);

    expect(await listAside(importer.deps, 'alike', admin.id)).toEqual(['a.jpg', 'b.jpg']);
    expect(await assign('alike', rosa, 'a.jpg')).toMatchObject({ given: 1, unknown: [] });
    expect(await listAside(importer.deps, 'alike', admin.id)).toEqual(['b.jpg']);
    expect(await assign('alike', second, 'a.jpg', 'b.jpg')).toMatchObject({ given: 1, unknown: ['a.jpg'] });
    expect(await listAside(importer.deps, 'alike', admin.id)).toEqual([]);

    expect(await query('select * from photos where id = $1', [own.id])).toEqual(before);
    expect(await rowOf(admin, bytes)).toHaveLength(1);
    expect(await rowOf(rosa, bytes)).toHaveLength(1);
    expect(await rowOf(second, bytes)).toHaveLength(1);
    expect((await importer.run(system)).counts.photos).toMatchObject({ there: 2, aside: 0 });
  });

  test('lies in the trash once it was given away, where an upload of the same bytes finds it', async () => {
    const bytes = await tinyPhoto(108);
    await importer.run(library('uploaded', { items: [photo('a.jpg', bytes)] }));
    const { id } = await app.upload(admin, bytes, 'mine.jpg');
    expect(await assign('uploaded', rosa, 'a.jpg')).toMatchObject({ given: 1, unknown: [] });
    expect(await query('select deleted_at is null as live from photos where id = $1', [id])).toEqual([{ live: false }]);
    expect(await listAside(importer.deps, 'uploaded', admin.id)).toEqual([]);
    expect((await app.upload(admin, bytes, 'mine.jpg')).id).toBe(id);
    expect(await rowOf(admin, bytes)).toMatchObject([{ is_archived: false }]);
  });

  test('comes out of the trash where an import of the administrator’s own has the same bytes', async () => {
    const bytes = await tinyPhoto(109);
    await importer.run(library('orphans', { items: [photo('a.jpg', bytes)] }));
    expect(await assign('orphans', rosa, 'a.jpg')).toMatchObject({ given: 1, trashed: 1 });
    const own = library('folder-of-mine', { items: [photo('mine.jpg', bytes, { owner: 'named' })] });
    const { counts } = await importer.run(own, { user: admin });
    expect(counts.photos).toMatchObject({ brought: 0, duplicate: 1 });
    expect(await rowOf(admin, bytes)).toMatchObject([{ is_archived: false }]);
    // What they throw away themselves after that stays thrown away.
    const [{ id }] = (await rowOf(admin, bytes)) as [{ id: string }];
    await app.request(admin, 'POST', '/api/v1/photos/batch/trash', { json: { ids: [id] } });
    const again = library('folder-of-mine', { items: [photo('copy.jpg', bytes, { owner: 'named' })] });
    await importer.run(again, { user: admin });
    expect(await rowOf(admin, bytes)).toEqual([]);
  });

  test('stays aside from where whoever it is given to has no more room', async () => {
    const few = await app.signUp();
    await app.request(admin, 'PATCH', `/api/v1/users/${few.id}`, { json: { quota_photos: 1 } });
    const items = [photo('a.jpg', await tinyPhoto(110)), photo('b.jpg', await tinyPhoto(111))];
    await importer.run(library('much', { items }));
    const full = { given: 1, trashed: 1, unknown: [], isFull: true };
    expect(await assign('much', few, 'a.jpg', 'b.jpg')).toEqual(full);
    expect(await listAside(importer.deps, 'much', admin.id)).toEqual(['b.jpg']);
  });

  test('stays where something of the administrator’s own came with the same bytes after it', async () => {
    const bytes = await tinyPhoto(102);
    await importer.run(library('later', { items: [photo('a.jpg', bytes)] }));
    await importer.run(library('later', { items: [photo('mine.jpg', bytes, { owner: 'named' })] }), { user: admin });
    expect(await assign('later', rosa, 'a.jpg')).toMatchObject({ given: 1, unknown: [] });
    expect(await rowOf(admin, bytes)).toMatchObject([{ is_archived: false, deleted_at: null }]);
    expect(await rowOf(rosa, bytes)).toHaveLength(1);
  });

  test('goes with all that is known of it', async () => {
    const bytes = await tinyPhoto(103);
    const told = {
      takenAt: { at: new Date('2019-04-05T06:07:08Z'), offsetMinutes: 120 },
      createdAt: new Date('2020-01-02T03:04:05Z'),
      caption: 'at the lake',
      isFavorite: true,
      location: { latitude: 47.5, longitude: 9.25, altitude: 400 },
    };
    await importer.run(library('facts', { items: [photo('a.jpg', bytes, { told })] }));
    await assign('facts', rosa, 'a.jpg');
    expect(await rowOf(rosa, bytes)).toMatchObject([
      {
        filename: 'a.jpg',
        caption: 'at the lake',
        is_favorite: true,
        is_archived: false,
        taken_at: told.takenAt.at,
        taken_offset: 120,
        created_at: told.createdAt,
        latitude: 47.5,
        longitude: 9.25,
        altitude: 400,
      },
    ]);
  });

  test('becomes the administrator’s where it is given to them: out of the archive and the album, and off the list', async () => {
    const bytes = await tinyPhoto(104);
    await importer.run(library('kept', { items: [photo('a.jpg', bytes), photo('b.jpg', await tinyPhoto(105))] }));
    expect(await assign('kept', admin, 'a.jpg')).toMatchObject({ given: 1, unknown: [] });
    const [row] = await rowOf(admin, bytes);
    expect(row).toMatchObject({ is_archived: false });
    const places = await query('select album_id from album_photos where photo_id = $1', [row?.id]);
    expect(places).toEqual([]);
    const names = await query(
      `select id from imported where system = 'kept' and kind = 'photo' and earlier_id = 'a.jpg'`,
      [],
    );
    expect(names, 'by the name it had').toEqual([{ id: row?.id }]);
    expect(await listAside(importer.deps, 'kept', admin.id)).toEqual(['b.jpg']);
  });

  test('is off the list once it was thrown away', async () => {
    const bytes = await tinyPhoto(106);
    await importer.run(library('thrown', { items: [photo('a.jpg', bytes)] }));
    const [row] = await rowOf(admin, bytes);
    await app.request(admin, 'DELETE', `/api/v1/photos/${row?.id}`);
    expect(await listAside(importer.deps, 'thrown', admin.id)).toEqual([]);
  });

  test('is kept by who kept it first, whoever runs the next import', async () => {
    await query(`update users set role = 'admin' where id = $1`, [second.id]);
    const system = library('keeper', { items: [photo('a.jpg', await tinyPhoto(107))] });
    await importer.run(system);
    const before = await importer.snapshot();
    expect((await laterImporter.run(system)).counts.photos).toMatchObject({ there: 1, aside: 0 });
    expect(await importer.snapshot()).toEqual(before);
    expect(await listAside(importer.deps, 'keeper', second.id)).toEqual(['a.jpg']);
    const terms = { system: 'keeper', adminId: second.id, userId: rosa.id, names: ['a.jpg'] };
    expect(await assignEarlier(importer.deps, terms)).toMatchObject({ given: 1, unknown: [] });
  });
});

describe('people', () => {
  test('who share an e-mail are two, in a dry run as in the import', async () => {
    const [first, other] = [
      person('1', { email: 'both@shared.example' }),
      person('2', { email: 'Both@shared.example' }),
    ];
    const items = [photo('x.jpg', await tinyPhoto(111), { owner: { person: '2' } })];
    const system = library('sharing', { people: each([first, other]), items });
    const foreseen = await importer.run(system, { dryRun: true });
    const ran = await importer.run(system);
    expect(ran).toEqual(foreseen);
    expect(ran.counts).toMatchObject({ people: { made: 2, skipped: 0 }, photos: { brought: 1 } });
    expect(ran.notes[other.username]).toContain('another person there has their e-mail');
    const made = await query('select username, email from users where username = any($1) order by email', [
      [first.username, other.username],
    ]);
    expect(made).toEqual([
      { username: first.username, email: 'both@shared.example' },
      { username: other.username, email: null },
    ]);
  });

  test('who share the e-mail of an account here do not both become it', async () => {
    const [first, other] = [person('1', { email: rosa.email }), person('2', { email: rosa.email })];
    const system = library('matching', { people: each([first, other]) });
    const foreseen = await importer.run(system, { dryRun: true, matchEmails: true });
    const ran = await importer.run(system, { matchEmails: true });
    expect(ran).toEqual(foreseen);
    expect(ran.counts.people).toEqual({ made: 1, matched: 1, there: 0, skipped: 0 });
    expect(ran.notes[first.username]).toContain(`“${rosa.username}”`);
  });

  test.each([
    ['left out, as ever', undefined, { skipped: 1 }],
    ['joined to it as well', true, { matched: 1 }],
  ] as const)(
    'whose e-mail an account has that was named for somebody else are %s',
    async (_, matchEmails, outcome) => {
      const named = await app.signUp();
      const system = library(matchEmails ? 'named-joined' : 'named-apart', {
        people: each([person('one', { account: named.username }), person('two', { email: named.email })]),
        items: [photo('x.jpg', await tinyPhoto(matchEmails ? 114 : 115), { owner: { person: 'two' } })],
      });
      const options = matchEmails ? { matchEmails } : {};
      const foreseen = await importer.run(system, { ...options, dryRun: true });
      const ran = await importer.run(system, options);
      expect(ran).toEqual(foreseen);
      expect(ran.counts.people).toEqual({ made: 0, matched: 0, named: 1, there: 0, skipped: 0, ...outcome });
      expect(ran.counts.photos).toMatchObject({ brought: matchEmails ? 1 : 0 });
    },
  );

  test('who come later to an account that was named before are joined to it by its e-mail', async () => {
    const named = await app.signUp();
    await importer.run(library('named-before', { people: each([person('old', { account: named.username })]) }));
    const real = person('real', { email: named.email });
    const twin = person('twin', { email: named.email });
    const system = library('named-before', { people: each([real]) });
    const foreseen = await importer.run(system, { dryRun: true, matchEmails: true });
    const ran = await importer.run(system, { matchEmails: true });
    expect(ran).toEqual(foreseen);
    expect(ran.counts.people).toMatchObject({ made: 0, matched: 1 });
    // From then on it is theirs: whoever else has that e-mail is another, in a run of its own too.
    const last = await importer.run(library('named-before', { people: each([twin]) }), { matchEmails: true });
    expect(last.counts.people).toMatchObject({ made: 1, matched: 0 });
    expect(last.notes[twin.username]).toContain('another person there has their e-mail');
  });

  test('who have the same name are told apart by a dry run as by the import', async () => {
    const username = `twin-${randomUUID().slice(0, 8)}`;
    const system = library('twins', {
      people: each([person('1', { username }), person('2', { username: username.toUpperCase() })]),
    });
    const foreseen = await importer.run(system, { dryRun: true });
    expect(await importer.run(system)).toEqual(foreseen);
  });

  test('who are many of one name cost no more questions each than the first of them', async () => {
    let asked = 0;
    const count: KyselyPlugin = {
      transformQuery(query) {
        asked += 1;
        return query.node;
      },
      transformResult: async ({ result }) => result,
    };
    const { database } = importer.deps;
    const counting = {
      ...database,
      as: ((principal, work) =>
        database.as(principal, (tx) => work(tx.withPlugin(count) as never))) as typeof database.as,
    };
    const all = Array.from({ length: 40 }, (_, n) => person(`${n}`, { username: '山田太郎' }));
    Object.assign(importer.deps, { database: counting });
    const foreseen = await importer.run(library('unlatin', { people: each(all) }), { dryRun: true });
    const [before] = [asked];
    await importer.run(library('unlatin', { people: each(all.slice(0, 20)) }));
    const first = asked - before;
    asked = 0;
    await importer.run(library('unlatin', { people: each(all.slice(20)) }));
    Object.assign(importer.deps, { database });
    // The second run finds out once where the first ended.
    expect(asked - first).toBeLessThan(40);
    const names = await query(`select username from users where username like 'person-unlatin%'`);
    const told = [...(foreseen.notes.山田太郎 ?? '').matchAll(/their name is “([^”]+)” here/g)].map(([, name]) => name);
    expect(told).toHaveLength(40);
    expect(names.map(({ username }) => username).sort()).toEqual(told.sort());
  });

  test('whom another installation gave the same number are not taken for each other', async () => {
    const tester = person('1', { username: 'tester', email: 'tester@staging.example' });
    const alice = person('1', { username: 'alice', email: 'alice@shop.example' });
    await importer.run(library('twice', { people: each([tester]) }));
    const items = [photo('alice.jpg', await tinyPhoto(112), { owner: { person: '1' } })];
    const ran = await importer.run(library('twice', { people: each([alice]), items }));
    expect(ran.counts).toMatchObject({ people: { there: 0, skipped: 1 }, photos: { brought: 0, skipped: 1 } });
    expect(ran.notes.alice).toContain('“tester” here from number 1');
    // Who was renamed there since is still known by their e-mail, and by their new name from then on.
    const renamed = { ...tester, username: 'tina' };
    expect((await importer.run(library('twice', { people: each([renamed]) }))).counts.people.there).toBe(1);
    const moved = { ...renamed, email: 'tina@staging.example' };
    expect((await importer.run(library('twice', { people: each([moved]) }))).counts.people.there).toBe(1);
  });

  test('who were named another account than they came to are left where they are', async () => {
    const id = randomUUID();
    const become = (account: string) => library('naming', { people: each([person(id, { account })]) });
    const { counts, notes } = await importer.run(become(rosa.username));
    expect(counts.people).toMatchObject({ named: 1, matched: 0 });
    expect(Object.values(notes)).toEqual([`joined to the account “${rosa.username}” here`]);
    expect((await importer.run(become(rosa.username))).counts.people.there).toBe(1);
    expect((await importer.run(become(second.username))).counts.people.skipped).toBe(1);
  });

  test('who deleted their account do not come back, nor does anything of theirs', async () => {
    const gone = person('7', { username: 'leaver', email: 'leaver@x.example' });
    const bytes = await tinyPhoto(113);
    const system = library('leaving', {
      people: each([gone]),
      items: [photo('theirs.jpg', bytes, { owner: { person: '7' } })],
      pictures: each([{ name: 'face', kind: 'profile', of: '7', open: async () => fileOf(bytes) }]),
    });
    await importer.run(system);
    await query(`delete from users where username = 'leaver'`);
    const before = await importer.snapshot();
    const ran = await importer.run(system);
    expect(ran.counts).toMatchObject({
      people: { made: 0, there: 1 },
      photos: { brought: 0, skipped: 1 },
      reasons: { owner_gone: 2 },
    });
    expect(ran.notes.leaver).toContain('deleted here');
    expect(await importer.snapshot()).toEqual(before);
    // Not even what they were called stays.
    const left = await query(`select kind, earlier_id, owner_id from imported where system = 'leaving'`);
    expect(left).toEqual([{ kind: 'person', earlier_id: '7', owner_id: null }]);
  });

  test('who came have their notes in the next report as well', async () => {
    const plain = person(randomUUID(), { username: `${rosa.username}`, passwordHash: 'a plain password' });
    const system = library('noted', { people: each([plain]) });
    const { notes } = await importer.run(system);
    expect(Object.values(notes)).toEqual([expect.stringMatching(/their name is .*reset link/)]);
    expect((await importer.run(system)).notes).toEqual(notes);
  });

  test('who come with an older date than the first administrator do not administer before them', async () => {
    const old = person(randomUUID(), { createdAt: new Date('2001-01-01T00:00:00Z') });
    await importer.run(library('older', { people: each([old]) }));
    await query(`update users set role = 'admin' where username = $1`, [old.username]);
    const sole = await app.database.database.as(anonymous, (tx: Kysely<AccountTables>) => findSoleOwner(tx));
    await query(`update users set role = 'user' where username = $1`, [old.username]);
    expect(sole?.user_id).toBe(admin.id);
  });
});

describe('organizations', () => {
  const organization = (earlierId: string, about: Partial<EarlierOrganization> = {}): EarlierOrganization => ({
    earlierId,
    name: `Organization ${earlierId}`,
    members: [],
    ...about,
  });

  test('come however many nobody administers who came along', async () => {
    const many = Array.from({ length: 53 }, (_, n) => organization(`many-${n}`));
    const system = library('many', { organizations: each(many) });
    const foreseen = await importer.run(system, { dryRun: true });
    const ran = await importer.run(system);
    expect(ran).toEqual(foreseen);
    expect(ran.counts.organizations).toEqual({ made: 53, there: 0, skipped: 0 });
  });

  test('of more people than one may have come with those who fit, and say how many did not', async () => {
    const all = Array.from({ length: 1003 }, (_, n) => person(`crowd-${n}`));
    await query(
      `with made as (insert into users (id, username) select gen_random_uuid(), 'crowd-' || n from generate_series(0, 1002) n returning id, username)
       insert into imported (system, kind, earlier_id, id) select 'crowded', 'person', username, id from made`,
    );
    const withSome = (people: readonly EarlierPerson[]) => {
      const roleOf = (id: string) => (id === 'crowd-0' ? ('admin' as const) : ('member' as const));
      const members = people.map(({ earlierId }) => ({ person: earlierId, role: roleOf(earlierId) }));
      return library('crowded', { people: each(people), organizations: each([organization('all', { members })]) });
    };
    const unfit = '3 of its people did not fit: an organization has 1000 at the most';
    const foreseen = await importer.run(withSome(all), { dryRun: true });
    expect(foreseen.notes['Organization all']).toBe(unfit);

    // As after a run that was ended once 997 belonged to it.
    await importer.run(withSome(all.slice(0, 1)));
    await query(
      `insert into memberships (user_id, resource_kind, resource_id, role) select u.id, 'organization', o.id, 'member'
       from organizations o, users u where o.name = 'Organization all' and u.username ~ '^crowd-' and substr(u.username, 7)::int between 1 and 996`,
    );
    await query(`delete from imported where earlier_id = 'members:all'`);
    const ran = await importer.run(withSome([...all.slice(0, 1), ...all.slice(997)]));
    expect(ran.notes['Organization all']).toBe(unfit);
    const [{ members }] = await query(
      `select count(*)::int as members from memberships m join organizations o on o.id = m.resource_id where o.name = 'Organization all'`,
    );
    expect(members).toBe(1000);
    expect((await importer.run(withSome(all.slice(0, 1)))).counts.organizations).toMatchObject({ made: 0, there: 1 });
  });

  test('are joined by who comes later, also once who ran the import has left, or chose to stay', async () => {
    const [first, later, last] = [person('first'), person('later'), person('last')];
    const shop = (...roles: [EarlierPerson, 'admin' | 'member'][]) =>
      library('late', {
        people: each(roles.map(([one]) => one)),
        organizations: each([
          organization('late', { members: roles.map(([{ earlierId }, role]) => ({ person: earlierId, role })) }),
        ]),
      });
    const members = () =>
      query(
        `select u.username, m.role from memberships m join users u on u.id = m.user_id join organizations o on o.id = m.resource_id
         where o.name = 'Organization late' order by m.created_at, 1`,
      );
    const is = (one: { username: string }, role: string) => ({ username: one.username, role });
    const { notes } = await importer.run(shop([first, 'member']));
    expect(notes['Organization late']).toContain('nobody administered it');
    await query(`update memberships set role = 'admin' where user_id in (select id from users where username = $1)`, [
      first.username,
    ]);
    // Who was made an administrator here is no reason for whoever ran the import to go.
    await importer.run(shop([first, 'member'], [later, 'member']));
    expect(await members()).toEqual([is(admin, 'admin'), is(first, 'admin'), is(later, 'member')]);
    // Whoever runs the next one has nothing to do with it.
    await laterImporter.run(shop([first, 'member'], [later, 'member'], [last, 'admin']));
    expect(await members()).toEqual([is(first, 'admin'), is(later, 'member'), is(last, 'admin')]);
  });

  test('that were deleted here do not come back', async () => {
    const bytes = await tinyPhoto(121);
    const system = library('closed', {
      organizations: each([organization('shop')]),
      pictures: each([{ name: 'logo', kind: 'logo', of: 'shop', open: async () => fileOf(bytes) }]),
    });
    await importer.run(system);
    await query(`delete from imported where system = 'closed' and earlier_id = 'picture:shop'`);
    await query(`delete from organizations where name = 'Organization shop'`);
    const before = await importer.snapshot();
    const { counts } = await importer.run(system);
    expect(counts).toMatchObject({
      organizations: { made: 0, there: 1 },
      pictures: { shown: 0, skipped: 1 },
      reasons: { owner_gone: 1 },
    });
    expect(await importer.snapshot()).toEqual(before);
  });
});

describe('a second copy of a photo', () => {
  const location = { latitude: 1.5, longitude: 2.5, altitude: null };
  const takenAt = { at: new Date('2011-02-03T04:05:06Z'), offsetMinutes: -60 };
  let copies = 150;

  test('fills what nothing is known of yet, and changes nothing that is', async () => {
    const bytes = await tinyPhoto(131);
    const copy = (name: string, told: EarlierPhoto['told'], album?: string) =>
      photo(name, bytes, {
        owner: 'named',
        told,
        albums: album ? [{ earlierId: album, name: album, description: null }] : [],
      });
    await importer.run(library('copies', { items: [copy('bare.jpg', {})] }), { user: rosa });
    const filled = { takenAt, location, caption: 'told by the second', isFavorite: true };
    await importer.run(library('copies', { items: [copy('told.jpg', filled, 'An album')] }), { user: rosa });
    const facts = {
      caption: 'told by the second',
      is_favorite: true,
      latitude: 1.5,
      longitude: 2.5,
      taken_at: takenAt.at,
      taken_offset: -60,
    };
    const [row] = await rowOf(rosa, bytes);
    expect(row).toMatchObject(facts);
    expect(await query('select 1 from album_photos where photo_id = $1', [row?.id])).toHaveLength(1);

    const other = {
      takenAt: { at: new Date('1999-09-09T09:09:09Z'), offsetMinutes: null },
      location: { latitude: 9, longitude: 9, altitude: 9 },
      caption: 'told by the third',
    };
    await importer.run(library('copies', { items: [copy('third.jpg', other)] }), { user: rosa });
    expect(await rowOf(rosa, bytes)).toMatchObject([facts]);
  });

  test.each([
    ['the same moment', '', '2015-05-03T14:30:20Z', 60, [null, 'camera']],
    ['the same moment as a camera in a zone', '+02:00', '2015-05-03T12:30:20Z', 60, [120, 'camera']],
    ['the zone', '', '2015-05-03T12:30:00Z', 60, [120, 'camera']],
    ['what no zone is', '', '2012-12-12T12:12:12Z', 60, [60, 'person']],
    ['what no zone is, of a camera in a zone', '+02:00', '2015-05-03T14:30:00Z', 60, [60, 'person']],
  ])('that tells %s ends as the first would have', async (_, zone, at, offsetMinutes, end) => {
    const bytes = await tinyPhoto((copies += 1), { takenAt: `2015-05-03T14:30:00${zone}` });
    const told = { takenAt: { at: new Date(at), offsetMinutes } };
    const ends: unknown[] = [];
    for (const order of [[told, {}] as const, [{}, told] as const]) {
      const owner = await app.signUp();
      for (const [n, about] of order.entries()) {
        const items = [photo(`${n}.jpg`, bytes, { owner: 'named', told: about })];
        await importer.run(library('orders', { items }), { user: owner });
      }
      const [row] = await rowOf(owner, bytes);
      ends.push([row?.taken_at, row?.taken_offset, row?.taken_from]);
    }
    expect(ends[0]).toEqual([expect.any(Date), ...end]);
    expect(ends[1]).toEqual(ends[0]);
  });

  test('leaves one alone that its owner has on their own', async () => {
    const bytes = await tinyPhoto(132);
    const own = await app.upload(rosa, bytes, 'mine.jpg');
    const before = await query('select * from photos where id = $1', [own.id]);
    const told = { takenAt, location, caption: 'told', isFavorite: true };
    const items = [
      photo('theirs.jpg', bytes, { owner: 'named', told }),
      photo('again.jpg', bytes, { owner: 'named', told }),
    ];
    expect((await importer.run(library('owned', { items }), { user: rosa })).counts.photos.duplicate).toBe(2);
    expect(await query('select * from photos where id = $1', [own.id])).toEqual(before);
  });
});

test('what is known by more than can be written down comes as anything else does', async () => {
  const long = `${'deep/'.repeat(300)}a.jpg`;
  const theirs = { owner: { person: 'p' } };
  const [a, b, c, d] = await Promise.all([161, 162, 163, 164].map((seed) => tinyPhoto(seed)));
  const source = photo('source', a as Buffer, { ...theirs, earlierIds: [`${long}?`] });
  const made = { kind: 'styled', of: source, recipe: { tool: 'style-ai' } } as const;
  const items = [
    photo('made', b as Buffer, { ...theirs, earlierIds: [`${long}!`, 'odd\0name'], made }),
    photo('aside', c as Buffer, { earlierIds: [long] }),
    // Which is too long beside what is said of it alone.
    photo('edge', d as Buffer, { earlierIds: ['e'.repeat(1020)] }),
  ];
  const system = library('lengthy', { people: each([person('p')]), items });
  const foreseen = await importer.run(system, { dryRun: true });
  expect(await importer.run(system)).toEqual(foreseen);
  expect(foreseen.counts.photos).toMatchObject({ brought: 2, aside: 2 });
  const of = await query(
    `select s.filename from photos p join photos s on s.id = p.source_photo_id where p.filename = 'made'`,
  );
  expect(of).toEqual([{ filename: 'source' }]);
  const before = await importer.snapshot();
  expect((await importer.run(system)).counts.photos).toMatchObject({ brought: 0, aside: 0, there: 4 });
  expect(await importer.snapshot()).toEqual(before);
  const kept = await listAside(importer.deps, 'lengthy', admin.id);
  expect(kept).toContainEqual(expect.stringMatching(/^sha256:.*deep\/a\.jpg$/));
  expect(await assign('lengthy', rosa, ...kept)).toMatchObject({ given: 2, unknown: [] });
});

test('an album is kept under its id where the API takes that for one', async () => {
  const [kept, odd] = [randomUUID(), 'ffffffff-ffff-ffff-ffff-ffffffffffff'];
  const album = (earlierId: string) => ({ earlierId, name: earlierId, description: null, photos: [], cover: null });
  await importer.run(library('ids', { albums: each([album(kept.toUpperCase()), album(odd)]) }), { user: rosa });
  const made = await query('select id, name from albums where name = any($1)', [[kept.toUpperCase(), odd]]);
  expect(made.find(({ name }) => name !== odd)?.id).toBe(kept);
  expect(made.find(({ name }) => name === odd)?.id).not.toBe(odd);
});

test('progress is told to its end, whatever was counted beforehand', async () => {
  const told: { done: number; of: number }[] = [];
  const items = [photo('p.jpg', await tinyPhoto(141)), photo('q.jpg', await tinyPhoto(142))];
  await importer.run(library('progress', { items }), { onProgress: (state) => told.push(state) });
  expect(told).toEqual([
    { done: 1, of: 3 },
    { done: 2, of: 3 },
    { done: 2, of: 2 },
  ]);
});

test('what is interrupted among public pictures has ended, and goes on with the next run', async () => {
  const stop = new AbortController();
  const bytes = await tinyPhoto(143);
  let isFirst = true;
  const system = library('stopped', {
    people: each([person('face')]),
    pictures: each([
      {
        name: 'face',
        kind: 'profile',
        of: 'face',
        async open() {
          if (isFirst) stop.abort();
          isFirst = false;
          return fileOf(bytes);
        },
      },
    ]),
  });
  expect((await importer.run(system, { signal: stop.signal })).counts.pictures).toMatchObject({ shown: 0, skipped: 0 });
  expect((await importer.run(system)).counts.pictures).toMatchObject({ shown: 1 });
});

test('a public picture that no quality makes small enough is said to be that, by a dry run as by the import', async () => {
  const size = { width: 1024, height: 1024, channels: 4 } as const;
  const pixels = createHash('shake256', { outputLength: size.width * size.height * 4 })
    .update('noise')
    .digest();
  const noise = await sharp(pixels, { raw: size }).png({ compressionLevel: 1 }).toBuffer();
  const system = library('detailed', {
    people: each([person('noisy'), person('large')]),
    pictures: each([
      { name: 'noise', kind: 'profile', of: 'noisy', open: async () => fileOf(noise) },
      {
        name: 'large',
        kind: 'profile',
        of: 'large',
        open: async () => fileOf(Buffer.concat([noise, Buffer.alloc(noise.length)])),
      },
    ]),
  });
  const { maxUploadBytes } = importer.deps;
  Object.assign(importer.deps, { maxUploadBytes: noise.length });
  const foreseen = await importer.run(system, { dryRun: true });
  const ran = await importer.run(system);
  Object.assign(importer.deps, { maxUploadBytes });
  expect(ran).toEqual(foreseen);
  expect(ran.skipped).toEqual({ noise: 'too_detailed', large: 'too_large' });
});

test('giving away what is aside ends where it is interrupted', async () => {
  await importer.run(library('slow', { items: [photo('a.jpg', await tinyPhoto(144))] }));
  const terms = { system: 'slow', adminId: admin.id, userId: rosa.id, names: ['a.jpg'] };
  expect(await assignEarlier(importer.deps, { ...terms, signal: AbortSignal.abort() })).toMatchObject({
    given: 0,
    unknown: [],
  });
  // Once the picture is being decoded.
  const stop = new AbortController();
  const imaging = {
    ...importer.deps.imaging,
    ingest: (what: Parameters<typeof importer.deps.imaging.ingest>[0]) => {
      stop.abort();
      return importer.deps.imaging.ingest(what);
    },
  };
  const interrupted = await assignEarlier({ ...importer.deps, imaging }, { ...terms, signal: stop.signal });
  expect(interrupted).toMatchObject({ given: 0, unknown: [] });
  expect(await listAside(importer.deps, 'slow', admin.id)).toEqual(['a.jpg']);
});
