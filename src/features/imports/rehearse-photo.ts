import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { findUploadOf, type PhotoTables, receiveFile, requireQuota } from '#features/photos/index.ts';
import { explainSkipped } from './bring-photo.ts';
import type { ImportDeps } from './deps.ts';
import { type EarlierPhoto, Skip } from './earlier-system.ts';
import { findOwnImported } from './store.ts';
import type { ImportTables } from './tables.ts';
import { requirePicture } from './tell-kind.ts';

type Tx = Kysely<PhotoTables & ImportTables>;

/** `id` is null for somebody who has no account yet; `key` tells them apart. */
type Owner = { readonly id: string | null; readonly key: string };

/** What a dry run remembers, since nothing it meets is written down. */
export interface Rehearsal {
  /** Digests of owner and content, and of owner and album. */
  readonly seen: Set<string>;
  /** What would have come by now, by owner. */
  readonly coming: Map<string, { readonly bytes: number; readonly photos: number }>;
}

export const newRehearsal = (): Rehearsal => ({ seen: new Set(), coming: new Map() });

/**
 * What bringing a photo would come to. The file is read and decoded as it would be, so that what is damaged is known before, and it
 * takes up room of what its owner may keep.
 * @throws Skip, AppError
 */
export async function rehearsePhoto(
  deps: ImportDeps,
  rehearsal: Rehearsal,
  system: string,
  owner: Owner,
  photo: EarlierPhoto,
  signal: AbortSignal,
): Promise<{ outcome: 'brought' | 'there' | 'duplicate'; albums: number }> {
  const find = (kind: 'photo' | 'album', earlierId: string) => {
    const { id } = owner;
    if (!id) return undefined;
    return deps.database.as({ kind: 'user', id }, (tx: Tx) => findOwnImported(tx, id, { system, kind, earlierId }));
  };
  if (await find('photo', photo.earlierIds[0])) return { outcome: 'there', albums: 0 };
  const outcome = await look(deps, rehearsal, owner, photo, signal).catch(explainSkipped);
  let albums = 0;
  for (const { earlierId } of photo.albums) {
    if (await find('album', earlierId)) continue;
    if (remember(rehearsal, digestOf('album', owner.key, earlierId))) albums += 1;
  }
  return { outcome, albums };
}

async function look(
  deps: ImportDeps,
  rehearsal: Rehearsal,
  owner: Owner,
  photo: EarlierPhoto,
  signal: AbortSignal,
): Promise<'brought' | 'duplicate'> {
  const { id, key } = owner;
  const isOfItsOwn = photo.made !== undefined || photo.owner === 'unknown';
  const file = await photo.open();
  try {
    const body = await requirePicture(photo.filename, file);
    // In the order in which an upload is refused: who has no room is not told so of what could not come anyway.
    if (file.bytes > deps.maxUploadBytes) throw new Skip('too_large');
    await requireRoom(deps, rehearsal, owner, file.bytes);
    const { arrived, discard } = await receiveFile(deps, body);
    try {
      if (!isOfItsOwn) {
        const hash = Buffer.from(arrived.sha256, 'hex');
        if (id && (await deps.database.as({ kind: 'user', id }, (tx: Tx) => findUploadOf(tx, id, hash))))
          return 'duplicate';
        // As the second of two alike: the first is known to be whole, or was named as damaged.
        if (rehearsal.seen.has(digestOf(key, arrived.sha256))) return 'duplicate';
      }
      const folder = await deps.blobs.createTempFolder();
      try {
        await deps.imaging.ingest({ path: arrived.path, outDir: folder.path, signal });
      } finally {
        await folder.discard();
      }
      if (!isOfItsOwn && !remember(rehearsal, digestOf(key, arrived.sha256))) return 'duplicate';
      await takeRoom(deps, rehearsal, owner, arrived.bytes);
      return 'brought';
    } finally {
      await discard();
    }
  } finally {
    await file.close();
  }
}

/** @throws Skip, AppError `quota_exceeded`, where it does not fit beside what would have come before */
async function requireRoom(deps: ImportDeps, { coming }: Rehearsal, { id, key }: Owner, bytes: number): Promise<void> {
  const before = coming.get(key);
  const [allBytes, allPhotos] = [(before?.bytes ?? 0) + bytes, (before?.photos ?? 0) + 1];
  if (id) return requireQuota(deps, { principal: { kind: 'user', id }, ownerId: id }, allBytes, allPhotos);
  const { quota } = deps;
  if (allBytes > (quota.bytes ?? Infinity) || allPhotos > (quota.photos ?? Infinity)) throw new Skip('no_room');
}

/** @throws as {@link requireRoom} */
async function takeRoom(deps: ImportDeps, rehearsal: Rehearsal, owner: Owner, bytes: number): Promise<void> {
  const { coming } = rehearsal;
  let before: { bytes: number; photos: number } | undefined;
  // Another lane may have taken what was free when this one asked.
  do {
    before = coming.get(owner.key);
    await requireRoom(deps, rehearsal, owner, bytes);
  } while (coming.get(owner.key) !== before);
  coming.set(owner.key, { bytes: (before?.bytes ?? 0) + bytes, photos: (before?.photos ?? 0) + 1 });
}

const digestOf = (...parts: string[]): string =>
  createHash('sha256').update(parts.join('\0')).digest('base64url').slice(0, 22);

/** @returns whether it is met for the first time */
function remember({ seen }: Rehearsal, key: string): boolean {
  const isNew = !seen.has(key);
  seen.add(key);
  return isNew;
}
