/** A picture that is worked on: sRGB, 8 bits a channel, red, green and blue, rows without padding. */
export interface Canvas {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** One number a pixel, mostly from 0 to 1. */
export interface Plane {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** Three numbers a pixel, interleaved, from 0 to 1. */
export interface ColourField {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

export const clamp = (value: number, low: number, high: number): number => (value < low ? low : Math.min(value, high));

/** Hermite's step from 0 at `low` to 1 at `high`; `low` may be the larger one. */
export function smoothstep(low: number, high: number, value: number): number {
  const t = clamp((value - low) / (high - low), 0, 1);
  return t * t * (3 - 2 * t);
}

/** As `smoothstep`, of a value that is 0 at the low end and 1 at the high one: where a loop over all pixels has no time to divide. */
export function ease(t: number): number {
  return t <= 0 ? 0 : t >= 1 ? 1 : t * t * (3 - 2 * t);
}

export const mix = (from: number, to: number, share: number): number => from + (to - from) * share;

/** The whole number by which both sides must be divided for a picture to have no more than `most` pixels. */
export const shrinkFactor = ({ width, height }: { width: number; height: number }, most: number): number =>
  Math.max(1, Math.ceil(Math.sqrt((width * height) / most)));

/** The picture shrunk by a whole number, each value the mean of a square; the last squares of a row may be smaller. */
export function shrink({ data, width, height }: Canvas, factor: number): ColourField {
  const smallWidth = Math.ceil(width / factor);
  const smallHeight = Math.ceil(height / factor);
  const out = new Float32Array(smallWidth * smallHeight * 3);
  for (let y = 0; y < smallHeight; y++) {
    const rows = Math.min(factor, height - y * factor);
    for (let dy = 0; dy < rows; dy++) {
      let at = (y * factor + dy) * width * 3;
      for (let x = 0; x < smallWidth; x++) {
        const columns = Math.min(factor, width - x * factor);
        let r = 0;
        let g = 0;
        let b = 0;
        for (let dx = 0; dx < columns; dx++, at += 3) {
          r += data[at] as number;
          g += data[at + 1] as number;
          b += data[at + 2] as number;
        }
        const to = (y * smallWidth + x) * 3;
        const share = 1 / (255 * columns * rows);
        out[to] = (out[to] as number) + r * share;
        out[to + 1] = (out[to + 1] as number) + g * share;
        out[to + 2] = (out[to + 2] as number) + b * share;
      }
    }
  }
  return { data: out, width: smallWidth, height: smallHeight };
}

/** A plane of half the sides, each value the mean of a square. */
export function halve({ data, width, height }: Plane): Plane {
  const out = emptyPlane({ width: (width + 1) >> 1, height: (height + 1) >> 1 });
  for (let y = 0, i = 0; y < out.height; y++) {
    const top = 2 * y * width;
    const bottom = Math.min(height - 1, 2 * y + 1) * width;
    for (let x = 0; x < out.width; x++, i++) {
      const left = 2 * x;
      const right = Math.min(width - 1, left + 1);
      out.data[i] =
        0.25 *
        ((data[top + left] as number) +
          (data[top + right] as number) +
          (data[bottom + left] as number) +
          (data[bottom + right] as number));
    }
  }
  return out;
}

/** How bright a field is, as the eye weighs encoded colours (ITU-R BT.601, 2.5.1). */
export function lumaOf({ data, width, height }: ColourField): Plane {
  const out = new Float32Array(width * height);
  for (let i = 0, at = 0; i < out.length; i++, at += 3) {
    out[i] = 0.299 * (data[at] as number) + 0.587 * (data[at + 1] as number) + 0.114 * (data[at + 2] as number);
  }
  return { data: out, width, height };
}

export const emptyPlane = ({ width, height }: { width: number; height: number }): Plane => ({
  data: new Float32Array(width * height),
  width,
  height,
});

/** The value below which a share of a plane's values lies, to 1/1024. */
export function percentiles({ data }: Plane, ...shares: number[]): number[] {
  const counts = new Uint32Array(1025);
  for (const value of data) {
    const at = Math.round(clamp(value, 0, 1) * 1024);
    counts[at] = (counts[at] as number) + 1;
  }
  return shares.map((share) => {
    let left = share * data.length;
    let value = 0;
    while (value < 1024 && (left -= counts[value] as number) > 0) value++;
    return value / 1024;
  });
}
