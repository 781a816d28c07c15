import { blur } from './blur.ts';
import { emptyPlane, mix, type Plane, smoothstep } from './canvas.ts';

/** Of a place and a seed, always the same number from 0 to 1 (C. Wellons' lowbias32 as the mixing function). */
export function hash(x: number, y: number, seed: number): number {
  let h = Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca77) ^ Math.imul(seed, 0xc2b2ae3d);
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}

/** A side of a tile: it fits its own other side, so that it can be laid beside itself without a seam. */
export const TILE = 512;
export const TILE_MASK = TILE - 1;

/**
 * Tiles that were made before, of a megabyte each. They follow from their parameters alone; a preview of 512 pixels would spend most of
 * its time on them.
 */
const made = new Map<string, Float32Array>();
const MOST_TILES = 24;

function once(key: string, make: () => Float32Array): Float32Array {
  const tile = made.get(key) ?? make();
  // The last one asked for is the last one to go.
  made.delete(key);
  made.set(key, tile);
  if (made.size > MOST_TILES) made.delete(made.keys().next().value as string);
  return tile;
}

/**
 * A tile of noise with a mean of 0 and a deviation of 1.
 * @param sigma how coarse it is, in pixels
 */
export const grainTile = (sigma: number, seed: number): Float32Array =>
  once(`grain ${sigma} ${seed}`, () => makeGrain(sigma, seed));

function makeGrain(sigma: number, seed: number): Float32Array {
  const white = new Float32Array(TILE * TILE);
  for (let y = 0, i = 0; y < TILE; y++) for (let x = 0; x < TILE; x++, i++) white[i] = hash(x, y, seed) - 0.5;
  return normalized(sigma < 0.3 ? white : blurTile(white, sigma));
}

/**
 * A tile of streaks, such as a pencil leaves: noise that is smeared along one direction.
 * @param step the direction as whole pixels, such as [1, 1], so that the streaks fit at the seams
 * @param width of a streak, in pixels
 * @param length of a streak, in steps
 */
export const streakTile = (
  step: readonly [number, number],
  width: number,
  length: number,
  seed: number,
): Float32Array => once(`streaks ${step} ${width} ${length} ${seed}`, () => makeStreaks(step, width, length, seed));

function makeStreaks(step: readonly [number, number], width: number, length: number, seed: number): Float32Array {
  let tile = grainTile(width * 0.45, seed);
  // Two running means make a streak that fades at its ends.
  for (let pass = 0; pass < 2; pass++) tile = meanAlong(tile, step, Math.max(1, Math.round(length / 4)));
  return normalized(tile);
}

/** The mean of `half` steps to each side, along every line that the step leads over the tile's seams. */
function meanAlong(tile: Float32Array, [dx, dy]: readonly [number, number], half: number): Float32Array {
  const out = new Float32Array(TILE * TILE);
  const done = new Uint8Array(TILE * TILE);
  const place = (x: number, y: number) => (y & TILE_MASK) * TILE + (x & TILE_MASK);
  for (let start = 0; start < done.length; start++) {
    if (done[start] as number) continue;
    let x = start & TILE_MASK;
    let y = (start / TILE) | 0;
    let sum = 0;
    for (let k = -half; k <= half; k++) sum += tile[place(x + k * dx, y + k * dy)] as number;
    for (let at = start; !(done[at] as number); at = place(x, y)) {
      done[at] = 1;
      out[at] = sum;
      sum +=
        (tile[place(x + (half + 1) * dx, y + (half + 1) * dy)] as number) -
        (tile[place(x - half * dx, y - half * dy)] as number);
      x += dx;
      y += dy;
    }
  }
  return out;
}

/**
 * Hills and valleys, for whatever must not look even: value noise (K. Perlin's lattice, with values in place of slopes). A mean of 0
 * and a deviation of 1.
 * @param cells how many hills there are in a side; each octave has twice as many, and is lower
 */
export const cloudTile = (cells: number, octaves: number, seed: number): Float32Array =>
  once(`clouds ${cells} ${octaves} ${seed}`, () => makeClouds(cells, octaves, seed));

function makeClouds(cells: number, octaves: number, seed: number): Float32Array {
  const out = new Float32Array(TILE * TILE);
  const line = new Float32Array(TILE);
  for (let octave = 0; octave < octaves; octave++) {
    const count = cells << octave;
    const size = TILE / count;
    const height = 0.55 ** octave;
    const lattice = Float32Array.from({ length: count * count }, (_, i) =>
      hash(i % count, Math.floor(i / count), seed + octave),
    );
    for (let y = 0, i = 0; y < TILE; y++) {
      const cy = Math.floor(y / size);
      const v = smoothstep(0, 1, y / size - cy);
      const top = cy * count;
      const bottom = ((cy + 1) % count) * count;
      for (let c = 0; c < count; c++)
        line[c] = height * mix(lattice[top + c] as number, lattice[bottom + c] as number, v);
      for (let x = 0; x < TILE; x++, i++) {
        const cx = (x / size) | 0;
        const t = x / size - cx;
        const next = cx + 1 === count ? 0 : cx + 1;
        out[i] =
          (out[i] as number) +
          ((line[cx] as number) + ((line[next] as number) - (line[cx] as number)) * t * t * (3 - 2 * t));
      }
    }
  }
  return normalized(out);
}

/** As `blur`, around the seams. */
function blurTile(tile: Float32Array, sigma: number): Float32Array {
  const margin = Math.min(TILE, Math.ceil(sigma * 3.5) + 1);
  const side = TILE + 2 * margin;
  const padded = emptyPlane({ width: side, height: side });
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      padded.data[y * side + x] = tile[
        ((y - margin + TILE) & TILE_MASK) * TILE + ((x - margin + TILE) & TILE_MASK)
      ] as number;
    }
  }
  const { data } = blur(padded, sigma);
  const out = new Float32Array(TILE * TILE);
  for (let y = 0; y < TILE; y++) {
    const from = (y + margin) * side + margin;
    out.set(data.subarray(from, from + TILE), y * TILE);
  }
  return out;
}

function normalized(tile: Float32Array): Float32Array {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < tile.length; i++) {
    sum += tile[i] as number;
    squares += (tile[i] as number) ** 2;
  }
  const mean = sum / tile.length;
  const deviation = Math.sqrt(Math.max(1e-12, squares / tile.length - mean ** 2));
  for (let i = 0; i < tile.length; i++) tile[i] = ((tile[i] as number) - mean) / deviation;
  return tile;
}

/** How far each pixel of a tile is moved, in shares of what is asked for; and how large a pixel of it is laid out. */
export interface Unrest {
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Pixels of the field. */
  readonly by: number;
  readonly scale: number;
}

/** Moves every pixel of a field, as a hand or wet paper would. @param channels how many interleaved values a pixel has */
export function wobble<Field extends Plane>(
  field: Field,
  { x: tileX, y: tileY, by, scale }: Unrest,
  channels = 1,
): Field {
  const { data, width, height } = field;
  const out = new Float32Array(data.length);
  const mostX = width - 1.001;
  const mostY = height - 1.001;
  if (mostX < 1 || mostY < 1) return field;
  const step = width * channels;
  const inverse = 1 / scale;
  for (let y = 0, to = 0; y < height; y++) {
    const row = ((y * inverse) & TILE_MASK) * TILE;
    for (let x = 0; x < width; x++) {
      const tile = row + ((x * inverse) & TILE_MASK);
      let fx = x + (tileX[tile] as number) * by;
      let fy = y + (tileY[tile] as number) * by;
      fx = fx < 0 ? 0 : Math.min(fx, mostX);
      fy = fy < 0 ? 0 : Math.min(fy, mostY);
      const x0 = fx | 0;
      const y0 = fy | 0;
      const u = fx - x0;
      const v = fy - y0;
      for (let c = 0, at = y0 * step + x0 * channels; c < channels; c++, at++, to++) {
        const top = (data[at] as number) + ((data[at + channels] as number) - (data[at] as number)) * u;
        const below = at + step;
        const bottom = (data[below] as number) + ((data[below + channels] as number) - (data[below] as number)) * u;
        out[to] = top + (bottom - top) * v;
      }
    }
  }
  return { data: out, width, height } as Field;
}

/** Rows of a tile laid over a picture, each of its pixels `scale` pixels large. The array is the same one each time. */
export function tileRows(tile: Float32Array, scale: number, width: number): (y: number) => Float32Array {
  const out = new Float32Array(width);
  if (scale <= 1) {
    return (y) => {
      const row = (y & TILE_MASK) * TILE;
      for (let x = 0; x < width; x++) out[x] = tile[row + (x & TILE_MASK)] as number;
      return out;
    };
  }
  const line = new Float32Array(TILE + 1);
  return (y) => {
    const fy = y / scale;
    const share = fy - Math.floor(fy);
    const top = (Math.floor(fy) & TILE_MASK) * TILE;
    const bottom = ((Math.floor(fy) + 1) & TILE_MASK) * TILE;
    for (let i = 0; i < TILE; i++)
      line[i] = (tile[top + i] as number) + ((tile[bottom + i] as number) - (tile[top + i] as number)) * share;
    line[TILE] = line[0] as number;
    const step = 1 / scale;
    for (let x = 0, fx = 0; x < width; x++, fx += step) {
      if (fx >= TILE) fx -= TILE;
      const i = fx | 0;
      out[x] = (line[i] as number) + ((line[i + 1] as number) - (line[i] as number)) * (fx - i);
    }
    return out;
  };
}
