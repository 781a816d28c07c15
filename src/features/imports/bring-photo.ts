import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { type AlbumTables, bringAlbum, fillAlbum } from '#features/albums/index.ts';
import {
  fillTold,
  findUploadOf,
  lockPhotos,
  type Made,
  type PhotoRow,
  type PhotoTables,
  setPrimaryUnlessSet,
  takeOutOfTrash,
  type Uploader,
  uploadPhoto,
} from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { ImportDeps } from './deps.ts';
import { type EarlierAlbum, type EarlierMaking, type EarlierPhoto, type Reason, Skip } from './earlier-system.ts';
import { toKeptId } from './kept-id.ts';
import { findNamesOfPhoto, findOwnImported, insertImported, lockImports } from './store.ts';
import type { ImportTables } from './tables.ts';
import { requirePicture } from './tell-kind.ts';

type Tx = Kysely<PhotoTables & AlbumTables & ImportTables>;

export interface BroughtPhoto {
  /** Brought now; there before by an import; the same bytes as one that its owner has. */
  readonly outcome: 'brought' | 'there' | 'duplicate';
  readonly id: string;
  /** Names of albums that were made for it. */
  readonly albums: number;
}

/**
 * Keeps a photo of an earlier system as its owner would, and writes down what it became in the same transaction: whenever this is
 * ended, what was answered is there, and another run goes on after it.
 * @throws Skip, AppError `storage_full`, `unavailable`
 */
export async function bringPhoto(
  deps: ImportDeps,
  system: string,
  ownerId: string,
  photo: EarlierPhoto,
  signal: AbortSignal,
): Promise<BroughtPhoto> {
  const principal = { kind: 'user', id: ownerId } as const;
  const earlier = { system, kind: 'photo', earlierId: photo.earlierIds[0] } as const;
  const known = await deps.database.as(principal, (tx: Tx) => findOwnImported(tx, ownerId, earlier));
  if (known) return { outcome: 'there', id: known, albums: 0 };

  const of = photo.made?.of;
  const earlierId = typeof of === 'string' ? of : of?.earlierIds[0];
  const source = earlierId
    ? await deps.database.as(principal, async (tx: Tx) => {
        const id = await findOwnImported(tx, ownerId, { system, kind: 'photo', earlierId });
        return id && (await tx.selectFrom('photos').select('id').where('id', '=', id).executeTakeFirst())?.id;
      })
    : undefined;
  let albums = 0;
  const takeTurns = async (tx: Tx): Promise<void> => {
    await lockImports(tx, ownerId);
    await lockPhotos(tx, ownerId);
  };
  const settle = async (tx: Tx, id: string, isBrought: boolean): Promise<void> => {
    for (const earlier_id of photo.earlierIds) {
      const brought = isBrought ? (photo.told.takenAt ? 'dated' : 'undated') : null;
      await insertImported(tx, { system, kind: 'photo', earlier_id, id, owner_id: ownerId, brought });
    }
    for (const album of photo.albums) {
      const { albumId, isNew } = await findOrMakeAlbum(tx, system, ownerId, album);
      if (isNew) albums += 1;
      await fillAlbum(tx, ownerId, albumId, [id]);
    }
    if (photo.isPrimary) await setPrimaryUnlessSet(tx, ownerId, id);
  };

  const keep = async (wantedId: string | undefined): Promise<BroughtPhoto> => {
    const made = photo.made && toMade(photo.made, wantedId ?? uuidv7(), source);
    const uploader: Uploader = {
      principal,
      ownerId,
      // What was made has no upload that it could be. What nobody is known to own is a photo of its own, so that it can be given away:
      // the one that its keeper has of the same bytes stays theirs.
      findExisting: async (tx, hash) =>
        made || photo.owner === 'unknown' ? undefined : findOwn(tx as unknown as Tx, ownerId, hash),
      beforeKept: (tx) => takeTurns(tx as unknown as Tx),
      afterKept: (tx, row) => settle(tx as unknown as Tx, row.id, true),
    };
    const file = await photo.open();
    try {
      const body = await requirePicture(photo.filename, file);
      const { row, duplicate } = await uploadPhoto(
        deps,
        uploader,
        {
          body,
          declaredBytes: file.bytes,
          label: () => ({
            filename: photo.filename,
            modifiedAt: photo.told.createdAt ?? file.modifiedAt,
            id: wantedId,
            told: photo.told,
            made,
          }),
        },
        signal,
      );
      if (duplicate) {
        await deps.database.as(principal, async (tx: Tx) => {
          await takeTurns(tx);
          const names = (await findNamesOfPhoto(tx, ownerId, row.id)).filter((name) => name.system === system);
          const isBrought = names.some(({ brought }) => brought !== null);
          const isUndated = names.every(({ brought }) => brought !== 'dated');
          // One that was here on its own is left as it is.
          if (isBrought) await fillTold(tx, ownerId, row.id, photo.told, isUndated);
          await settle(tx, row.id, isBrought);
        });
        return { outcome: 'duplicate', id: row.id, albums };
      }
      return { outcome: 'brought', id: row.id, albums };
    } finally {
      await file.close();
    }
  };

  const wanted = toKeptId(photo.id ?? '') ?? undefined;
  return keep(wanted)
    .catch((error: { code?: string; constraint?: string }) => {
      // Somebody's photo has that id here: it goes on under another, and the one it had leads to it.
      if (wanted && error.code === '23505' && error.constraint === 'photos_pkey') return keep(undefined);
      throw error;
    })
    .catch(explainSkipped);
}

/** What its owner threw away stays in the trash; what lies there since it was given to somebody else was never theirs until now. */
async function findOwn(tx: Tx, ownerId: string, hash: Buffer): Promise<PhotoRow | undefined> {
  const existing = await findUploadOf(tx, ownerId, hash);
  if (!existing?.deleted_at) return existing;
  const names = await findNamesOfPhoto(tx, ownerId, existing.id);
  const wasGiven = names.some(({ earlierId }) => earlierId.startsWith('given/'));
  const isOwn = names.some(({ earlierId }) => !/^(aside|given)\//.test(earlierId));
  return wasGiven && !isOwn ? takeOutOfTrash(tx, ownerId, existing) : existing;
}

const reasonOf: Partial<Record<string, Reason>> = {
  unsupported_media_type: 'not_a_picture',
  undecodable: 'undecodable',
  too_large: 'too_large',
  too_many_pixels: 'too_many_pixels',
  quota_exceeded: 'no_room',
};

/** What is wrong with one file is that file's affair; anything else is thrown on. */
export function explainSkipped(error: unknown): never {
  const why = error instanceof AppError ? reasonOf[error.code] : undefined;
  if (why) throw new Skip(why);
  if (isReadError(error)) throw new Skip('unreadable');
  throw error;
}

/** A disk that cannot give a file back, a file that ended early. */
const isReadError = (error: unknown): boolean =>
  ['EIO', 'EACCES', 'EPERM', 'ESTALE', 'EISDIR'].includes((error as { code?: string })?.code ?? '');

const toMade = (making: EarlierMaking, id: string, source: string | undefined): Made => ({
  id,
  kind: making.kind,
  sourcePhotoId: source ?? null,
  style: making.style,
  prompt: making.prompt,
  recipe: making.recipe,
  digitalSource:
    making.kind === 'generated' && !making.of ? 'trainedAlgorithmicMedia' : 'compositeWithTrainedAlgorithmicMedia',
});

async function findOrMakeAlbum(
  tx: Tx,
  system: string,
  ownerId: string,
  album: EarlierAlbum,
): Promise<{ albumId: string; isNew: boolean }> {
  const known = await findOwnImported(tx, ownerId, { system, kind: 'album', earlierId: album.earlierId });
  if (known) return { albumId: known, isNew: false };
  const id = uuidv7();
  await bringAlbum(tx, { id, ownerId, name: album.name, description: album.description });
  await insertImported(tx, { system, kind: 'album', earlier_id: album.earlierId, id, owner_id: ownerId });
  return { albumId: id, isNew: true };
}
