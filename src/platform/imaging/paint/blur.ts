import type { Coverage } from './coverage.ts';
import { discard } from './discard.ts';

/** Values on a rectangle of pixels. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/**
 * A plane blurred about as by a Gaussian whose deviation is `radius` pixels: shrunk until the radius is 2 pixels or so, blurred by two boxes each way, and
 * enlarged again. Its edges are taken to go on as they are, or with `outside`, to be surrounded by that.
 */
export function blurred(plane: Plane, radius: number, outside: number | null = null): Float32Array {
  const factor = Math.max(1, Math.floor(radius / 2));
  const small = shrunk(plane, factor);
  const side = Math.max(1, Math.round((radius / factor) * 1.2));
  for (let pass = 0; pass < 2; pass++) {
    box(small.values, small.width, small.height, 1, small.width, side, outside);
    box(small.values, small.height, small.width, small.width, 1, side, outside);
  }
  const out = enlarged(small, factor, plane.width, plane.height);
  if (out !== small.values) discard(small.values);
  return out;
}

/** How much of the neighbourhood of each pixel is covered. */
export const blurredCoverage = (coverage: Coverage, radius: number): Float32Array => blurred(coverage, radius);

/** The same area with an empty margin of `by` pixels, within the picture. */
export function padded(
  { left, top, width, height, values }: Coverage,
  by: number,
  across: number,
  down: number,
): Coverage {
  const area = {
    left: Math.max(0, left - by),
    top: Math.max(0, top - by),
    right: Math.min(across, left + width + by),
    bottom: Math.min(down, top + height + by),
  };
  const wide = area.right - area.left;
  const out = new Float32Array(wide * (area.bottom - area.top));
  for (let y = 0; y < height; y++) {
    out.set(values.subarray(y * width, (y + 1) * width), (top + y - area.top) * wide + left - area.left);
  }
  return { left: area.left, top: area.top, width: wide, height: area.bottom - area.top, values: out };
}

/** Means of squares of `factor` pixels. */
export function shrunk({ width, height, values }: Plane, factor: number): Plane {
  if (factor === 1) return { width, height, values: values.slice() };
  const across = Math.ceil(width / factor);
  const down = Math.ceil(height / factor);
  const out = new Float32Array(across * down);
  for (let y = 0; y < down; y++) {
    const bottom = Math.min(height, (y + 1) * factor);
    for (let x = 0; x < across; x++) {
      const right = Math.min(width, (x + 1) * factor);
      let sum = 0;
      for (let v = y * factor; v < bottom; v++)
        for (let u = x * factor; u < right; u++) sum += values[v * width + u] as number;
      out[y * across + x] = sum / ((bottom - y * factor) * (right - x * factor));
    }
  }
  return { width: across, height: down, values: out };
}

/** Between the means' middles. */
export function enlarged(small: Plane, factor: number, width: number, height: number): Float32Array {
  if (factor === 1) return small.values;
  const out = new Float32Array(width * height);
  const lastX = small.width - 1;
  const lastY = small.height - 1;
  for (let y = 0; y < height; y++) {
    const v = Math.min(lastY, Math.max(0, (y + 0.5) / factor - 0.5));
    const top = Math.floor(v) * small.width;
    const below = Math.min(lastY, Math.floor(v) + 1) * small.width;
    const fy = v - Math.floor(v);
    for (let x = 0; x < width; x++) {
      const u = Math.min(lastX, Math.max(0, (x + 0.5) / factor - 0.5));
      const left = Math.floor(u);
      const right = Math.min(lastX, left + 1);
      const fx = u - left;
      const nw = small.values[top + left] as number;
      const sw = small.values[below + left] as number;
      const upper = nw + ((small.values[top + right] as number) - nw) * fx;
      const lower = sw + ((small.values[below + right] as number) - sw) * fx;
      out[y * width + x] = upper + (lower - upper) * fy;
    }
  }
  return out;
}

/** A running mean of 2 × `side` + 1 values along each of `lines` lines. */
function box(
  values: Float32Array,
  length: number,
  lines: number,
  step: number,
  lineStep: number,
  side: number,
  outside: number | null,
) {
  const kept = new Float32Array(length);
  const share = 1 / (2 * side + 1);
  for (let line = 0; line < lines; line++) {
    const start = line * lineStep;
    for (let at = 0; at < length; at++) kept[at] = values[start + at * step] as number;
    const before = outside ?? (kept[0] as number);
    const after = outside ?? (kept[length - 1] as number);
    const valueAt = (at: number) => (at < 0 ? before : at >= length ? after : (kept[at] as number));
    let sum = 0;
    for (let at = -side; at <= side; at++) sum += valueAt(at);
    for (let at = 0; at < length; at++) {
      values[start + at * step] = sum * share;
      sum += valueAt(at + side + 1) - valueAt(at - side);
    }
  }
}
