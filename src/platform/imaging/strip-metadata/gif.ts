import { type Cursor, keep, type Piece, Unparsable } from './source.ts';

const block = { extension: 0x21, image: 0x2c, trailer: 0x3b };
const extension = { plainText: 0x01, control: 0xf9, application: 0xff };
/** Both say how often an animation runs. */
const loops = new Set(['NETSCAPE2.0', 'ANIMEXTS1.0']);

/** The blocks of a GIF that draw it and say how often it runs (GIF89a, 17 to 27): no comments, no XMP, nothing behind its end. */
export async function planGif(cursor: Cursor): Promise<Piece[]> {
  const pieces: Piece[] = [];
  const screen = await cursor.bytes(6, 7);
  let at = 13 + colourTable(screen[4] as number);
  keep(pieces, 0, at);
  // A control block is for what is drawn next, and goes with it.
  let control: { from: number; to: number } | null = null;
  let images = 0;
  while (at < cursor.size) {
    const kind = (await cursor.bytes(at, 1))[0];
    if (kind === block.trailer) break;
    if (kind === block.image) {
      const packed = (await cursor.bytes(at + 9, 1))[0] as number;
      const end = await endOfSubBlocks(cursor, at + 11 + colourTable(packed));
      if (control) keep(pieces, control.from, control.to);
      keep(pieces, at, end);
      control = null;
      images += 1;
      at = end;
    } else if (kind === block.extension) {
      const label = (await cursor.bytes(at + 1, 1))[0];
      const end = await endOfSubBlocks(cursor, at + 2);
      if (label === extension.control) control = { from: at, to: end };
      if (label === extension.plainText) control = null;
      if (label === extension.application && (await isLoop(cursor, at, end))) keep(pieces, at, end);
      at = end;
    } else throw new Unparsable('It has a block of no known kind.');
  }
  if (images === 0) throw new Unparsable('It has no picture.');
  return [...pieces, Buffer.from([block.trailer])];
}

const colourTable = (packed: number): number => (packed & 0x80 ? 3 * 2 ** ((packed & 0x07) + 1) : 0);

/** Sub-blocks are counted bytes, up to an empty one (GIF89a, 15 and 16). */
async function endOfSubBlocks(cursor: Cursor, from: number): Promise<number> {
  for (let at = from; ; ) {
    const view = await cursor.view(at);
    // As many as lie in what is at hand: each would cost a turn of the event loop otherwise.
    let inside = 0;
    while (inside < view.length) {
      const length = view[inside] as number;
      inside += 1 + length;
      if (length === 0) return at + inside;
    }
    at += inside;
    // A file that was cut in its last image decodes up to there.
    if (at >= cursor.size) throw new Unparsable('It ends too early.');
  }
}

async function isLoop(cursor: Cursor, at: number, end: number): Promise<boolean> {
  // Introducer, label, 11 bytes of name, then one sub-block of three bytes and the empty one.
  if (end - at > 32 || end - at < 14) return false;
  const bytes = await cursor.bytes(at, end - at);
  return bytes[2] === 11 && loops.has(bytes.toString('latin1', 3, 14));
}
