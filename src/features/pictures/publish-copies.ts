import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { PhotoTables } from '#features/photos/index.ts';
import type { PictureVariant } from '#platform/blobs/blob-store.ts';
import type { PublicBucket } from '#platform/blobs/public-bucket.ts';
import { lockFile, recordPublished } from './store.ts';

/** One file of a picture, as it lies in the public bucket. */
export interface Copy {
  readonly variant: PictureVariant;
  readonly sha256: string;
  readonly bytes: Buffer;
}

export const toCopy = (variant: PictureVariant, bytes: Buffer): Copy => ({
  variant,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  bytes,
});

/**
 * Puts the files of a picture where everybody reads them, and says so in the caller's transaction. Two pictures may have the same
 * small file: nobody takes one away that is being published again.
 * @param hash of the whole picture
 * @throws AppError `unavailable`; what was put by then is taken back by whoever called
 */
export async function publishCopies(
  tx: Kysely<PhotoTables>,
  bucket: PublicBucket,
  hash: Buffer,
  copies: readonly Copy[],
): Promise<void> {
  for (const sha256 of new Set(copies.map((copy) => copy.sha256))) await lockFile(tx, sha256);
  const puts = await Promise.allSettled(copies.map(({ sha256, bytes }) => bucket.put(sha256, bytes)));
  // Told once all have ended: one that came after the others were taken back would stay there.
  const failed = puts.find((put) => put.status === 'rejected');
  if (failed) throw failed.reason;
  await recordPublished(
    tx,
    bucket.place,
    hash,
    copies.map(({ variant, sha256, bytes }) => ({ variant, sha256, bytes: bytes.length })),
  );
}
