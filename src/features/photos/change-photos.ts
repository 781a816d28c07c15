import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import { toCaption } from './caption.ts';
import type { PhotoDeps } from './deps.ts';
import type { PhotoSelection } from './filter-store.ts';
import { createPresenter, fromOffsetTime } from './present-photo.ts';
import { requireSelection } from './require-selection.ts';
import * as store from './store.ts';
import type { PhotoTables } from './tables.ts';

type Deps = Pick<PhotoDeps, 'database' | 'signedUrls'>;
type Tx = Kysely<PhotoTables>;

export interface PhotoChange {
  caption?: string | null | undefined;
  taken_at?: string | undefined;
  is_favorite?: boolean | undefined;
  is_archived?: boolean | undefined;
  image_type?: store.PhotoRow['image_type'] | undefined;
  is_primary?: boolean | undefined;
  tags?: string[] | undefined;
  place?: string | null | undefined;
}

/**
 * Changes what people may change of a photo. The caption is kept as typed. A photo becomes the primary one in place of the one that was.
 * @throws AppError `not_found`, `conflict` for a primary photo that lies in the trash
 */
export async function changePhoto(deps: Deps, caller: Caller, id: string, change: PhotoChange) {
  const user = requireAllowed(caller, 'photo.change');
  const row = await deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'photo.change', [id]);
    if (change.is_primary) {
      await store.unsetPrimary(tx, user.userId);
      // Looked at under the lock: who trashes it waits, or has done it.
      if ((await store.findPhoto(tx, id))?.deleted_at) {
        throw new AppError('conflict', 'This photo lies in the trash. Take it out to make it the primary one.');
      }
    }
    return store.updatePhoto(tx, id, {
      ...(change.caption === undefined ? {} : { caption: toCaption(change.caption) }),
      ...(change.is_favorite === undefined ? {} : { is_favorite: change.is_favorite }),
      ...(change.is_archived === undefined ? {} : { is_archived: change.is_archived }),
      ...(change.image_type === undefined ? {} : { image_type: change.image_type }),
      ...(change.is_primary === undefined ? {} : { is_primary: change.is_primary }),
      ...(change.tags === undefined ? {} : { tags: change.tags }),
      ...(change.place === undefined ? {} : { place: change.place || null }),
      ...(change.taken_at === undefined ? {} : takenByPerson(change.taken_at)),
    });
  });
  if (!row) throw new AppError('not_found', 'There is no such photo.');
  return createPresenter(deps, user).photo(row);
}

const mostOffsetMinutes = 14 * 60;

function takenByPerson(time: string) {
  const { at, offsetMinutes } = fromOffsetTime(time);
  if (at.getUTCFullYear() < 1800 || at.getTime() > Date.now() + 2 * 86_400_000) {
    throw new AppError('validation_error', 'A photo cannot be from before 1800 or from the future.', {
      field: 'taken_at',
    });
  }
  if (Math.abs(offsetMinutes ?? 0) > mostOffsetMinutes) {
    throw new AppError('validation_error', 'No place on earth is that far from UTC: 14 hours are the most.', {
      field: 'taken_at',
    });
  }
  return { taken_at: at, taken_offset: offsetMinutes, taken_from: 'person' as const };
}

/** Marks many photos as favourites, or no longer. @throws AppError `not_found` when an id is not the caller's */
export async function setFavorites(
  deps: Deps,
  caller: Caller,
  selection: PhotoSelection,
  isFavorite: boolean,
): Promise<{ count: number }> {
  const user = requireAllowed(caller, 'photo.change_many');
  const count = await deps.database.as(user.principal, async (tx: Tx) => {
    await requireSelection(tx, caller, 'photo.change', selection);
    return store.setFavorite(tx, user.userId, selection, isFavorite);
  });
  return { count };
}

/** Puts many photos into the archive, where the timeline does not show them, or takes them out. @throws AppError `not_found` */
export async function archivePhotos(
  deps: Pick<PhotoDeps, 'database'>,
  caller: Caller,
  selection: PhotoSelection,
  isArchived: boolean,
): Promise<{ count: number }> {
  const user = requireAllowed(caller, 'photo.change_many');
  const count = await deps.database.as(user.principal, async (tx: Tx) => {
    await requireSelection(tx, caller, 'photo.change', selection);
    return store.setArchived(tx, user.userId, selection, isArchived);
  });
  return { count };
}
