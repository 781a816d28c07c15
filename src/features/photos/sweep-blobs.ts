import { type Kysely, sql } from 'kysely';
import { type BlobStore, type BlobVariant, variants } from '#platform/blobs/blob-store.ts';
import { asSystem } from '#platform/database/as-system.ts';
import type { Database } from '#platform/database/database.ts';
import { mayDelete } from '#platform/database/deletion-hold.ts';
import type { Delivery } from '#platform/delivery/index.ts';
import type { PartialFiles } from './partial-files.ts';
import { isShownPicture, tryLockBlob } from './store.ts';
import type { PhotoTables } from './tables.ts';
import { findReceiving } from './upload-store.ts';

type Tx = Kysely<PhotoTables>;
type Deps = { database: Database; blobs: BlobStore; delivery: Pick<Delivery, 'forget'> };

// The original goes last: whatever is interrupted is found and finished by the next sweep.
const allVariants: readonly BlobVariant[] = variants.toReversed();
const dayMs = 24 * 3600_000;

/**
 * Deletes one blob, row and bytes, if nothing refers to it. Decided under the lock that uploads of the same bytes hold
 * until they commit, so that a photo which is just coming in keeps its bytes.
 * @returns false when it is referred to, an upload of it is under way, or a backup still needs what was there when it began; the next
 * sweep looks again
 */
async function deleteIfUnused(deps: Deps, hash: Buffer, { knownOnly }: { knownOnly: boolean }): Promise<boolean> {
  return asSystem(deps.database, async (tx: Tx) => {
    if (!(await mayDelete(tx)) || !(await tryLockBlob(tx, hash))) return false;
    const used = await tx.selectFrom('photos').select('id').where('blob_hash', '=', hash).limit(1).executeTakeFirst();
    if (used || (await isShownPicture(tx, hash))) return false;
    const { numDeletedRows } = await tx.deleteFrom('blobs').where('hash', '=', hash).executeTakeFirst();
    if (knownOnly && numDeletedRows === 0n) return false;
    for (const variant of allVariants) await deps.blobs.delete({ hash: hash.toString('hex'), variant });
    deps.delivery.forget(hash.toString('hex'));
    return true;
  });
}

/** Deletes the blobs that no photo and no public picture refers to any more, in batches. @returns how many */
export async function sweepUnusedBlobs(deps: Deps, signal: AbortSignal): Promise<number> {
  let deleted = 0;
  for (let after = Buffer.alloc(0); !signal.aborted; ) {
    const { rows } = await asSystem(deps.database, (tx: Tx) =>
      sql<{ hash: Buffer }>`
        select hash from blobs b where hash > ${after}
          and not exists (select from photos p where p.blob_hash = b.hash) and not is_shown_picture(b.hash)
        order by hash limit 500`.execute(tx),
    );
    const last = rows.at(-1);
    if (!last) break;
    for (const { hash } of rows) if (await deleteIfUnused(deps, hash, { knownOnly: true })) deleted += 1;
    after = Buffer.from(last.hash);
  }
  return deleted;
}

/** Cleans up after an upload that failed between storing bytes and committing the row. */
export const sweepBlob = (deps: Deps, hash: string): Promise<boolean> =>
  deleteIfUnused(deps, Buffer.from(hash, 'hex'), { knownOnly: false });

/**
 * Deletes files that no row knows, once they are old enough: what a killed server left between storing and committing.
 * @param graceMs a day unless told otherwise
 * @returns how many hashes
 */
export async function sweepOrphanFiles(deps: Deps, signal: AbortSignal, graceMs = dayMs): Promise<number> {
  let deleted = 0;
  for await (const { key, modifiedAt } of deps.blobs.list()) {
    if (signal.aborted) break;
    if (Date.now() - modifiedAt.getTime() < graceMs) continue;
    const hash = Buffer.from(key.hash, 'hex');
    const known = await asSystem(deps.database, (tx: Tx) =>
      tx.selectFrom('blobs').select('hash').where('hash', '=', hash).executeTakeFirst(),
    );
    if (!known && (await deleteIfUnused(deps, hash, { knownOnly: false }))) deleted += 1;
  }
  return deleted;
}

/**
 * Removes what arrived of uploads that nobody can go on with: their account, or they themselves, are gone. An upload's row
 * is there before its file, so no grace is needed. @returns how many
 */
export async function sweepPartials(deps: { database: Database; partials: PartialFiles }): Promise<number> {
  const ids = await deps.partials.list();
  if (ids.length === 0) return 0;
  const receiving = await asSystem(deps.database, (tx: Tx) => findReceiving(tx, ids));
  const left = ids.filter((id) => !receiving.has(id));
  for (const id of left) await deps.partials.remove(id);
  return left.length;
}
