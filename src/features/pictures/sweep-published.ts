import type { Kysely } from 'kysely';
import type { PhotoTables } from '#features/photos/index.ts';
import type { PublicBucket } from '#platform/blobs/public-bucket.ts';
import { asSystem } from '#platform/database/as-system.ts';
import type { Database } from '#platform/database/database.ts';
import * as store from './store.ts';

type Tx = Kysely<PhotoTables>;

export interface PublishedDeps {
  readonly database: Database;
  /** The public bucket that is configured; null where none is. */
  readonly bucket: PublicBucket | null;
  /** Opens one that was, with the credentials that are; null where they are of another server. */
  openFormer(place: string): Promise<PublicBucket | null>;
}

/**
 * Takes away what nobody shows any more, and what lies in a bucket that is configured no more.
 * @param graceMs how long it must have been seen that nobody does: who has just loaded a page may be about to ask for it
 * @returns how many pictures went, and which places could not be opened
 */
export async function sweepPublished(
  deps: PublishedDeps,
  { graceMs, signal }: { readonly graceMs: number; readonly signal: AbortSignal },
): Promise<{ withdrawn: number; unreachable: string[] }> {
  const current = deps.bucket?.place ?? null;
  await asSystem(deps.database, (tx: Tx) => store.markUnused(tx, current));
  const places = await asSystem(deps.database, (tx: Tx) => store.listUnusedPlaces(tx, graceMs));
  const unreachable: string[] = [];
  let withdrawn = 0;
  for (const place of places) {
    const bucket = place === current ? deps.bucket : await deps.openFormer(place);
    if (!bucket) {
      unreachable.push(place);
      continue;
    }
    try {
      for await (const hash of listUnused(deps.database, place, graceMs, signal)) {
        if (await withdraw(deps, bucket, hash)) withdrawn += 1;
      }
    } finally {
      if (bucket !== deps.bucket) bucket.close();
    }
  }
  return { withdrawn, unreachable };
}

async function* listUnused(
  database: Database,
  place: string,
  graceMs: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for (let after: Buffer = Buffer.alloc(0); ; ) {
    const found = await asSystem(database, (tx: Tx) => store.listUnused(tx, place, graceMs, after));
    for (const hash of found) {
      if (signal.aborted) return;
      yield hash;
    }
    const last = found.at(-1);
    if (!last) return;
    after = last;
  }
}

/** @returns false when somebody shows it again, or is about to; the next sweep looks again */
function withdraw(deps: PublishedDeps, bucket: PublicBucket, hash: Buffer): Promise<boolean> {
  return asSystem(deps.database, async (tx: Tx) => {
    const files = await store.listPublished(tx, bucket.place, hash);
    for (const file of new Set(files)) if (!(await store.tryLockFile(tx, file))) return false;
    if (bucket.place === deps.bucket?.place && (await store.isPublicPicture(tx, hash))) return false;
    await store.forgetPublished(tx, bucket.place, hash);
    for (const sha256 of new Set(files)) {
      if (!(await store.isPublished(tx, bucket.place, sha256))) await bucket.delete(sha256);
    }
    return true;
  });
}

/** Deletes files of the bucket that no row knows, each under the lock that whoever publishes it holds. @returns how many */
export async function takeBack(
  { database, bucket }: PublishedDeps,
  files: readonly string[],
  signal?: AbortSignal,
): Promise<number> {
  let deleted = 0;
  for (const sha256 of bucket ? files : []) {
    if (signal?.aborted) break;
    const isGone = await asSystem(database, async (tx: Tx) => {
      if (!(await store.tryLockFile(tx, sha256))) return false;
      if (!bucket || (await store.isPublished(tx, bucket.place, sha256))) return false;
      await bucket.delete(sha256);
      return true;
    });
    if (isGone) deleted += 1;
  }
  return deleted;
}

/** Deletes files of the bucket that no row knows, once they are old enough: what a killed server left. @returns how many */
export async function sweepUnknown(
  deps: PublishedDeps,
  { graceMs, signal }: { readonly graceMs: number; readonly signal: AbortSignal },
): Promise<number> {
  const { bucket } = deps;
  if (!bucket) return 0;
  let deleted = 0;
  for await (const { sha256, modifiedAt } of bucket.list()) {
    if (signal.aborted) break;
    if (Date.now() - modifiedAt.getTime() < graceMs) continue;
    if (await asSystem(deps.database, (tx: Tx) => store.isPublished(tx, bucket.place, sha256))) continue;
    deleted += await takeBack(deps, [sha256]);
  }
  return deleted;
}
