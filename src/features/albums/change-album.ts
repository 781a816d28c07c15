import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { recordAudit } from '#features/audit/index.ts';
import { lockPhotos, type PhotoFilter, selectMatchingIds } from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import { readOne } from './browse-albums.ts';
import type { AlbumDeps } from './deps.ts';
import { explainGone } from './explain-gone.ts';
import type { AlbumBody } from './present-album.ts';
import * as store from './store.ts';
import type { AlbumTables } from './tables.ts';

type Tx = Kysely<AlbumTables>;

/**
 * Makes an album, with photos in it from the start or, with a filter, one that finds them.
 * @throws AppError `not_found` when a photo is not the caller's; then no album is made
 */
export async function createAlbum(
  deps: AlbumDeps,
  caller: Caller,
  album: {
    name: string;
    description?: string | null | undefined;
    cover_photo_id?: string | null | undefined;
    photo_ids?: string[] | undefined;
    filter?: PhotoFilter | undefined;
  },
): Promise<AlbumBody> {
  const user = requireAllowed(caller, 'album.create');
  const id = uuidv7();
  const cover = album.cover_photo_id ?? null;
  // A cover lies in its album: one that is not named among the photos comes first.
  const photos = [
    ...new Set([...(cover && !album.photo_ids?.includes(cover) ? [cover] : []), ...(album.photo_ids ?? [])]),
  ];
  const create = async (tx: Tx): Promise<AlbumBody> => {
    await requireFilter(tx, caller, album.filter);
    if (photos.length > 0) await requireAccess(tx, caller, 'album.put', photos);
    await store.insertAlbum(tx, {
      id,
      owner_id: user.userId,
      name: album.name,
      description: album.description || null,
      filter: album.filter ?? null,
    });
    if (photos.length > 0) {
      await lockPhotos(tx, user.userId);
      await store.appendPhotos(tx, { id, owner_id: user.userId }, user.userId, photos);
    }
    if (cover) await store.updateAlbum(tx, user.userId, id, { cover_photo_id: cover });
    return readOne(tx, deps, user, id);
  };
  return deps.database.as(user.principal, create).catch(explainGone);
}

/** @throws AppError `not_found`, also for a cover that does not lie in the album; `conflict` for a plain album's filter */
export async function changeAlbum(
  deps: AlbumDeps,
  caller: Caller,
  id: string,
  change: {
    name?: string | undefined;
    description?: string | null | undefined;
    cover_photo_id?: string | null | undefined;
    filter?: PhotoFilter | undefined;
  },
): Promise<AlbumBody> {
  const user = requireAllowed(caller, 'album.change');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'album.change', [id]);
    await requireFilter(tx, caller, change.filter);
    const album = await store.findAlbum(tx, user.userId, id);
    if (change.filter && !album?.filter) {
      throw new AppError('conflict', 'This album holds photos that were put into it. Make a smart album anew.');
    }
    const cover = change.cover_photo_id;
    if (cover && (await store.findInAlbum(tx, id, [cover])).length === 0) {
      throw new AppError('not_found', 'This photo is not in the album, so it cannot be its cover.', { ids: [cover] });
    }
    const { name, description, filter } = change;
    await store.updateAlbum(tx, user.userId, id, {
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description: description || null }),
      ...(cover === undefined ? {} : { cover_photo_id: cover }),
      ...(filter === undefined ? {} : { filter }),
    });
    return readOne(tx, deps, user, id);
  });
}

/** Deletes an album, its memberships and its links. The photos stay where they are. @throws AppError `not_found` */
export async function deleteAlbum(deps: AlbumDeps, caller: Caller, id: string, from: string): Promise<void> {
  const user = requireAllowed(caller, 'album.change');
  await deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'album.change', [id]);
    const shares = await store.countShares(tx, id);
    await store.deleteAlbum(tx, user.userId, id);
    if (shares.members + shares.links === 0) return;
    const subject = { kind: 'album', id } as const;
    await recordAudit(tx, { action: 'shared_album_deleted', subject, details: shares, address: from });
  });
}

/** Keeps an album at hand, for the caller alone. @throws AppError `not_found` */
export async function pinAlbum(deps: AlbumDeps, caller: Caller, id: string, pinned: boolean): Promise<void> {
  const user = requireAllowed(caller, 'album.pin');
  const pin = async (tx: Tx): Promise<void> => {
    await requireAccess(tx, caller, 'album.pin', [id]);
    await store.setPinned(tx, user.userId, id, pinned);
  };
  await deps.database.as(user.principal, pin).catch(explainGone);
}

/**
 * Makes a smart album a plain one that holds what it finds now, oldest first.
 * @throws AppError `not_found`, `conflict` when it is plain already
 */
export async function freezeAlbum(deps: AlbumDeps, caller: Caller, id: string): Promise<AlbumBody> {
  const user = requireAllowed(caller, 'album.change');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'album.change', [id]);
    await lockPhotos(tx, user.userId);
    await store.lockAlbum(tx, id);
    const album = await store.findAlbum(tx, user.userId, id);
    if (!album?.filter) throw new AppError('conflict', 'This album is a plain one already.');
    const ids = await selectMatchingIds(tx, user.userId, { filter: album.filter });
    await store.updateAlbum(tx, user.userId, id, { filter: null });
    await store.appendPhotos(tx, album, user.userId, ids.toReversed());
    return readOne(tx, deps, user, id);
  });
}

/** A filter may name an album; it must be one that its maker sees, and no smart one, so that none finds itself. */
async function requireFilter(tx: Tx, caller: Caller, filter: PhotoFilter | undefined): Promise<void> {
  const albumId = (filter as { album_id?: string } | undefined)?.album_id;
  if (!albumId) return;
  const user = await requireAccess(tx, caller, 'album.search_in', [albumId]);
  if ((await store.findAlbum(tx, user.userId, albumId))?.filter) {
    throw new AppError('conflict', 'A smart album cannot search in another smart album. Name a plain one.');
  }
}
