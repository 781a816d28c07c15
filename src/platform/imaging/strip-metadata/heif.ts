import { type Box, listBoxes, readBox } from './boxes.ts';
import { type Location, readItems, readLocations, readWhole } from './heif-items.ts';
import { type Cursor, keep, type Piece, Unparsable } from './source.ts';

/** Coded pictures, and those that are put together of others (ISO/IEC 23008-12, 6; AV1 in HEIF, 2). */
const pictures = new Set('av01 hvc1 hev1 lhv1 avc1 unci grid iovl iden tmap'.split(' '));

/** What says how a picture is decoded, coloured, turned and cut; a property that describes it to people is none. */
const properties = new Set(
  'ispe pixi colr irot imir clap pasp av1C hvcC avcC lhvC uncC cmpd auxC a1op a1lx lsel clli mdcv cclv amve tols oinf rloc rrtp free'.split(
    ' ',
  ),
);

/** Boxes by what holds them: all else is emptied. `mdat` is looked into by what the items say of it. */
const known: Readonly<Record<string, ReadonlySet<string>>> = {
  file: new Set(['ftyp', 'meta', 'mdat', 'free', 'skip']),
  meta: new Set(['hdlr', 'pitm', 'iinf', 'iref', 'iprp', 'iloc', 'idat', 'dinf', 'grpl', 'free', 'skip']),
};

/** A place in the file that is overwritten, by zeros where no bytes are given. */
interface Overlay {
  readonly from: number;
  readonly to: number;
  readonly bytes?: Buffer;
}

const free = Buffer.from('free', 'latin1');

/**
 * An AVIF or HEIC in which everything but pictures is zeros: EXIF, XMP, descriptions, unknown boxes, and whatever of the
 * data no picture names. Nothing moves, as items are found by their place in the file. Orientation is a property of the
 * picture (`irot`, `imir`) and stays. Image sequences are not taken apart.
 * @throws Unparsable
 */
export async function planHeif(cursor: Cursor): Promise<Piece[]> {
  const boxes = await listFileBoxes(cursor);
  const [meta, ...more] = boxes.filter(({ type }) => type === 'meta');
  if (!meta || more.length > 0) throw new Unparsable('It has no one list of items.');
  // Films have their own tables, times and places; a still picture has none of that.
  if (boxes.some(({ type }) => type === 'moov' || type === 'moof')) throw new Unparsable('It holds a sequence.');

  const overlays = boxes.filter(({ type }) => !known.file?.has(type) || isSpace(type)).flatMap(emptied);
  const inside = await listBoxes(cursor, meta.body + 4, meta.end);
  overlays.push(...inside.filter(({ type }) => !known.meta?.has(type) || isSpace(type)).flatMap(emptied));
  const one = (type: string): Box | undefined => {
    const found = inside.filter((box) => box.type === type);
    if (found.length > 1) throw new Unparsable(`It has more than one ${type}.`);
    return found[0];
  };
  const [iinf, iloc, idat, iprp] = [one('iinf'), one('iloc'), one('idat'), one('iprp')];
  if (!iinf || !iloc) throw new Unparsable('It has no list of items.');
  const version = (await cursor.bytes(iinf.body, 1))[0];
  const items = await readItems(cursor, await listBoxes(cursor, iinf.body + (version === 0 ? 6 : 8), iinf.end));
  const locations = new Map((await readLocations(cursor, iloc)).map((location) => [location.id, location]));

  const drawn: Overlay[] = [];
  const told: Overlay[] = [];
  for (const { id, type, typeAt } of items) {
    const location = locations.get(id);
    const places = location ? placesOf(location, idat, cursor.size) : [];
    if (pictures.has(type)) drawn.push(...places);
    else {
      told.push(...places);
      // Readers look for what they know by its name: of what is empty they need not be told.
      overlays.push({ from: typeAt, to: typeAt + 4, bytes: free });
    }
  }
  for (const box of [...boxes.filter(({ type }) => type === 'mdat'), ...(idat ? [idat] : [])]) {
    overlays.push(...gaps(box, drawn));
  }
  overlays.push(...told, ...(iprp ? await describing(cursor, iprp) : []));
  return toPieces(overlays, lastNeeded(boxes));
}

/** The boxes of the file. What was appended behind its pictures need be none. */
async function listFileBoxes(cursor: Cursor): Promise<Box[]> {
  const boxes: Box[] = [];
  for (let at = 0; at < cursor.size; at = boxes.at(-1)?.end ?? cursor.size) {
    const box = await readBox(cursor, at, cursor.size).catch((error: unknown) => {
      if (error instanceof Unparsable && boxes.some(({ type }) => type === 'meta')) return null;
      throw error;
    });
    if (!box) break;
    boxes.push(box);
  }
  return boxes;
}

const isSpace = (type: string): boolean => type === 'free' || type === 'skip';

const lastNeeded = (boxes: readonly Box[]): number =>
  Math.max(...boxes.filter(({ type }) => type === 'ftyp' || type === 'meta' || type === 'mdat').map(({ end }) => end));

/** A box of which only the room that it takes is left. */
const emptied = ({ start, body, end }: Box): Overlay[] => [
  { from: start + 4, to: start + 8, bytes: free },
  { from: body, to: end },
];

function placesOf({ method, isExternal, extents }: Location, idat: Box | undefined, size: number): Overlay[] {
  if (isExternal || method > 2) throw new Unparsable('An item lies somewhere else.');
  // It is put together of other items, which have places of their own.
  if (method === 2) return [];
  if (method === 1 && !idat) throw new Unparsable('An item lies where nothing is.');
  const [start, end] = method === 1 && idat ? [idat.body, idat.end] : [0, size];
  return extents.map(({ offset, length }) => {
    const from = start + offset;
    const to = length === 0 ? end : from + length;
    if (to > end || from > to) throw new Unparsable('An item ends outside of the file.');
    return { from, to };
  });
}

/** The parts of a box that none of these places covers. */
function gaps({ body, end }: Box, places: readonly Overlay[]): Overlay[] {
  const found: Overlay[] = [];
  let at = body;
  for (const { from, to } of [...places].sort((a, b) => a.from - b.from)) {
    if (to <= at || from >= end) continue;
    if (from > at) found.push({ from: at, to: from });
    at = Math.max(at, to);
  }
  if (at < end) found.push({ from: at, to: end });
  return found;
}

/** Properties that describe a picture to people: names, tags, times. Their places stay, as they are counted by them. */
async function describing(cursor: Cursor, iprp: Box): Promise<Overlay[]> {
  const [ipco] = (await listBoxes(cursor, iprp.body, iprp.end)).filter(({ type }) => type === 'ipco');
  if (!ipco) return [];
  await readWhole(cursor, ipco);
  return (await listBoxes(cursor, ipco.body, ipco.end)).filter(({ type }) => !properties.has(type)).flatMap(emptied);
}

/** The file up to `size` with these places overwritten. Where two overlap, zeros hold. */
function toPieces(overlays: readonly Overlay[], size: number): Piece[] {
  const zeros = merged(overlays.filter(({ bytes }) => !bytes));
  const words = overlays.filter(
    ({ bytes, from, to }) => bytes && !zeros.some((zero) => zero.from < to && from < zero.to),
  );
  const pieces: Piece[] = [];
  let at = 0;
  for (const { from, to, bytes } of [...zeros, ...words].sort((a, b) => a.from - b.from)) {
    if (from >= size) break;
    if (from < at) continue;
    keep(pieces, at, from);
    const until = Math.min(to, size);
    pieces.push(bytes ? bytes.subarray(0, until - from) : { zeros: until - from });
    at = until;
  }
  keep(pieces, at, size);
  return pieces;
}

function merged(places: readonly Overlay[]): { from: number; to: number; bytes?: Buffer }[] {
  const found: { from: number; to: number }[] = [];
  for (const { from, to } of [...places].sort((a, b) => a.from - b.from)) {
    const last = found.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else if (to > from) found.push({ from, to });
  }
  return found;
}
