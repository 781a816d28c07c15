import type { BlobKey } from '#platform/blobs/blob-store.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { PhotoDeps } from './deps.ts';
import { receiveFile } from './upload-photo.ts';

const CHUNK = 1024 * 1024;

/**
 * Some bytes of a photo as a file that can be read by its path: the one that is stored, or a copy where the store has no files here.
 * That the caller may read them was checked before.
 * @throws AppError `not_found` when they are gone
 */
export async function borrowBytes(
  deps: Pick<PhotoDeps, 'blobs' | 'maxUploadBytes'>,
  key: BlobKey,
): Promise<{ readonly path: string; discard(): Promise<void> }> {
  const { localPath } = deps.blobs.capabilities;
  if (localPath) {
    if (!(await deps.blobs.has(key))) throw gone();
    return { path: localPath(key), discard: async () => {} };
  }
  const reader = await deps.blobs.open(key);
  if (!reader) throw gone();
  try {
    const { arrived, discard } = await receiveFile(deps, chunksOf(reader));
    return { path: arrived.path, discard };
  } finally {
    await reader.close();
  }
}

const gone = () => new AppError('not_found', 'There is no such photo.');

async function* chunksOf(reader: {
  readonly size: number;
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<void>;
}): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < reader.size; position += CHUNK) {
    // Anew each time: what is written keeps it until then.
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, reader.size - position));
    await reader.read(chunk, 0, chunk.length, position);
    yield chunk;
  }
}
