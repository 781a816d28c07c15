import type { Coverage } from './coverage.ts';
import { sampled, type Tile } from './noise.ts';
import type { Lab } from './oklab.ts';

/** A picture at work: planes of OKLab, and how many pixels the unit of length has that compositions are measured in. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  /** Pixels a unit: the root of the picture's area, so that a picture of 1 × 1 units is square. */
  readonly scale: number;
  readonly l: Float32Array;
  readonly a: Float32Array;
  readonly b: Float32Array;
}

export function createCanvas(width: number, height: number, scale = Math.sqrt(width * height)): Canvas {
  const pixels = width * height;
  return {
    width,
    height,
    scale,
    l: new Float32Array(pixels),
    a: new Float32Array(pixels),
    b: new Float32Array(pixels),
  };
}

export function copyOf({ width, height, scale, l, a, b }: Canvas): Canvas {
  return { width, height, scale, l: l.slice(), a: a.slice(), b: b.slice() };
}

/** Colours from above to below, at heights from 0 (the top) to 1 (the bottom) of whatever is filled with them. */
export type Gradient = readonly (readonly [at: number, colour: Lab])[];

/** The colour of a gradient at a height; beyond its ends, that of the end. */
export function colourAt(gradient: Gradient, at: number): Lab {
  let [before, from] = gradient[0] as readonly [number, Lab];
  if (at <= before) return from;
  for (const [place, to] of gradient) {
    if (at <= place) {
      const share = place === before ? 1 : (at - before) / (place - before);
      const eased = share * share * (3 - 2 * share) * 0.5 + share * 0.5;
      return [
        from[0] + (to[0] - from[0]) * eased,
        from[1] + (to[1] - from[1]) * eased,
        from[2] + (to[2] - from[2]) * eased,
      ];
    }
    before = place;
    from = to;
  }
  return from;
}

/** How a shape takes its colour. */
export interface Wash {
  readonly gradient: Gradient;
  /** The rows, in pixels, that the gradient's ends lie on. */
  readonly from: number;
  readonly to: number;
  /** How much it covers what is below, 0 to 1, at its upper end and at its lower one. */
  readonly opacity: readonly [number, number];
  /** Chance in its lightness: a tile, how strong, and how many of its pixels go to one of the picture's. */
  readonly texture: {
    readonly tile: Tile;
    readonly amount: number;
    readonly step: number;
    readonly stretch: number;
  } | null;
}

/** Lays a wash over what is covered. */
export function lay(canvas: Canvas, coverage: Coverage, { gradient, from, to, opacity, texture }: Wash): void {
  const { l, a, b, width } = canvas;
  for (let y = 0; y < coverage.height; y++) {
    const at = (coverage.top + y - from) / Math.max(1e-6, to - from);
    const [cl, ca, cb] = colourAt(gradient, at);
    const opaque = opacity[0] + (opacity[1] - opacity[0]) * Math.min(1, Math.max(0, at));
    const row = (coverage.top + y) * width + coverage.left;
    const mask = y * coverage.width;
    for (let x = 0; x < coverage.width; x++) {
      const covered = coverage.values[mask + x] as number;
      if (covered === 0) continue;
      const share = covered * opaque;
      const pixel = row + x;
      const own = texture
        ? cl +
          texture.amount *
            sampled(
              texture.tile,
              (coverage.left + x) * texture.step,
              (coverage.top + y) * texture.step * texture.stretch,
            )
        : cl;
      l[pixel] = (l[pixel] as number) + (own - (l[pixel] as number)) * share;
      a[pixel] = (a[pixel] as number) + (ca - (a[pixel] as number)) * share;
      b[pixel] = (b[pixel] as number) + (cb - (b[pixel] as number)) * share;
    }
  }
}

/** Fills everything from above to below. */
export function fillAll(canvas: Canvas, gradient: Gradient, from = 0, to = canvas.height): void {
  const { width, height, l, a, b } = canvas;
  for (let y = 0; y < height; y++) {
    const [cl, ca, cb] = colourAt(gradient, (y - from) / (to - from));
    l.fill(cl, y * width, (y + 1) * width);
    a.fill(ca, y * width, (y + 1) * width);
    b.fill(cb, y * width, (y + 1) * width);
  }
}

/** Mixes a colour into one pixel. */
export function touch({ l, a, b }: Canvas, pixel: number, colour: Lab, share: number): void {
  l[pixel] = (l[pixel] as number) + (colour[0] - (l[pixel] as number)) * share;
  a[pixel] = (a[pixel] as number) + (colour[1] - (a[pixel] as number)) * share;
  b[pixel] = (b[pixel] as number) + (colour[2] - (b[pixel] as number)) * share;
}
