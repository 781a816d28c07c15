import { crc32, deflateSync } from 'node:zlib';

/** The colourants of sRGB adapted to D50, as ICC matrix profiles hold them (IEC 61966-2-1, ICC.1:2022 F.3). */
const SRGB_COLOURANTS = {
  rXYZ: [0.436, 0.2225, 0.0139],
  gXYZ: [0.3851, 0.7169, 0.0971],
  bXYZ: [0.1431, 0.0606, 0.7141],
} as const;
const COLOURANT_TOLERANCE = 0.003;
/** Below what 8 bits can show, above what tables of 1024 entries round to. A plain gamma of 2.2 is outside. */
const CURVE_TOLERANCE = 0.003;

/**
 * Whether an embedded profile describes sRGB, so that transforming to sRGB would change nothing. It is told by the profile's
 * colourants and curves, because the many sRGB profiles in use agree in neither name nor bytes. A damaged profile is not sRGB.
 */
export function isSrgbProfile(icc: Uint8Array): boolean {
  try {
    const profile = Buffer.from(icc.buffer, icc.byteOffset, icc.byteLength);
    if (profile.toString('latin1', 16, 20) !== 'RGB ') return false;
    const tags = readTags(profile);
    // A lookup table outranks the matrix, and may say anything.
    if (tags.has('A2B0')) return false;
    return (
      Object.entries(SRGB_COLOURANTS).every(([tag, expected]) => isColourant(tags.get(tag), expected)) &&
      ['rTRC', 'gTRC', 'bTRC'].every((tag) => isSrgbCurve(tags.get(tag)))
    );
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function readTags(profile: Buffer): Map<string, Buffer> {
  const tags = new Map<string, Buffer>();
  const count = Math.min(profile.readUInt32BE(128), 100);
  for (let entry = 132; entry < 132 + count * 12; entry += 12) {
    const at = profile.readUInt32BE(entry + 4);
    tags.set(profile.toString('latin1', entry, entry + 4), profile.subarray(at, at + profile.readUInt32BE(entry + 8)));
  }
  return tags;
}

const fixed = (tag: Buffer, at: number) => tag.readInt32BE(at) / 65_536;

function isColourant(tag: Buffer | undefined, expected: readonly number[]): boolean {
  if (tag?.toString('latin1', 0, 4) !== 'XYZ ') return false;
  return expected.every((value, i) => Math.abs(fixed(tag, 8 + 4 * i) - value) < COLOURANT_TOLERANCE);
}

function isSrgbCurve(tag: Buffer | undefined): boolean {
  if (!tag) return false;
  for (let step = 0; step <= 32; step++) {
    const value = step / 32;
    const linear = value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    if (!(Math.abs(evaluateCurve(tag, value) - linear) < CURVE_TOLERANCE)) return false;
  }
  return true;
}

/** A tone curve at `x`, 0 to 1 (ICC.1:2022, 10.6 curveType and 10.18 parametricCurveType); NaN for a type unknown here. */
function evaluateCurve(tag: Buffer, x: number): number {
  const type = tag.toString('latin1', 0, 4);
  if (type === 'curv') {
    const count = tag.readUInt32BE(8);
    if (count === 0) return x;
    if (count === 1) return x ** (tag.readUInt16BE(12) / 256);
    const at = x * (count - 1);
    const [low, high] = [Math.floor(at), Math.ceil(at)].map((i) => tag.readUInt16BE(12 + 2 * i) / 65_535) as [
      number,
      number,
    ];
    return low + (high - low) * (at - Math.floor(at));
  }
  // Type 3 is the one sRGB is written with: a straight foot, then a power.
  if (type !== 'para' || tag.readUInt16BE(8) !== 3) return Number.NaN;
  const [g, a, b, c, d] = [12, 16, 20, 24, 28].map((at) => fixed(tag, at)) as [number, number, number, number, number];
  return x >= d ? (a * x + b) ** g : c * x;
}

/**
 * Puts a profile into a PNG without one. Pixels from a decoder outside sharp have no other way to carry theirs into it.
 * `png` starts with its signature and IHDR, which are 33 bytes together (PNG, 11.2.2 and 11.3.2.3).
 */
export function embedProfile(png: Buffer, icc: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from('iCCPicc\0\0', 'latin1'), deflateSync(icc)]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(body.length - 4, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]);
}
