import { fromRaw, release } from '../raw-image.ts';
import { writeDerivative } from '../write-derivative.ts';
import { type Canvas, createCanvas } from './canvas.ts';
import { discard } from './discard.ts';
import { type Lineage, readLineage } from './lineage.ts';
import { toRgb } from './oklab.ts';
import type { PaintedFile, PaintProgress, PaintRequest } from './paint-request.ts';
import { paintingXmp } from './painting-xmp.ts';
import { readSource } from './read-source.ts';
import { repaint, startsFromSource } from './repaint.ts';
import { composeScene, finish, openStudio, paintOn, type Studio, smallCanvas } from './studio.ts';
import { tintLike } from './tint-like.ts';

type Tell = (progress: PaintProgress) => void;

/** Coarser ones first: how many times smaller each is than the picture, and how far that is. */
const sketches = [
  { factor: 16, done: 0.04 },
  { factor: 8, done: 0.1 },
  { factor: 4, done: 0.24 },
] as const;

/**
 * Paints a picture and writes it as a JPEG that says what made it. The whole of it is laid out small first, then ever larger; each of these is shown.
 * Throws AppError `storage_full`, and for the source what `inspectImage` and `decodePixels` throw.
 */
export async function paintPicture(request: PaintRequest, tell: Tell): Promise<PaintedFile> {
  const { width, height, outPath } = request;
  const { canvas, lineage } = await paintPixels(request, tell);
  const data = Buffer.from(toRgb(canvas.l, canvas.a, canvas.b).buffer);
  discard(canvas.l, canvas.a, canvas.b);
  const bytes = await fromRaw({ data, info: { width, height, channels: 3 } })
    // Colours of full resolution: cut paper and printing inks have edges between colours that are equally light.
    .jpeg({ quality: 92, chromaSubsampling: '4:4:4', optimiseCoding: true })
    .withXmp(paintingXmp(request, lineage))
    .toBuffer();
  release({ data, info: { width, height, channels: 3 } });
  await writeDerivative(outPath, bytes);
  return { path: outPath, bytes: bytes.length, width, height, mimeType: 'image/jpeg' };
}

/** The picture before it is a file. */
export async function paintPixels(request: PaintRequest, tell: Tell): Promise<{ canvas: Canvas; lineage: Lineage }> {
  const { width, height, source, steps } = request;
  const original = source && (await readSource(source.path, width, height));
  const forebear = source && startsFromSource(source) ? await readLineage(source.path) : null;
  const studio = openStudio(request, forebear);
  const work =
    original && startsFromSource(source) && !forebear
      ? overSource(studio, original, source.strength)
      : fromPrompts(studio, request);
  for (const { factor, done } of sketches.slice(Math.max(0, sketches.length - steps))) {
    const small = smallCanvas(studio, width, height, factor);
    work(small, () => {});
    finish(small, studio);
    tell({ done, preview: await previewOf(small) });
    discard(small.l, small.a, small.b);
  }
  const canvas = createCanvas(width, height);
  let told = 0.24;
  work(canvas, (share) => {
    const done = 0.24 + 0.5 * share;
    if (done - told < 0.1) return;
    told = done;
    tell({ done, preview: null });
  });
  tell({ done: 0.76, preview: steps > 3 ? await previewOf(canvas) : null });
  finish(canvas, studio);
  if (original && source) keepOf(canvas, original, source.strength, forebear !== null);
  if (original) discard(original.l, original.a, original.b);
  tell({ done: 0.95, preview: await previewOf(canvas) });
  return { canvas, lineage: studio.lineage };
}

/** Fills a canvas with the whole picture. */
type Work = (canvas: Canvas, done: (share: number) => void) => void;

function fromPrompts(studio: Studio, { width, height }: PaintRequest): Work {
  const scene = composeScene(studio, width, height);
  return (canvas, done) => paintOn(canvas, scene, studio, done);
}

function overSource(studio: Studio, original: Canvas, strength: number): Work {
  return (canvas, done) => repaint(canvas, original, studio, strength, done);
}

/** What stays of the source: near the end of the scale its light; of a forebear, whose shapes are the same, at its beginning the picture itself. */
function keepOf(canvas: Canvas, original: Canvas, strength: number, isForebear: boolean): void {
  if (!startsFromSource({ strength })) {
    tintLike(canvas, original, (1 - strength) * 1.8);
    return;
  }
  const share = isForebear ? Math.max(0, 1 - strength / 0.35) : 0;
  if (share === 0) return;
  for (const plane of ['l', 'a', 'b'] as const) {
    const kept = original[plane];
    const values = canvas[plane];
    for (let at = 0; at < values.length; at++) {
      values[at] = (values[at] as number) + ((kept[at] as number) - (values[at] as number)) * share;
    }
  }
}

async function previewOf({ l, a, b, width, height }: Canvas): Promise<Uint8Array> {
  const raw = { data: Buffer.from(toRgb(l, a, b).buffer), info: { width, height, channels: 3 as const } };
  const preview = await fromRaw(raw)
    .resize({ width: 256, height: 256, fit: 'inside', kernel: 'cubic' })
    .webp({ quality: 72, effort: 1 })
    .toBuffer();
  release(raw);
  return new Uint8Array(preview);
}
