import { crc32, inflateSync } from 'node:zlib';
import { type Cursor, type Piece, Unparsable } from '../strip-metadata/source.ts';
import { sourcePacket } from './source-packet.ts';

const keyword = 'XML:com.adobe.xmp';
/** Behind the keyword: not compressed, no language, no translation (PNG, third edition, 11.3.3.4). */
const head = Buffer.from(`${keyword}\0\0\0\0\0`, 'latin1');
const headerEnd = 33;
const mostPacket = 2 ** 20;

/** A PNG whose XMP says where it comes from. @returns null where it says so already */
export async function markPng(cursor: Cursor, term: string): Promise<Piece[] | null> {
  for (let at = 8; at + 12 <= cursor.size; ) {
    const chunk = await cursor.bytes(at, 8);
    const length = chunk.readUInt32BE(0);
    const end = at + 12 + length;
    if (end > cursor.size) throw new Unparsable('A chunk ends behind the file.');
    const type = chunk.toString('latin1', 4, 8);
    const isText = /^[itz]TXt$/.test(type) && length <= mostPacket;
    const known = isText ? readPacket(type, await cursor.bytes(at + 8, length)) : null;
    if (known !== null) {
      const packet = sourcePacket(known, term);
      return packet === null ? null : [{ from: 0, to: at }, toChunk(packet), { from: end, to: cursor.size }];
    }
    at = end;
  }
  const packet = sourcePacket(null, term);
  if (packet === null || cursor.size < headerEnd) return null;
  return [{ from: 0, to: headerEnd }, toChunk(packet), { from: headerEnd, to: cursor.size }];
}

/** XMP of a text chunk: the standard has it in iTXt, and libvips writes zTXt. @returns null where the chunk is another */
function readPacket(type: string, data: Buffer): string | null {
  if (data.toString('latin1', 0, keyword.length + 1) !== `${keyword}\0`) return null;
  const rest = data.subarray(keyword.length + 1);
  if (type === 'tEXt') return rest.toString('utf8');
  if (type === 'zTXt') return inflate(rest.subarray(1));
  // A flag, a method, a language and a translation that both end with a zero.
  const text = rest.subarray(rest.indexOf(0, rest.indexOf(0, 2) + 1) + 1);
  return rest[0] === 1 ? inflate(text) : text.toString('utf8');
}

function inflate(data: Buffer): string {
  try {
    return inflateSync(data, { maxOutputLength: mostPacket }).toString('utf8');
  } catch {
    throw new Unparsable('A text cannot be inflated.');
  }
}

function toChunk(packet: string): Buffer {
  const payload = Buffer.concat([Buffer.from('iTXt', 'latin1'), head, Buffer.from(packet)]);
  const chunk = Buffer.alloc(payload.length + 8);
  chunk.writeUInt32BE(payload.length - 4, 0);
  payload.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(payload), payload.length + 4);
  return chunk;
}
