import { crc32 } from 'node:zlib';
import sharp from 'sharp';

/** A small real picture of one colour, which the seed says, over the picture that it started from. */
export async function paintPng(
  size: { readonly width: number; readonly height: number },
  seed: number,
  options: { readonly from?: Buffer | null; readonly text?: Record<string, string> } = {},
): Promise<Buffer> {
  const hue = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  const background = { r: hue & 0xff, g: (hue >> 8) & 0xff, b: (hue >> 16) & 0xff, alpha: options.from ? 0.5 : 1 };
  const colour = sharp({ create: { ...size, channels: 4, background } }).png();
  const image = options.from ? sharp(options.from).composite([{ input: await colour.toBuffer() }]) : colour;
  const png = await image.removeAlpha().png({ compressionLevel: 1 }).toBuffer();
  return Object.entries(options.text ?? {}).reduce<Buffer>((bytes, [key, value]) => insertText(bytes, key, value), png);
}

/** A `tEXt` chunk (PNG, 11.3.3.2) after the header, where Pillow has it. */
function insertText(png: Buffer, key: string, value: string): Buffer {
  const ascii = value.replace(/[^\x20-\x7e]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const data = Buffer.from(`tEXt${key}\0${ascii}`, 'latin1');
  const chunk = Buffer.alloc(data.length + 8);
  chunk.writeUInt32BE(data.length - 4, 0);
  data.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(data), data.length + 4);
  const headerEnd = 33;
  return Buffer.concat([png.subarray(0, headerEnd), chunk, png.subarray(headerEnd)]);
}
