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

/** Fits a pipeline into a variant's long side. */
export const fitted = (image: Sharp, variant: Variant): Sharp =>
  // Where all of the original's pixels are read, lanczos2 saves a fifth of the resizing; the small ones keep the sharper kernel.
  fittedInto(image, longSideOf[variant], variant === 'preview' ? 'lanczos2' : 'lanczos3');

/** Fits a pipeline into a square; a picture that is smaller stays as it is, and no side falls below 1 pixel. */
export const fittedInto = (image: Sharp, side: number, kernel: 'lanczos2' | 'lanczos3' = 'lanczos3'): Sharp =>
  image.resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true, kernel });

/** Runs a pipeline to pixels. */
export function toRaw(image: Sharp): Promise<RawImage> {
  return image.raw().toBuffer({ resolveWithObject: true });
}

/** The same pixels without an alpha channel that hides nothing, as screenshots and HEIC decoders have it. */
export async function withoutIdleAlpha(image: RawImage): Promise<RawImage> {
  const { data, info } = image;
  if (info.channels !== 4) return image;
  for (let at = 3; at < data.length; at += 4) if (data[at] !== 255) return image;
  const opaque = await toRaw(fromRaw(image).removeAlpha());
  release(image);
  return opaque;
}

/**
 * Gives the memory of pixels back at once. They lie outside the heap, where the collector sees each as a reason to run: without
 * this a tenth of the child's time is spent in marking its few objects, and the pixels of several pictures wait to be freed.
 */
export function release({ data }: RawImage): void {
  // A buffer that is a part of a larger one is not ours alone.
  if (data.byteLength === data.buffer.byteLength) (data.buffer as ArrayBuffer).transfer(0);
}
