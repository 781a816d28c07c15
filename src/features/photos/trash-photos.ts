import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { PhotoDeps } from './deps.ts';
import type { PhotoSelection } from './filter-store.ts';
import { sweepBlobs } from './jobs.ts';
import { createPresenter } from './present-photo.ts';
import { requireSelection } from './require-selection.ts';
import type { PhotoTables } from './tables.ts';
import * as trash from './trash-store.ts';

type Tx = Kysely<PhotoTables>;

/**
 * Puts photos in the trash, where they stay for `trashDays`. All of one call share a moment, by which the whole call can
 * be undone. @throws AppError `not_found` when an id is not the caller's; then nothing is changed
 */
export async function trashPhotos(
  deps: Pick<PhotoDeps, 'database' | 'locator'>,
  caller: Caller,
  selection: PhotoSelection,
): Promise<{ count: number; trashed_at: string }> {
  const user = requireAllowed(caller, 'photo.change_many');
  const at = new Date();
  const count = await deps.database.as(user.principal, async (tx: Tx) => {
    await requireSelection(tx, caller, 'photo.change', selection);
    return trash.trashPhotos(tx, user.userId, selection, at);
  });
  // Addresses that were given out end with it: on this server at once, on others as soon as they hear of it.
  deps.locator.forgetOwner(user.userId);
  return { count, trashed_at: at.toISOString() };
}

/** Takes photos out of the trash: by id, or those of one call that trashed them. */
export async function restorePhotos(
  deps: Pick<PhotoDeps, 'database' | 'locator'>,
  caller: Caller,
  which: { ids?: string[] | undefined; trashed_at?: string | undefined },
): Promise<{ count: number }> {
  const user = requireAllowed(caller, 'photo.change_many');
  const count = await deps.database.as(user.principal, async (tx: Tx) => {
    if (which.ids) await requireAccess(tx, caller, 'photo.change', which.ids);
    return trash.restorePhotos(tx, user.userId, {
      ids: which.ids,
      trashedAt: which.trashed_at ? new Date(which.trashed_at) : undefined,
    });
  });
  deps.locator.forgetOwner(user.userId);
  return { count };
}

/** Deletes photos of the trash for good; their bytes go by a job once nobody refers to them. */
export async function purgePhotos(
  deps: Pick<PhotoDeps, 'database' | 'jobs' | 'locator'>,
  caller: Caller,
  which: { ids?: string[] | undefined },
): Promise<{ count: number }> {
  const user = requireAllowed(caller, 'photo.change_many');
  const count = await deps.database.as(user.principal, async (tx: Tx) => {
    if (which.ids) await requireAccess(tx, caller, 'photo.change', which.ids);
    const purged = await trash.purgePhotos(tx, user.userId, which.ids);
    if (purged > 0) await deps.jobs.send(sweepBlobs, {}, tx);
    return purged;
  });
  deps.locator.forgetOwner(user.userId);
  return { count };
}

/** What lies in the caller's trash, last thrown first, with the day it goes for good. */
export async function listTrash(
  deps: Pick<PhotoDeps, 'database' | 'signedUrls' | 'trashDays'>,
  caller: Caller,
  page: { limit: number; offset: number },
) {
  const user = requireAllowed(caller, 'photo.list');
  const present = createPresenter(deps, user);
  const { items, total } = await deps.database.as(user.principal, (tx: Tx) => trash.listTrash(tx, user.userId, page));
  return {
    items: items.map((row) => ({
      ...present.photo(row),
      purge_at: new Date((row.deleted_at ?? new Date()).getTime() + deps.trashDays * 86_400_000).toISOString(),
    })),
    total,
    ...page,
  };
}
