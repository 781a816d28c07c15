import { type Cursor, Unparsable } from './source.ts';

/** A box of the ISO base media file format (ISO/IEC 14496-12, 4.2), by where it stands in the file. */
export interface Box {
  readonly type: string;
  readonly start: number;
  /** Where its payload begins; behind version and flags where it is read as a full box. */
  readonly body: number;
  readonly end: number;
}

const mostBoxes = 100_000;

/** The boxes between two places. @throws Unparsable where one ends outside, or there are too many */
export async function listBoxes(cursor: Cursor, from: number, to: number): Promise<Box[]> {
  const boxes: Box[] = [];
  for (let at = from; at < to; ) {
    if (boxes.length >= mostBoxes) throw new Unparsable('It has too many boxes.');
    const box = await readBox(cursor, at, to);
    boxes.push(box);
    at = box.end;
  }
  return boxes;
}

/** @throws Unparsable where it ends behind `to` */
export async function readBox(cursor: Cursor, at: number, to: number): Promise<Box> {
  if (at + 8 > to) throw new Unparsable('A box is too short.');
  const head = await cursor.bytes(at, 8);
  const type = head.toString('latin1', 4, 8);
  let size = head.readUInt32BE(0);
  let body = at + 8;
  if (size === 1) {
    const large = (await cursor.bytes(at + 8, 8)).readBigUInt64BE(0);
    if (large > BigInt(Number.MAX_SAFE_INTEGER)) throw new Unparsable('A box is too large.');
    size = Number(large);
    body = at + 16;
  } else if (size === 0) size = to - at;
  if (size < body - at || at + size > to) throw new Unparsable('A box ends outside of what holds it.');
  return { type, start: at, body, end: at + size };
}

/** Reads numbers in order out of a box that is in memory. */
export function createReader(bytes: Buffer) {
  let at = 0;
  const uint = (count: number): number => {
    if (count === 0) return 0;
    if (at + count > bytes.length) throw new Unparsable('A box ends too early.');
    at += count;
    if (count === 8) {
      const value = bytes.readBigUInt64BE(at - 8);
      if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Unparsable('A number is too large.');
      return Number(value);
    }
    return bytes.readUIntBE(at - count, count);
  };
  return {
    uint,
    text(count: number): string {
      at += count;
      if (at > bytes.length) throw new Unparsable('A box ends too early.');
      return bytes.toString('latin1', at - count, at);
    },
    get position() {
      return at;
    },
  };
}
