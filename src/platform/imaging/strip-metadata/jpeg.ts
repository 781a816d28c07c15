import { minimalExif, readOrientation } from './orientation.ts';
import { type Cursor, keep, type Piece, Unparsable } from './source.ts';

const marker = {
  SOI: 0xd8,
  EOI: 0xd9,
  SOS: 0xda,
  COM: 0xfe,
  APP0: 0xe0,
  APP1: 0xe1,
  APP2: 0xe2,
  APP14: 0xee,
  APP15: 0xef,
};

/** Frames, tables and what else decoding takes (ITU T.81, table B.1): C0 to CF but JPG, DB to DF. */
const isNeeded = (code: number): boolean =>
  (code >= 0xc0 && code <= 0xcf && code !== 0xc8) || (code >= 0xdb && code <= 0xdf);
const isStandalone = (code: number): boolean => code === 0x01 || (code >= 0xd0 && code <= 0xd7);

/**
 * The parts of a JPEG that draw it: frames, tables, scans, JFIF and Adobe marks and the ICC profile. EXIF shrinks to its
 * orientation; XMP, IPTC, comments, all other application segments, and whatever follows the end are left out.
 */
export async function planJpeg(cursor: Cursor): Promise<Piece[]> {
  const pieces: Piece[] = [];
  let orientation = 1;
  for (let at = 2; ; ) {
    const found = await nextMarker(cursor, at);
    // A file that was cut in its last scan decodes up to there; it gets the end it lacks.
    if (!found || found.code === marker.EOI) break;
    const { code, start } = found;
    if (isStandalone(code)) {
      at = start + 2;
      continue;
    }
    const length = (await cursor.bytes(start + 2, 2)).readUInt16BE(0);
    const end = start + 2 + length;
    if (length < 2 || end > cursor.size) throw new Unparsable('A segment ends behind the file.');
    if (code === marker.APP1) orientation = (await orientationIn(cursor, start + 4, end)) ?? orientation;
    else if (code === marker.SOS) {
      at = await endOfScan(cursor, end);
      keep(pieces, start, at);
      continue;
    } else if (isNeeded(code)) keep(pieces, start, end);
    else if (isApplication(code)) pieces.push(...(await keptOf(cursor, code, start, end)));
    else if (code !== marker.COM) throw new Unparsable('It has a segment of no known kind.');
    at = end;
  }
  if (pieces.length === 0) throw new Unparsable('It has no picture.');
  const exif = orientation === 1 ? [] : [exifSegment(orientation)];
  return [Buffer.from([0xff, marker.SOI]), ...exif, ...pieces, Buffer.from([0xff, marker.EOI])];
}

const isApplication = (code: number): boolean => code >= marker.APP0 && code <= marker.APP15;

/** The next marker: decoders skip whatever stands before it, and bytes that fill. @returns null at the file's end */
async function nextMarker(cursor: Cursor, from: number): Promise<{ code: number; start: number } | null> {
  for (let at = from; at + 1 < cursor.size; ) {
    const view = await cursor.view(at);
    let index = view.indexOf(0xff);
    for (; index >= 0 && index + 1 < view.length; index = view.indexOf(0xff, index + 1)) {
      const code = view[index + 1] as number;
      if (code !== 0x00 && code !== 0xff) return { code, start: at + index };
    }
    at += index < 0 ? view.length : index;
    // Its second byte is in the part that comes next.
    if (index >= 0 && at + 1 < cursor.size) await cursor.bytes(at, 2);
  }
  return null;
}

/** Where entropy-coded data ends: at the first marker that is no restart; `FF 00` stands for a byte of the data (B.1.1.5). */
async function endOfScan(cursor: Cursor, from: number): Promise<number> {
  for (let at = from; ; ) {
    const found = await nextMarker(cursor, at);
    if (!found) return cursor.size;
    if (found.code < 0xd0 || found.code > 0xd7) return found.start;
    at = found.start + 2;
  }
}

async function orientationIn(cursor: Cursor, start: number, end: number): Promise<number | null> {
  const payload = await cursor.bytes(start, end - start);
  return payload.toString('latin1', 0, 6) === 'Exif\0\0' ? readOrientation(payload) : null;
}

/** What stays of an application segment: how to take the colours, and how large a pixel is. */
async function keptOf(cursor: Cursor, code: number, start: number, end: number): Promise<Piece[]> {
  const head = await cursor.bytes(start, Math.min(end - start, 18));
  const named = (name: string): boolean => head.toString('latin1', 4, 4 + name.length) === name;
  if (code === marker.APP2 && named('ICC_PROFILE\0')) return [{ from: start, to: end }];
  if (code === marker.APP14 && named('Adobe') && head.length >= 16) return [segment(code, head.subarray(4, 16))];
  if (code === marker.APP0 && named('JFIF\0') && head.length >= 18) {
    const payload = Buffer.from(head.subarray(4, 18));
    // Without its thumbnail, which may show what was cut away.
    payload.writeUInt16BE(0, 12);
    return [segment(code, payload)];
  }
  return [];
}

const exifSegment = (orientation: number): Buffer =>
  segment(marker.APP1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), minimalExif(orientation)]));

function segment(code: number, payload: Buffer): Buffer {
  const head = Buffer.from([0xff, code, 0, 0]);
  head.writeUInt16BE(payload.length + 2, 2);
  return Buffer.concat([head, payload]);
}
