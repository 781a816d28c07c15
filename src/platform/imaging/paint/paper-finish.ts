import { blurred } from './blur.ts';
import { type Canvas, touch } from './canvas.ts';
import { discard } from './discard.ts';
import type { Finishing } from './finishing.ts';
import { sampled, type Tile } from './noise.ts';
import { lch } from './oklab.ts';

/** The tooth of paper, in lightness. */
export function paperGrain({ l, width, height, scale }: Canvas, grain: Tile, amount: number): void {
  const step = 1024 / scale;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      l[at] =
        (l[at] as number) +
        amount * sampled(grain, x * step, y * step) * (0.4 + 0.6 * (1 - Math.abs((l[at] as number) - 0.5)));
    }
  }
}

/** Pigment settles in the hollows of wet paper; the sheet stays bare along an uneven border. */
export function wetPaper(canvas: Canvas, { grain, cloud, random }: Finishing): void {
  const { l, a, b, width, height, scale } = canvas;
  const step = 1024 / scale;
  const coarse = (cloud.side / scale) * 1.1;
  const border = 0.032;
  const paper = lch(0.972, 0.012, 90);
  const phase = random.between(0, 400);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const light = l[at] as number;
      const pool = sampled(cloud, x * coarse + phase, y * coarse);
      const hollow = sampled(grain, x * step, y * step);
      const pigment = 1 - light;
      // More of what is dark settles; light washes leave the paper white.
      const settled = pigment * (0.075 * hollow + 0.085 * pool);
      l[at] = Math.min(0.985, light - settled * 0.7 + 0.012);
      const stain = 1 + pool * 0.09;
      a[at] = (a[at] as number) * stain;
      b[at] = (b[at] as number) * stain + 0.002;
      const edge = Math.min(x, y, width - 1 - x, height - 1 - y) / scale;
      if (edge < border * 1.7) {
        const ragged = border * (1 + 0.2 * sampled(cloud, x * coarse * 1.7, y * coarse * 1.7) + 0.05 * hollow);
        const inside = (edge - ragged) / 0.0022;
        if (inside < 1) {
          touch(canvas, at, paper, inside <= 0 ? 1 : 1 - inside);
          l[at] = (l[at] as number) + 0.008 * hollow;
        } else if (inside < 4) l[at] = (l[at] as number) * (1 - 0.07 * (1 - (inside - 1) / 3));
      }
    }
  }
}

/** Ink has one colour: what there was of others is a breath, the light is bare paper, and the sheet is warm. */
export function inkWash(canvas: Canvas, { grain, cloud, random }: Finishing): void {
  const { l, a, b, width, height, scale } = canvas;
  const step = 1024 / scale;
  const coarse = (cloud.side / scale) * 1.3;
  const phase = random.between(0, 300);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const light = l[at] as number;
      const pool = sampled(cloud, x * coarse + phase, y * coarse);
      const tooth = sampled(grain, x * step, y * step);
      const tone = Math.min(1, Math.max(0, (light - 0.16) / 0.74));
      const washed = 0.15 + 0.81 * (1 - (1 - tone) ** 1.25);
      const pigment = 1 - washed;
      l[at] = Math.min(0.965, washed - pigment * (0.05 * pool + 0.05 * tooth) - 0.006 * tooth);
      const keep = 0.3 + 0.1 * pool;
      a[at] = (a[at] as number) * keep + 0.003;
      b[at] = (b[at] as number) * keep + 0.014;
    }
  }
}

/** A screen print: a few flat inks, one screen a little beside the others, and dots where a tone lies between two. */
export function misregister(canvas: Canvas, { grain, random }: Finishing): void {
  const { l, a, b, width, height, scale } = canvas;
  const shiftX = Math.round(scale * random.pick([-0.0024, 0.0024]));
  const shiftY = Math.round(scale * 0.0016);
  const wasA = a.slice();
  const wasB = b.slice();
  const step = 1024 / scale;
  const pitch = (Math.PI * 2) / (scale * 0.0085);
  const [cos, sin] = [Math.cos(0.4), Math.sin(0.4)];
  const levels = 11;
  for (let y = 0; y < height; y++) {
    const row = Math.min(height - 1, Math.max(0, y + shiftY)) * width;
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const from = row + Math.min(width - 1, Math.max(0, x + shiftX));
      a[at] = wasA[from] as number;
      b[at] = wasB[from] as number;
      const dot = Math.sin((x * cos + y * sin) * pitch) * Math.sin((y * cos - x * sin) * pitch);
      const scaled = (l[at] as number) * levels;
      const floor = Math.floor(scaled);
      const within = Math.min(1, Math.max(0, (scaled - floor - 0.5 + dot * 0.5) * 5 + 0.5));
      l[at] = (floor + within) / levels + 0.007 * sampled(grain, x * step, y * step);
    }
  }
  discard(wasA, wasB);
}

/** Chalk catches on the tooth of a tinted paper, and leaves its hollows. */
export function chalk(canvas: Canvas, { grain, cloud, random }: Finishing): void {
  const { l, a, b, width, height, scale } = canvas;
  const step = 1024 / scale;
  const isDark = meanLightness(canvas) < 0.42;
  const sheet = lch(isDark ? 0.24 : 0.78, 0.025, random.pick([60, 80, 250]));
  const wasL = l.slice();
  const wasA = a.slice();
  const wasB = b.slice();
  const soft = blurred({ width, height, values: l }, Math.max(1, scale * 0.004));
  const angle = random.between(0.5, 1);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const reach = scale * 0.0045;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const along = (x * cos + y * sin) * step;
      const across = (y * cos - x * sin) * step;
      const hatch = sampled(grain, along * 0.07, across * 0.6);
      const tooth = sampled(grain, x * step * 0.7, y * step * 0.7);
      const shift = hatch * reach;
      const u = Math.min(width - 1, Math.max(0, Math.round(x + cos * shift)));
      const v = Math.min(height - 1, Math.max(0, Math.round(y + sin * shift)));
      const from = v * width + u;
      const pressure = 0.86 + 0.2 * hatch + 0.2 * tooth + 0.1 * sampled(cloud, x * step * 0.5, y * step * 0.5);
      const share = Math.min(1, Math.max(0.3, pressure));
      const light = (wasL[from] as number) * 0.75 + (soft[at] as number) * 0.25 + hatch * 0.02;
      l[at] = sheet[0] + (light - sheet[0]) * share;
      a[at] = sheet[1] + ((wasA[from] as number) * 1.08 - sheet[1]) * share;
      b[at] = sheet[2] + ((wasB[from] as number) * 1.08 - sheet[2]) * share;
    }
  }
  discard(wasL, wasA, wasB, soft);
}

function meanLightness({ l }: Canvas): number {
  let [sum, count] = [0, 0];
  for (let at = 0; at < l.length; at += 101, count++) sum += l[at] as number;
  return sum / count;
}
