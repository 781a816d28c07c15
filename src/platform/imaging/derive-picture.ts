import { join } from 'node:path';
import type { Sharp } from 'sharp';
import { AppError } from '#platform/http/app-error.ts';
import { decodeHeic } from './decode-heic.ts';
import { decodePixels } from './decode-pixels.ts';
import type { ImageFacts } from './inspect-image.ts';
import { type Crop, type PictureFile, type PictureShape, pictureSizes } from './picture-file.ts';
import { fittedInto, fromRaw, type RawImage, release, toRaw, withoutIdleAlpha } from './raw-image.ts';
import { undecodable } from './undecodable.ts';
import { writeDerivative } from './write-derivative.ts';

/** Tried in turn until one fits. Below the last, a picture is no likeness any more. */
const qualities = [85, 75, 65, 55, 45, 35, 25, 15];

/**
 * Decodes a picture, cuts out what is wanted, and writes it and its smaller copies into `outDir`: the whole one first.
 * Transparency stays; of an animation the first frame is taken.
 * Throws AppError `undecodable`, `too_large` when no quality fits, `storage_full`.
 */
export async function derivePicture(
  path: string,
  outDir: string,
  facts: ImageFacts,
  shape: PictureShape,
  maxPixels: number,
): Promise<PictureFile[]> {
  const image = await decodeShaped(path, facts, shape, maxPixels).catch((cause) => {
    throw cause instanceof AppError
      ? cause
      : undecodable('This file is damaged: the picture in it cannot be decoded.', cause);
  });
  const files = [await write('picture', image, await encodeWithin(image, shape.mostBytes))];
  for (const size of pictureSizes) {
    const smaller = await toRaw(fittedInto(fromRaw(image), size));
    files.push(await write(`picture${size}`, smaller, await encode(smaller, 80)));
    release(smaller);
  }
  release(image);
  return files;

  async function write(variant: PictureFile['variant'], { info }: RawImage, bytes: Buffer): Promise<PictureFile> {
    const target = join(outDir, `${variant}.webp`);
    await writeDerivative(target, bytes);
    return { variant, path: target, bytes: bytes.length, width: info.width, height: info.height };
  }
}

async function decodeShaped(
  path: string,
  facts: ImageFacts,
  { crop, longSide }: PictureShape,
  maxPixels: number,
): Promise<RawImage> {
  const shaped = (image: Sharp, width: number, height: number): Sharp =>
    fittedInto(crop ? image.extract(toPixels(crop, width, height)) : image, longSide);
  if (facts.format !== 'heic') {
    return withoutIdleAlpha(
      await decodePixels(path, facts, maxPixels, (image) => shaped(image, facts.width, facts.height)),
    );
  }
  const preview = await decodeHeic(path, maxPixels);
  const image = await toRaw(shaped(fromRaw(preview), preview.info.width, preview.info.height));
  release(preview);
  return withoutIdleAlpha(image);
}

/** Whole pixels, one at least, and none beyond the picture. */
function toPixels(crop: Crop, width: number, height: number) {
  const left = Math.min(Math.round(crop.x * width), width - 1);
  const top = Math.min(Math.round(crop.y * height), height - 1);
  return {
    left,
    top,
    width: Math.max(1, Math.min(Math.round(crop.width * width), width - left)),
    height: Math.max(1, Math.min(Math.round(crop.height * height), height - top)),
  };
}

async function encodeWithin(image: RawImage, mostBytes: number): Promise<Buffer> {
  let least = Number.POSITIVE_INFINITY;
  for (const quality of qualities) {
    const bytes = await encode(image, quality);
    if (bytes.length <= mostBytes) return bytes;
    least = Math.min(least, bytes.length);
  }
  throw new AppError(
    'too_large',
    `At its lowest quality this picture still takes more than the ${Math.floor(mostBytes / 1024)} KB that are allowed. Take a smaller part of it, or one with less noise.`,
    { limit: mostBytes, bytes: least },
  );
}

const encode = (image: RawImage, quality: number): Promise<Buffer> =>
  fromRaw(image).webp({ quality, alphaQuality: quality, effort: 4 }).toBuffer();
