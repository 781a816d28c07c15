import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import {
  borrowBytes,
  findPhoto,
  findPhotoDetail,
  keepPhoto,
  type Made,
  makerOf,
  type PhotoDetailRow,
  type PhotoRow,
  type PhotoTables,
  receiveFile,
  requireQuota,
  takeOutOfTrash,
  toOffsetTime,
} from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller, UserCaller } from '#platform/http/caller.ts';
import { STYLED_SOURCE, type StyleId } from '#platform/imaging/index.ts';
import { catalogue } from './contract.ts';
import type { StyleDeps } from './deps.ts';

type Tx = Kysely<PhotoTables>;

/** Part of a styled photo's id: the same request makes another photo once the styles draw differently. */
const EDITION = 1;

/**
 * Makes a new photo of one of the caller's own: in a style, beside its source in the timeline, counted by the quota. The same style at
 * the same strength is made of a photo once; asked for again, the photo that it is comes back, out of the trash if it was there.
 * @returns the photo, and whether it was there already
 * @throws AppError `not_found` for a photo that is not the caller's, `conflict` for one in the trash, and as `keepPhoto`
 */
export async function stylePhoto(
  deps: Omit<StyleDeps, 'locator' | 'previews' | 'signedUrls'>,
  caller: Caller,
  id: string,
  choice: { readonly style: StyleId; readonly strength?: number | undefined },
  signal: AbortSignal,
): Promise<{ user: UserCaller; row: PhotoRow; duplicate: boolean }> {
  const user = requireAllowed(caller, 'photo.style');
  const { style, strength = catalogue[choice.style].strength } = choice;
  const made: Made = {
    id: idOf(id, style, strength),
    kind: 'styled',
    sourcePhotoId: id,
    style,
    recipe: { tool: 'style', strength },
    digitalSource: STYLED_SOURCE,
  };
  const findExisting = async (tx: Tx): Promise<PhotoRow | undefined> => {
    const existing = await findPhoto(tx, made.id);
    return existing && takeOutOfTrash(tx, user.userId, existing);
  };
  const { source, existing } = await deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, user, 'photo.style', [id]);
    const found = await findPhotoDetail(tx, id);
    if (!found) throw new AppError('not_found', 'There is no such photo.', { ids: [id] });
    if (found.deleted_at) throw new AppError('conflict', 'This photo lies in the trash. Take it out first.');
    return { source: found, existing: await findExisting(tx) };
  });
  if (existing) return { user, row: existing, duplicate: true };
  // A library that is full is told so before two seconds of work, not after.
  await requireQuota(deps, { principal: user.principal, ownerId: user.userId }, undefined);

  const workFolder = await deps.blobs.createTempFolder();
  const original = await borrowBytes(deps, { hash: source.blob_hash.toString('hex'), variant: 'original' });
  try {
    const styled = await deps.imaging.stylePhoto({
      path: original.path,
      outDir: workFolder.path,
      request: { style, strength, ...whatCameraSaid(source) },
      signal,
    });
    const { arrived, discard } = await receiveFile(deps, createReadStream(styled.path));
    try {
      const label = { filename: nameOf(source.filename, style, styled.mimeType), modifiedAt: source.taken_at, made };
      const kept = await keepPhoto(deps, { ...makerOf(user, made), findExisting }, arrived, label, signal);
      return { user, ...kept };
    } finally {
      await discard();
    }
  } finally {
    await original.discard();
    await workFolder.discard();
  }
}

/** A UUID that follows from what is asked for (RFC 9562, 5.8), so that no two requests make the same photo twice. */
function idOf(photoId: string, style: StyleId, strength: number): string {
  const hash = createHash('sha256').update(`style ${EDITION} ${photoId} ${style} ${strength}`).digest();
  hash[6] = ((hash[6] as number) & 0x0f) | 0x80;
  hash[8] = ((hash[8] as number) & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** For the styled file's EXIF: when and with what, where a camera told it or a person put it right; never where. */
function whatCameraSaid(row: PhotoDetailRow) {
  const { camera_make: make, camera_model: model } = row;
  const time = toOffsetTime(row.taken_at, row.taken_offset);
  const isKnown = row.taken_from === 'camera' || row.taken_from === 'person';
  return {
    takenAt: isKnown ? time.slice(0, 19).replaceAll('-', ':').replace('T', ' ') : null,
    takenOffset: isKnown && row.taken_offset !== null ? time.slice(-6) : null,
    make,
    model,
  };
}

const endings = { 'image/jpeg': 'jpg', 'image/webp': 'webp', 'image/png': 'png' } as const;

const nameOf = (filename: string, style: StyleId, mimeType: keyof typeof endings): string =>
  `${filename.replace(/\.[A-Za-z0-9]{1,8}$/, '').slice(0, 200)} (${catalogue[style].name.toLowerCase()}).${endings[mimeType]}`;
