import type { Kysely } from 'kysely';
import type { PhotoTables } from '#features/photos/index.ts';
import { type BlobKey, type BlobStore, pictureVariants } from '#platform/blobs/blob-store.ts';
import { asSystem } from '#platform/database/as-system.ts';
import type { Database } from '#platform/database/database.ts';
import { type Copy, publishCopies, toCopy } from './publish-copies.ts';
import * as store from './store.ts';
import type { PublishedDeps } from './sweep-published.ts';

type Tx = Kysely<PhotoTables>;
type Deps = PublishedDeps & { readonly blobs: BlobStore };

/**
 * Publishes every picture that is shown and is not in the public bucket yet: those from before there was one, those of a library that
 * was restored, those of who is disabled no more. They come from the library's own store, wherever that is.
 * @returns how many
 */
export async function publishMissing(deps: Deps, signal: AbortSignal): Promise<number> {
  const { bucket, database } = deps;
  if (!bucket) return 0;
  let published = 0;
  for (let after: Buffer = Buffer.alloc(0); ; ) {
    const missing = await asSystem(database, (tx: Tx) => store.listUnpublished(tx, bucket.place, after));
    for (const hash of missing) {
      if (signal.aborted) return published;
      const isThere = await asSystem(database, async (tx: Tx) => {
        if (!(await store.isPublicPicture(tx, hash))) return false;
        const copies = await readCopies(deps.blobs, hash.toString('hex'));
        if (copies.length > 0) await publishCopies(tx, bucket, hash, copies);
        return copies.length > 0;
      });
      if (isThere) published += 1;
    }
    const last = missing.at(-1);
    if (!last) return published;
    after = last;
  }
}

/** None of a picture whose whole is missing, or is not what its name tells: `storage verify` names it. */
async function readCopies(blobs: BlobStore, hash: string): Promise<Copy[]> {
  const copies: Copy[] = [];
  for (const variant of pictureVariants) {
    const bytes = await readWhole(blobs, { hash, variant });
    const copy = bytes && toCopy(variant, bytes);
    if (variant === 'picture' && copy?.sha256 !== hash) return [];
    if (copy) copies.push(copy);
  }
  return copies;
}

async function readWhole(blobs: BlobStore, key: BlobKey): Promise<Buffer | null> {
  const reader = await blobs.open(key);
  if (!reader) return null;
  try {
    const bytes = Buffer.alloc(reader.size);
    await reader.read(bytes, 0, reader.size, 0);
    return bytes;
  } finally {
    await reader.close();
  }
}

/** Forgets of files that are said to be in the public bucket those that are not there in their size. @returns how many */
export async function verifyPublished(
  { bucket, database }: { readonly bucket: PublishedDeps['bucket']; readonly database: Database },
  signal: AbortSignal,
): Promise<number> {
  if (!bucket) return 0;
  const there = new Map<string, number>();
  for await (const { sha256, bytes } of bucket.list()) there.set(sha256, bytes);
  let forgotten = 0;
  for (let after: Buffer = Buffer.alloc(0); !signal.aborted; ) {
    const files = await asSystem(database, (tx: Tx) => store.listPublishedFiles(tx, bucket.place, after));
    for (const { sha256, bytes } of files) {
      const name = sha256.toString('hex');
      // Published since the list was made, or gone.
      if (there.get(name) === bytes || (!there.has(name) && (await bucket.has(name)))) continue;
      await asSystem(database, (tx: Tx) => store.forgetFile(tx, bucket.place, sha256));
      forgotten += 1;
    }
    const last = files.at(-1);
    if (!last) break;
    after = last.sha256;
  }
  return forgotten;
}
