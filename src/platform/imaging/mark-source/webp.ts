import { type Cursor, type Piece, Unparsable } from '../strip-metadata/source.ts';
import { sourcePacket } from './source-packet.ts';

const mostPacket = 2 ** 20;
const flag = { xmp: 0x04, alpha: 0x10 };

/** A WebP whose XMP says where it comes from; a simple file becomes an extended one (RFC 9649, 2.7). @returns null where it says so already */
export async function markWebp(cursor: Cursor, term: string): Promise<Piece[] | null> {
  const riff = await cursor.bytes(0, 12);
  const size = riff.readUInt32LE(4) + 8;
  if (size > cursor.size) throw new Unparsable('It ends too early.');
  let extended: Buffer | null = null;
  let known: string | null = null;
  const body: Piece[] = [];
  for (let at = 12; at + 8 <= size; ) {
    const head = await cursor.bytes(at, 8);
    const type = head.toString('latin1', 0, 4);
    const length = head.readUInt32LE(4);
    const end = at + 8 + length + (length & 1);
    if (end > size) throw new Unparsable('A chunk ends behind the file.');
    if (type === 'VP8X') extended = await cursor.bytes(at, end - at);
    else if (type === 'XMP ' && length <= mostPacket) known = (await cursor.bytes(at + 8, length)).toString('utf8');
    else {
      if (extended === null) extended = await extendedOf(cursor, type, at + 8);
      body.push({ from: at, to: end });
    }
    at = end;
  }
  const packet = sourcePacket(known, term);
  if (packet === null || extended === null) return null;
  extended[8] = (extended[8] as number) | flag.xmp;
  const xmp = toChunk('XMP ', Buffer.from(packet));
  const whole = [extended, ...body, xmp];
  riff.writeUInt32LE(
    4 + whole.reduce((sum, piece) => sum + ('to' in piece ? piece.to - piece.from : (piece as Buffer).length), 0),
    4,
  );
  return [riff, ...whole];
}

/** The header of an extended file, from the first bytes of the picture in a simple one (RFC 6386, 9.1; RFC 9649, 3.4). */
async function extendedOf(cursor: Cursor, type: string, at: number): Promise<Buffer> {
  const head = await cursor.bytes(at, 10);
  const payload = Buffer.alloc(10);
  if (type === 'VP8L' && head[0] === 0x2f) {
    const bits = head.readUInt32LE(1);
    payload[0] = (bits >>> 28) & 1 ? flag.alpha : 0;
    payload.writeUIntLE(bits & 0x3fff, 4, 3);
    payload.writeUIntLE((bits >>> 14) & 0x3fff, 7, 3);
  } else if (type === 'VP8 ' && head.toString('latin1', 3, 6) === '\x9d\x01\x2a') {
    payload.writeUIntLE((head.readUInt16LE(6) & 0x3fff) - 1, 4, 3);
    payload.writeUIntLE((head.readUInt16LE(8) & 0x3fff) - 1, 7, 3);
  } else throw new Unparsable('It does not begin with its picture.');
  return toChunk('VP8X', payload);
}

function toChunk(type: string, payload: Buffer): Buffer {
  const chunk = Buffer.alloc(8 + payload.length + (payload.length & 1));
  chunk.write(type, 'latin1');
  chunk.writeUInt32LE(payload.length, 4);
  payload.copy(chunk, 8);
  return chunk;
}
