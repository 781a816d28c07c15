import type { Kysely } from 'kysely';
import { findPhotoDetail, lockPhotos, updatePhoto } from './store.ts';
import type { PhotoTables } from './tables.ts';
import { refineTaken, type Told, toldColumns } from './told.ts';

/**
 * Fills what nothing is known of yet with what another copy of a photo tells, in its owner's transaction; what is known stays.
 * @param isUndated nothing but its file told when it was taken
 */
export async function fillTold(
  tx: Kysely<PhotoTables>,
  ownerId: string,
  id: string,
  told: Told,
  isUndated: boolean,
): Promise<void> {
  await lockPhotos(tx, ownerId);
  const photo = await findPhotoDetail(tx, id);
  if (!photo) return;
  const { caption, is_favorite, latitude, longitude, altitude } = toldColumns(told, photo.latitude !== null);
  const change = {
    ...(caption !== undefined && photo.caption === null ? { caption } : {}),
    ...(is_favorite && !photo.is_favorite ? { is_favorite } : {}),
    ...(latitude === undefined ? {} : { latitude, longitude, altitude }),
    ...(isUndated ? refineTaken(photo, told) : {}),
  };
  if (Object.keys(change).length > 0) await updatePhoto(tx, id, change);
}
