import sharp, { type Metadata } from 'sharp';
import { AppError } from '#platform/http/app-error.ts';
import { isSrgbProfile } from './icc-profile.ts';
import type { CameraMetadata } from './ingested-image.ts';
import { readExif } from './read-exif.ts';
import { readMaking } from './read-making.ts';
import { readPlace } from './read-place.ts';
import type { ImageFormat } from './sniff.ts';
import { undecodable } from './undecodable.ts';

/**
 * How the pixels become sRGB: `plain` ones already are; `profiled` ones are shrunk first and transformed after, which costs a
 * quarter of the other order; `converted` ones (CMYK, grey, 16 bits a channel) go the way sharp goes by itself.
 */
export type ColourPath = 'plain' | 'profiled' | 'converted';

/** What the header of a file says, before a pixel is decoded. */
export interface ImageFacts {
  format: ImageFormat;
  /** Pixels, after orientation. */
  width: number;
  height: number;
  animated: boolean;
  hasAlpha: boolean;
  colourPath: ColourPath;
  /** Memory that decoding needs, in units of one pixel held in RGBA. */
  cost: number;
}

/**
 * Reads a file's header, EXIF, the place that XMP or IPTC name, and how it was made where a program tells that.
 * Throws AppError `undecodable` for a damaged header and `too_many_pixels` for more than `maxPixels` (width × height).
 */
export async function inspectImage(
  path: string,
  maxPixels: number,
): Promise<{ facts: ImageFacts; metadata: CameraMetadata }> {
  // sharp's own pixel limit would answer with a text, not with a kind of error: the limit is checked below.
  const header = await sharp(path, { limitInputPixels: false, failOn: 'error' })
    .metadata()
    .catch((cause) => {
      throw undecodable('This file is damaged: its header cannot be read.', cause);
    });
  const format = formatOf(header);
  const pixels = header.width * header.height;
  if (pixels > maxPixels) {
    throw new AppError(
      'too_many_pixels',
      `This picture has ${megapixels(pixels)} megapixels; ${megapixels(maxPixels)} are allowed.`,
      {
        width: header.width,
        height: header.height,
        max_pixels: maxPixels,
      },
    );
  }
  return {
    facts: {
      format,
      width: header.autoOrient.width,
      height: header.autoOrient.height,
      animated: format !== 'heic' && (header.pages ?? 1) > 1,
      hasAlpha: header.hasAlpha,
      colourPath: colourPathOf(header),
      cost: costOf(format, pixels, header),
    },
    metadata: { ...readExif(header.exif), place: readPlace(header), making: readMaking(header) },
  };
}

function formatOf({ format, compression }: Metadata): ImageFormat {
  if (format === 'heif') return compression === 'av1' ? 'avif' : 'heic';
  if (format === 'jpeg' || format === 'png' || format === 'webp' || format === 'gif') return format;
  throw new AppError(
    'unsupported_media_type',
    'This kind of file is not supported: send JPEG, PNG, WebP, GIF, AVIF or HEIC.',
  );
}

function colourPathOf({ space, depth, icc }: Metadata): ColourPath {
  if (space !== 'srgb' || depth !== 'uchar') return 'converted';
  return !icc || isSrgbProfile(icc) ? 'plain' : 'profiled';
}

/**
 * Baseline JPEG and plain PNG pass through a few lines at a time; the others are held whole, some several times over. The factors
 * are peaks measured on pictures of 49 and 100 megapixels, 4 bytes a pixel being 1; of a format's kinds the hungriest counts.
 */
function costOf(format: ImageFormat, pixels: number, { isProgressive, channels, depth }: Metadata): number {
  const held = { jpeg: 1.5, png: (channels * (depth === 'ushort' ? 2 : 1)) / 4, webp: 1, gif: 1.5, avif: 5, heic: 3.5 }[
    format
  ];
  const streams = (format === 'jpeg' || format === 'png') && !isProgressive;
  return Math.ceil(pixels * (streams ? 0.25 : held));
}

const megapixels = (pixels: number) => Math.ceil(pixels / 100_000) / 10;
