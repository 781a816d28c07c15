import { type Expression, type Kysely, type SqlBool, sql } from 'kysely';
import { type PhotoSelection, selected } from './filter-store.ts';
import { columns } from './photo-columns.ts';
import { lockPhotos } from './store.ts';
import type { PhotoTables } from './tables.ts';

type Tx = Kysely<PhotoTables>;

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
