import type { BlobKey, BlobReader, BlobStore } from '#platform/blobs/blob-store.ts';
import type { TempArea } from '#platform/blobs/temp-area.ts';
import type { TempFile } from '#platform/blobs/temp-file.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { ListedFile, WantedFile } from './file-list.ts';
import type { FilePool } from './file-pool.ts';
import type { FileFault } from './snapshot-manifest.ts';

const CHUNK = 1024 * 1024;

export type KeptFile =
  | { readonly file: ListedFile; readonly copied: boolean; readonly fault?: undefined }
  | { readonly fault: FileFault['what'] };

/**
 * Sees to it that a file of the library lies in the pool. What lies there in its size is not read again: originals are known by their
 * hash, derivatives by what earlier snapshots say of them.
 * @throws AppError `unavailable` when the store does not answer, `storage_full` when the pool has no room
 */
export async function keepFile(
  deps: { readonly blobs: BlobStore; readonly pool: FilePool; readonly temp: Pick<TempArea, 'createTemp'> },
  { key, bytes }: WantedFile,
  earlier: readonly ListedFile[],
): Promise<KeptFile> {
  const known = key.variant === 'original' ? [key.hash] : earlier.filter((file) => file.bytes === bytes).map(toName);
  for (const sha256 of known) {
    if (await deps.pool.has(sha256, bytes)) return { file: { key, bytes, sha256 }, copied: false };
  }
  const reader = await openOr(deps.blobs, key, 'unreadable');
  if (reader === 'unreadable') return { fault: reader };
  if (!reader) return { fault: 'missing' };
  const temp = await deps.temp.createTemp();
  try {
    if (reader.size !== bytes) return { fault: 'short' };
    if (!(await copyWhole(reader, temp))) return { fault: 'unreadable' };
    const { path, sha256 } = await temp.finish();
    if (key.variant === 'original' && sha256 !== key.hash) return { fault: 'changed' };
    const isThere = await deps.pool.has(sha256, bytes);
    if (!isThere) await deps.pool.keep(sha256, path);
    return { file: { key, bytes, sha256 }, copied: !isThere };
  } finally {
    await temp.discard();
    await reader.close();
  }
}

/** A file that cannot be opened is one file's trouble; a store that does not answer, or too many open files, is not. */
async function openOr<const Fault extends string>(
  blobs: BlobStore,
  key: BlobKey,
  fault: Fault,
): Promise<BlobReader | Fault | null> {
  try {
    return await blobs.open(key);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof AppError || code === 'EMFILE' || code === 'ENFILE') throw error;
    return fault;
  }
}

const toName = ({ sha256 }: ListedFile): string => sha256;

/**
 * @returns false when the blob cannot be read to its end
 * @throws AppError of the store or of the temp file: these are no fault of the blob
 */
export async function copyWhole(reader: BlobReader, temp: Pick<TempFile, 'write'>): Promise<boolean> {
  for (let position = 0; position < reader.size; position += CHUNK) {
    // A new one each time: the temp file keeps what it was given until it is written.
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, reader.size - position));
    try {
      await reader.read(chunk, 0, chunk.length, position);
    } catch (error) {
      if (error instanceof AppError) throw error;
      return false;
    }
    await temp.write(chunk);
  }
  return true;
}
