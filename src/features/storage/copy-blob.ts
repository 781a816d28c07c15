import { createHash } from 'node:crypto';
import type { BlobKey, BlobReader, BlobStore } from '#platform/blobs/blob-store.ts';

const CHUNK = 1024 * 1024;

async function* chunksOf(reader: BlobReader): AsyncGenerator<Buffer> {
  for (let position = 0; position < reader.size; position += CHUNK) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, reader.size - position));
    await reader.read(chunk, 0, chunk.length, position);
    yield chunk;
  }
}

/** sha256 of a blob's bytes in hex; null when it is absent. */
export async function hashOf(store: BlobStore, key: BlobKey): Promise<string | null> {
  const reader = await store.open(key);
  if (!reader) return null;
  try {
    const hash = createHash('sha256');
    for await (const chunk of chunksOf(reader)) hash.update(chunk);
    return hash.digest('hex');
  } finally {
    await reader.close();
  }
}

/** Bytes that were read are not those that should be there. */
export class DamagedBlobError extends Error {
  override readonly name = 'DamagedBlobError';
}

/**
 * Copies one blob and reads it again where it came to. What is there already is left when it is the same.
 * @param pace is waited for before each mebibyte
 * @returns bytes of the blob; null when the source has none
 * @throws DamagedBlobError when an original or a public picture is not what its name tells, or what came is not what was sent
 */
export async function copyBlob(
  from: BlobStore,
  to: BlobStore,
  key: BlobKey,
  pace: (bytes: number) => Promise<void>,
): Promise<number | null> {
  const reader = await from.open(key);
  if (!reader) return null;
  const temp = await to.createTemp();
  try {
    for await (const chunk of chunksOf(reader)) {
      await pace(chunk.length);
      await temp.write(chunk);
    }
    const { path, sha256 } = await temp.finish();
    if ((key.variant === 'original' || key.variant === 'picture') && sha256 !== key.hash) {
      throw new DamagedBlobError('its bytes are not those that its name tells');
    }
    if ((await hashOf(to, key)) === sha256) return reader.size;
    await to.put(key, path);
    if ((await hashOf(to, key)) === sha256) return reader.size;
    await to.delete(key);
    throw new DamagedBlobError('what was written came back otherwise');
  } finally {
    await temp.discard();
    await reader.close();
  }
}
