import type { Context } from 'hono';
import type { Kysely } from 'kysely';
import { requireGuestAccess } from '#features/access/index.ts';
import { findPhoto, findPhotoDetail, type PhotoTables, receivePhoto } from '#features/photos/index.ts';
import type { ApiEnv } from '#platform/http/api.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { LinkCaller } from '#platform/http/caller.ts';
import { type AuthorizeDeps, authorizeGuest, type Guest, locked, requireOpenLinkIn } from './authorize-guest.ts';
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
  const guest = await authorizeGuest(deps, visit);
  const { caller } = guest;
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
        await requireSameTerms(tx as unknown as Kysely<SharingTables>, deps, visit, guest);
        const id = await findShownUpload(tx as unknown as Kysely<SharingTables>, caller, hash);
        return id === undefined ? undefined : findPhoto(tx, id);
      },
      afterKept: (tx, photo) => appendSent(tx as unknown as Kysely<SharingTables>, { ...caller, target }, photo),
    },
    c,
  ).catch((error) => explainWithdrawn(error, caller));
  const row = await deps.database.as(caller.principal, (tx: Kysely<PhotoTables>) => findPhotoDetail(tx, kept.row.id));
  if (!row) throw new AppError('not_found', 'This photo was taken out again.');
  return { photo: createGuestPresenter(caller, visit.base).photo(row), duplicate: kept.duplicate };
}

/** A large file over a slow line takes its time: what the link's owner takes back meanwhile holds for it too. */
async function requireSameTerms(
  tx: Kysely<SharingTables>,
  deps: Pick<AuthorizeDeps, 'linkKeys'>,
  { key }: Visit,
  { link: before }: Guest,
): Promise<void> {
  const now = await requireOpenLinkIn(tx, deps, key);
  if (now.password_version !== before.password_version) throw locked('password');
  if (before.allow_upload && !now.allow_upload) throw withdrawn();
}

const withdrawn = (): AppError =>
  new AppError('forbidden', 'This link no longer takes photos. Ask whoever sent it to you.');

/**
 * Between that question and the row, files are written: what was taken back in this moment is refused by the row's policy. Where the
 * link never took photos, that refusal is a fault of this server's, which let the guest come so far.
 */
function explainWithdrawn(error: unknown, { allowUpload }: LinkCaller): never {
  throw allowUpload && (error as { code?: unknown }).code === '42501' ? withdrawn() : error;
}
