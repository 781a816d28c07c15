import { type Expression, type Insertable, type Kysely, type SqlBool, sql } from 'kysely';
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
  'is_favorite',
  'caption',
  'taken_at',
  'taken_offset',
  'placeholder',
  'created_at',
  'deleted_at',
] as const;

/** What every answer about a photo shows. */
export type PhotoRow = Awaited<ReturnType<typeof findPhoto>> & {};

/** What narrows a list. Times are wall-clock texts, compared with where the photo was taken. */
export interface PhotoFilter {
  favorite?: boolean | undefined;
  generated?: boolean | undefined;
  q?: string | undefined;
  since?: string | undefined;
  taken_after?: string | undefined;
  taken_before?: string | undefined;
}

/** Photos by id, or everything that matches but for some. */
export type PhotoSelection = {
  ids?: string[] | undefined;
  filter?: PhotoFilter | undefined;
  except?: string[] | undefined;
};

const withoutOffset = (time: string): string => time.replace(/(Z|[+-]\d{2}:?\d{2})$/, '');
const likePattern = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** The live photos of an owner that a filter lets through, as a condition on `photos`. */
function matching(ownerId: string, filter: PhotoFilter): Expression<SqlBool> {
  const conditions: Expression<SqlBool>[] = [sql<SqlBool>`owner_id = ${ownerId}`, sql<SqlBool>`deleted_at is null`];
  if (filter.favorite !== undefined) conditions.push(sql<SqlBool>`is_favorite = ${sql.lit(filter.favorite)}`);
  if (filter.generated !== undefined) {
    conditions.push(filter.generated ? sql<SqlBool>`kind <> 'uploaded'` : sql<SqlBool>`kind = 'uploaded'`);
  }
  if (filter.since) conditions.push(sql<SqlBool>`created_at >= ${filter.since}`);
  if (filter.taken_after) conditions.push(sql<SqlBool>`sort_at >= ${withoutOffset(filter.taken_after)}::timestamp`);
  if (filter.taken_before) conditions.push(sql<SqlBool>`sort_at < ${withoutOffset(filter.taken_before)}::timestamp`);
  if (filter.q) {
    const pattern = likePattern(filter.q);
    conditions.push(
      sql<SqlBool>`(caption ilike ${pattern} or filename ilike ${pattern} or camera_model ilike ${pattern})`,
    );
  }
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`;
}

function selected(ownerId: string, selection: PhotoSelection): Expression<SqlBool> {
  if (selection.ids) return sql<SqlBool>`owner_id = ${ownerId} and deleted_at is null and id = any(${selection.ids})`;
  const except = selection.except ?? [];
  return sql<SqlBool>`${matching(ownerId, selection.filter ?? {})} and id <> all(${except}::uuid[])`;
}

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
    .select(['camera_make', 'camera_model', 'lens', 'exposure', 'latitude', 'longitude', 'altitude', 'source_photo_id'])
    .where('id', '=', id)
    .executeTakeFirst();

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

/** A page of the timeline, newest first, and the position after it where there is more. */
export async function listPhotos(
  tx: Tx,
  ownerId: string,
  filter: PhotoFilter,
  page: { limit: number; offset: number; after?: Position | undefined },
) {
  let query = tx
    .selectFrom('photos')
    .select(columns)
    .select(sql<string>`to_char(sort_at, 'YYYY-MM-DD"T"HH24:MI:SS.US')`.as('position'))
    .where(matching(ownerId, filter));
  // A row comparison, so that the index is entered at the position instead of counted up to it.
  if (page.after)
    query = query.where(sql<SqlBool>`(sort_at, id) < (${page.after.sortAt}::timestamp, ${page.after.id}::uuid)`);
  const rows = await query
    .orderBy('sort_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .offset(page.offset)
    .execute();
  const items = rows.slice(0, page.limit);
  const last = items.at(-1);
  const next: Position | null = rows.length > page.limit && last ? { sortAt: last.position, id: last.id } : null;
  return { items, next };
}

/** How many photos a filter lets through; read from the counters where they know. */
export async function countPhotos(tx: Tx, ownerId: string, filter: PhotoFilter): Promise<number> {
  const { favorite, generated, ...rest } = filter;
  const narrowed = Object.values(rest).some((value) => value !== undefined);
  if (!narrowed && favorite !== false && (favorite === undefined || generated === undefined)) {
    const { rows } = await sql<{ photos: string; favorites: string; made: string }>`
      select coalesce(sum(photos), 0) as photos, coalesce(sum(favorites), 0) as favorites, coalesce(sum(made), 0) as made
      from timeline_months where owner_id = ${ownerId}`.execute(tx);
    const counted = rows[0];
    if (favorite) return Number(counted?.favorites ?? 0);
    if (generated === true) return Number(counted?.made ?? 0);
    if (generated === false) return Number(counted?.photos ?? 0) - Number(counted?.made ?? 0);
    return Number(counted?.photos ?? 0);
  }
  const { n } = await tx
    .selectFrom('photos')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where(matching(ownerId, filter))
    .executeTakeFirstOrThrow();
  return Number(n);
}

/** Months with photos and how many, newest first. */
export async function countMonths(
  tx: Tx,
  ownerId: string,
  filter: { favorite?: boolean | undefined; q?: string | undefined },
) {
  if (filter.q || filter.favorite === false) {
    const { rows } = await sql<{ month: string; count: number }>`
      select to_char(sort_at, 'YYYY-MM') as month, count(*)::int as count from photos
      where ${matching(ownerId, filter)} group by 1 order by 1 desc`.execute(tx);
    return rows;
  }
  const column = sql.ref(filter.favorite ? 'favorites' : 'photos');
  const { rows } = await sql<{ month: string; count: number }>`
    select to_char(month, 'YYYY-MM') as month, ${column} as count from timeline_months
    where owner_id = ${ownerId} and ${column} > 0 order by timeline_months.month desc`.execute(tx);
  return rows;
}

export async function listMonth(
  tx: Tx,
  ownerId: string,
  month: string,
  filter: { favorite?: boolean | undefined; q?: string | undefined },
) {
  const first = `${month}-01`;
  return tx
    .selectFrom('photos')
    .select(columns)
    .where(matching(ownerId, filter))
    .where(sql<SqlBool>`sort_at >= ${first}::timestamp and sort_at < ${first}::timestamp + interval '1 month'`)
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

export async function tryLockBlob(tx: Tx, hash: Buffer): Promise<boolean> {
  const { rows } = await sql<{
    got: boolean;
  }>`select pg_try_advisory_xact_lock(${lockKey(hash)}::bigint) as got`.execute(tx);
  return rows[0]?.got === true;
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
    taken_at?: Date;
    taken_offset?: number | null;
    taken_from?: 'person';
  },
) =>
  tx
    .updateTable('photos')
    .set({ ...change, updated_at: new Date() })
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirst();

/** @returns how many went to the trash; all of them at that one moment */
export async function trashPhotos(tx: Tx, ownerId: string, selection: PhotoSelection, at: Date): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable('photos')
    .set({ deleted_at: at })
    .where(selected(ownerId, selection))
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

export async function setFavorite(
  tx: Tx,
  ownerId: string,
  selection: PhotoSelection,
  isFavorite: boolean,
): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable('photos')
    .set({ is_favorite: isFavorite, updated_at: new Date() })
    .where(selected(ownerId, selection))
    .where('is_favorite', '<>', isFavorite)
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
  let query = tx.updateTable('photos').set({ deleted_at: null }).where(trashOf(ownerId));
  if (which.ids) query = query.where('id', 'in', which.ids);
  if (which.trashedAt) query = query.where('deleted_at', '=', which.trashedAt);
  const { numUpdatedRows } = await query.executeTakeFirst();
  return Number(numUpdatedRows);
}

/** Deletes for good, from the trash only. */
export async function purgePhotos(tx: Tx, ownerId: string, ids: string[] | undefined): Promise<number> {
  let query = tx.deleteFrom('photos').where(trashOf(ownerId));
  if (ids) query = query.where('id', 'in', ids);
  const { numDeletedRows } = await query.executeTakeFirst();
  return Number(numDeletedRows);
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
  }>`
    select p.owner_id, encode(p.blob_hash, 'hex') as hash, p.mime_type, p.filename,
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
    .where(selected(ownerId, selection))
    .orderBy('sort_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
  return rows.map(({ id }) => id);
}

export async function selectForDownload(tx: Tx, ownerId: string, selection: PhotoSelection) {
  return tx
    .selectFrom('photos')
    .select(['id', 'bytes'])
    .where(selected(ownerId, selection))
    .orderBy('sort_at')
    .orderBy('id')
    .execute();
}

/** An owner's files for a download, in the order of the ids. Photos that were deleted meanwhile are left out. */
export async function listFiles(tx: Tx, ownerId: string, ids: readonly string[]) {
  const { rows } = await sql<{ hash: string; filename: string; bytes: string; sort_at: Date }>`
    select encode(p.blob_hash, 'hex') as hash, p.filename, p.bytes, p.taken_at as sort_at
    from unnest(${ids}::uuid[]) with ordinality as wanted(id, place) join photos p on p.id = wanted.id
    where p.owner_id = ${ownerId} and p.deleted_at is null order by wanted.place`.execute(tx);
  return rows;
}

/** As {@link listFiles}, of whomever's photos still lie in an album. */
export async function listAlbumFiles(tx: Tx, albumId: string, ids: readonly string[]) {
  const { rows } = await sql<{ hash: string; filename: string; bytes: string; sort_at: Date }>`
    select encode(p.blob_hash, 'hex') as hash, p.filename, p.bytes, p.taken_at as sort_at
    from unnest(${ids}::uuid[]) with ordinality as wanted(id, place)
      join album_photos ap on ap.photo_id = wanted.id and ap.album_id = ${albumId} join photos p on p.id = wanted.id
    where p.deleted_at is null order by wanted.place`.execute(tx);
  return rows;
}

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
