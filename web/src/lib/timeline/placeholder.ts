/**
 * Decodes thumbhashes, the 20 to 30 bytes that stand for a picture until it is here.
 * The format and the algorithm are Evan Wallace's (https://evanw.github.io/thumbhash/, MIT); alpha is left out, as our pictures lie on
 * the plate.
 * @module
 */

/** Decoding one takes about 0.2 ms and 4 KB; more than these are not on any screen. */
const MOST = 600;
/** Long side of the picture that is blown up to the tile, px. */
const SIZE = 32;
const pictures = new Map<string, string>();

function bytesOf(hash: string): Uint8Array {
  return Uint8Array.from(atob(hash), (sign) => sign.charCodeAt(0));
}

/** Luminance, yellow–blue and red–green to bytes of red, green and blue. */
function toRgb(l: number, p: number, q: number): [number, number, number] {
  const b = l - (2 / 3) * p;
  const r = (3 * l - b + q) / 2;
  const byte = (value: number) => Math.max(0, Math.min(255, Math.round(255 * value)));
  return [byte(r), byte(r - q), byte(b)];
}

function averageOf(hash: Uint8Array): [l: number, p: number, q: number] {
  const header = (hash[0] ?? 0) | ((hash[1] ?? 0) << 8) | ((hash[2] ?? 0) << 16);
  return [(header & 63) / 63, ((header >> 6) & 63) / 31.5 - 1, ((header >> 12) & 63) / 31.5 - 1];
}

/** Its average colour, for a timeline that flies by too fast to decode pictures. @param hash thumbhash in base64. */
export function placeholderColour(hash: string): string {
  return `rgb(${toRgb(...averageOf(bytesOf(hash))).join(' ')})`;
}

/** A photo's blurred picture as a data URL. @param hash thumbhash in base64. */
export function placeholderUrl(hash: string): string {
  let url = pictures.get(hash);
  if (url === undefined) {
    url = bitmapUrl(decode(bytesOf(hash)));
    if (pictures.size >= MOST) pictures.delete(pictures.keys().next().value as string);
    pictures.set(hash, url);
  }
  return url;
}

export interface Bitmap {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, row by row from the top. */
  readonly rgb: Uint8Array;
}

/** The picture a thumbhash stands for: the cosines of its three channels summed for each pixel. */
export function decode(hash: Uint8Array): Bitmap {
  const [l0, p0, q0] = averageOf(hash);
  const second = (hash[3] ?? 0) | ((hash[4] ?? 0) << 8);
  const hasAlpha = (hash[2] ?? 0) >> 7;
  const isLandscape = second >> 15;
  const most = hasAlpha ? 5 : 7;
  const [realX, realY] = isLandscape ? [most, second & 7] : [second & 7, most];
  const [lx, ly] = [Math.max(3, realX), Math.max(3, realY)];
  let at = (hasAlpha ? 6 : 5) * 2;
  const channel = (nx: number, ny: number, scale: number): number[] => {
    const factors: number[] = [];
    for (let cy = 0; cy < ny; cy++)
      for (let cx = cy ? 0 : 1; cx * ny < nx * (ny - cy); cx++, at++)
        factors.push(((((hash[at >> 1] ?? 0) >> ((at & 1) << 2)) & 15) / 7.5 - 1) * scale);
    return factors;
  };
  const lScale = (((hash[2] ?? 0) >> 2) & 31) / 31;
  const l = channel(lx, ly, lScale);
  const p = channel(3, 3, (((second >> 3) & 63) / 63) * 1.25);
  const q = channel(3, 3, (((second >> 9) & 63) / 63) * 1.25);

  const ratio = realX / realY;
  const width = Math.round(ratio > 1 ? SIZE : SIZE * ratio);
  const height = Math.round(ratio > 1 ? SIZE / ratio : SIZE);
  const rgb = new Uint8Array(width * height * 3);
  const sum = (factors: number[], nx: number, ny: number, fx: number[], fy: number[]): number => {
    let total = 0;
    let i = 0;
    for (let cy = 0; cy < ny; cy++)
      for (let cx = cy ? 0 : 1; cx * ny < nx * (ny - cy); cx++)
        total += (factors[i++] as number) * (fx[cx] as number) * (fy[cy] as number) * 2;
    return total;
  };
  const cosines = (position: number, size: number): number[] =>
    Array.from({ length: 7 }, (_, i) => Math.cos((Math.PI / size) * (position + 0.5) * i));
  for (let y = 0, i = 0; y < height; y++) {
    const fy = cosines(y, height);
    for (let x = 0; x < width; x++, i += 3) {
      const fx = cosines(x, width);
      rgb.set(toRgb(l0 + sum(l, lx, ly, fx, fy), p0 + sum(p, 3, 3, fx, fy), q0 + sum(q, 3, 3, fx, fy)), i);
    }
  }
  return { width, height, rgb };
}

/** Windows bitmap: the one format every browser reads that needs neither compression nor checksums. Rows from the bottom, blue first. */
function bitmapUrl({ width, height, rgb }: Bitmap): string {
  const row = (width * 3 + 3) & ~3;
  const view = new DataView(new ArrayBuffer(54 + row * height));
  view.setUint16(0, 0x424d);
  const header: [number, number][] = [
    [2, view.byteLength],
    [10, 54],
    [14, 40],
    [18, width],
    [22, height],
    [26, 1 | (24 << 16)],
  ];
  for (const [offset, value] of header) view.setUint32(offset, value, true);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++)
        view.setUint8(54 + (height - 1 - y) * row + x * 3 + c, rgb[(y * width + x) * 3 + 2 - c] as number);
  return `data:image/bmp;base64,${btoa(String.fromCharCode(...new Uint8Array(view.buffer)))}`;
}
