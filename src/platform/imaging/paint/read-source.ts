import { decodeHeic } from '../decode-heic.ts';
import { decodePixels } from '../decode-pixels.ts';
import { inspectImage } from '../inspect-image.ts';
import { fromRaw, type RawImage, release, toRaw } from '../raw-image.ts';
import { type Canvas, createCanvas } from './canvas.ts';
import { fromRgb } from './oklab.ts';

/** As many as an original may have. */
const MAX_SOURCE_PIXELS = 100_000_000;

/** A picture to start from, cut to the proportions that are wanted. Throws as `inspectImage`, and whatever the decoder throws. */
export async function readSource(path: string, width: number, height: number): Promise<Canvas> {
  const { facts } = await inspectImage(path, MAX_SOURCE_PIXELS);
  const raw =
    facts.format === 'heic'
      ? await fittedHeic(path, width, height)
      : await decodePixels(path, facts, MAX_SOURCE_PIXELS, (image) => image.resize({ width, height, fit: 'cover' }));
  const canvas = createCanvas(width, height);
  const { data, info } = raw;
  const step = info.channels;
  for (let at = 0, from = 0; at < width * height; at++, from += step) {
    const grey = step < 3;
    const red = data[from] as number;
    const [l, a, b] = fromRgb(red, grey ? red : (data[from + 1] as number), grey ? red : (data[from + 2] as number));
    // Paper shows where the picture is transparent.
    const opaque = step === 4 || step === 2 ? (data[from + step - 1] as number) / 255 : 1;
    canvas.l[at] = 0.97 + (l - 0.97) * opaque;
    canvas.a[at] = a * opaque;
    canvas.b[at] = b * opaque;
  }
  release(raw);
  return canvas;
}

async function fittedHeic(path: string, width: number, height: number): Promise<RawImage> {
  const whole = await decodeHeic(path, MAX_SOURCE_PIXELS);
  const image = await toRaw(fromRaw(whole).resize({ width, height, fit: 'cover' }));
  release(whole);
  return image;
}
