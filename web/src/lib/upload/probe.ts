/** What the first bytes of a file say, enough to give its tile the right place and shape before the server has seen it. */
export interface Probe {
  /** By signature, never by name; null when it is no format the gallery takes. */
  readonly type: 'image/jpeg' | 'image/png' | 'image/gif' | 'image/webp' | 'image/avif' | 'image/heic' | null;
  /** Width / height after orientation; null when the header did not say. */
  readonly ratio: number | null;
  /** ISO 8601 with the camera's offset, or Z when it has none, as the server writes it; null without an EXIF date. */
  readonly takenAt: string | null;
}

/** Headers, EXIF and its embedded thumbnail fit in here; phones put them first. */
const HEAD_BYTES = 256 * 1024;
const unknown: Probe = { type: null, ratio: null, takenAt: null };

/** Reads the beginning of a file. Never throws for its contents: what cannot be read is null. */
export async function probe(file: Blob): Promise<Probe> {
  const view = new DataView(await file.slice(0, HEAD_BYTES).arrayBuffer());
  try {
    return probeBytes(view);
  } catch (error) {
    // A header that ends too early, or points outside itself.
    if (error instanceof RangeError) return { ...unknown, type: typeOf(view) };
    throw error;
  }
}

function probeBytes(view: DataView): Probe {
  const type = typeOf(view);
  switch (type) {
    case 'image/jpeg':
      return { type, ...readJpeg(view) };
    case 'image/png':
      return { type, ratio: view.getUint32(16) / view.getUint32(20), takenAt: readPngDate(view) };
    case 'image/gif':
      return { type, ratio: view.getUint16(6, true) / view.getUint16(8, true), takenAt: null };
    case 'image/webp':
      return { type, ratio: webpRatio(view), takenAt: null };
    case 'image/avif':
    case 'image/heic':
      return { type, ...readHeif(view) };
    default:
      return unknown;
  }
}

function typeOf(view: DataView): Probe['type'] {
  if (view.byteLength < 16) return null;
  if (view.getUint16(0) === 0xffd8) return 'image/jpeg';
  if (view.getUint32(0) === 0x89504e47) return 'image/png';
  if (ascii(view, 0, 4) === 'GIF8') return 'image/gif';
  if (ascii(view, 0, 4) === 'RIFF' && ascii(view, 8, 4) === 'WEBP') return 'image/webp';
  if (ascii(view, 4, 4) !== 'ftyp') return null;
  const brands = ascii(view, 8, Math.min(view.getUint32(0), view.byteLength) - 8);
  if (/avi[fs]/.test(brands)) return 'image/avif';
  return /hei[cxms]|hev[cx]|mif1|msf1/.test(brands) ? 'image/heic' : null;
}

/** ITU T.81 B.1.1: segments `FF marker length`, the frame header (SOF) carrying height and width. */
function readJpeg(view: DataView): Omit<Probe, 'type'> {
  let exif: Exif = {};
  let at = 2;
  while (at + 9 < view.byteLength && view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at++;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame)
      return { ratio: turned(view.getUint16(at + 7) / view.getUint16(at + 5), exif), takenAt: exif.date ?? null };
    if (marker === 0xe1 && ascii(view, at + 4, 6) === 'Exif\0\0') exif = readExif(view, at + 10);
    at += 2 + view.getUint16(at + 2);
  }
  return { ratio: null, takenAt: exif.date ?? null };
}

function readPngDate(view: DataView): string | null {
  let at = 8;
  while (at + 12 < view.byteLength) {
    const name = ascii(view, at + 4, 4);
    if (name === 'eXIf') return readExif(view, at + 8).date ?? null;
    if (name === 'IDAT') return null;
    at += 12 + view.getUint32(at);
  }
  return null;
}

/** RFC 9649 sections 2.5–2.7: lossy, lossless, extended. */
function webpRatio(view: DataView): number | null {
  const chunk = ascii(view, 12, 4);
  if (chunk === 'VP8 ') return (view.getUint16(26, true) & 0x3fff) / (view.getUint16(28, true) & 0x3fff);
  if (chunk === 'VP8L') {
    const bits = view.getUint32(21, true);
    return ((bits & 0x3fff) + 1) / (((bits >>> 14) & 0x3fff) + 1);
  }
  const uint24 = (at: number) => view.getUint16(at, true) + view.getUint8(at + 2) * 65_536;
  return chunk === 'VP8X' ? (uint24(24) + 1) / (uint24(27) + 1) : null;
}

/** ISO 23008-12: `ispe` gives a size (the largest is the picture, others are tiles and thumbnails), `irot` a quarter turn. */
function readHeif(view: DataView): Omit<Probe, 'type'> {
  const bytes = new Uint8Array(view.buffer);
  let width = 0;
  let height = 0;
  for (let at = find(bytes, 'ispe', 0); at >= 0; at = find(bytes, 'ispe', at + 4)) {
    const [w, h] = [view.getUint32(at + 8), view.getUint32(at + 12)];
    if (w * h > width * height) [width, height] = [w, h];
  }
  const rotation = find(bytes, 'irot', 0);
  if (rotation >= 0 && view.getUint8(rotation + 4) % 2 === 1) [width, height] = [height, width];
  const exif = find(bytes, 'Exif\0\0', 0);
  return {
    ratio: width && height ? width / height : null,
    takenAt: exif < 0 ? null : (readExif(view, exif + 6).date ?? null),
  };
}

interface Exif {
  orientation?: number;
  date?: string;
}

/** Exif 2.32: orientation (0x0112) in the first directory; the date of the exposure (0x9003) and its offset (0x9011) in its own. */
function readExif(view: DataView, start: number): Exif {
  const little = view.getUint16(start) === 0x4949;
  const found: Exif = {};
  let own = 0;
  const each = (directory: number, visit: (tag: number, entry: number) => void) => {
    const count = view.getUint16(directory, little);
    for (let i = 0; i < count; i++) {
      const entry = directory + 2 + i * 12;
      visit(view.getUint16(entry, little), entry);
    }
  };
  const text = (entry: number) => {
    const length = view.getUint32(entry + 4, little);
    const at = length > 4 ? start + view.getUint32(entry + 8, little) : entry + 8;
    return ascii(view, at, Math.min(length, 32)).replace(/\0[\s\S]*$/, '');
  };
  each(start + view.getUint32(start + 4, little), (tag, entry) => {
    if (tag === 0x0112) found.orientation = view.getUint16(entry + 8, little);
    if (tag === 0x8769) own = start + view.getUint32(entry + 8, little);
  });
  if (own === 0) return found;
  let date = '';
  let offset = '';
  each(own, (tag, entry) => {
    if (tag === 0x9003) date = text(entry);
    if (tag === 0x9011) offset = text(entry);
  });
  const parts = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)/.exec(date);
  if (!parts || parts[1] === '0000') return found;
  const iso = `${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}${/^[+-]\d\d:\d\d$/.test(offset) ? offset : 'Z'}`;
  if (!Number.isNaN(Date.parse(iso))) found.date = iso;
  return found;
}

function turned(ratio: number, { orientation = 1 }: Exif): number {
  return orientation >= 5 && orientation <= 8 ? 1 / ratio : ratio;
}

function ascii(view: DataView, at: number, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += String.fromCharCode(view.getUint8(at + i));
  return text;
}

function find(bytes: Uint8Array, text: string, from: number): number {
  const codes = [...text].map((sign) => sign.charCodeAt(0));
  for (let at = bytes.indexOf(codes[0] as number, from); at >= 0; at = bytes.indexOf(codes[0] as number, at + 1)) {
    if (codes.every((code, i) => bytes[at + i] === code)) return at;
  }
  return -1;
}
