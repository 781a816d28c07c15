import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { findPhotos, selectMatchingIds, writeDownload } from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { AlbumDeps } from './deps.ts';
import { explainGone } from './explain-gone.ts';
import * as store from './store.ts';
import type { AlbumTables } from './tables.ts';

/**
 * Writes down a zip of an album's originals in its order; the address it answers streams it, as long as the caller may
 * see the album. @throws AppError `not_found`, also for an empty album
 */
export async function downloadAlbum(deps: Pick<AlbumDeps, 'database'>, caller: Caller, id: string) {
  const user = requireAllowed(caller, 'download.create');
  const order = async (tx: Kysely<AlbumTables>) => {
    await requireAccess(tx, caller, 'album.read', [id]);
    const album = await store.findAlbum(tx, user.userId, id);
    if (!album) throw new AppError('not_found', 'There is no such album.');
    const { name } = album;
    if (album.filter) {
      const ids = await selectMatchingIds(tx, user.userId, { filter: album.filter });
      // Nothing lies in a smart album: what it finds is the caller's own.
      return writeDownload(tx, user, await findPhotos(tx, ids.toReversed()), { id: null, name });
    }
    const places = await store.listPlaces(tx, id, { limit: null, offset: 0 });
    const photos = await findPhotos(
      tx,
      places.map((place) => place.photo_id),
    );
    return writeDownload(tx, user, photos, { id, name });
  };
  return deps.database.as(user.principal, order).catch(explainGone);
}
