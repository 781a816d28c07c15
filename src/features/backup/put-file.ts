import { hashOf } from '#features/storage/index.ts';
import type { BlobStore } from '#platform/blobs/blob-store.ts';
import { BackupError } from './backup-error.ts';
import type { ListedFile } from './file-list.ts';
import type { FilePool } from './file-pool.ts';
import { copyWhole } from './keep-file.ts';

/**
 * Puts a file of a backup where the library keeps it, once its bytes were held against its hash.
 * @returns false when the same bytes were there already
 * @throws BackupError when the file is damaged; AppError of the store
 */
export async function putFile(blobs: BlobStore, pool: FilePool, { key, bytes, sha256 }: ListedFile): Promise<boolean> {
  if (await isThere(blobs, { key, bytes, sha256 })) return false;
  const reader = await pool.open(sha256);
  const temp = await blobs.createTemp();
  try {
    if (reader && (await copyWhole(reader, temp))) {
      const written = await temp.finish();
      if (written.sha256 === sha256 && written.bytes === bytes) {
        await blobs.put(key, written.path);
        return true;
      }
    }
    throw new BackupError(
      `The file ${sha256} of the backup is damaged, and no library was restored: remove it from blobs/${sha256.slice(0, 2)}/${sha256.slice(2, 4)} and back the library up again if it is there yet, or choose another snapshot.`,
    );
  } finally {
    await temp.discard();
    await reader?.close();
  }
}

/** Read, not only looked for: what is restored over may be a disk that failed. */
async function isThere(blobs: BlobStore, { key, bytes, sha256 }: ListedFile): Promise<boolean> {
  const found = await blobs.stat(key);
  return found?.bytes === bytes && (await hashOf(blobs, key).catch(() => null)) === sha256;
}
