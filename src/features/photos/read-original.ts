import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { PhotoDeps } from './deps.ts';
import { markOriginal } from './mark-original.ts';

/**
 * The original of a live photo that the caller may read, for answers that hold it in themselves. It tells how it came to be, as one that is
 * downloaded does. Nothing is opened before the first piece is asked for, and all is closed after the last or once nobody asks any more.
 * @param deps.locator which decides who may
 * @throws AppError `unauthorized`, `forbidden`, `not_found`
 */
export async function readOriginal(deps: Pick<PhotoDeps, 'blobs' | 'locator'>, caller: Caller, id: string) {
  const located = await deps.locator.locate(caller, id);
  const mimeType = located.mimeTypes.original;
  if (located.isTrashed || !mimeType) throw notFound();
  return {
    mimeType,
    /** @param bytes of each piece but the last */
    async *pieces(bytes: number): AsyncGenerator<Buffer> {
      const stored = await deps.blobs.open({ hash: located.hash, variant: 'original' });
      if (!stored) throw notFound();
      const reader = await markOriginal(stored, located.madeSource);
      try {
        for (let position = 0; position < reader.size; position += bytes) {
          const piece = Buffer.allocUnsafe(Math.min(bytes, reader.size - position));
          await reader.read(piece, 0, piece.length, position);
          yield piece;
        }
      } finally {
        await reader.close();
      }
    },
  };
}

const notFound = (): AppError => new AppError('not_found', 'There is no such photo.');
