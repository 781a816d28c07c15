import { minimalExif, readOrientation } from './orientation.ts';
import { type Cursor, keep, type Piece, Unparsable } from './source.ts';

const mostExif = 2 ** 20;
const pictureChunks = new Set(['VP8 ', 'VP8L', 'ALPH']);
const flag = { xmp: 0x04, exif: 0x08 };

interface Chunk {
  readonly type: string;
  readonly start: number;
  /** Behind the payload, padding included. */
  readonly end: number;
  readonly length: number;
}

/** The chunks of a WebP that draw it (RFC 9649, 2.7), its profile and its orientation. */
export async function planWebp(cursor: Cursor): Promise<Piece[]> {
  const declared = (await cursor.bytes(0, 12)).readUInt32LE(4) + 8;
  if (declared > cursor.size + 1) throw new Unparsable('It ends too early.');
  const body: Piece[] = [];
  let extended: Buffer | null = null;
  let orientation = 1;
  for (const chunk of await listChunks(cursor, 12, Math.min(declared, cursor.size))) {
    const { type, start, end, length } = chunk;
    if (type === 'VP8X') extended = await cursor.bytes(start, end - start);
    else if (pictureChunks.has(type) || type === 'ICCP' || type === 'ANIM') keep(body, start, end);
    else if (type === 'ANMF') body.push(...(await frame(cursor, chunk)));
    else if (type === 'EXIF' && length <= mostExif) {
      orientation = readOrientation(await cursor.bytes(start + 8, length));
    }
  }
  // Only the extended form can hold EXIF.
  const exif = extended && orientation !== 1 ? [toChunk('EXIF', minimalExif(orientation))] : [];
  if (extended) {
    const flags = (extended[8] as number) & ~(flag.xmp | flag.exif);
    extended[8] = exif.length > 0 ? flags | flag.exif : flags;
  }
  const chunks = [...(extended ? [extended] : []), ...body, ...exif];
  if (body.length === 0) throw new Unparsable('It has no picture.');
  const head = await cursor.bytes(0, 12);
  head.writeUInt32LE(sizeOf(chunks) + 4, 4);
  return [head, ...chunks];
}

/** A frame of an animation, with the chunks that draw it alone. */
async function frame(cursor: Cursor, { start, end, length }: Chunk): Promise<Piece[]> {
  const headBytes = 24;
  if (length < 16) throw new Unparsable('A frame has no header.');
  const parts: Piece[] = [];
  for (const chunk of await listChunks(cursor, start + headBytes, Math.min(end, start + 8 + length))) {
    if (pictureChunks.has(chunk.type)) keep(parts, chunk.start, chunk.end);
  }
  const head = await cursor.bytes(start, headBytes);
  head.writeUInt32LE(16 + sizeOf(parts), 4);
  return [head, ...parts];
}

async function listChunks(cursor: Cursor, from: number, to: number): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for (let at = from; at + 8 <= to; ) {
    const head = await cursor.bytes(at, 8);
    const length = head.readUInt32LE(4);
    const end = at + 8 + length + (length & 1);
    if (end > cursor.size) throw new Unparsable('A chunk ends behind the file.');
    chunks.push({ type: head.toString('latin1', 0, 4), start: at, end, length });
    at = end;
  }
  return chunks;
}

function toChunk(type: string, payload: Buffer): Buffer {
  const chunk = Buffer.alloc(8 + payload.length + (payload.length & 1));
  chunk.write(type, 'latin1');
  chunk.writeUInt32LE(payload.length, 4);
  payload.copy(chunk, 8);
  return chunk;
}

const sizeOf = (pieces: readonly Piece[]): number =>
  pieces.reduce(
    (sum, piece) => sum + ('to' in piece ? piece.to - piece.from : 'zeros' in piece ? piece.zeros : piece.length),
    0,
  );
