import type { Random } from './random.ts';
import { mix } from './random.ts';

/** Smooth chance in the plane: about −1 to 1, changing within a distance of 1. */
export type Noise = (x: number, y: number) => number;

/** Gradient noise after Ken Perlin, "Improving Noise" (SIGGRAPH 2002), with 256 gradients of unit length. */
export function createNoise(random: Random): Noise {
  const order = new Uint8Array(512);
  const seed = mix(Math.floor(random() * 2 ** 32));
  for (let at = 0; at < 256; at++) order[at] = at;
  for (let at = 255, bits = seed; at > 0; at--) {
    bits = mix(bits + at);
    const other = bits % (at + 1);
    const kept = order[at] as number;
    order[at] = order[other] as number;
    order[other] = kept;
  }
  order.copyWithin(256, 0, 256);
  const gx = new Float64Array(256).map((_, at) => Math.cos((at * Math.PI) / 128) * 1.5);
  const gy = new Float64Array(256).map((_, at) => Math.sin((at * Math.PI) / 128) * 1.5);
  return (x, y) => {
    const left = Math.floor(x);
    const top = Math.floor(y);
    const fx = x - left;
    const fy = y - top;
    const u = fx * fx * fx * (fx * (fx * 6 - 15) + 10);
    const v = fy * fy * fy * (fy * (fy * 6 - 15) + 10);
    const column = left & 255;
    const next = (column + 1) & 255;
    const a = (order[column] as number) + (top & 255);
    const b = (order[next] as number) + (top & 255);
    const nw = order[a & 511] as number;
    const ne = order[b & 511] as number;
    const sw = order[(a + 1) & 511] as number;
    const se = order[(b + 1) & 511] as number;
    const n0 = (gx[nw] as number) * fx + (gy[nw] as number) * fy;
    const n1 = (gx[ne] as number) * (fx - 1) + (gy[ne] as number) * fy;
    const n2 = (gx[sw] as number) * fx + (gy[sw] as number) * (fy - 1);
    const n3 = (gx[se] as number) * (fx - 1) + (gy[se] as number) * (fy - 1);
    const upper = n0 + u * (n1 - n0);
    return upper + v * (n2 + u * (n3 - n2) - upper);
  };
}

/** Octaves of noise, each half as large and twice as fine: about −1 to 1. */
export function fractal(noise: Noise, octaves: number): Noise {
  let total = 0;
  for (let octave = 0, weight = 1; octave < octaves; octave++, weight /= 2) total += weight;
  return (x, y) => {
    let sum = 0;
    for (let octave = 0, weight = 1, scale = 1; octave < octaves; octave++, weight /= 2, scale *= 2.03) {
      sum += weight * noise(x * scale + octave * 17.3, y * scale - octave * 9.1);
    }
    return sum / total;
  };
}

/** A square of noise whose opposite edges fit together: looking it up costs a hundredth of computing it. */
export interface Tile {
  readonly side: number;
  readonly values: Float32Array;
}

/** White noise, softened `softness` times and stretched to a deviation of 1. `side` is a power of two. */
export function grainTile(random: Random, side: number, softness: number): Tile {
  let bits = Math.floor(random() * 2 ** 32);
  let values = new Float32Array(side * side);
  for (let at = 0; at < values.length; at++) {
    bits = (Math.imul(bits, 1664525) + 1013904223) | 0;
    values[at] = (bits >>> 8) / 2 ** 23 - 1;
  }
  for (let pass = 0; pass < softness; pass++) {
    const from = values;
    values = new Float32Array(side * side);
    const wrap = side - 1;
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const row = y * side;
        values[row + x] =
          (from[row + x] as number) * 0.4 +
          ((from[row + ((x + 1) & wrap)] as number) +
            (from[row + ((x - 1) & wrap)] as number) +
            (from[((y + 1) & wrap) * side + x] as number) +
            (from[((y - 1) & wrap) * side + x] as number)) *
            0.15;
      }
    }
  }
  return { side, values: standardised(values) };
}

/** Cloudy noise of several octaves on a tile: the coarsest takes `cells` to a side, each further one twice as many. */
export function cloudTile(random: Random, side: number, cells: number, octaves: number): Tile {
  const values = new Float32Array(side * side);
  for (let octave = 0, weight = 1, count = cells; octave < octaves; octave++, weight *= 0.55, count *= 2) {
    const lattice = Float32Array.from({ length: count * count }, () => random() * 2 - 1);
    for (let y = 0; y < side; y++) {
      const v = (y / side) * count;
      const top = Math.floor(v);
      const fy = smooth(v - top);
      const row = (top % count) * count;
      const below = ((top + 1) % count) * count;
      for (let x = 0; x < side; x++) {
        const u = (x / side) * count;
        const left = Math.floor(u);
        const fx = smooth(u - left);
        const next = (left + 1) % count;
        const upper = mixed(lattice[row + left] as number, lattice[row + next] as number, fx);
        const lower = mixed(lattice[below + left] as number, lattice[below + next] as number, fx);
        values[y * side + x] = (values[y * side + x] as number) + weight * mixed(upper, lower, fy);
      }
    }
  }
  return { side, values: standardised(values) };
}

/** Between the four values around a place; coordinates in tile pixels, wrapped. */
export function sampled({ side, values }: Tile, x: number, y: number): number {
  const wrap = side - 1;
  const left = Math.floor(x);
  const top = Math.floor(y);
  const fx = x - left;
  const fy = y - top;
  const row = (top & wrap) * side;
  const below = ((top + 1) & wrap) * side;
  const upper = mixed(values[row + (left & wrap)] as number, values[row + ((left + 1) & wrap)] as number, fx);
  const lower = mixed(values[below + (left & wrap)] as number, values[below + ((left + 1) & wrap)] as number, fx);
  return upper + (lower - upper) * fy;
}

const smooth = (t: number) => t * t * (3 - 2 * t);
const mixed = (from: number, to: number, share: number) => from + (to - from) * share;

function standardised(values: Float32Array): Float32Array<ArrayBuffer> {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  const deviation = Math.sqrt(squares / values.length - mean * mean) || 1;
  return Float32Array.from(values, (value) => (value - mean) / deviation);
}
