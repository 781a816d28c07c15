import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { PhotoFilter, PhotoRow } from '#features/photos/index.ts';
import type { AlbumRole, AlbumTables } from './tables.ts';

type Tx = Kysely<AlbumTables>;

interface PersonRow {
  id: string;
  username: string;
  display_name: string | null;
  picture: string | null;
}

/** What every answer about an album shows, without the photos. */
export interface AlbumRow {
  id: string;
  owner_id: string;
  name: string;
  description: string | null;
  cover_photo_id: string | null;
  filter: PhotoFilter | null;
  created_at: Date;
  updated_at: Date;
  role: AlbumRole;
  is_pinned: boolean;
  link_count: number;
  people: (PersonRow & { role: AlbumRole })[];
}

export interface AlbumFilter {
  q?: string | undefined;
  role?: 'mine' | 'others' | undefined;
  pinned?: boolean | undefined;
}

const likePattern = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** Albums, with what one is in each. */
const seenBy = (userId: string) => sql`
  albums a
  left join memberships m on m.user_id = ${userId} and m.resource_kind = 'album' and m.resource_id = a.id
  left join album_pins pin on pin.user_id = ${userId} and pin.album_id = a.id`;

const isSeenBy = (userId: string) => sql`(a.owner_id = ${userId} or m.user_id is not null)`;

function narrowed(userId: string, filter: AlbumFilter) {
  const conditions = [isSeenBy(userId)];
  if (filter.q) conditions.push(sql`a.name ilike ${likePattern(filter.q)}`);
  if (filter.role === 'mine') conditions.push(sql`a.owner_id = ${userId}`);
  if (filter.role === 'others')
    conditions.push(
      sql`(a.owner_id <> ${userId} or exists (select from album_people(a.id) p where p.role <> 'owner'))`,
    );
  if (filter.pinned !== undefined) conditions.push(sql`(pin.user_id is not null) = ${filter.pinned}`);
  return sql.join(conditions, sql` and `);
}

const albumColumns = (userId: string) => sql`
  a.id, a.owner_id, a.name, a.description, a.cover_photo_id, a.filter, a.created_at, a.updated_at,
  case when a.owner_id = ${userId} then 'owner' else m.role end as role, pin.user_id is not null as is_pinned,
  (select count(*)::int from shared_links l where l.album_id = a.id and l.owner_id = ${userId} and l.revoked_at is null
    and (l.expires_at is null or l.expires_at > now()) and (l.max_views is null or l.views < l.max_views)) as link_count,
  (select jsonb_agg(jsonb_build_object('id', p.user_id, 'username', p.username, 'display_name', p.display_name, 'picture', p.picture,
      'role', p.role))
    from album_people(a.id) p) as people`;

export async function listAlbums(
  tx: Tx,
  userId: string,
  filter: AlbumFilter,
  page: { limit: number; offset: number },
): Promise<{ items: AlbumRow[]; total: number }> {
  const { rows } = await sql<AlbumRow>`
    select ${albumColumns(userId)} from ${seenBy(userId)} where ${narrowed(userId, filter)}
    order by a.updated_at desc, a.id desc limit ${page.limit} offset ${page.offset}`.execute(tx);
  const counted = await sql<{ n: number }>`
    select count(*)::int as n from ${seenBy(userId)} where ${narrowed(userId, filter)}`.execute(tx);
  return { items: rows, total: counted.rows[0]?.n ?? 0 };
}

/** An album that one was found to see. */
export async function findAlbum(tx: Tx, userId: string, id: string): Promise<AlbumRow | undefined> {
  const { rows } = await sql<AlbumRow>`
    select ${albumColumns(userId)} from ${seenBy(userId)} where a.id = ${id}`.execute(tx);
  return rows[0];
}

/** What one sees of an album before it is opened. */
export interface AlbumSummary {
  album_id: string;
  photo_count: number;
  first: string | null;
  last: string | null;
  previews: {
    id: string;
    blob_hash: string;
    placeholder: string | null;
    width: number;
    height: number;
    kind: PhotoRow['kind'];
  }[];
}

const wallClock = (time: RawBuilder<unknown>) => sql`to_char(${time}, 'YYYY-MM-DD"T"HH24:MI:SS')`;

/** Counts, spans and first pictures of albums, by one query for a whole page of them. */
export async function summarizeAlbums(tx: Tx, ids: readonly string[]): Promise<AlbumSummary[]> {
  const { rows } = await sql<AlbumSummary>`
    select a.id as album_id, s.photo_count, s.first, s.last, coalesce(v.previews, '[]') as previews
    from albums a
    cross join lateral (
      select count(*)::int as photo_count, ${wallClock(sql`min(p.sort_at)`)} as first, ${wallClock(sql`max(p.sort_at)`)} as last
      from album_photos ap join photos p on p.id = ap.photo_id
      where ap.album_id = a.id and p.deleted_at is null) s
    cross join lateral (
      select jsonb_agg(to_jsonb(f) - 'place') as previews from (
        select p.id, encode(p.blob_hash, 'hex') as blob_hash, translate(encode(p.placeholder, 'base64'), E'\\n', '') as placeholder,
          p.width, p.height, p.kind, ap.position as place
        from album_photos ap join photos p on p.id = ap.photo_id
        where ap.album_id = a.id and p.deleted_at is null
        order by (p.id = a.cover_photo_id) is true desc, ap.position, ap.photo_id limit 3) f) v
    where a.id = any(${ids})`.execute(tx);
  return rows;
}

export async function insertAlbum(
  tx: Tx,
  album: { id: string; owner_id: string; name: string; description: string | null; filter: PhotoFilter | null },
): Promise<void> {
  await tx
    .insertInto('albums')
    .values({ ...album, filter: album.filter && JSON.stringify(album.filter) })
    .execute();
}

export async function updateAlbum(
  tx: Tx,
  ownerId: string,
  id: string,
  change: { name?: string; description?: string | null; cover_photo_id?: string | null; filter?: PhotoFilter | null },
): Promise<void> {
  const { filter, ...rest } = change;
  await tx
    .updateTable('albums')
    .set({
      ...rest,
      ...(filter === undefined ? {} : { filter: filter && JSON.stringify(filter) }),
      updated_at: new Date(),
    })
    .where('id', '=', id)
    .where('owner_id', '=', ownerId)
    .execute();
}

/** Who loses sight of an album with it: its members, and the guests of links that are not closed. */
export async function countShares(tx: Tx, id: string): Promise<{ members: number; links: number }> {
  const { rows } = await sql<{ members: number; links: number }>`
    select (select count(*) from album_people(${id}) p where p.role <> 'owner')::int as members,
      (select count(*) from shared_links l where l.album_id = ${id} and l.revoked_at is null)::int as links`.execute(
    tx,
  );
  return rows[0] ?? { members: 0, links: 0 };
}

export async function deleteAlbum(tx: Tx, ownerId: string, id: string): Promise<void> {
  await tx.deleteFrom('albums').where('id', '=', id).where('owner_id', '=', ownerId).execute();
}

export async function setPinned(tx: Tx, userId: string, albumId: string, pinned: boolean): Promise<void> {
  if (pinned) {
    const row = { user_id: userId, album_id: albumId };
    await tx
      .insertInto('album_pins')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  } else {
    await tx.deleteFrom('album_pins').where('user_id', '=', userId).where('album_id', '=', albumId).execute();
  }
}

/** Whoever changes an album's order takes turns, so that two never put photos in one place. */
export async function lockAlbum(tx: Tx, id: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${id}, 2))`.execute(tx);
}

/** Which of these lie in an album. */
export async function findInAlbum(
  tx: Tx,
  albumId: string,
  photoIds: readonly string[],
): Promise<{ photo_id: string; added_by: string | null }[]> {
  return tx
    .selectFrom('album_photos')
    .select(['photo_id', 'added_by'])
    .where('album_id', '=', albumId)
    .where('photo_id', 'in', [...photoIds])
    .execute();
}

/** Puts photos at an album's end, in the order given; those that are there keep their place. @returns how many are new */
export async function appendPhotos(
  tx: Tx,
  album: { id: string; owner_id: string },
  userId: string,
  photoIds: readonly string[],
): Promise<number> {
  const { numAffectedRows } = await sql`
    insert into album_photos (album_id, photo_id, album_owner_id, position, added_by)
    select ${album.id}, wanted.id, ${album.owner_id}, last.position + wanted.place, ${userId}
    from unnest(${photoIds}::uuid[]) with ordinality as wanted(id, place),
      (select coalesce(max(position), 0) as position from album_photos where album_id = ${album.id}) last
    on conflict do nothing`.execute(tx);
  return Number(numAffectedRows ?? 0);
}

export async function removePhotos(tx: Tx, albumId: string, photoIds: readonly string[]): Promise<void> {
  await tx
    .deleteFrom('album_photos')
    .where('album_id', '=', albumId)
    .where('photo_id', 'in', [...photoIds])
    .execute();
}

/** The places between which photos are put: before one, or at the end. Those that move are out of the count. */
export async function findGap(
  tx: Tx,
  albumId: string,
  moving: readonly string[],
  before: string | null,
): Promise<{ after: number | null; before: number | null }> {
  const { rows } = await sql<{ after: number | null; before: number | null }>`
    select t.position as before, (
      select max(ap.position) from album_photos ap
      where ap.album_id = ${albumId} and ap.photo_id <> all(${moving}) and (t.position is null or ap.position < t.position)) as after
    from (select (select position from album_photos where album_id = ${albumId} and photo_id = ${before}::uuid) as position) t`.execute(
    tx,
  );
  return rows[0] ?? { after: null, before: null };
}

/** Gives photos their places, in the order given: `first`, `first + step`, … */
export async function placePhotos(
  tx: Tx,
  albumId: string,
  photoIds: readonly string[],
  place: { first: number; step: number },
): Promise<void> {
  await sql`
    update album_photos ap set position = ${place.first}::float8 + (wanted.place - 1) * ${place.step}::float8
    from unnest(${photoIds}::uuid[]) with ordinality as wanted(id, place)
    where ap.album_id = ${albumId} and ap.photo_id = wanted.id`.execute(tx);
}

/** Whole numbers for all places, once halving has used up the room between two. */
export async function renumber(tx: Tx, albumId: string): Promise<void> {
  await sql`
    update album_photos ap set position = numbered.place
    from (select photo_id, row_number() over (order by position, photo_id) as place
          from album_photos where album_id = ${albumId}) numbered
    where ap.album_id = ${albumId} and ap.photo_id = numbered.photo_id`.execute(tx);
}

/** Ids and adders of an album's live photos, in its order. */
export async function listPlaces(
  tx: Tx,
  albumId: string,
  page: { limit: number | null; offset: number },
): Promise<{ photo_id: string; added_by: string | null; added_at: Date }[]> {
  const { rows } = await sql<{ photo_id: string; added_by: string | null; added_at: Date }>`
    select ap.photo_id, ap.added_by, ap.added_at from album_photos ap join photos p on p.id = ap.photo_id
    where ap.album_id = ${albumId} and p.deleted_at is null
    order by ap.position, ap.photo_id limit ${page.limit} offset ${page.offset}`.execute(tx);
  return rows;
}

export async function countPhotos(tx: Tx, albumId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from album_photos ap join photos p on p.id = ap.photo_id
    where ap.album_id = ${albumId} and p.deleted_at is null`.execute(tx);
  return rows[0]?.n ?? 0;
}

export interface MemberRow {
  user_id: string;
  username: string;
  display_name: string | null;
  picture: string | null;
  role: AlbumRole;
  photos: string;
  joined_at: Date;
}

/** The owner first, then who came first, each with how many of their photos can be seen here. Empty where one may not see the album. */
export async function listMembers(tx: Tx, albumId: string): Promise<MemberRow[]> {
  const { rows } = await sql<MemberRow>`
    select p.*, (select count(*) from album_photos ap join photos ph on ph.id = ap.photo_id
      where ap.album_id = ${albumId} and ap.added_by = p.user_id and ph.deleted_at is null) as photos
    from album_people(${albumId}) with ordinality p order by p.ordinality`.execute(tx);
  return rows;
}

/** @returns false when they belong to it already */
export const addMember = (tx: Tx, albumId: string, userId: string, role: string): Promise<boolean> =>
  did(tx, sql<{ done: boolean }>`select add_album_member(${albumId}, ${userId}, ${role}) as done`);

/** @returns false when they do not belong to it */
export const setRole = (tx: Tx, albumId: string, userId: string, role: string): Promise<boolean> =>
  did(tx, sql<{ done: boolean }>`select set_album_role(${albumId}, ${userId}, ${role}) as done`);

/** Takes along what they had added. @returns false when they do not belong to it */
export const removeMember = (tx: Tx, albumId: string, userId: string): Promise<boolean> =>
  did(tx, sql<{ done: boolean }>`select remove_album_member(${albumId}, ${userId}) as done`);

async function did(tx: Tx, query: RawBuilder<{ done: boolean }>): Promise<boolean> {
  const { rows } = await query.execute(tx);
  return rows[0]?.done === true;
}
