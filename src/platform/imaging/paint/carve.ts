import { blurred } from './blur.ts';
import type { Canvas } from './canvas.ts';
import { discard } from './discard.ts';
import type { Finishing } from './finishing.ts';
import { sampled } from './noise.ts';
import { blend, chromaOf, hueOf, type Lab, lch } from './oklab.ts';

/**
 * A relief print of two blocks: one in a colour of the picture, rolled over most of it, and a dark key block whose lines were left standing where it is dark. The
 * gouge goes along the shapes, and cuts broader the lighter it is to be.
 */
export function carve(canvas: Canvas, { grain, cloud, random }: Finishing): void {
  const { l, a, b, width, height, scale } = canvas;
  const soft = blurred({ width, height, values: l }, Math.max(1, scale * 0.009));
  const paper = lch(0.945, 0.025, 88);
  const ink: Lab = lch(0.19, 0.035, hueOf(meanOf(canvas)));
  const step = 1024 / scale;
  const pitch = scale * 0.0105;
  const wander = (cloud.side / scale) * 0.8;
  const flow = random.between(-0.5, 0.5);
  const [low, high] = range(l);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const tone = Math.min(1, Math.max(0, ((l[at] as number) - low) / (high - low)));
      // Lines lie where the softened lightness and the place add up to the same: they bend around what is there.
      const bent = (soft[at] as number) * scale * 0.13 + sampled(cloud, x * wander, y * wander) * pitch * 0.7;
      const phase = (y + x * flow + bent) / pitch;
      const groove = Math.abs(phase - Math.floor(phase) - 0.5) * 2;
      const ends = 0.14 * sampled(cloud, x * wander * 7, y * wander * 2.3);
      const wanted = 1 - Math.min(1, Math.max(0, (tone - 0.12) / 0.5));
      const edge = (wanted * 1.16 - 0.08 + ends * (wanted > 0.05 && wanted < 0.95 ? 1 : 0) - groove) * (pitch / 2.2);
      const dark = Math.min(1, Math.max(0, edge + 0.5));
      const plate = lch(
        0.42 + 0.48 * Math.round(tone * 4) * 0.25,
        Math.min(0.12, Math.hypot(a[at] as number, b[at] as number) * 1.15),
        (Math.atan2(b[at] as number, a[at] as number) * 180) / Math.PI,
      );
      const under = tone > 0.93 ? paper : blend(plate, paper, 0.12);
      const speck = sampled(grain, x * step, y * step);
      const worn = speck > 2.2 ? 0.55 : 1;
      const share = dark * worn;
      l[at] = under[0] + (ink[0] - under[0]) * share + 0.006 * speck;
      a[at] = under[1] + (ink[1] - under[1]) * share;
      b[at] = under[2] + (ink[2] - under[2]) * share;
    }
  }
  discard(soft);
}

function meanOf({ l, a, b }: Canvas): Lab {
  let [sumA, sumB, count] = [0, 0, 0];
  for (let at = 0; at < l.length; at += 97, count++) {
    sumA += a[at] as number;
    sumB += b[at] as number;
  }
  const mean: Lab = [0.5, sumA / count, sumB / count];
  return chromaOf(mean) > 0.004 ? mean : [0.5, 0, -0.02];
}

/** The lightness below which two of a hundred pixels lie, and the one above which two do. */
function range(values: Float32Array): [number, number] {
  const counts = new Uint32Array(256);
  let total = 0;
  for (let at = 0; at < values.length; at += 13, total++) {
    const step = Math.min(255, Math.max(0, Math.round((values[at] as number) * 255)));
    counts[step] = (counts[step] as number) + 1;
  }
  let [low, high] = [0, 255];
  for (let sum = 0; low < 254 && (sum += counts[low] as number) < total * 0.02; low++);
  for (let sum = 0; high > low + 1 && (sum += counts[high] as number) < total * 0.02; high--);
  return [low / 255, Math.max(low + 1, high) / 255];
}
