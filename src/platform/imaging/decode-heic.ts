import { readFile } from 'node:fs/promises';
import decode from 'heic-decode';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { embedProfile, isSrgbProfile } from './icc-profile.ts';
import { fitted, fromRaw, type RawImage, release, toRaw } from './raw-image.ts';
import { undecodable } from './undecodable.ts';

/**
 * The pixels of a HEIC file, in sRGB, in the preview's size unless `shape` says otherwise. libheif compiled to WebAssembly decodes, as the prebuilt sharp has no HEVC;
 * it applies rotation and mirroring, and EXIF's orientation must not be applied on top (ISO/IEC 23008-12, A.2.2).
 */
export async function decodeHeic(
  path: string,
  maxPixels: number,
  shape: (image: Sharp) => Sharp = (image) => fitted(image, 'preview'),
): Promise<RawImage> {
  const header = await sharp(path, { limitInputPixels: false }).metadata();
  const full = await decodePrimary(await readFile(path), header, maxPixels);
  const preview = await toRaw(shape(fromRaw(full)));
  release(full);
  if (!header.icc || isSrgbProfile(header.icc)) return preview;
  // Pixels in memory cannot carry a profile into sharp; an uncompressed PNG can.
  const png = await fromRaw(preview).png({ compressionLevel: 0 }).toBuffer();
  return toRaw(sharp(embedProfile(png, header.icc)));
}

async function decodePrimary(file: Buffer, header: Metadata, maxPixels: number): Promise<RawImage> {
  const images = await decode.all({ buffer: file });
  try {
    // The primary picture need not be the first; sharp tells its size, the decoder does not tell which it is.
    const primary = images.find(({ width, height }) => width === header.width && height === header.height) ?? images[0];
    if (!primary || primary.width * primary.height > maxPixels)
      throw undecodable('This HEIC file contradicts its header.');
    const { data, width, height } = await primary.decode();
    return { data: Buffer.from(data.buffer, data.byteOffset, data.byteLength), info: { width, height, channels: 4 } };
  } finally {
    images.dispose();
  }
}
