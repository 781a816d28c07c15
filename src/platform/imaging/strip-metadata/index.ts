import { SNIFF_BYTES, sniff } from '../sniff.ts';
import { planGif } from './gif.ts';
import { planHeif } from './heif.ts';
import { planJpeg } from './jpeg.ts';
import { planPng } from './png.ts';
import { type Cursor, createCursor, type Piece, type Source, Unparsable } from './source.ts';
import { planWebp } from './webp.ts';

export type { Source } from './source.ts';

const plans = {
  jpeg: planJpeg,
  png: planPng,
  webp: planWebp,
  gif: planGif,
  avif: planHeif,
  heic: planHeif,
} as const satisfies Record<string, (cursor: Cursor) => Promise<Piece[]>>;

const CHUNK = 64 * 1024;

/**
 * A picture without metadata: no EXIF but its orientation, no place, XMP, IPTC, comment, thumbnail, nor anything appended; the
 * pixels are the very bytes they were, and the colour profile stays. What is kept is what is known to draw the picture, so
 * that a kind of metadata nobody has heard of yet is left out too.
 * @returns its bytes, a chunk at a time with constant memory; null when the file is not built as its format says
 */
export async function stripMetadata(source: Source): Promise<AsyncGenerator<Buffer> | null> {
  const cursor = createCursor(source);
  try {
    const format = sniff(await cursor.bytes(0, Math.min(SNIFF_BYTES, source.size)));
    if (!format) return null;
    return readPieces(source, await plans[format](cursor));
  } catch (error) {
    if (error instanceof Unparsable) return null;
    throw error;
  }
}

async function* readPieces(source: Source, pieces: readonly Piece[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) {
    if (Buffer.isBuffer(piece)) {
      yield piece;
      continue;
    }
    const length = 'to' in piece ? piece.to - piece.from : piece.zeros;
    for (let done = 0; done < length; done += CHUNK) {
      const count = Math.min(CHUNK, length - done);
      if ('to' in piece) {
        const chunk = Buffer.allocUnsafe(count);
        await source.read(chunk, 0, count, piece.from + done);
        yield chunk;
      } else yield Buffer.alloc(count);
    }
  }
}
