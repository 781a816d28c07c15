import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { AppError } from '#platform/http/app-error.ts';
import { decodeHeic } from '../decode-heic.ts';
import { decodePixels } from '../decode-pixels.ts';
import type { ImageFacts } from '../inspect-image.ts';
import { fromRaw, type RawImage, release, toRaw, withoutIdleAlpha } from '../raw-image.ts';
import { undecodable } from '../undecodable.ts';
import { writeDerivative } from '../write-derivative.ts';
import type { Canvas } from './canvas.ts';
import { cartoon } from './cartoon.ts';
import { cinematic } from './cinematic.ts';
import { enhance } from './enhance.ts';
import { neon } from './neon.ts';
import { oilPainting } from './oil-painting.ts';
import { pencilSketch } from './pencil-sketch.ts';
import { popArt } from './pop-art.ts';
import { sketch } from './sketch.ts';
import { MAX_STYLED_PIXELS, STYLED_SOURCE, type StyledFile, type StyleId, type StyleRequest } from './style.ts';
import { vintage } from './vintage.ts';
import { watercolor } from './watercolor.ts';

/** Each changes the canvas it is given, at a strength of 0 to 1. The same picture and strength make the same result, bit by bit. */
const styles: Record<StyleId, (canvas: Canvas, strength: number) => void> = {
  cinematic,
  enhance,
  sketch,
  pencil_sketch: pencilSketch,
  cartoon,
  oil_painting: oilPainting,
  watercolor,
  pop_art: popArt,
  vintage,
  neon,
};

/** The longest side that a format can have; what is longer becomes a PNG. libjpeg's limit is its own. */
const maxSides = { jpeg: 65_500, webp: 16_383 } as const;

/**
 * Gives a photo a look and writes it into `outDir`: upright, in sRGB, in the size of the original (24 megapixels at the most), as a
 * JPEG, or with its transparency as a WebP. Of an animation the first frame is taken. The file says that an algorithm altered it, when
 * and with what the photo was taken, and not where.
 * Throws AppError `undecodable`, `storage_full`.
 */
export async function styleImage(
  path: string,
  outDir: string,
  facts: ImageFacts,
  request: StyleRequest,
  maxPixels: number,
): Promise<StyledFile> {
  const image = await decode(path, facts, maxPixels);
  const { width, height, channels } = image.info;
  const { canvas, alpha } = takeApart(image);
  styles[request.style](canvas, request.strength);
  const pixels = putTogether(canvas, alpha);
  const labelled = label(fromRaw(pixels), request);
  const wanted = channels === 4 ? 'webp' : 'jpeg';
  const format = Math.max(width, height) > maxSides[wanted] ? 'png' : wanted;
  const bytes = await encoders[format](labelled).toBuffer();
  release(pixels);
  const target = join(outDir, `styled.${format === 'jpeg' ? 'jpg' : format}`);
  await writeDerivative(target, bytes);
  return { path: target, mimeType: `image/${format}`, width, height };
}

/** A small picture in a look, to choose by: the bytes of a JPEG, or with transparency of a WebP. Throws AppError `undecodable`. */
export async function previewStyle(
  path: string,
  facts: ImageFacts,
  { style, strength }: Pick<StyleRequest, 'style' | 'strength'>,
  maxPixels: number,
): Promise<Uint8Array> {
  const image = await decode(path, facts, maxPixels);
  const { canvas, alpha } = takeApart(image);
  styles[style](canvas, strength);
  const preview = fromRaw(putTogether(canvas, alpha));
  return alpha ? preview.webp({ quality: 82, effort: 1 }).toBuffer() : preview.jpeg({ quality: 82 }).toBuffer();
}

/** Colours of thin lines and of dots are kept whole; WebP's lowest effort takes a quarter of the next one's time. */
const encoders: Record<'jpeg' | 'webp' | 'png', (image: Sharp) => Sharp> = {
  jpeg: (image) => image.jpeg({ quality: 90, chromaSubsampling: '4:4:4', optimiseCoding: false }),
  webp: (image) => image.webp({ quality: 92, alphaQuality: 100, effort: 0 }),
  png: (image) => image.png({ compressionLevel: 3 }),
};

/** The pixels of the first frame, upright, in sRGB: three channels, or four where something can be seen through. */
async function decode(path: string, facts: ImageFacts, maxPixels: number): Promise<RawImage> {
  const shape = (image: Sharp): Sharp => {
    const scale = Math.sqrt(MAX_STYLED_PIXELS / (facts.width * facts.height));
    return scale < 1
      ? image.resize({
          width: Math.max(1, Math.floor(facts.width * scale)),
          height: Math.max(1, Math.floor(facts.height * scale)),
          fit: 'fill',
        })
      : image;
  };
  try {
    const image = await withoutIdleAlpha(
      facts.format === 'heic'
        ? await decodeHeic(path, maxPixels, shape)
        : await decodePixels(path, facts, maxPixels, (upright) => shape(upright).toColourspace('srgb')),
    );
    if (image.info.channels >= 3) return image;
    const coloured = await toRaw(
      sharp(image.data, { raw: image.info }).toColourspace('srgb').pipelineColourspace('srgb'),
    );
    release(image);
    return coloured;
  } catch (cause) {
    throw cause instanceof AppError
      ? cause
      : undecodable('This file is damaged: the picture in it cannot be decoded.', cause);
  }
}

/** Colours and transparency apart. What cannot be seen at all is made white, as paper is, whatever colour hides there. */
function takeApart(image: RawImage): { canvas: Canvas; alpha: Uint8Array | null } {
  const { data, info } = image;
  const { width, height } = info;
  if (info.channels !== 4) return { canvas: { data, width, height }, alpha: null };
  const colours = new Uint8Array(width * height * 3);
  const alpha = new Uint8Array(width * height);
  for (let i = 0, at = 0, to = 0; i < alpha.length; i++, at += 4, to += 3) {
    const seen = data[at + 3] as number;
    alpha[i] = seen;
    colours[to] = seen ? (data[at] as number) : 255;
    colours[to + 1] = seen ? (data[at + 1] as number) : 255;
    colours[to + 2] = seen ? (data[at + 2] as number) : 255;
  }
  release(image);
  return { canvas: { data: colours, width, height }, alpha };
}

function putTogether({ data, width, height }: Canvas, alpha: Uint8Array | null): RawImage {
  if (!alpha) {
    return { data: Buffer.from(data.buffer, data.byteOffset, data.length), info: { width, height, channels: 3 } };
  }
  const out = Buffer.alloc(width * height * 4);
  for (let i = 0, from = 0, to = 0; i < alpha.length; i++, from += 3, to += 4) {
    out[to] = data[from] as number;
    out[to + 1] = data[from + 1] as number;
    out[to + 2] = data[from + 2] as number;
    out[to + 3] = alpha[i] as number;
  }
  return { data: out, info: { width, height, channels: 4 } };
}

const xmp = `<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/${STYLED_SOURCE}"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`;

function label(image: Sharp, { takenAt, takenOffset, make, model }: StyleRequest): Sharp {
  const present = (fields: Record<string, string | null>) =>
    Object.fromEntries(Object.entries(fields).filter((field): field is [string, string] => field[1] !== null));
  const exif = {
    IFD0: present({ Make: make, Model: model }),
    IFD2: present({ DateTimeOriginal: takenAt, OffsetTimeOriginal: takenOffset }),
  };
  const hasSome = Object.values(exif).some((fields) => Object.keys(fields).length > 0);
  return (hasSome ? image.withExif(exif) : image).withXmp(xmp);
}
