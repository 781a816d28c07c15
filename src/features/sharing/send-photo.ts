import type { Context } from 'hono';
import type { Kysely } from 'kysely';
import { requireGuestAccess } from '#features/access/index.ts';
import { findPhoto, findPhotoDetail, type PhotoTables, receivePhoto } from '#features/photos/index.ts';
import type { ApiEnv } from '#platform/http/api.ts';
import { AppError } from '#platform/http/app-error.ts';
import { type AuthorizeDeps, authorizeGuest } from './authorize-guest.ts';
import { appendSent, findShownUpload } from './guest-store.ts';
import { createGuestPresenter } from './present-guest.ts';
import type { SharingTables } from './tables.ts';
import type { Visit } from './visit-link.ts';

type UploadDeps = Parameters<typeof receivePhoto>[0];

/**
 * Takes in a photo from a guest. It becomes the album owner's, within what they may store, at the album's end. A guest hears
 * of bytes that are there already only when they lie in that album, where they are shown anyway.
 * @throws AppError as {@link authorizeGuest} and uploads do, `forbidden` where the link takes none
 */
export async function sendPhoto(deps: AuthorizeDeps & UploadDeps, visit: Visit, c: Context<ApiEnv>) {
  const { caller } = await authorizeGuest(deps, visit);
  const { target } = caller;
  await deps.database.as(caller.principal, (tx) => requireGuestAccess(tx, caller, 'guest.upload', []));
  if (!('albumId' in target)) throw new AppError('forbidden', 'Photos can be added to albums alone.');

  const kept = await receivePhoto(
    deps,
    {
      principal: caller.principal,
      ownerId: caller.ownerId,
      linkId: caller.linkId,
      findExisting: async (tx, hash) => {
        const id = await findShownUpload(tx as unknown as Kysely<SharingTables>, caller, hash);
        return id === undefined ? undefined : findPhoto(tx, id);
      },
      afterKept: (tx, photo) => appendSent(tx as unknown as Kysely<SharingTables>, { ...caller, target }, photo),
    },
    c,
  );
  const row = await deps.database.as(caller.principal, (tx: Kysely<PhotoTables>) => findPhotoDetail(tx, kept.row.id));
  if (!row) throw new AppError('not_found', 'This photo was taken out again.');
  return { photo: createGuestPresenter(caller, visit.base).photo(row), duplicate: kept.duplicate };
}
