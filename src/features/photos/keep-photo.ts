import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { explainMoved } from '#platform/blobs/storage-place.ts';
import type { Principal } from '#platform/database/principal.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { IngestedImage } from '#platform/imaging/index.ts';
import { toCaption } from './caption.ts';
import type { PhotoDeps } from './deps.ts';
import { toFilename } from './filename.ts';
import { sweepBlobs } from './jobs.ts';
import { explainQuota } from './quota.ts';
import type { Made, Recipe } from './recipe.ts';
import {
  findPhoto,
  findUploadOf,
  insertPhoto,
  lockBlobShared,
  lockUploadOf,
  type PhotoRow,
  recordBlob,
  unsetPrimary,
  updatePhoto,
} from './store.ts';
import type { PhotoTables } from './tables.ts';
import { type Told, takenAt, toldColumns } from './told.ts';
import { restorePhotos } from './trash-store.ts';
import { requireRoom } from './upload-store.ts';

/** Bytes that have arrived whole in a temp file of the blob store. */
export interface Arrived {
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

export interface Label {
  readonly filename: string | undefined;
  /** The file's own date, used where the picture names none. */
  readonly modifiedAt: Date | null;
  /** What the photo is for; of one's own uploads alone. */
  readonly imageType?: PhotoRow['image_type'] | undefined;
  readonly isPrimary?: boolean | undefined;
  readonly caption?: string | undefined;
  /** Set where it was made here, and not uploaded. */
  readonly made?: Made | undefined;
  /** The one it had elsewhere, where nobody's has it here; what was made has its own. */
  readonly id?: string | undefined;
  /** What another library knew of it. */
  readonly told?: Told | undefined;
}

/** On whose behalf a photo is kept, and whose it will be; that they may was checked before. */
export interface Uploader {
  readonly principal: Principal;
  readonly ownerId: string;
  /** The link by which a guest sends it. */
  readonly linkId?: string;
  /** The photo that already stands for these bytes, as far as this uploader may know. */
  findExisting(tx: Kysely<PhotoTables>, hash: Buffer): Promise<PhotoRow | undefined>;
  /** Locks that {@link afterKept} wants, in the same transaction: before the photo is counted, or two of them wait for each other. */
  beforeKept?(tx: Kysely<PhotoTables>): Promise<void>;
  /** What else belongs to keeping it, in the same transaction. */
  afterKept?(tx: Kysely<PhotoTables>, photo: PhotoRow): Promise<void>;
}

/** Somebody who uploads for themselves; what they had uploaded before is found, out of the trash. */
export const ownUploader = ({ principal, userId }: UserCaller): Uploader => ({
  principal,
  ownerId: userId,
  findExisting: (tx, hash) => takeExisting(tx, userId, hash),
});

/** Somebody for whom a picture was made; a result that comes twice is the photo that it has become, in the trash or not. */
export const makerOf = ({ principal, userId }: Pick<UserCaller, 'principal' | 'userId'>, { id }: Made): Uploader => ({
  principal,
  ownerId: userId,
  findExisting: (tx) => findPhoto(tx, id),
});

export interface Kept {
  readonly row: PhotoRow;
  /** True when there was a photo of the same bytes; the one that exists is answered. */
  readonly duplicate: boolean;
}

/**
 * Makes a photo of bytes that have arrived: decodes them in full, derives the smaller sizes, puts everything where it
 * stays, and commits the row last. A photo that was answered exists; a failure leaves nothing behind.
 * @throws AppError `unsupported_media_type`, `too_many_pixels`, `undecodable`, `storage_full`, `quota_exceeded`
 */
export async function keepPhoto(
  deps: Pick<PhotoDeps, 'database' | 'blobs' | 'imaging' | 'jobs'>,
  uploader: Uploader,
  arrived: Arrived,
  label: Label,
  signal?: AbortSignal,
): Promise<Kept> {
  const hash = Buffer.from(arrived.sha256, 'hex');
  const existing = await deps.database.as(uploader.principal, (tx: Kysely<PhotoTables>) =>
    findLabelled(tx, uploader, hash, label),
  );
  if (existing) return { row: existing, duplicate: true };

  const workFolder = await deps.blobs.createTempFolder();
  let putSomething = false;
  try {
    const image = await deps.imaging.ingest({ path: arrived.path, outDir: workFolder.path, signal });
    return await deps.database.asStoring(uploader.principal, async (tx: Kysely<PhotoTables>) => {
      await lockUploadOf(tx, uploader.ownerId, hash);
      const meanwhile = await findLabelled(tx, uploader, hash, label);
      if (meanwhile) return { row: meanwhile, duplicate: true };
      // Most of what will not fit is known by now, and needs not be put and swept again.
      await requireRoom(tx, uploader.ownerId, arrived.bytes, 1);
      await lockBlobShared(tx, hash);
      putSomething = true;
      // Asked before: a library that begins to move from there meanwhile looks there for what it has to take along.
      const { driver } = deps.blobs;
      await deps.blobs.put({ hash: arrived.sha256, variant: 'original' }, arrived.path);
      for (const derivative of image.derivatives) {
        await deps.blobs.put({ hash: arrived.sha256, variant: derivative.variant }, derivative.path);
      }
      await recordBlob(tx, {
        hash,
        bytes: arrived.bytes,
        driver,
        derivatives: image.derivatives.map(({ variant, mimeType, bytes, width, height }) => ({
          variant,
          mime_type: mimeType,
          bytes,
          width,
          height,
        })),
      });
      await uploader.beforeKept?.(tx);
      if (label.isPrimary) await unsetPrimary(tx, uploader.ownerId);
      const row = await insertPhoto(tx, toRow(uploader, hash, arrived.bytes, image, label));
      await uploader.afterKept?.(tx, row);
      return { row, duplicate: false };
    });
  } catch (error) {
    // Whether somebody else refers to the same bytes is not for a request to know: a job looks and cleans up.
    if (putSomething) await deps.jobs.send(sweepBlobs, { hash: arrived.sha256 }).catch(() => {});
    return explainQuota(explainMoved(error));
  } finally {
    await workFolder.discard();
  }
}

/** The photo that already stands for these bytes. What is said of it with the bytes this time holds from now on. */
async function findLabelled(
  tx: Kysely<PhotoTables>,
  uploader: Uploader,
  hash: Buffer,
  { imageType, isPrimary, caption }: Label,
): Promise<PhotoRow | undefined> {
  const existing = await uploader.findExisting(tx, hash);
  if (!existing || [imageType, isPrimary, caption].every((said) => said === undefined)) return existing;
  if (isPrimary) await unsetPrimary(tx, uploader.ownerId);
  return updatePhoto(tx, existing.id, {
    ...(imageType === undefined ? {} : { image_type: imageType }),
    ...(isPrimary === undefined ? {} : { is_primary: isPrimary }),
    ...(caption === undefined ? {} : { caption: toCaption(caption) }),
  });
}

async function takeExisting(tx: Kysely<PhotoTables>, ownerId: string, hash: Buffer): Promise<PhotoRow | undefined> {
  const existing = await findUploadOf(tx, ownerId, hash);
  return existing && takeOutOfTrash(tx, ownerId, existing);
}

/** A photo that is asked for anew: out of the trash, if it lies there. @returns undefined when it is deleted for good meanwhile */
export async function takeOutOfTrash(
  tx: Kysely<PhotoTables>,
  ownerId: string,
  photo: PhotoRow,
): Promise<PhotoRow | undefined> {
  if (!photo.deleted_at) return photo;
  const restored = await restorePhotos(tx, ownerId, { ids: [photo.id] });
  return restored === 1 ? { ...photo, deleted_at: null } : undefined;
}

function toRow({ ownerId, linkId }: Uploader, hash: Buffer, bytes: number, image: IngestedImage, label: Label) {
  const { camera, exposure, location } = image.metadata;
  return {
    id: label.made?.id ?? label.id ?? uuidv7(),
    owner_id: ownerId,
    link_id: linkId ?? null,
    blob_hash: hash,
    filename: toFilename(label.filename),
    mime_type: image.mimeType,
    bytes,
    width: image.width,
    height: image.height,
    animated: image.animated,
    image_type: label.imageType ?? 'gallery',
    is_primary: label.isPrimary ?? false,
    caption: toCaption(label.caption ?? ''),
    ...takenAt(image, label),
    ...(label.made ? toMade(label.made) : toldBy(image)),
    placeholder: Buffer.from(image.placeholder),
    camera_make: camera?.make ?? null,
    camera_model: camera?.model ?? null,
    lens: camera?.lens ?? null,
    exposure: exposure
      ? JSON.stringify({
          time: exposure.time,
          aperture: exposure.aperture,
          iso: exposure.iso,
          focal_length: exposure.focalLength,
        })
      : null,
    latitude: location?.latitude ?? null,
    longitude: location?.longitude ?? null,
    altitude: location?.altitude ?? null,
    place: image.metadata.place,
    ...toldColumns(label.told, location !== undefined && location !== null),
  };
}

/** What the file itself tells of how it was made. It stays an upload, whatever made it. */
function toldBy({ metadata: { making } }: IngestedImage) {
  if (!making) return {};
  const { digitalSource, prompt, tool, ...told } = making;
  const recipe: Recipe = {
    ...(tool === undefined ? {} : { tool }),
    ...(told.negativePrompt === undefined ? {} : { negative_prompt: told.negativePrompt }),
    ...(told.modelKey === undefined ? {} : { model_key: told.modelKey }),
    ...(told.modelHash === undefined ? {} : { model_hash: told.modelHash }),
    ...(told.modelName === undefined ? {} : { model_name: told.modelName }),
    ...(told.seed === undefined ? {} : { seed: told.seed }),
    ...(told.steps === undefined ? {} : { steps: told.steps }),
    ...(told.cfgScale === undefined ? {} : { cfg_scale: told.cfgScale }),
    ...(told.scheduler === undefined ? {} : { scheduler: told.scheduler }),
    ...(told.width === undefined ? {} : { width: told.width }),
    ...(told.height === undefined ? {} : { height: told.height }),
    ...(told.strength === undefined ? {} : { strength: told.strength }),
  };
  return { digital_source: digitalSource, prompt: prompt ?? null, recipe: tool ? JSON.stringify(recipe) : null };
}

const toMade = ({ kind, sourcePhotoId, style, prompt, recipe, digitalSource }: Made) => ({
  kind,
  source_photo_id: sourcePhotoId,
  style: style ?? null,
  prompt: prompt ?? null,
  recipe: JSON.stringify(recipe),
  digital_source: digitalSource,
});
