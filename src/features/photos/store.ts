import { type Expression, type Insertable, type Kysely, type QueryExecutorProvider, type SqlBool, sql } from 'kysely';
import { keptPlan } from '#platform/database/kept-plans.ts';
import { AppError } from '#platform/http/app-error.ts';
import {
  begin,
  found,
  lookByTime,
  matching,
  type PhotoSelection,
  type Search,
  selected,
  understand,
} from './filter-store.ts';
import type { PhotoFilter } from './photo-filter.ts';
import type { PhotoTables } from './tables.ts';

type Tx = Kysely<PhotoTables>;

const columns = [
  'id',
  'owner_id',
  'blob_hash',
  'filename',
  'mime_type',
  'bytes',
  'width',
  'height',
  'kind',
  'image_type',
  'is_primary',
  'is_favorite',
  'is_archived',
  'caption',
  'tags',
  'place',
  'taken_at',
  'taken_offset',
  'placeholder',
  'created_at',
  'deleted_at',
  'prompt',
  'recipe',
] as const;

/** What every answer about a photo shows. */
export type PhotoRow = Awaited<ReturnType<typeof findPhoto>> & {};

export const findPhoto = (tx: Tx, id: string) =>
  tx.selectFrom('photos').select(columns).where('id', '=', id).executeTakeFirst();

/** Photos in the order of the ids, as far as they can be seen. */
export async function findPhotos(tx: Tx, ids: readonly string[]): Promise<PhotoRow[]> {
  const rows = await tx.selectFrom('photos').select(columns).where(sql<SqlBool>`id = any(${ids})`).execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

export const findPhotoDetail = (tx: Tx, id: string) =>
  tx
    .selectFrom('photos')
    .select(columns)
    .select([
      'camera_make',
      'camera_model',
      'lens',
      'exposure',
      'latitude',
      'longitude',
      'altitude',
      'source_photo_id',
      'taken_from',
      'style',
      'digital_source',
    ])
    .where('id', '=', id)
    .executeTakeFirst();

/** With what was read out of the file. */
export type PhotoDetailRow = Awaited<ReturnType<typeof findPhotoDetail>> & {};

/** The owner's own upload of the same bytes, in the trash or not. */
export const findUploadOf = (tx: Tx, ownerId: string, hash: Buffer) =>
  tx
    .selectFrom('photos')
    .select(columns)
    .where('owner_id', '=', ownerId)
    .where('blob_hash', '=', hash)
    .where('kind', '=', 'uploaded')
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst();

export interface Position {
  sortAt: string;
  id: string;
}

/** A page of what a filter lets through, newest first, the position after it where there is more, and how many there are. */
export async function listPhotos(
  tx: Tx,
  ownerId: string,
  filter: PhotoFilter,
  page: { limit: number; offset: number; after?: Position | undefined },
): Promise<{ items: PhotoRow[]; next: Position | null; total: number }> {
  const search = await understand(tx, ownerId, filter);
  if (search.findsNothing) return { items: [], next: null, total: 0 };
  if (search.words !== null && search.isIndexed) return listIndexed(tx, search, page);
  let query = tx.selectFrom('photos').select(columns).select(positionOf('sort_at')).where(matching(search));
  if (page.after) query = query.where(isAfter(page.after, 'id'));
  const rows = await query
    .orderBy('sort_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .offset(page.offset)
    .execute();
  const items = rows.slice(0, page.limit);
  const last = items.at(-1);
  const next: Position | null = rows.length > page.limit && last ? { sortAt: last.position, id: last.id } : null;
  return { items, next, total: await countPhotos(tx, search) };
}

/** A page of what a filter lets through, newest first, and how many there are; further queries of the transaction may follow. */
export async function listMatching(
  tx: Tx,
  ownerId: string,
  filter: PhotoFilter,
  page: { limit: number; offset: number },
): Promise<{ items: PhotoRow[]; total: number }> {
  const search = await understand(tx, ownerId, filter);
  if (search.findsNothing) return { items: [], total: 0 };
  const items = await inTime(tx, search, 'desc').limit(page.limit).offset(page.offset).execute();
  return { items, total: await countPhotos(tx, search) };
}

/** Live photos of an owner in the order of their coming, newest first. */
export async function listAdded(
  tx: Tx,
  ownerId: string,
  { kind, limit }: { kind?: PhotoRow['kind']; limit: number },
): Promise<PhotoRow[]> {
  let query = tx.selectFrom('photos').select(columns).where('owner_id', '=', ownerId).where('deleted_at', 'is', null);
  if (kind) query = query.where('kind', '=', kind);
  return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}

export const findOldestMatching = async (tx: Tx, ownerId: string, filter: PhotoFilter) =>
  inTime(tx, await understand(tx, ownerId, filter), 'asc')
    .limit(1)
    .executeTakeFirst();

const inTime = (tx: Tx, search: Search, order: 'asc' | 'desc') =>
  tx.selectFrom('photos').select(columns).where(matching(search)).orderBy('sort_at', order).orderBy('id', order);

const positionOf = (column: 'sort_at') =>
  sql<string>`to_char(${sql.ref(column)}, 'YYYY-MM-DD"T"HH24:MI:SS.US')`.as('position');
// A row comparison, so that an index is entered at the position instead of counted up to it.
const isAfter = (after: Position, id: 'id' | 'photo_id') =>
  sql<SqlBool>`(sort_at, ${sql.ref(id)}) < (${after.sortAt}::timestamp, ${after.id}::uuid)`;

/**
 * Fewer than this are put in order; of more, only those of the days that the page is from are looked at. There each row is asked by
 * itself, which costs as much as ten that the index of words finds.
 */
const fewEnough = 10_000;

/** The same from the index of words. It is counted by spans of a month's length, so that the page's span is known before it is read. */
async function listIndexed(
  tx: Tx,
  search: Search,
  page: { limit: number; offset: number; after?: Position | undefined },
) {
  await begin(tx, search);
  const { rows: spans } = await sql<{ span: number; count: number }>`
    select (sort_at::date - date '2000-01-01') / ${spanDays}::int as span, count(*)::int as count
    from photo_search where ${found(search)} group by 1 order by 1 desc`.execute(tx);
  const total = spans.reduce((sum, { count }) => sum + count, 0);
  const near = total > fewEnough ? spanOf(spans, page) : null;
  if (near) await lookByTime(tx);
  const { rows } = await sql<{ id: string; position: string }>`
    select photo_id as id, ${positionOf('sort_at')} from photo_search
    where ${found(search)} and ${near ? sql`sort_at >= date '2000-01-01' + ${near.first * spanDays}::int` : sql`true`}
      and ${page.after ? isAfter(page.after, 'photo_id') : sql`true`}
    order by sort_at desc, photo_id desc limit ${page.limit + 1} offset ${page.offset}`.execute(tx);
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  const ids = shown.map(({ id }) => id);
  return {
    items: await findPhotos(tx, ids),
    next: rows.length > page.limit && last ? { sortAt: last.position, id: last.id } : null,
    total,
  };
}

const spanDays = 32;

/** The oldest span that a page and its successor reach into; dates before 2000 round towards it. */
function spanOf(
  spans: readonly { span: number; count: number }[],
  page: { limit: number; offset: number; after?: Position | undefined },
): { first: number } | null {
  const start = page.after ? Date.parse(`${page.after.sortAt.slice(0, 10)}Z`) : Number.POSITIVE_INFINITY;
  let wanted = page.offset + page.limit + 1;
  for (const { span, count } of spans) {
    // What lies in the span of the position may be before it: the whole span counts for nothing.
    const ends = Date.UTC(2000, 0, 1) + (span + 1) * spanDays * 86_400_000;
    if (ends <= start) wanted -= count;
    if (wanted <= 0) return { first: span > 0 ? span : span - 1 };
  }
  return null;
}

/** Counters know the timeline, its favourites, and what in it was made. */
const isCounted = ({ filter: { favorite, generated, archived: _, ...rest }, archived }: Search): boolean =>
  archived === false &&
  favorite !== false &&
  (favorite === undefined || generated === undefined) &&
  Object.values(rest).every(
    (value) => value === undefined || value === '' || (Array.isArray(value) && value.length === 0),
  );

async function countPhotos(tx: Tx, search: Search): Promise<number> {
  if (isCounted(search)) {
    const { rows } = await sql<{ count: string }>`
      select coalesce(sum(${counterOf(search)}), 0) as count from timeline_months where owner_id = ${search.ownerId}`.execute(
      tx,
    );
    return Number(rows[0]?.count ?? 0);
  }
  const { n } = await tx
    .selectFrom('photos')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where(matching(search))
    .executeTakeFirstOrThrow();
  return Number(n);
}

const counterOf = ({ filter: { favorite, generated } }: Search) => {
  if (generated !== undefined) return generated ? sql`made` : sql`photos - made`;
  return favorite ? sql`favorites` : sql`photos`;
};

/** Months with photos and how many, newest first. */
export async function countMonths(tx: Tx, ownerId: string, filter: PhotoFilter) {
  const search = await understand(tx, ownerId, filter);
  if (search.findsNothing) return [];
  const isIndexed = search.words !== null && search.isIndexed;
  if (isIndexed) await begin(tx, search);
  const counted = sql`
    select date_trunc('month', sort_at) as month, count(*)::int as count
    from ${isIndexed ? sql`photo_search where ${found(search)}` : sql`photos where ${matching(search)}`} group by 1`;
  const kept = sql`
    select month, ${counterOf(search)} as count from timeline_months where owner_id = ${ownerId} and ${counterOf(search)} > 0`;
  const { rows } = await sql<{ month: string; count: number }>`
    select to_char(month, 'YYYY-MM') as month, count from (${isCounted(search) ? kept : counted}) months
    order by months.month desc`.execute(tx);
  return rows;
}

export async function listMonth(tx: Tx, ownerId: string, month: string, filter: PhotoFilter): Promise<PhotoRow[]> {
  const from = `${month}-01`;
  const to = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)))).toISOString().slice(0, 10);
  return tx
    .selectFrom('photos')
    .select(columns)
    .where(matching(await understand(tx, ownerId, filter), { from, to }))
    .where(sql<SqlBool>`sort_at >= ${from}::timestamp and sort_at < ${to}::timestamp`)
    .orderBy('sort_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
}

export const insertPhoto = (tx: Tx, photo: Insertable<PhotoTables['photos']>) =>
  tx.insertInto('photos').values(photo).returning(columns).executeTakeFirstOrThrow();

/**
 * Says that bytes are stored, and what was derived from them. Runs as the database's owner, so that nobody needs to see
 * whether somebody else's blob is there.
 */
export async function recordBlob(
  tx: Tx,
  blob: {
    hash: Buffer;
    bytes: number;
    driver: string;
    derivatives: { variant: string; mime_type: string; bytes: number; width: number; height: number }[];
  },
): Promise<void> {
  await sql`select record_blob(${blob.hash}, ${blob.bytes}, ${blob.driver}, ${JSON.stringify(blob.derivatives)}::jsonb)`.execute(
    tx,
  );
}

/** Uploads of one hash hold this shared until they commit; the sweeper takes it alone, so it never deletes what comes in. */
export async function lockBlobShared(tx: Tx, hash: Buffer): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${lockKey(hash)}::bigint)`.execute(tx);
}

/** As {@link lockBlobShared}, for one who makes something of bytes that a photo within sight has. @throws AppError `not_found` */
export async function requireBytes(tx: Tx, hash: Buffer): Promise<void> {
  await lockBlobShared(tx, hash);
  const photo = await tx.selectFrom('photos').select('id').where('blob_hash', '=', hash).limit(1).executeTakeFirst();
  if (!photo) throw new AppError('not_found', 'There is no such photo.');
}

export async function tryLockBlob(tx: Tx, hash: Buffer): Promise<boolean> {
  const { rows } = await sql<{
    got: boolean;
  }>`select pg_try_advisory_xact_lock(${lockKey(hash)}::bigint) as got`.execute(tx);
  return rows[0]?.got === true;
}

/** Whether these bytes are somebody's public picture. @param tx of the system */
export async function isShownPicture(tx: Tx, hash: Buffer): Promise<boolean> {
  const { rows } = await sql<{ shown: boolean }>`select is_shown_picture(${hash}) as shown`.execute(tx);
  return rows[0]?.shown === true;
}

/** Two uploads of the same bytes by the same person take turns, so that they make one photo. */
export async function lockUploadOf(tx: Tx, ownerId: string, hash: Buffer): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${ownerId} ${hash.toString('hex')}`}, 1))`.execute(tx);
}

const lockKey = (hash: Buffer): string => hash.readBigInt64BE(0).toString();

export const updatePhoto = (
  tx: Tx,
  id: string,
  change: {
    caption?: string | null;
    is_favorite?: boolean;
    is_archived?: boolean;
    image_type?: PhotoRow['image_type'];
    is_primary?: boolean;
    tags?: string[];
    place?: string | null;
    taken_at?: Date;
    taken_offset?: number | null;
    taken_from?: PhotoDetailRow['taken_from'];
    latitude?: number;
    longitude?: number;
    altitude?: number | null;
  },
) =>
  tx
    .updateTable('photos')
    .set({ ...change, updated_at: new Date() })
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirst();

/**
 * Whoever changes many photos of one owner takes turns: two statements that meet the same rows in different orders would wait for
 * each other, and one of them be ended.
 */
export async function lockPhotos(tx: QueryExecutorProvider, ownerId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${ownerId}, 3))`.execute(tx);
}

/**
 * Takes the mark of the primary photo from whichever has it, before another gets it in the same transaction; whoever else sets one
 * waits until then.
 */
export async function unsetPrimary(tx: Tx, ownerId: string): Promise<void> {
  await lockPhotos(tx, ownerId);
  await tx
    .updateTable('photos')
    .set({ is_primary: false, updated_at: new Date() })
    .where('owner_id', '=', ownerId)
    .where('is_primary', '=', true)
    .execute();
}

/** Makes a photo its owner's primary one where they have none. */
export async function setPrimaryUnlessSet(tx: Tx, ownerId: string, id: string): Promise<void> {
  await lockPhotos(tx, ownerId);
  await tx
    .updateTable('photos')
    .set({ is_primary: true })
    .where('id', '=', id)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('photos as other')
            .select('other.id')
            .where('other.owner_id', '=', ownerId)
            .where('other.is_primary', '=', true),
        ),
      ),
    )
    .execute();
}

/** @returns how many went to the trash; all of them at that one moment */
export async function trashPhotos(tx: Tx, ownerId: string, selection: PhotoSelection, at: Date): Promise<number> {
  await lockPhotos(tx, ownerId);
  const { numUpdatedRows } = await tx
    .updateTable('photos')
    .set({ deleted_at: at, is_primary: false })
    .where(await selected(tx, ownerId, selection))
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

export async function setFavorite(
  tx: Tx,
  ownerId: string,
  selection: PhotoSelection,
  isFavorite: boolean,
): Promise<number> {
  await lockPhotos(tx, ownerId);
  const { numUpdatedRows } = await tx
    .updateTable('photos')
    .set({ is_favorite: isFavorite, updated_at: new Date() })
    .where(await selected(tx, ownerId, selection))
    .where('is_favorite', '<>', isFavorite)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

export async function setArchived(
  tx: Tx,
  ownerId: string,
  selection: PhotoSelection,
  isArchived: boolean,
): Promise<number> {
  await lockPhotos(tx, ownerId);
  const { numUpdatedRows } = await tx
    .updateTable('photos')
    .set({ is_archived: isArchived, updated_at: new Date() })
    .where(await selected(tx, ownerId, selection))
    .where('is_archived', '<>', isArchived)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

const trashOf = (ownerId: string): Expression<SqlBool> =>
  sql<SqlBool>`owner_id = ${ownerId} and deleted_at is not null`;

export async function restorePhotos(
  tx: Tx,
  ownerId: string,
  which: { ids?: string[] | undefined; trashedAt?: Date | undefined },
): Promise<number> {
  await lockPhotos(tx, ownerId);
  let query = tx.updateTable('photos').set({ deleted_at: null }).where(trashOf(ownerId));
  if (which.ids) query = query.where('id', 'in', which.ids);
  if (which.trashedAt) query = query.where('deleted_at', '=', which.trashedAt);
  const { numUpdatedRows } = await query.executeTakeFirst();
  return Number(numUpdatedRows);
}

/** Deletes for good, from the trash only. */
export async function purgePhotos(tx: Tx, ownerId: string, ids: string[] | undefined): Promise<number> {
  await lockPhotos(tx, ownerId);
  let query = tx.deleteFrom('photos').where(trashOf(ownerId));
  if (ids) query = query.where('id', 'in', ids);
  const { numDeletedRows } = await query.executeTakeFirst();
  return Number(numDeletedRows);
}

/** Deletes an owner's photo for good, unless somebody has put it in an album or something was made of it. */
export async function withdrawPhoto(tx: Tx, ownerId: string, id: string): Promise<boolean> {
  await lockPhotos(tx, ownerId);
  const { numDeletedRows } = await tx
    .deleteFrom('photos')
    .where('id', '=', id)
    .where('owner_id', '=', ownerId)
    .where(
      sql<SqlBool>`not exists (select from photos made where made.owner_id = ${ownerId} and made.source_photo_id = ${id})`,
    )
    .where(sql<SqlBool>`not exists (select from album_photos ap where ap.photo_id = ${id})`)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

export async function listTrash(tx: Tx, ownerId: string, page: { limit: number; offset: number }) {
  const items = await tx
    .selectFrom('photos')
    .select(columns)
    .where(trashOf(ownerId))
    .orderBy('deleted_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute();
  const { n } = await tx
    .selectFrom('photos')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where(trashOf(ownerId))
    .executeTakeFirstOrThrow();
  return { items, total: Number(n) };
}

/** What serving a photo's bytes takes. */
export async function findServable(tx: Tx, id: string) {
  const { rows } = await sql<{
    owner_id: string;
    hash: string;
    mime_type: string;
    filename: string;
    derivatives: Record<string, string> | null;
    digital_source: string | null;
    made_source: string | null;
    is_trashed: boolean;
  }>`
    ${sql.raw(keptPlan)}
    select p.owner_id, encode(p.blob_hash, 'hex') as hash, p.mime_type, p.filename, p.digital_source,
      case when p.kind <> 'uploaded' then p.digital_source end as made_source, p.deleted_at is not null as is_trashed,
      (select jsonb_object_agg(d.variant, d.mime_type) from derivatives d where d.blob_hash = p.blob_hash) as derivatives
    from photos p where p.id = ${id}`.execute(tx);
  return rows[0];
}

/** The ids of an owner's photos that a filter lets through, newest first. */
export async function selectMatchingIds(
  tx: Tx,
  ownerId: string,
  selection: { filter: PhotoFilter; except?: string[] | undefined },
): Promise<string[]> {
  const rows = await tx
    .selectFrom('photos')
    .select('id')
    .where(await selected(tx, ownerId, selection))
    .orderBy('sort_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
  return rows.map(({ id }) => id);
}

export async function selectForDownload(tx: Tx, ownerId: string, selection: PhotoSelection) {
  return tx
    .selectFrom('photos')
    .select(['id', 'bytes'])
    .where(await selected(tx, ownerId, selection))
    .orderBy('sort_at')
    .orderBy('id')
    .execute();
}

/** An owner's files for a download, in the order of the ids. Photos that were deleted meanwhile are left out. */
export async function listFiles(tx: Tx, ownerId: string, ids: readonly string[]) {
  const { rows } = await sql<{
    hash: string;
    filename: string;
    bytes: string;
    sort_at: Date;
    made_source: string | null;
  }>`
    select encode(p.blob_hash, 'hex') as hash, p.filename, p.bytes, p.taken_at as sort_at,
      case when p.kind <> 'uploaded' then p.digital_source end as made_source
    from unnest(${ids}::uuid[]) with ordinality as wanted(id, place) join photos p on p.id = wanted.id
    where p.owner_id = ${ownerId} and p.deleted_at is null order by wanted.place`.execute(tx);
  return rows;
}

/** As {@link listFiles}, of whomever's photos still lie in an album. */
export async function listAlbumFiles(tx: Tx, albumId: string, ids: readonly string[]) {
  const { rows } = await sql<{
    hash: string;
    filename: string;
    bytes: string;
    sort_at: Date;
    made_source: string | null;
  }>`
    select encode(p.blob_hash, 'hex') as hash, p.filename, p.bytes, p.taken_at as sort_at,
      case when p.kind <> 'uploaded' then p.digital_source end as made_source
    from unnest(${ids}::uuid[]) with ordinality as wanted(id, place)
      join album_photos ap on ap.photo_id = wanted.id and ap.album_id = ${albumId} join photos p on p.id = wanted.id
    where p.deleted_at is null order by wanted.place`.execute(tx);
  return rows;
}

/** Each names all its photos: the list of a large library is a megabyte. */
const mostDownloads = 50;

/** Only the newest of a person's are kept. */
export async function insertDownload(
  tx: Tx,
  download: {
    id: string;
    owner_id: string;
    photo_ids: string[];
    expires_at: Date;
    album_id?: string | null;
    name?: string | null;
  },
): Promise<void> {
  await tx.insertInto('downloads').values(download).execute();
  await sql`
    delete from downloads where owner_id = ${download.owner_id} and id in (
      select id from downloads where owner_id = ${download.owner_id} order by created_at desc, id desc offset ${mostDownloads})`.execute(
    tx,
  );
}

export const findDownload = (tx: Tx, id: string) =>
  tx
    .selectFrom('downloads')
    .select(['photo_ids', 'expires_at', 'created_at', 'album_id', 'name'])
    .where('id', '=', id)
    .executeTakeFirst();

export const findUpload = (tx: Tx, id: string) =>
  tx.selectFrom('uploads').selectAll().where('id', '=', id).executeTakeFirst();

export async function insertUpload(tx: Tx, upload: Insertable<PhotoTables['uploads']>): Promise<void> {
  await tx.insertInto('uploads').values(upload).execute();
}

/** Writes down what became of an upload; an upload that was given up meanwhile stays gone. */
export async function settleUpload(
  tx: Tx,
  id: string,
  outcome: { status: 'complete'; photo_id: string; duplicate: boolean } | { status: 'failed'; error: string },
): Promise<void> {
  await tx.updateTable('uploads').set(outcome).where('id', '=', id).execute();
}

export async function deleteUpload(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('uploads').where('id', '=', id).execute();
}

/** Of these uploads, the ones that still wait for bytes. */
export async function findReceiving(tx: Tx, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select id from uploads where id::text = any(${ids}) and status = 'receiving'`.execute(tx);
  return new Set(rows.map(({ id }) => id));
}

/** Fails with TT010 unless a photo of this size would fit. Runs as the database's owner: guests may not see the figures. */
export async function requireRoom(tx: Tx, ownerId: string, bytes: number, photos: number): Promise<void> {
  await sql`select require_room(${ownerId}, ${bytes}, ${photos})`.execute(tx);
}

/** As {@link requireRoom}, beside all that is announced. @returns how many uploads are unfinished */
export async function requireUploadRoom(tx: Tx, ownerId: string, bytes: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    with announced as (
      select count(*) as n, coalesce(sum(bytes), 0) as bytes from uploads
      where owner_id = ${ownerId} and status = 'receiving' and expires_at > now())
    select n::int, require_room(${ownerId}, bytes::bigint + ${bytes}::bigint, n + 1) from announced`.execute(tx);
  return rows[0]?.n ?? 0;
}
