import { blurred, enlarged, shrunk } from './blur.ts';
import { type Canvas, copyOf } from './canvas.ts';
import { discard } from './discard.ts';
import type { Finishing } from './finishing.ts';
import { mix, type Random } from './random.ts';

interface Brushes {
  /** Widths in units, the broadest first. */
  readonly sizes: readonly number[];
  /** How strongly paint stands out, in lightness. */
  readonly relief: number;
  /** 0 to 1: how closely strokes follow the edges of what is there rather than the hand. */
  readonly follow: number;
}

/**
 * Paints a picture over with strokes of ever smaller brushes; the smaller ones only where the larger have missed something. After Aaron Hertzmann, "Painterly
 * Rendering with Curved Brush Strokes of Multiple Sizes" (SIGGRAPH 1998), with straight strokes that lie along what is there, and with its relief of paint
 * lit from the upper left.
 */
export function brushOver(
  canvas: Canvas,
  { random, detail }: Pick<Finishing, 'random' | 'detail'>,
  { sizes, relief, follow }: Brushes,
): void {
  const model = copyOf(canvas);
  const paint = new Float32Array(canvas.l.length);
  const grid = directions(model, follow, random);
  const used = sizes.slice(0, Math.max(1, Math.round(sizes.length * Math.min(1, 0.3 + detail * 0.7))));
  for (const [pass, size] of used.entries())
    strokes(canvas, model, paint, {
      radius: Math.max(1.1, (size * canvas.scale) / 2),
      isFirst: pass === 0,
      random,
      grid,
    });
  if (relief) emboss(canvas, paint, relief);
  discard(paint, model.l, model.a, model.b);
}

interface Grid {
  readonly cell: number;
  readonly across: number;
  readonly down: number;
  /** The direction of strokes in radians, for each cell. */
  readonly angles: Float32Array;
}

/** Across the gradient of lightness where there is one, else as the hand goes. */
function directions({ l, width, height, scale }: Canvas, follow: number, random: Random): Grid {
  const cell = Math.max(2, Math.round(scale / 128));
  const small = shrunk({ width, height, values: l }, cell);
  const soft = blurred(small, 1.6);
  const { width: across, height: down } = small;
  const angles = new Float32Array(across * down);
  const hand = random.between(-0.35, 0.35);
  const swing = random.between(2, 4);
  const at = (x: number, y: number) =>
    soft[Math.min(down - 1, Math.max(0, y)) * across + Math.min(across - 1, Math.max(0, x))] as number;
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      const gx = at(x + 1, y) - at(x - 1, y);
      const gy = at(x, y + 1) - at(x, y - 1);
      const own = hand + 0.45 * Math.sin((x / across) * swing * 2 + (y / down) * swing);
      const strength = Math.min(1, Math.hypot(gx, gy) * 22) * follow;
      // Directions have no sense: they are mixed as angles doubled.
      const edge = 2 * (Math.atan2(gy, gx) + Math.PI / 2);
      angles[y * across + x] =
        Math.atan2(
          strength * Math.sin(edge) + (1 - strength) * Math.sin(2 * own),
          strength * Math.cos(edge) + (1 - strength) * Math.cos(2 * own),
        ) / 2;
    }
  }
  return { cell, across, down, angles };
}

interface Pass {
  readonly radius: number;
  readonly isFirst: boolean;
  readonly random: Random;
  readonly grid: Grid;
}

function strokes(canvas: Canvas, model: Canvas, paint: Float32Array, { radius, isFirst, random, grid }: Pass): void {
  const { width, height } = canvas;
  const spacing = Math.max(2, radius * 1.25);
  const across = Math.ceil(width / spacing);
  const down = Math.ceil(height / spacing);
  const order = shuffled(across * down, random);
  const sharp = { ...model, l: isFirst ? softened(model.l, width, height, radius * 0.6) : model.l };
  for (const place of order) {
    const x = Math.min(width - 1, Math.max(0, ((place % across) + random()) * spacing)) | 0;
    const y = Math.min(height - 1, Math.max(0, (Math.floor(place / across) + random()) * spacing)) | 0;
    const pixel = y * width + x;
    if (!isFirst) {
      const missed =
        Math.abs((canvas.l[pixel] as number) - (model.l[pixel] as number)) +
        Math.abs((canvas.a[pixel] as number) - (model.a[pixel] as number)) +
        Math.abs((canvas.b[pixel] as number) - (model.b[pixel] as number));
      if (missed < 0.03 && random() > 0.04) continue;
    }
    const angle =
      (grid.angles[
        Math.min(grid.down - 1, (y / grid.cell) | 0) * grid.across + Math.min(grid.across - 1, (x / grid.cell) | 0)
      ] as number) +
      random.normal() * 0.12;
    dab(canvas, sharp, paint, {
      x,
      y,
      angle,
      radius: radius * random.between(0.75, 1.15),
      reach: radius * random.between(2.2, 4),
      pixel,
      lift: random.normal() * 0.012,
      bristle: Math.floor(random() * 65536),
    });
  }
  if (isFirst) discard(sharp.l);
}

interface Dab {
  readonly x: number;
  readonly y: number;
  readonly angle: number;
  readonly radius: number;
  readonly reach: number;
  readonly pixel: number;
  readonly lift: number;
  readonly bristle: number;
}

/** How much paint each bristle of the brush at hand leaves, 0 to 1: filled anew for every stroke. */
const hairs = new Float32Array(12);

/** One stroke: the colour of its middle, its bristles along it, its ends rounded and thin. */
function dab(
  canvas: Canvas,
  model: Canvas,
  paint: Float32Array,
  { x, y, angle, radius, reach, pixel, lift, bristle }: Dab,
): void {
  const { width, height, l, a, b } = canvas;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const colourL = (model.l[pixel] as number) + lift;
  const colourA = model.a[pixel] as number;
  const colourB = model.b[pixel] as number;
  // A stroke ends where what it paints ends.
  let ahead = reach;
  let back = reach;
  for (let way = 0; way < 2; way++) {
    const sense = way ? -1 : 1;
    for (let along = radius * 0.8; along < reach; along += radius * 0.8) {
      const u = Math.round(x + cos * along * sense);
      const v = Math.round(y + sin * along * sense);
      if (u < 0 || v < 0 || u >= width || v >= height) break;
      const there = v * width + u;
      const other =
        Math.abs((model.l[there] as number) - colourL) +
        Math.abs((model.a[there] as number) - colourA) +
        Math.abs((model.b[there] as number) - colourB);
      if (other > 0.07) {
        if (way) back = along;
        else ahead = along;
        break;
      }
    }
  }
  for (let hair = 0; hair < hairs.length; hair++) hairs[hair] = (mix(bristle + hair * 7919) & 255) / 255;
  const span = Math.max(ahead, back) + radius;
  const halfX = Math.abs(cos) * span + Math.abs(sin) * radius;
  const halfY = Math.abs(sin) * span + Math.abs(cos) * radius;
  const left = Math.max(0, Math.floor(x - halfX));
  const right = Math.min(width - 1, Math.ceil(x + halfX));
  const bottom = Math.min(height - 1, Math.ceil(y + halfY));
  for (let row = Math.max(0, Math.floor(y - halfY)); row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const dx = column - x;
      const dy = row - y;
      const along = dx * cos + dy * sin;
      const across = (dy * cos - dx * sin) / radius;
      const end = along > 0 ? along - ahead : -along - back;
      const round = across * across + (end > 0 ? (end / radius) ** 2 : 0);
      if (round >= 1) continue;
      const hair = hairs[(across * 5.5 + 6) | 0] as number;
      const share = Math.min(1, (1 - round) * 2.6) * (0.82 + 0.18 * hair);
      const at = row * width + column;
      l[at] = (l[at] as number) + (colourL + (hair - 0.5) * 0.022 - (l[at] as number)) * share;
      a[at] = (a[at] as number) + (colourA - (a[at] as number)) * share;
      b[at] = (b[at] as number) + (colourB - (b[at] as number)) * share;
      paint[at] = (paint[at] as number) + (0.35 + 0.65 * hair - (paint[at] as number)) * share;
    }
  }
}

function emboss({ l, width, height }: Canvas, paint: Float32Array, strength: number): void {
  for (let y = height - 1; y > 0; y--) {
    for (let x = width - 1; x > 0; x--) {
      const at = y * width + x;
      const slope = (paint[at] as number) - (paint[at - width - 1] as number);
      l[at] = Math.min(1, Math.max(0, (l[at] as number) + slope * strength));
    }
  }
}

function softened(values: Float32Array, width: number, height: number, radius: number): Float32Array {
  const factor = Math.max(1, Math.floor(radius));
  return enlarged(shrunk({ width, height, values }, factor), factor, width, height);
}

function shuffled(count: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, at) => at);
  for (let at = count - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    const kept = order[at] as number;
    order[at] = order[other] as number;
    order[other] = kept;
  }
  return order;
}
