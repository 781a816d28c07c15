import type { WrittenFile } from '#platform/blobs/temp-file.ts';
import { AppError } from '#platform/http/app-error.ts';
import { type ImageFormat, SNIFF_BYTES, sniff } from '#platform/imaging/index.ts';
import type { PhotoDeps } from './deps.ts';
import { type Kept, keepPhoto, type Label, type Uploader } from './keep-photo.ts';
import { requireQuota } from './quota.ts';

/** A file on its way in. */
export interface Source {
  readonly body: AsyncIterable<Uint8Array>;
  /** Of the file alone, where it is known beforehand. */
  readonly declaredBytes?: number | undefined;
  /** Default: all that can be kept. */
  readonly formats?: readonly ImageFormat[] | undefined;
  /** Asked once the body has ended: a form may name its file after having sent it. */
  label(): Label;
}

/**
 * Takes one file in from a stream, without ever holding it: the type is told by its first bytes, hash and size are
 * taken while it is written, and a file that is too large is refused as soon as it is.
 * @throws AppError as {@link keepPhoto}, and `too_large`
 */
export async function uploadPhoto(
  deps: Pick<PhotoDeps, 'database' | 'blobs' | 'imaging' | 'jobs' | 'maxUploadBytes'>,
  uploader: Uploader,
  source: Source,
  signal?: AbortSignal,
): Promise<Kept> {
  if ((source.declaredBytes ?? 0) > deps.maxUploadBytes) throw tooLarge(deps.maxUploadBytes);
  await requireQuota(deps, uploader, source.declaredBytes);
  const { arrived, discard } = await receiveFile(deps, source.body, source.formats);
  try {
    return await keepPhoto(deps, uploader, arrived, source.label(), signal);
  } finally {
    // What was kept has been renamed away by now.
    await discard();
  }
}

/**
 * Writes a picture to a temp file as it comes, and gives up as soon as it is known to be none.
 * @throws AppError `too_large`, `unsupported_media_type`, `undecodable` for an empty one; nothing is left then
 */
export async function receiveFile(
  deps: Pick<PhotoDeps, 'blobs' | 'maxUploadBytes'>,
  body: AsyncIterable<Uint8Array>,
  formats?: readonly ImageFormat[],
): Promise<{ arrived: WrittenFile; discard(): Promise<void> }> {
  const temp = await deps.blobs.createTemp({ limit: deps.maxUploadBytes });
  try {
    let head: Buffer | null = Buffer.alloc(0);
    for await (const chunk of body) {
      if (head) {
        head = Buffer.concat([head, chunk.subarray(0, SNIFF_BYTES)]);
        if (head.length >= SNIFF_BYTES) {
          requirePicture(head, formats);
          head = null;
        }
      }
      await temp.write(chunk);
    }
    if (head && head.length > 0 && formats) requirePicture(head, formats);
    const arrived = await temp.finish();
    if (arrived.bytes === 0) throw new AppError('undecodable', 'This file is empty.');
    return { arrived, discard: temp.discard };
  } catch (error) {
    await temp.discard();
    throw error;
  }
}

export const tooLarge = (limit: number): AppError =>
  new AppError('too_large', `A file can be ${toMegabytes(limit)} at the most.`, { limit });

const toMegabytes = (bytes: number): string => `${Math.round((bytes / 2 ** 20) * 10) / 10} MB`;

/** Ends an upload early when its first bytes are of no picture; the full check follows once it has arrived. */
function requirePicture(head: Buffer, formats?: readonly ImageFormat[]): void {
  const format = sniff(head);
  if (format && (formats?.includes(format) ?? true)) return;
  throw new AppError(
    'unsupported_media_type',
    'This is not a picture that can be kept. JPEG, PNG, WebP, GIF, AVIF and HEIC can.',
  );
}
