import { createHash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { AppError } from '#platform/http/app-error.ts';
import { asStorageFull } from './storage-full.ts';

/** Written at once: each write is a trip to the thread pool, which below this size costs more than the copy. */
const BATCH_BYTES = 1024 * 1024;

export interface WrittenFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** A file that is being received. After an error of any method it is gone. */
export interface TempFile {
  /** Absolute. */
  readonly path: string;
  /**
   * Appends. Resolves when more may come; the chunk is kept until it is written, so it must not be changed afterwards.
   * Calls must not overlap.
   * @throws AppError `too_large` with `details.limit`, `storage_full`
   */
  write(chunk: Uint8Array): Promise<void>;
  /** Writes what is left and closes; the bytes are not fsynced (`BlobStore.put` does that). */
  finish(): Promise<WrittenFile>;
  /** Closes and removes the file, at any time and more than once; after `finish` too, as long as it was not put anywhere. */
  discard(): Promise<void>;
}

/** Opens a new file at `path`, which must not exist. `limit` in bytes. */
export async function writeTempFile(path: string, limit: number): Promise<TempFile> {
  try {
    return receiveInto(await open(path, 'wx', 0o600), path, limit);
  } catch (error) {
    throw asStorageFull(error);
  }
}

/** Writes into a file that is open and empty; see `TempFile`. */
export function receiveInto(file: FileHandle, path: string, limit: number): TempFile {
  const sha256 = createHash('sha256');
  let bytes = 0;
  let batch: Uint8Array[] = [];
  let batched = 0;
  let closing: Promise<void> | undefined;

  const close = () => {
    closing ??= file.close();
    return closing;
  };

  const discard = async () => {
    batch = [];
    await close().catch(() => {});
    await rm(path, { force: true });
  };

  const orDiscard = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      await discard();
      throw asStorageFull(error);
    }
  };

  const flush = async () => {
    const chunks = batch;
    const expected = batched;
    batch = [];
    batched = 0;
    await writeAll(file, chunks, expected);
  };

  return {
    path,
    write: (chunk) =>
      orDiscard(async () => {
        bytes += chunk.length;
        if (bytes > limit) {
          throw new AppError('too_large', `This file is larger than the ${limit} bytes that are allowed.`, { limit });
        }
        sha256.update(chunk);
        batch.push(chunk);
        batched += chunk.length;
        if (batched >= BATCH_BYTES) await flush();
      }),
    finish: () =>
      orDiscard(async () => {
        if (batched > 0) await flush();
        await close();
        return { path, bytes, sha256: sha256.digest('hex') };
      }),
    discard,
  };
}

/** A write may take less than it was given, when the disk is nearly full or a signal comes between. */
async function writeAll(file: FileHandle, chunks: Uint8Array[], expected: number): Promise<void> {
  const { bytesWritten } = await file.writev(chunks);
  if (bytesWritten === expected) return;
  let rest = Buffer.concat(chunks).subarray(bytesWritten);
  while (rest.length > 0) rest = rest.subarray((await file.write(rest)).bytesWritten);
}
