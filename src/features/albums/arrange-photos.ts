import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { lockPhotos, type PhotoFilter, requireFilter, selectMatchingIds } from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller, UserCaller } from '#platform/http/caller.ts';
import type { AlbumDeps } from './deps.ts';
import { explainGone } from './explain-gone.ts';
import * as store from './store.ts';
import type { AlbumTables } from './tables.ts';

type Tx = Kysely<AlbumTables>;
type Deps = Pick<AlbumDeps, 'database'>;

/**
 * Puts photos of the caller's at an album's end: those named in their order, those of a filter oldest first.
 * @throws AppError `not_found` (album, photo, or the album of the filter; then nothing is added), `forbidden` for a viewer, `conflict` for a smart album
 */
export async function addPhotos(
  deps: Deps,
  caller: Caller,
  albumId: string,
  chosen: { photo_ids?: string[] | undefined; filter?: PhotoFilter | undefined; except?: string[] | undefined },
): Promise<void> {
  const user = requireAllowed(caller, 'album.add');
  const add = async (tx: Tx): Promise<void> => {
    await requireAccess(tx, caller, 'album.add', [albumId]);
    const album = await findPlainAlbum(tx, user, albumId);
    if (chosen.photo_ids) await requireAccess(tx, caller, 'album.put', chosen.photo_ids);
    await requireFilter(tx, caller, chosen.filter);
    await lockPhotos(tx, user.userId);
    const ids =
      chosen.photo_ids ??
      (await selectMatchingIds(tx, user.userId, { filter: chosen.filter ?? {}, except: chosen.except })).toReversed();
    await store.lockAlbum(tx, albumId);
    await store.appendPhotos(tx, album, user.userId, ids);
  };
  await deps.database.as(user.principal, add).catch(explainGone);
}

/**
 * Takes photos out of an album; they stay in their owners' libraries. The album's owner takes out any, others their own.
 * @throws AppError `not_found` when one does not lie there, `forbidden` when one is not the caller's to take out;
 *   nothing is taken out then
 */
export async function takeOutPhotos(deps: Deps, caller: Caller, albumId: string, photoIds: string[]): Promise<void> {
  const user = requireAllowed(caller, 'album.take_out');
  await deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'album.take_out', [albumId]);
    const album = await findPlainAlbum(tx, user, albumId);
    const there = await requireInAlbum(tx, albumId, photoIds);
    const foreign = there.filter((photo) => album.role !== 'owner' && photo.added_by !== user.userId);
    if (foreign.length > 0) {
      throw new AppError('forbidden', 'Others added these photos. Ask the owner of the album to take them out.', {
        ids: foreign.map((photo) => photo.photo_id),
      });
    }
    await lockPhotos(tx, user.userId);
    await store.removePhotos(tx, albumId, photoIds);
  });
}

// Below this, halving the room between two places has used up what a number can tell apart.
const leastRoom = 1e-6;

/**
 * Moves photos within an album, before another or to the end, in the order given.
 * @throws AppError `not_found` that names every photo which does not lie in the album; nothing is moved then
 */
export async function movePhotos(
  deps: Deps,
  caller: Caller,
  albumId: string,
  move: { photo_ids: string[]; before: string | null },
): Promise<void> {
  const user = requireAllowed(caller, 'album.change');
  const moving = [...new Set(move.photo_ids)];
  if (move.before && moving.includes(move.before)) {
    throw new AppError('validation_error', 'before: A photo cannot be put before itself.', { field: 'before' });
  }
  await deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'album.change', [albumId]);
    await findPlainAlbum(tx, user, albumId);
    await store.lockAlbum(tx, albumId);
    await requireInAlbum(tx, albumId, move.before ? [...moving, move.before] : moving);
    let place = placeIn(await store.findGap(tx, albumId, moving, move.before), moving.length);
    if (place.step < leastRoom) {
      await store.renumber(tx, albumId);
      place = placeIn(await store.findGap(tx, albumId, moving, move.before), moving.length);
    }
    await store.placePhotos(tx, albumId, moving, place);
  });
}

/** Evenly between two places; before the first and after the last there is no end to the room. */
function placeIn(gap: { after: number | null; before: number | null }, count: number): { first: number; step: number } {
  if (gap.before === null) return { first: (gap.after ?? 0) + 1, step: 1 };
  if (gap.after === null) return { first: gap.before - count, step: 1 };
  const step = (gap.before - gap.after) / (count + 1);
  return { first: gap.after + step, step };
}

/** @throws AppError `not_found`, `conflict` for a smart album */
async function findPlainAlbum(tx: Tx, user: UserCaller, albumId: string): Promise<store.AlbumRow> {
  const album = await store.findAlbum(tx, user.userId, albumId);
  if (!album) throw new AppError('not_found', 'There is no such album.');
  if (album.filter) {
    throw new AppError(
      'conflict',
      'A smart album finds its photos by itself. Make it a plain one (freeze) to put some in, take some out or order them.',
    );
  }
  return album;
}

async function requireInAlbum(tx: Tx, albumId: string, photoIds: readonly string[]) {
  const wanted = [...new Set(photoIds)];
  const there = await store.findInAlbum(tx, albumId, wanted);
  if (there.length === wanted.length) return there;
  const found = new Set(there.map((photo) => photo.photo_id));
  throw new AppError('not_found', 'Some of these photos are not in this album. Nothing was changed.', {
    ids: wanted.filter((id) => !found.has(id)),
  });
}
