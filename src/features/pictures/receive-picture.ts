import type { Context } from 'hono';
import type { Kysely } from 'kysely';
import { requireAccess } from '#features/access/index.ts';
import { borrowBytes, findPhoto, type PhotoTables, receiveFile } from '#features/photos/index.ts';
import type { ApiEnv } from '#platform/http/api.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import { readMultipartFile } from '#platform/http/read-multipart.ts';
import { bodyOf, clientGone } from '#platform/http/request-body.ts';
import { requireValid } from '#platform/http/require-valid.ts';
import type { Crop as CropShape } from '#platform/imaging/index.ts';
import { Crop, PhotoChoice } from './contract.ts';
import type { PictureDeps } from './deps.ts';

/** A file that a picture is to be made of. */
export interface PictureSource {
  /** Absolute. */
  readonly path: string;
  readonly crop: CropShape | null;
  /** Removes it, where it was written for this. */
  discard(): Promise<void>;
}

type Deps = Pick<PictureDeps, 'database' | 'blobs' | 'maxUploadBytes'>;

/**
 * What a request wants a picture made of: a photo of the caller's own, named in JSON, else a file, as the body or as the field `file` of a
 * form.
 * @throws AppError `validation_error`, `too_large`, `unsupported_media_type`, `undecodable` for an empty file, `not_found` for a photo that
 *   is not the caller's, `conflict` for one in the trash
 */
export async function receivePicture(deps: Deps, user: UserCaller, c: Context<ApiEnv>): Promise<PictureSource> {
  const contentType = c.req.header('content-type') ?? '';
  if (isJson.test(contentType)) return fromPhoto(deps, user, requireValid(PhotoChoice, await readJson(c)));
  const { signal } = c.req.raw;
  try {
    if (/^multipart\/form-data/i.test(contentType)) return await fromForm(deps, c, contentType);
    const { arrived, discard } = await receiveFile(deps, bodyOf(c));
    return { path: arrived.path, crop: null, discard };
  } catch (error) {
    throw signal.aborted && !(error instanceof AppError) ? clientGone() : error;
  }
}

/** Everything else is taken for a picture, whatever it calls itself. */
const isJson = /^application\/json\b/i;

async function readJson(c: Context<ApiEnv>): Promise<unknown> {
  return c.req.json().catch(() => {
    throw new AppError('validation_error', 'The body of this request is not JSON that can be read.');
  });
}

async function fromForm(deps: Deps, c: Context<ApiEnv>, contentType: string): Promise<PictureSource> {
  const form = await readMultipartFile(bodyOf(c), contentType, {
    field: 'file',
    allowed: ['crop'],
    mostBytes: deps.maxUploadBytes,
  });
  const { arrived, discard } = await receiveFile(deps, form.body);
  try {
    return { path: arrived.path, crop: readCrop(form.fields.get('crop')), discard };
  } catch (error) {
    await discard();
    throw error;
  }
}

function readCrop(text: string | undefined): CropShape | null {
  if (text === undefined || text === '') return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AppError('validation_error', 'crop: This is not JSON such as {"x":0,"y":0,"width":1,"height":0.5}.', {
      field: 'crop',
    });
  }
  return requireValid(Crop, value, 'crop');
}

async function fromPhoto(
  deps: Deps,
  user: UserCaller,
  { photo_id: id, crop = null }: { photo_id: string; crop?: CropShape | null | undefined },
): Promise<PictureSource> {
  const photo = await deps.database.as(user.principal, async (tx: Kysely<PhotoTables>) => {
    await requireAccess(tx, user, 'photo.own', [id]);
    return findPhoto(tx, id);
  });
  if (!photo) throw new AppError('not_found', 'There is no such photo.', { ids: [id] });
  if (photo.deleted_at) throw new AppError('conflict', 'This photo lies in the trash. Take it out first.');
  const { path, discard } = await borrowBytes(deps, { hash: photo.blob_hash.toString('hex'), variant: 'original' });
  return { path, crop, discard };
}
