import { join } from 'node:path';
import type { Sharp } from 'sharp';
import { rgbaToThumbHash } from 'thumbhash';
import { AppError } from '#platform/http/app-error.ts';
import { decodeHeic } from './decode-heic.ts';
import { decodePixels } from './decode-pixels.ts';
import type { Derivative, Variant } from './ingested-image.ts';
import type { ImageFacts } from './inspect-image.ts';
import { fitted, fromRaw, type RawImage, release, toRaw, withoutIdleAlpha } from './raw-image.ts';
import { undecodable } from './undecodable.ts';
import { writeDerivative } from './write-derivative.ts';

/**
 * Decodes an original once, in full, and writes its three derivatives into `outDir`. Each smaller one is made from the pixels of
 * the one before. None carries metadata, and all are sRGB without a profile.
 * Throws AppError `undecodable` when the first frame does not decode to its last row, `storage_full` when writing runs out of room.
 */
export async function deriveImages(
  path: string,
  outDir: string,
  facts: ImageFacts,
  maxPixels: number,
): Promise<{ derivatives: Derivative[]; placeholder: Uint8Array }> {
  const preview = await decodePreview(path, facts, maxPixels).catch((cause) => {
    throw cause instanceof AppError
      ? cause
      : undecodable('This file is damaged: the picture in it cannot be decoded.', cause);
  });
  const medium = await toRaw(fitted(fromRaw(preview), 'medium'));
  const small = await toRaw(fitted(fromRaw(medium), 'small'));
  try {
    return {
      derivatives: [
        await write('preview', preview, preview.info.channels === 4 ? asWebp(80) : asJpeg),
        await write('medium', medium, asWebp(80)),
        await write('small', small, asWebp(85)),
      ],
      placeholder: await placeholderOf(small),
    };
  } finally {
    for (const image of [preview, medium, small]) release(image);
  }

  async function write(variant: Variant, image: RawImage, { encode, mimeType }: Encoding): Promise<Derivative> {
    const bytes = await encode(fromRaw(image)).toBuffer();
    const target = join(outDir, `${variant}.${mimeType === 'image/jpeg' ? 'jpg' : 'webp'}`);
    await writeDerivative(target, bytes);
    const { width, height } = image.info;
    return { variant, path: target, bytes: bytes.length, width, height, mimeType };
  }
}

async function decodePreview(path: string, facts: ImageFacts, maxPixels: number): Promise<RawImage> {
  if (facts.format === 'heic') return withoutIdleAlpha(await decodeHeic(path, maxPixels));
  return withoutIdleAlpha(await decodePixels(path, facts, maxPixels, (image) => fitted(image, 'preview')));
}

interface Encoding {
  mimeType: Derivative['mimeType'];
  encode: (image: Sharp) => Sharp;
}

/** Optimised Huffman tables save 3 % of the bytes for twice the encoder's time. */
const asJpeg: Encoding = {
  mimeType: 'image/jpeg',
  encode: (image) => image.jpeg({ quality: 80, optimiseCoding: false }),
};

/** Effort 2 is the knee: effort 4 takes twice as long for 5 % fewer bytes. */
const asWebp = (quality: number): Encoding => ({
  mimeType: 'image/webp',
  encode: (image) => image.webp({ quality, effort: 2 }),
});

async function placeholderOf(small: RawImage): Promise<Uint8Array> {
  // 100 pixels is the most the algorithm takes.
  const { data, info } = await toRaw(
    fromRaw(small).resize({ width: 100, height: 100, fit: 'inside', withoutEnlargement: true }).ensureAlpha(),
  );
  return rgbaToThumbHash(info.width, info.height, data);
}
