/** A file that can be read anywhere, such as a blob's reader. */
export interface Source {
  /** Bytes. */
  readonly size: number;
  /** Fills `buffer` from `offset` on with exactly `length` bytes, taken from `position`. */
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<void>;
}

/** A part of the file as it is (`to` is behind its last byte), bytes of our own, or as many zeros. */
export type Piece = { readonly from: number; readonly to: number } | Buffer | { readonly zeros: number };

/** This file is not built as its format says, so what is in it cannot be told apart. */
export class Unparsable extends Error {
  override readonly name = 'Unparsable';
}

const CHUNK = 64 * 1024;

/** Reads small parts in order through one buffer, so that a file of many short blocks costs few reads. */
export function createCursor(source: Source) {
  const chunk = Buffer.allocUnsafe(CHUNK);
  let start = 0;
  let length = 0;

  const load = async (position: number): Promise<void> => {
    start = position;
    length = Math.min(CHUNK, source.size - position);
    await source.read(chunk, 0, length, position);
  };

  return {
    size: source.size,
    /** @throws Unparsable where the file ends before that */
    async bytes(position: number, count: number): Promise<Buffer> {
      if (position < 0 || position + count > source.size) throw new Unparsable('It ends too early.');
      if (count > CHUNK) {
        const whole = Buffer.allocUnsafe(count);
        await source.read(whole, 0, count, position);
        return whole;
      }
      if (position < start || position + count > start + length) await load(position);
      return Buffer.from(chunk.subarray(position - start, position - start + count));
    },
    /** The rest of what is at hand from there on, one byte at least; valid until the next call. */
    async view(position: number): Promise<Buffer> {
      if (position >= source.size) throw new Unparsable('It ends too early.');
      if (position < start || position >= start + length) await load(position);
      return chunk.subarray(position - start, length);
    },
  };
}

export type Cursor = ReturnType<typeof createCursor>;

/** Adds a part of the file, which goes together with the part before where they meet. */
export function keep(pieces: Piece[], from: number, to: number): void {
  const last = pieces.at(-1);
  if (last && 'to' in last && last.to === from) pieces[pieces.length - 1] = { from: last.from, to };
  else if (to > from) pieces.push({ from, to });
}
