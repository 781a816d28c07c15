import { type Cursor, type Piece, Unparsable } from '../strip-metadata/source.ts';
import { sourcePacket } from './source-packet.ts';

const signature = 'http://ns.adobe.com/xap/1.0/\0';
/** What two bytes can say of a segment's length, themselves among them. */
const mostSegment = 0xffff;

/** A JPEG whose XMP says where it comes from. @returns null where it says so already, or has no room for it */
export async function markJpeg(cursor: Cursor, term: string): Promise<Piece[] | null> {
  let behind = 2;
  for (let at = 2; at + 4 <= cursor.size; ) {
    const head = await cursor.bytes(at, 4);
    const code = head[1] as number;
    if (head[0] !== 0xff) throw new Unparsable('A segment does not begin with a marker.');
    // Metadata stand before the tables and the picture.
    if (code < 0xe0 || code > 0xef) break;
    const end = at + 2 + head.readUInt16BE(2);
    if (end > cursor.size) throw new Unparsable('A segment ends behind the file.');
    const payload = code === 0xe1 ? await cursor.bytes(at + 4, end - at - 4) : Buffer.alloc(0);
    if (payload.toString('latin1', 0, signature.length) === signature) {
      const segment = toSegment(sourcePacket(payload.toString('utf8', signature.length), term));
      return segment && [{ from: 0, to: at }, segment, { from: end, to: cursor.size }];
    }
    // JFIF and Exif have to come first.
    if (code === 0xe0 || payload.toString('latin1', 0, 4) === 'Exif') behind = end;
    at = end;
  }
  const segment = toSegment(sourcePacket(null, term));
  return segment && [{ from: 0, to: behind }, segment, { from: behind, to: cursor.size }];
}

function toSegment(packet: string | null): Buffer | null {
  if (packet === null) return null;
  const payload = Buffer.concat([Buffer.from(signature, 'latin1'), Buffer.from(packet)]);
  if (payload.length + 2 > mostSegment) return null;
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(payload.length + 2, 2);
  return Buffer.concat([head, payload]);
}
