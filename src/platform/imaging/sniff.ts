/** The formats that are taken in, each with the media type its original is served as. */
export const mediaTypeOf = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  avif: 'image/avif',
  heic: 'image/heic',
} as const;

export type ImageFormat = keyof typeof mediaTypeOf;

/** How many of a file's first bytes `sniff` may look at. */
export const SNIFF_BYTES = 256;

const AVIF_BRANDS = new Set(['avif', 'avis']);
const HEIC_BRANDS = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx']);
/** Brands of the container alone: what is inside follows from the compatible brands (ISO/IEC 23008-12, 10.2). */
const CONTAINER_BRANDS = new Set(['mif1', 'msf1']);

/**
 * Tells the format by the first bytes of a file; its name and its declared type are never asked.
 * Returns null for everything that is not on the allow-list (SVG, TIFF, PDF, JPEG XL …), and for fewer bytes than a signature has.
 */
export function sniff(head: Uint8Array): ImageFormat | null {
  if (startsWith(head, 0, '\xff\xd8\xff')) return 'jpeg';
  if (startsWith(head, 0, '\x89PNG\r\n\x1a\n')) return 'png';
  if (startsWith(head, 0, 'GIF87a') || startsWith(head, 0, 'GIF89a')) return 'gif';
  if (startsWith(head, 0, 'RIFF') && startsWith(head, 8, 'WEBP')) return 'webp';
  if (startsWith(head, 4, 'ftyp')) return sniffBrands(head);
  return null;
}

function sniffBrands(head: Uint8Array): 'avif' | 'heic' | null {
  const view = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const major = view.toString('latin1', 8, 12);
  if (AVIF_BRANDS.has(major)) return 'avif';
  if (HEIC_BRANDS.has(major)) return 'heic';
  if (!CONTAINER_BRANDS.has(major)) return null;

  // The size of the box is the file's own claim, so it only ever narrows what was read.
  const end = Math.min(view.readUInt32BE(0), view.length);
  for (let at = 16; at + 4 <= end; at += 4) {
    if (AVIF_BRANDS.has(view.toString('latin1', at, at + 4))) return 'avif';
  }
  return 'heic';
}

function startsWith(head: Uint8Array, at: number, signature: string): boolean {
  if (head.length < at + signature.length) return false;
  for (let i = 0; i < signature.length; i++) if (head[at + i] !== signature.charCodeAt(i)) return false;
  return true;
}
