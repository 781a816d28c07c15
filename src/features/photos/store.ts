import { type Insertable, type Kysely, type QueryExecutorProvider, type SqlBool, sql } from 'kysely';
import { keptPlan } from '#platform/database/kept-plans.ts';
import { AppError } from '#platform/http/app-error.ts';
import { type PhotoSelection, selected } from './filter-store.ts';
import { columns } from './photo-columns.ts';
import type { PhotoTables } from './tables.ts';

type Tx = Kysely<PhotoTables>;

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
