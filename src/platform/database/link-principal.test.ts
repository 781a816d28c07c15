import { randomBytes } from 'node:crypto';
import { type Kysely, sql, type Transaction } from 'kysely';
import { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase } from '../../../test/database.ts';
import { anonymous, type Principal } from './principal.ts';

const { database, owner } = await createTestDatabase();
const outside = new Pool({ ...owner, max: 1 });
outside.on('error', () => {});
afterAll(() => outside.end());

type Tx = Kysely<unknown>;
const as = <Result>(principal: Principal, work: (tx: Tx) => Promise<Result>): Promise<Result> =>
  database.as(principal, work as (tx: Transaction<unknown>) => Promise<Result>);

const refused = { code: '42501' };
const person = { kind: 'user', id: uuidv7() } as const;
const member = { kind: 'user', id: uuidv7() } as const;
const [album, other] = [uuidv7(), uuidv7()];
const photos = { shown: uuidv7(), members: uuidv7(), elsewhere: uuidv7(), trashed: uuidv7(), single: uuidv7() };

const insertPhoto = (tx: Tx, id: string, ownerId: string, more: Record<string, unknown> = {}) => {
  const row = {
    id,
    owner_id: ownerId,
    blob_hash: hash,
    filename: 'a.jpg',
    mime_type: 'image/jpeg',
    bytes: 10,
    width: 1,
    height: 1,
    taken_at: new Date(),
    taken_from: 'upload',
    ...more,
  };
  return (tx as Kysely<Record<string, Record<string, unknown>>>)
    .insertInto('photos')
    .values(row)
    .returning('id')
    .execute();
};
const hash = randomBytes(32);

beforeAll(async () => {
  for (const [who, name] of [
    [person, 'ines'],
    [member, 'tomas'],
  ] as const) {
    await as(anonymous, (tx) => sql`select register_user(${who.id}, ${name}, null, 'x', true, true, null)`.execute(tx));
  }
  await as(person, async (tx) => {
    const small = [{ variant: 'small', mime_type: 'image/webp', bytes: 1, width: 1, height: 1 }];
    await sql`select record_blob(${hash}, 10, 'files', ${JSON.stringify(small)}::jsonb)`.execute(tx);
    for (const id of [album, other]) {
      await sql`insert into albums (id, owner_id, name) values (${id}, ${person.id}, 'an album')`.execute(tx);
    }
    for (const id of [photos.shown, photos.elsewhere, photos.single]) await insertPhoto(tx, id, person.id);
    await insertPhoto(tx, photos.trashed, person.id, { deleted_at: new Date() });
    for (const [id, where] of [
      [photos.shown, album],
      [photos.trashed, album],
      [photos.elsewhere, other],
    ]) {
      await sql`insert into album_photos (album_id, photo_id, album_owner_id, position, added_by)
        values (${where}, ${id}, ${person.id}, 1, ${person.id})`.execute(tx);
    }
    await sql`select add_album_member(${album}, ${member.id}, 'contributor')`.execute(tx);
  });
  await as(member, async (tx) => {
    await insertPhoto(tx, photos.members, member.id);
    await sql`insert into album_photos (album_id, photo_id, album_owner_id, position, added_by)
      values (${album}, ${photos.members}, ${person.id}, 2, ${member.id})`.execute(tx);
  });
});

let link: Principal & { kind: 'link' };
/** Of the album, and open to photos, unless told otherwise. */
async function createLink(settings: Record<string, unknown> = {}): Promise<Principal & { kind: 'link' }> {
  const id = uuidv7();
  const row = {
    id,
    owner_id: person.id,
    album_id: album,
    key_hash: randomBytes(32),
    key_sealed: randomBytes(60),
    allow_upload: true,
    ...settings,
  };
  await as(person, (tx) =>
    (tx as Kysely<Record<string, Record<string, unknown>>>).insertInto('shared_links').values(row).execute(),
  );
  return { kind: 'link', id };
}
beforeEach(async () => {
  link = await createLink();
});

const seenBy = (principal: Principal, table: string): Promise<string[]> =>
  as(principal, async (tx) => {
    const column = sql.ref(table === 'album_photos' ? 'photo_id' : 'id');
    const { rows } = await sql<{ id: string }>`select ${column} as id from ${sql.table(table)} order by 1`.execute(tx);
    return rows.map(({ id }) => id);
  });

test('sees its album, what lies in it, whoever added it, and nothing else', async () => {
  expect(await seenBy(link, 'photos')).toEqual([photos.shown, photos.members].sort());
  expect(await seenBy(link, 'albums')).toEqual([album]);
  for (const table of ['users', 'shared_links', 'downloads', 'uploads', 'audit_log', 'sessions', 'api_keys']) {
    expect(await seenBy(link, table), table).toEqual([]);
  }
});

test('of one photo sees that photo', async () => {
  const single = await createLink({ album_id: null, photo_id: photos.single, allow_upload: false });
  expect(await seenBy(single, 'photos')).toEqual([photos.single]);
  for (const table of ['albums', 'album_photos']) expect(await seenBy(single, table)).toEqual([]);
});

test.each([
  ['was closed', () => sql`update shared_links set revoked_at = now()`],
  ['has expired', () => sql`update shared_links set expires_at = now() - interval '1 second'`],
])('that %s sees nothing and adds nothing', async (_, end) => {
  await as(person, (tx) => end().execute(tx));
  for (const table of ['photos', 'albums', 'album_photos']) expect(await seenBy(link, table)).toEqual([]);
  await expect(as(link, (tx) => insertPhoto(tx, uuidv7(), person.id, { link_id: link.id }))).rejects.toMatchObject(
    refused,
  );
  await expect(
    as(link, (tx) => sql`select record_blob(sha256('x'), 1, 'files', '[]')`.execute(tx)),
  ).rejects.toMatchObject(refused);
  expect(await as(link, async (tx) => (await sql`select count_link_view() as counted`.execute(tx)).rows)).toEqual([
    { counted: false },
  ]);
});

test('of somebody who is disabled sees nothing', async () => {
  await outside.query('update users set disabled_at = now() where id = $1', [person.id]);
  try {
    expect(await seenBy(link, 'photos')).toEqual([]);
  } finally {
    await outside.query('update users set disabled_at = null where id = $1', [person.id]);
  }
});

test('adds a photo for its owner at the end of its album, sees it there, and no longer once it was taken out', async () => {
  const id = uuidv7();
  await as(link, async (tx) => {
    expect(await insertPhoto(tx, id, person.id, { link_id: link.id })).toEqual([{ id }]);
    await sql`insert into album_photos (album_id, photo_id, album_owner_id, position, link_id)
      values (${album}, ${id}, ${person.id}, 9, ${link.id})`.execute(tx);
  });
  expect(await seenBy(link, 'photos')).toContain(id);
  await as(person, (tx) => sql`delete from album_photos where photo_id = ${id}`.execute(tx));
  expect(await seenBy(link, 'photos')).not.toContain(id);
});

test('adds nothing beyond that', async () => {
  const id = uuidv7();
  const send = (more: Record<string, unknown>, ownerId: string = person.id, by: Principal = link) =>
    as(by, (tx) => insertPhoto(tx, id, ownerId, { link_id: link.id, ...more }));
  await expect(send({}, member.id)).rejects.toMatchObject(refused);
  await expect(send({ link_id: null })).rejects.toMatchObject(refused);
  await expect(send({ link_id: (await createLink()).id })).rejects.toMatchObject(refused);
  await expect(send({ kind: 'generated' })).rejects.toMatchObject(refused);
  await expect(send({ caption: 'written by a guest' })).rejects.toMatchObject(refused);
  await expect(send({ is_favorite: true })).rejects.toMatchObject(refused);
  await expect(send({ deleted_at: new Date() })).rejects.toMatchObject(refused);
  const closed = await createLink({ allow_upload: false });
  await expect(send({ link_id: closed.id }, person.id, closed)).rejects.toMatchObject(refused);

  const put = (albumId: string, photoId: string, addedBy: string | null, linkId: string | null) =>
    as(link, (tx) =>
      sql`insert into album_photos (album_id, photo_id, album_owner_id, position, added_by, link_id)
        values (${albumId}, ${photoId}, ${person.id}, 1, ${addedBy}, ${linkId})`.execute(tx),
    );
  await expect(put(album, photos.elsewhere, null, link.id)).rejects.toMatchObject(refused);
  await expect(put(other, photos.shown, null, link.id)).rejects.toMatchObject(refused);
  await expect(put(album, photos.single, person.id, null)).rejects.toMatchObject(refused);
});

test('changes and deletes nothing', async () => {
  await as(link, async (tx) => {
    for (const statement of [
      sql`update photos set caption = 'taken'`,
      sql`delete from photos`,
      sql`update albums set name = 'taken'`,
      sql`delete from albums`,
      sql`update album_photos set position = 0`,
      sql`delete from album_photos`,
      sql`update shared_links set allow_download = true`,
      sql`delete from shared_links`,
    ]) {
      expect((await statement.execute(tx)).numAffectedRows).toBe(0n);
    }
  });
});

test('of a photo or an album of somebody else’s is made by nobody', async () => {
  for (const target of [{ album_id: null, photo_id: photos.shown, allow_upload: false }, { album_id: album }]) {
    const row = { id: uuidv7(), owner_id: member.id, key_hash: randomBytes(32), key_sealed: randomBytes(9), ...target };
    await expect(
      as(member, (tx) =>
        (tx as Kysely<Record<string, Record<string, unknown>>>).insertInto('shared_links').values(row).execute(),
      ),
    ).rejects.toMatchObject({ code: '23503' });
  }
});

test('counts no more views than it may, however many come at once', async () => {
  const counted = await createLink({ max_views: 3 });
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      as(
        counted,
        async (tx) => (await sql<{ counted: boolean }>`select count_link_view() as counted`.execute(tx)).rows[0],
      ),
    ),
  );
  expect(answers.filter((answer) => answer?.counted).length).toBe(3);
});
