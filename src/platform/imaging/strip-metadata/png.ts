import { crc32 } from 'node:zlib';
import { minimalExif, readOrientation } from './orientation.ts';
import { type Cursor, keep, type Piece, Unparsable } from './source.ts';

const signatureBytes = 8;
const mostExif = 2 ** 20;

/** What draws the picture (PNG, third edition, 5.6). All other chunks, texts and times among them, are left out. */
const needed = new Set(
  'IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs acTL fcTL fdAT'.split(' '),
);

/** The chunks of a PNG that draw it, and its orientation; nothing that follows the end. */
export async function planPng(cursor: Cursor): Promise<Piece[]> {
  const pieces: Piece[] = [];
  let orientation = 1;
  let hasData = false;
  let isEnded = false;
  for (let at = signatureBytes; !isEnded; ) {
    // Decoders have the whole picture by then, and bear with an end that is cut or missing.
    if (hasData && at + 12 > cursor.size) break;
    const head = await cursor.bytes(at, 8);
    const length = head.readUInt32BE(0);
    const type = head.toString('latin1', 4, 8);
    const end = at + 12 + length;
    if (end > cursor.size) throw new Unparsable('A chunk ends behind the file.');
    isEnded = type === 'IEND';
    if (type === 'IDAT') hasData = true;
    if (at === signatureBytes && type !== 'IHDR') throw new Unparsable('It does not begin with its header.');
    if (needed.has(type)) keep(pieces, at, end);
    // Behind the picture it comes too late to turn it, for browsers and for ours.
    else if (type === 'eXIf' && !hasData && length <= mostExif)
      orientation = readOrientation(await cursor.bytes(at + 8, length));
    else if (/^[A-Z]/.test(type)) throw new Unparsable('It has a critical chunk of no known kind.');
    at = end;
  }
  if (!isEnded) pieces.push(toChunk('IEND', Buffer.alloc(0)));
  const headerEnd = signatureBytes + 25;
  const [first, ...rest] = pieces;
  if (!first || !('to' in first)) throw new Unparsable('It has no header.');
  if (orientation === 1) return [{ from: 0, to: first.to }, ...rest];
  return [
    { from: 0, to: headerEnd },
    toChunk('eXIf', minimalExif(orientation)),
    { from: headerEnd, to: first.to },
    ...rest,
  ];
}

function toChunk(type: string, payload: Buffer): Buffer {
  const chunk = Buffer.alloc(payload.length + 12);
  chunk.writeUInt32BE(payload.length, 0);
  chunk.write(type, 4, 'latin1');
  payload.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + payload.length)), 8 + payload.length);
  return chunk;
}
