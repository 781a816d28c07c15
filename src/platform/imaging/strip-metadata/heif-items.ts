import { type Box, createReader } from './boxes.ts';
import { type Cursor, Unparsable } from './source.ts';

/** A part of the file, or of the box `idat`. `length` 0 is the whole of it. */
interface Extent {
  readonly offset: number;
  readonly length: number;
}

export interface Location {
  readonly id: number;
  /** 0: in the file; 1: in `idat`; 2: in another item. */
  readonly method: number;
  readonly isExternal: boolean;
  readonly extents: readonly Extent[];
}

export interface ItemInfo {
  readonly id: number;
  readonly type: string;
  /** Where the type's four letters stand in the file. */
  readonly typeAt: number;
}

const mostBytes = 8 * 2 ** 20;

export async function readWhole(cursor: Cursor, box: Box): Promise<Buffer> {
  if (box.end - box.body > mostBytes) throw new Unparsable('A box is larger than any picture needs.');
  return cursor.bytes(box.body, box.end - box.body);
}

/** Where each item lies (ISO/IEC 14496-12, 8.11.3). */
export async function readLocations(cursor: Cursor, box: Box): Promise<Location[]> {
  const { uint } = createReader(await readWhole(cursor, box));
  const version = uint(1);
  uint(3);
  if (version > 2) throw new Unparsable('Its items are located in a way that is not known.');
  const sizes = [uint(1), uint(1)] as const;
  const [offsetSize, lengthSize] = [sizes[0] >> 4, sizes[0] & 15];
  const [baseSize, indexSize] = [sizes[1] >> 4, version === 0 ? 0 : sizes[1] & 15];
  if ([offsetSize, lengthSize, baseSize, indexSize].some((size) => size !== 0 && size !== 4 && size !== 8)) {
    throw new Unparsable('Its items are located in a way that is not known.');
  }
  const count = uint(version === 2 ? 4 : 2);
  const locations: Location[] = [];
  for (let i = 0; i < count; i += 1) {
    const id = uint(version === 2 ? 4 : 2);
    const method = version === 0 ? 0 : uint(2) & 15;
    const isExternal = uint(2) !== 0;
    const base = uint(baseSize);
    const extents: Extent[] = [];
    for (let n = uint(2); n > 0; n -= 1) {
      uint(indexSize);
      const offset = base + uint(offsetSize);
      extents.push({ offset, length: uint(lengthSize) });
    }
    locations.push({ id, method, isExternal, extents });
  }
  return locations;
}

/** What each item is (ISO/IEC 14496-12, 8.11.6). */
export async function readItems(cursor: Cursor, entries: readonly Box[]): Promise<ItemInfo[]> {
  const items: ItemInfo[] = [];
  for (const entry of entries) {
    if (entry.type !== 'infe') throw new Unparsable('Its list of items holds something else.');
    const reader = createReader(await readWhole(cursor, entry));
    const version = reader.uint(1);
    reader.uint(3);
    // Older ones have no type, and no picture of HEIF uses them.
    if (version < 2) throw new Unparsable('An item does not say what it is.');
    const id = reader.uint(version === 2 ? 2 : 4);
    reader.uint(2);
    const typeAt = entry.body + reader.position;
    items.push({ id, type: reader.text(4), typeAt });
  }
  return items;
}
