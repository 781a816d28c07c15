import sharp, { type Sharp } from 'sharp';
import type { ImageFacts } from './inspect-image.ts';
import { type RawImage, toRaw } from './raw-image.ts';

/**
 * The pixels of a file's first frame, upright and in sRGB, of any format but HEIC.
 * @param shape cuts out and shrinks, so that no more pixels than wanted are ever held or transformed
 */
export function decodePixels(
  path: string,
  facts: ImageFacts,
  maxPixels: number,
  shape: (image: Sharp) => Sharp,
): Promise<RawImage> {
  const image = sharp(path, {
    failOn: 'error',
    limitInputPixels: maxPixels,
    ignoreIcc: facts.colourPath !== 'converted',
  }).autoOrient();
  // With ignoreIcc the profile stays with the pixels, and withIccProfile transforms from it: after the shrinking, as wanted.
  return toRaw(facts.colourPath === 'profiled' ? shape(image).withIccProfile('srgb') : shape(image));
}
