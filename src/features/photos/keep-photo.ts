import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { UserCaller } from '#platform/http/caller.ts';
import type { IngestedImage } from '#platform/imaging/index.ts';
import type { PhotoDeps } from './deps.ts';
import { toFilename } from './filename.ts';
import { sweepBlobs } from './jobs.ts';
import {
  findUploadOf,
  insertPhoto,
  lockBlobShared,
  lockUploadOf,
  type PhotoRow,
  recordBlob,
  restorePhotos,
} from './store.ts';
import type { PhotoTables } from './tables.ts';

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
}

export interface Kept {
  readonly row: PhotoRow;
  /** True when the caller had uploaded the same bytes before; the photo that exists is answered, out of the trash. */
  readonly duplicate: boolean;
}

/**
 * Makes a photo of bytes that have arrived: decodes them in full, derives the smaller sizes, puts everything where it
 * stays, and commits the row last. A photo that was answered exists; a failure leaves nothing behind.
 * @throws AppError `unsupported_media_type`, `too_many_pixels`, `undecodable`, `storage_full`
 */
export async function keepPhoto(
  deps: Pick<PhotoDeps, 'database' | 'blobs' | 'imaging' | 'jobs'>,
  caller: UserCaller,
  arrived: Arrived,
  label: Label,
  signal?: AbortSignal,
): Promise<Kept> {
  const hash = Buffer.from(arrived.sha256, 'hex');
  const existing = await deps.database.as(caller.principal, (tx: Kysely<PhotoTables>) =>
    takeExisting(tx, caller.userId, hash),
  );
  if (existing) return { row: existing, duplicate: true };

  const workFolder = await deps.blobs.createTempFolder();
  let putSomething = false;
  try {
    const image = await deps.imaging.ingest({ path: arrived.path, outDir: workFolder.path, signal });
    return await deps.database.as(caller.principal, async (tx: Kysely<PhotoTables>) => {
      await lockUploadOf(tx, caller.userId, hash);
      const meanwhile = await takeExisting(tx, caller.userId, hash);
      if (meanwhile) return { row: meanwhile, duplicate: true };
      await lockBlobShared(tx, hash);
      putSomething = true;
      await deps.blobs.put({ hash: arrived.sha256, variant: 'original' }, arrived.path);
      for (const derivative of image.derivatives) {
        await deps.blobs.put({ hash: arrived.sha256, variant: derivative.variant }, derivative.path);
      }
      await recordBlob(tx, {
        hash,
        bytes: arrived.bytes,
        driver: deps.blobs.driver,
        derivatives: image.derivatives.map(({ variant, mimeType, bytes, width, height }) => ({
          variant,
          mime_type: mimeType,
          bytes,
          width,
          height,
        })),
      });
      const row = await insertPhoto(tx, toRow(caller.userId, hash, arrived.bytes, image, label));
      return { row, duplicate: false };
    });
  } catch (error) {
    // Whether somebody else refers to the same bytes is not for a request to know: a job looks and cleans up.
    if (putSomething) await deps.jobs.send(sweepBlobs, { hash: arrived.sha256 }).catch(() => {});
    throw error;
  } finally {
    await workFolder.discard();
  }
}

async function takeExisting(tx: Kysely<PhotoTables>, ownerId: string, hash: Buffer): Promise<PhotoRow | undefined> {
  const existing = await findUploadOf(tx, ownerId, hash);
  if (!existing?.deleted_at) return existing;
  const restored = await restorePhotos(tx, ownerId, { ids: [existing.id] });
  // Deleted for good at this very moment: then these bytes are new.
  return restored === 1 ? { ...existing, deleted_at: null } : undefined;
}

function toRow(ownerId: string, hash: Buffer, bytes: number, image: IngestedImage, label: Label) {
  const { camera, exposure, location } = image.metadata;
  return {
    id: uuidv7(),
    owner_id: ownerId,
    blob_hash: hash,
    filename: toFilename(label.filename),
    mime_type: image.mimeType,
    bytes,
    width: image.width,
    height: image.height,
    animated: image.animated,
    ...takenAt(image, label),
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
  };
}

/** The camera's clock, else the file's date, else now. A camera that names no offset is taken at its wall clock. */
function takenAt(image: IngestedImage, label: Label) {
  const camera = image.metadata.takenAt;
  if (camera) {
    const wall = new Date(`${camera.local}Z`).getTime();
    return {
      taken_at: new Date(wall - (camera.offsetMinutes ?? 0) * 60_000),
      taken_offset: camera.offsetMinutes,
      taken_from: 'camera' as const,
    };
  }
  if (label.modifiedAt && isPlausible(label.modifiedAt)) {
    return { taken_at: label.modifiedAt, taken_offset: null, taken_from: 'file' as const };
  }
  return { taken_at: new Date(), taken_offset: null, taken_from: 'upload' as const };
}

/** Clocks are wrong by a day at times; files from before there was photography have a date that means nothing. */
const isPlausible = (at: Date): boolean => at.getUTCFullYear() >= 1826 && at.getTime() <= Date.now() + 86_400_000;
