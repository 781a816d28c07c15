import type { Readable } from 'node:stream';
import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller, UserCaller } from '#platform/http/caller.ts';
import type { PhotoDeps } from './deps.ts';
import * as downloads from './download-store.ts';
import type { PhotoSelection } from './filter-store.ts';
import { requireSelection } from './require-selection.ts';
import type { PhotoTables } from './tables.ts';
import { originals, zipFiles } from './zip-files.ts';

type Tx = Kysely<PhotoTables>;

const goodForHours = 24;

/** Writes down which photos a zip will have, and answers the address that streams it. */
export async function createDownload(deps: Pick<PhotoDeps, 'database'>, caller: Caller, selection: PhotoSelection) {
  const user = requireAllowed(caller, 'download.create');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireSelection(tx, caller, 'photo.own', selection);
    return writeDownload(tx, user, await downloads.selectForDownload(tx, user.userId, selection));
  });
}

/**
 * Writes down a download of photos that the caller was found to see.
 * @param album the album they lie in, where they are not the caller's own: it is asked again when they are streamed
 * @throws AppError `not_found` when there are none
 */
export async function writeDownload(
  tx: Tx,
  user: UserCaller,
  photos: readonly { id: string; bytes: string }[],
  album: { id: string | null; name: string } | null = null,
) {
  if (photos.length === 0) throw new AppError('not_found', 'There is nothing to download here.');
  const id = uuidv7();
  const expiresAt = new Date(Date.now() + goodForHours * 3600_000);
  await downloads.insertDownload(tx, {
    id,
    owner_id: user.userId,
    photo_ids: photos.map((photo) => photo.id),
    expires_at: expiresAt,
    album_id: album?.id ?? null,
    name: album?.name ?? null,
  });
  return {
    url: `/api/v1/downloads/${id}`,
    filename: zipName(new Date(), album?.name),
    count: photos.length,
    bytes: photos.reduce((sum, photo) => sum + Number(photo.bytes), 0),
    expires_at: expiresAt.toISOString(),
  };
}

const zipName = (at: Date, name?: string | null): string => `${name || `tintype-${at.toISOString().slice(0, 10)}`}.zip`;

/**
 * The originals as a zip, streamed with constant memory: pictures are compressed already, so they are only stored.
 * Nothing is read before `open`, and whoever opens it must read it to its end or destroy it.
 * @throws AppError `not_found`, `gone`
 */
export async function streamDownload(
  deps: Pick<PhotoDeps, 'database' | 'blobs'>,
  caller: Caller,
  id: string,
): Promise<{ filename: string; open(): Readable }> {
  const user = requireAllowed(caller, 'download.read');
  const { files, filename } = await deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'download.read', [id]);
    const download = await downloads.findDownload(tx, id);
    if (!download) throw new AppError('not_found', 'There is no such download.');
    if (download.expires_at.getTime() <= Date.now()) {
      throw new AppError('gone', 'This download was made more than a day ago. Select the photos once more.');
    }
    const { album_id: albumId, photo_ids: ids } = download;
    if (albumId) await requireAccess(tx, caller, 'album.read', [albumId]);
    return {
      files: await (albumId ? downloads.listAlbumFiles(tx, albumId, ids) : downloads.listFiles(tx, user.userId, ids)),
      filename: zipName(download.created_at, download.name),
    };
  });

  return { filename, open: () => zipFiles(originals(deps, files)) };
}
