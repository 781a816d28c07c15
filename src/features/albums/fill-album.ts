import type { Kysely } from 'kysely';
import { lockPhotos } from '#features/photos/index.ts';
import { appendPhotos, findInAlbum, insertAlbum, lockAlbum, removePhotos, updateAlbum } from './store.ts';
import type { AlbumTables } from './tables.ts';

type Tx = Kysely<AlbumTables>;

/** Makes an album of somebody's, in their own transaction; a name that is too long is cut. */
export async function bringAlbum(
  tx: Tx,
  album: { id: string; ownerId: string; name: string; description: string | null },
): Promise<void> {
  const cut = (text: string, most: number) =>
    [...text.replaceAll('\0', '').toWellFormed().trim()].slice(0, most).join('');
  await insertAlbum(tx, {
    id: album.id,
    owner_id: album.ownerId,
    name: cut(album.name, 200) || 'Album',
    description: cut(album.description ?? '', 2000) || null,
    filter: null,
  });
}

/** Puts photos at the end of one's own album, in one's own transaction. @returns false when it is gone, or finds its photos by itself */
export async function fillAlbum(
  tx: Tx,
  ownerId: string,
  albumId: string,
  photoIds: readonly string[],
): Promise<boolean> {
  await lockPhotos(tx, ownerId);
  await lockAlbum(tx, albumId);
  const album = await tx
    .selectFrom('albums')
    .select('filter')
    .where('id', '=', albumId)
    .where('owner_id', '=', ownerId)
    .executeTakeFirst();
  if (!album || album.filter) return false;
  await appendPhotos(tx, { id: albumId, owner_id: ownerId }, ownerId, photoIds);
  return true;
}

/** Takes photos out of one's own album, in one's own transaction. */
export async function emptyAlbum(tx: Tx, ownerId: string, albumId: string, photoIds: readonly string[]): Promise<void> {
  await lockPhotos(tx, ownerId);
  await lockAlbum(tx, albumId);
  await removePhotos(tx, albumId, photoIds);
}

/** Makes one of its photos the cover of an own album that has none, in one's own transaction; a photo that is not in it is none. */
export async function coverAlbum(tx: Tx, ownerId: string, albumId: string, photoId: string): Promise<void> {
  const album = await tx.selectFrom('albums').select('cover_photo_id').where('id', '=', albumId).executeTakeFirst();
  if (album?.cover_photo_id) return;
  if ((await findInAlbum(tx, albumId, [photoId])).length === 0) return;
  await updateAlbum(tx, ownerId, albumId, { cover_photo_id: photoId });
}
