import sharp, { type OutputInfo, type Sharp } from 'sharp';
import type { Variant } from './ingested-image.ts';
import { longSideOf } from './ingested-image.ts';

/** Pixels in memory, 8 bits a channel, rows without padding. */
export interface RawImage {
  data: Buffer;
  info: Pick<OutputInfo, 'width' | 'height' | 'channels'>;
}

/** A pipeline that starts from pixels in memory. */
export function fromRaw({ data, info: { width, height, channels } }: RawImage): Sharp {
  // The file's own pixels were counted before; a derivative's never need to be.
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
}

/** Fits a pipeline into a variant's long side; a picture that is smaller stays as it is, and no side falls below 1 pixel. */
export function fitted(image: Sharp, variant: Variant): Sharp {
  const side = longSideOf[variant];
  return image.resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true, kernel: 'lanczos2' });
}

/** Runs a pipeline to pixels. */
export function toRaw(image: Sharp): Promise<RawImage> {
  return image.raw().toBuffer({ resolveWithObject: true });
}

/** The same pixels without an alpha channel that hides nothing, as screenshots and HEIC decoders have it. */
export async function withoutIdleAlpha(image: RawImage): Promise<RawImage> {
  const { data, info } = image;
  if (info.channels !== 4) return image;
  for (let at = 3; at < data.length; at += 4) if (data[at] !== 255) return image;
  return toRaw(fromRaw(image).removeAlpha());
}
