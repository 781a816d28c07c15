import { SNIFF_BYTES, sniff } from '../sniff.ts';
import { type Cursor, createCursor, type Piece, type Source, Unparsable } from '../strip-metadata/source.ts';
import { markJpeg } from './jpeg.ts';
import { markPng } from './png.ts';
import { markWebp } from './webp.ts';

const marks: Partial<Record<string, (cursor: Cursor, term: string) => Promise<Piece[] | null>>> = {
  png: markPng,
  jpeg: markJpeg,
  webp: markWebp,
};

/**
 * A picture that says where it comes from, in the field of IPTC's digital source type in its XMP. Every other byte is what it was.
 * @param term the last part of that type, such as `trainedAlgorithmicMedia`
 * @returns a source of the marked bytes; the one that was given where it is marked already, or its format has no place for it that is
 *   known here (PNG, JPEG and WebP have)
 */
export async function markSource<Given extends Source>(given: Given, term: string): Promise<Given | Source> {
  const cursor = createCursor(given);
  try {
    const format = sniff(await cursor.bytes(0, Math.min(SNIFF_BYTES, given.size)));
    const pieces = format ? await marks[format]?.(cursor, term) : null;
    return pieces ? sourceOf(given, pieces) : given;
  } catch (error) {
    if (error instanceof Unparsable) return given;
    throw error;
  }
}

/** Parts of a source and bytes of our own, one after the other. */
function sourceOf(given: Source, pieces: readonly Piece[]): Source {
  const parts: { readonly start: number; readonly length: number; readonly piece: Piece }[] = [];
  let size = 0;
  for (const piece of pieces) {
    const length = 'to' in piece ? piece.to - piece.from : 'zeros' in piece ? piece.zeros : piece.length;
    parts.push({ start: size, length, piece });
    size += length;
  }
  return {
    size,
    async read(buffer, offset, length, position) {
      if (position < 0 || position + length > size) throw new RangeError('There is no more to read.');
      for (const part of parts) {
        const from = Math.max(position, part.start);
        const to = Math.min(position + length, part.start + part.length);
        if (from >= to) continue;
        const at = offset + from - position;
        const { piece } = part;
        if (Buffer.isBuffer(piece)) piece.copy(buffer, at, from - part.start, to - part.start);
        else if ('to' in piece) await given.read(buffer, at, to - from, piece.from + from - part.start);
        else buffer.fill(0, at, at + to - from);
      }
    },
  };
}
