import type { Kysely } from 'kysely';
import { type AlbumTables, emptyAlbum } from '#features/albums/index.ts';
import {
  borrowBytes,
  findPhotoDetail,
  findUploadOf,
  type PhotoDetailRow,
  type PhotoTables,
  setArchived,
  type Told,
  trashSelected,
  uploadPhoto,
} from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { ImportDeps } from './deps.ts';
import { findKeeper, findNamesOfPhoto, findOwnImported, insertImported, listKeptAside } from './store.ts';
import type { ImportTables } from './tables.ts';
import { openBelow } from './walk-files.ts';

type Tx = Kysely<PhotoTables & AlbumTables & ImportTables>;

/** Whose library has what an import keeps aside: theirs who had it first, whoever runs the next. */
export const keeperOf = async (deps: Pick<ImportDeps, 'database'>, system: string, adminId: string): Promise<string> =>
  (await deps.database.as({ kind: 'user', id: adminId }, (tx: Tx) => findKeeper(tx, system))) ?? adminId;

/** Names of files that an import kept aside, since nobody was known to own them, and that nobody was given yet. */
export async function listAside(
  deps: Pick<ImportDeps, 'database'>,
  system: string,
  adminId: string,
): Promise<string[]> {
  const keeperId = await keeperOf(deps, system, adminId);
  return deps.database.as({ kind: 'user', id: keeperId }, (tx: Tx) => listKeptAside(tx, keeperId, system));
}

export interface Assigned {
  given: number;
  /** How many of them lie in the trash of whoever kept them. */
  trashed: number;
  /** Names under which nothing is kept aside (any more). */
  unknown: string[];
  /** Set where whoever they are given to has no room for more: those after it are still kept aside. */
  isFull: boolean;
}

/** Gives files that were kept aside to whom they belong. The photo becomes theirs first, and lies in the administrator's trash after. */
export async function assignEarlier(
  deps: ImportDeps,
  terms: { system: string; adminId: string; userId: string; names: readonly string[]; signal?: AbortSignal },
): Promise<Assigned> {
  const { system, userId, signal } = terms;
  const keeperId = await keeperOf(deps, system, terms.adminId);
  const asKeeper = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
    deps.database.as({ kind: 'user', id: keeperId }, work);
  const assigned: Assigned = { given: 0, trashed: 0, unknown: [], isFull: false };
  for (const name of terms.names) {
    if (signal?.aborted) break;
    const photo = await asKeeper(async (tx) => {
      const find = (earlierId: string) => findOwnImported(tx, keeperId, { system, kind: 'photo', earlierId });
      const id = await find(`aside/${name}`);
      return id && !(await find(`given/${name}`)) ? findPhotoDetail(tx, id) : undefined;
    });
    if (!photo) {
      assigned.unknown.push(name);
      continue;
    }
    try {
      if (userId !== keeperId) await copyTo(deps, { system, userId, name, signal }, photo);
    } catch (error) {
      // It was under way when it was interrupted, and is still kept aside.
      if (signal?.aborted) break;
      if (!(error instanceof AppError) || error.code !== 'quota_exceeded') throw error;
      assigned.isFull = true;
      break;
    }
    await asKeeper(async (tx) => {
      const { id } = photo;
      await insertImported(tx, { system, kind: 'photo', earlier_id: `given/${name}`, id, owner_id: keeperId });
      const own = [`aside/${name}`, `given/${name}`];
      const names = await findNamesOfPhoto(tx, keeperId, id);
      const isOnlyAside = names.every((known) => known.system === system && own.includes(known.earlierId));
      if (userId === keeperId) {
        await insertImported(tx, { system, kind: 'photo', earlier_id: name, id, owner_id: keeperId });
      }
      await setArchived(tx, keeperId, { ids: [id] }, false);
      const albumId = await findOwnImported(tx, keeperId, { system, kind: 'album', earlierId: 'aside' });
      if (albumId) await emptyAlbum(tx, keeperId, albumId, [id]);
      // Otherwise it is the keeper's own, given to them now or because something of theirs came with the same bytes.
      if (userId === keeperId || !isOnlyAside) return;
      // Not for good: an upload of the same bytes may have been answered with it, of which nothing tells.
      assigned.trashed += await trashSelected(tx, keeperId, { ids: [id] }, new Date());
    });
    assigned.given += 1;
  }
  return assigned;
}

async function copyTo(
  deps: ImportDeps,
  to: { system: string; userId: string; name: string; signal: AbortSignal | undefined },
  photo: PhotoDetailRow,
): Promise<void> {
  const { system, userId, name } = to;
  const owner = { kind: 'user', id: userId } as const;
  const remember = (tx: Tx, id: string) =>
    insertImported(tx, { system, kind: 'photo', earlier_id: name, id, owner_id: userId });
  const { path, discard } = await borrowBytes(deps, { hash: photo.blob_hash.toString('hex'), variant: 'original' });
  const slash = path.lastIndexOf('/');
  try {
    const file = await openBelow(path.slice(0, slash), path.slice(slash + 1));
    try {
      const { row, duplicate } = await uploadPhoto(
        deps,
        {
          principal: owner,
          ownerId: userId,
          findExisting: (tx, hash) => findUploadOf(tx, userId, hash),
          afterKept: (tx, kept) => remember(tx as unknown as Tx, kept.id),
        },
        {
          body: file.body,
          declaredBytes: file.bytes,
          label: () => ({ filename: photo.filename, modifiedAt: photo.created_at, told: toTold(photo) }),
        },
        to.signal,
      );
      if (duplicate) await deps.database.as(owner, (tx: Tx) => remember(tx, row.id));
    } finally {
      await file.close();
    }
  } finally {
    await discard();
  }
}

/** All that is known of it goes along, but that it lay aside. */
const toTold = (photo: PhotoDetailRow): Told => ({
  takenAt: { at: photo.taken_at, offsetMinutes: photo.taken_offset },
  createdAt: photo.created_at,
  caption: photo.caption ?? undefined,
  isFavorite: photo.is_favorite,
  imageType: photo.image_type,
  location:
    photo.latitude === null || photo.longitude === null
      ? undefined
      : { latitude: photo.latitude, longitude: photo.longitude, altitude: photo.altitude },
});
