import type { Readable } from 'node:stream';
import type { Kysely } from 'kysely';
import { requireGuestAccess } from '#features/access/index.ts';
import { findPhotoDetail, findPhotos, zipFiles } from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { LinkCaller } from '#platform/http/caller.ts';
import { type AuthorizeDeps, authorizeGuest, type GuestRequest, gone } from './authorize-guest.ts';
import type { SharingDeps } from './deps.ts';
import * as store from './guest-store.ts';
import { createGuestPresenter } from './present-guest.ts';
import type { SharingTables } from './tables.ts';

type Tx = Kysely<SharingTables>;

/** A guest's request, and the address of the visit that answers lead back to: `/s/{key}` or `/api/v1/share/{key}`. */
export interface Visit extends GuestRequest {
  readonly base: string;
}

/** What stands at the head of a guest's page. @throws AppError as {@link authorizeGuest} */
export async function viewLink(deps: AuthorizeDeps, visit: Visit) {
  const { caller, link } = await authorizeGuest(deps, visit);
  return deps.database.as(caller.principal, async (tx: Tx) => {
    await requireGuestAccess(tx, caller, 'guest.look', []);
    const shown = await store.summarize(tx, caller);
    const present = createGuestPresenter(caller, visit.base);
    const target = await describeTarget(tx, caller);
    const photo = target.photoId === null ? undefined : await findPhotoDetail(tx, target.photoId);
    const [cover] = target.coverId === null ? [] : await findPhotos(tx, [target.coverId]);
    return {
      kind: target.photoId === null ? ('album' as const) : ('photo' as const),
      title: target.title,
      description: target.description,
      photo_count: shown.photos,
      bytes: caller.allowDownload ? Number(shown.bytes) : null,
      first_taken_at: shown.first,
      last_taken_at: shown.last,
      from: await store.listNames(tx),
      expires_at: link.expires_at?.toISOString() ?? null,
      allow_download: caller.allowDownload,
      allow_upload: caller.allowUpload,
      show_metadata: caller.showMetadata,
      cover: cover ? present.cover(cover) : null,
      photo: photo ? present.photo(photo) : null,
      ...(photo ? present.flat(photo) : {}),
    };
  });
}

/** The name and the picture of what a link shows. @throws AppError `gone` while its photo is in the trash */
export async function describeTarget(tx: Tx, { target }: LinkCaller) {
  if ('albumId' in target) {
    const album = await store.findSharedAlbum(tx, target);
    if (!album) throw gone('What this link showed is no longer there. Ask whoever sent it.');
    return { title: album.name, description: album.description, coverId: album.cover_id, photoId: null };
  }
  const photo = await findPhotoDetail(tx, target.photoId);
  if (!photo || photo.deleted_at) throw gone('What this link showed is no longer there. Ask whoever sent it.');
  return { title: photo.caption || photo.filename, description: null, coverId: photo.id, photoId: photo.id };
}

/** All photos within a link, in columns and in their order. @throws AppError as {@link authorizeGuest} */
export async function readGuestLayout(deps: AuthorizeDeps, visit: Visit) {
  const { caller } = await authorizeGuest(deps, visit);
  const rows = await deps.database.as(caller.principal, async (tx: Tx) => {
    await requireGuestAccess(tx, caller, 'guest.look', []);
    return findPhotos(tx, await store.listShownIds(tx, caller));
  });
  return createGuestPresenter(caller, visit.base).columns(rows);
}

/** One photo within a link. @throws AppError as {@link authorizeGuest}, and `not_found` */
export async function readGuestPhoto(deps: AuthorizeDeps, visit: Visit, photoId: string) {
  const { caller } = await authorizeGuest(deps, visit);
  return deps.database.as(caller.principal, async (tx: Tx) => {
    await requireGuestAccess(tx, caller, 'guest.look', [photoId]);
    const row = await findPhotoDetail(tx, photoId);
    if (!row) throw new AppError('not_found', 'There is no such photo.');
    return createGuestPresenter(caller, visit.base).photo(row);
  });
}

/**
 * Everything within a link as a zip, cleaned unless the link shows metadata. Nothing is read before `open`, and whoever
 * opens it must read it to its end or destroy it.
 * @throws AppError as {@link authorizeGuest}, `forbidden` where downloads are not allowed, `not_found` where nothing is shown
 */
export async function downloadLink(
  deps: AuthorizeDeps & Pick<SharingDeps, 'cleanOriginals'>,
  visit: Visit,
): Promise<{ filename: string; open(): Readable }> {
  const { caller } = await authorizeGuest(deps, visit);
  const { title, files } = await deps.database.as(caller.principal, async (tx: Tx) => {
    await requireGuestAccess(tx, caller, 'guest.download', []);
    return { title: (await describeTarget(tx, caller)).title, files: await store.listShownFiles(tx, caller) };
  });
  if (files.length === 0) throw new AppError('not_found', 'There is nothing to download here yet.');
  const entries = files.map((file) => () => deps.cleanOriginals.openForZip(caller, file));
  return { filename: zipName(title, caller), open: () => zipFiles(entries) };
}

/** An album's name may hold dots; only a file's has its ending behind one. */
function zipName(title: string, { target }: LinkCaller): string {
  const name = 'photoId' in target ? title.replace(/\.[A-Za-z0-9]{1,5}$/, '') : title;
  return `${name || 'photos'}.zip`;
}
