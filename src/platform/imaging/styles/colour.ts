import { clamp } from './canvas.ts';

/** Turns one colour, encoded sRGB of 0 to 1, into another, in place. */
export type Grade = (colour: [number, number, number]) => void;

/** sRGB's transfer curves (IEC 61966-2-1). */
export const toLinear = (value: number): number =>
  value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
export const toEncoded = (value: number): number =>
  value <= 0.0031308 ? Math.max(0, value) * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055;

/** Of encoded sRGB: lightness, and two axes from green to red and from blue to yellow (B. Ottosson, Oklab, 2020). */
export function toOklab(red: number, green: number, blue: number): [number, number, number] {
  const [r, g, b] = [toLinear(red), toLinear(green), toLinear(blue)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** Encoded sRGB of Oklab; what is outside of sRGB is cut off at its borders. */
export function fromOklab(lightness: number, a: number, b: number): [number, number, number] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    clamp(toEncoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s), 0, 1),
    clamp(toEncoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s), 0, 1),
    clamp(toEncoded(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s), 0, 1),
  ];
}

/** A grade of every colour, at `side`³ places, interleaved, from 0 to 255. */
export interface Cube {
  readonly values: Float32Array;
  readonly side: number;
}

/** @param side 25 is as good as each colour by itself; 17 is built in a third of the time, and differs by one level here and there */
export function buildCube(grade: Grade, side = 25): Cube {
  const values = new Float32Array(side ** 3 * 3);
  const last = side - 1;
  let at = 0;
  for (let b = 0; b < side; b++) {
    for (let g = 0; g < side; g++) {
      for (let r = 0; r < side; r++) {
        const colour: [number, number, number] = [r / last, g / last, b / last];
        grade(colour);
        for (const value of colour) values[at++] = clamp(value, 0, 1) * 255;
      }
    }
  }
  return { values, side };
}

/**
 * A row of pixels through a cube, between its places by tetrahedra, which keep greys as they are in it (J. Kasson et al., Tetrahedral
 * Interpolation Technique for Color Space Conversion, SPIE 1909, 1993).
 * @param out values of 0 to 255, interleaved
 */
export function gradeRow(
  { values: cube, side }: Cube,
  data: Uint8Array,
  from: number,
  pixels: number,
  out: Float32Array,
): void {
  const scale = (side - 1) / 255;
  const most = side - 2;
  const stepG = side * 3;
  const stepB = side * side * 3;
  for (let i = 0, at = from, to = 0; i < pixels; i++, at += 3, to += 3) {
    const r = (data[at] as number) * scale;
    const g = (data[at + 1] as number) * scale;
    const b = (data[at + 2] as number) * scale;
    const r0 = Math.min(r | 0, most);
    const g0 = Math.min(g | 0, most);
    const b0 = Math.min(b | 0, most);
    const fr = r - r0;
    const fg = g - g0;
    const fb = b - b0;
    const base = r0 * 3 + g0 * stepG + b0 * stepB;
    const end = base + 3 + stepG + stepB;
    // The two corners on the way from the darkest to the lightest one, and how far each of the three legs is gone.
    let second: number;
    let third: number;
    let first: number;
    let middle: number;
    let least: number;
    if (fr >= fg) {
      if (fg >= fb) {
        second = base + 3;
        third = base + 3 + stepG;
        first = fr;
        middle = fg;
        least = fb;
      } else if (fr >= fb) {
        second = base + 3;
        third = base + 3 + stepB;
        first = fr;
        middle = fb;
        least = fg;
      } else {
        second = base + stepB;
        third = base + stepB + 3;
        first = fb;
        middle = fr;
        least = fg;
      }
    } else if (fr >= fb) {
      second = base + stepG;
      third = base + stepG + 3;
      first = fg;
      middle = fr;
      least = fb;
    } else if (fg >= fb) {
      second = base + stepG;
      third = base + stepG + stepB;
      first = fg;
      middle = fb;
      least = fr;
    } else {
      second = base + stepB;
      third = base + stepB + stepG;
      first = fb;
      middle = fg;
      least = fr;
    }
    const w0 = 1 - first;
    const w1 = first - middle;
    const w2 = middle - least;
    out[to] =
      (cube[base] as number) * w0 +
      (cube[second] as number) * w1 +
      (cube[third] as number) * w2 +
      (cube[end] as number) * least;
    out[to + 1] =
      (cube[base + 1] as number) * w0 +
      (cube[second + 1] as number) * w1 +
      (cube[third + 1] as number) * w2 +
      (cube[end + 1] as number) * least;
    out[to + 2] =
      (cube[base + 2] as number) * w0 +
      (cube[second + 2] as number) * w1 +
      (cube[third + 2] as number) * w2 +
      (cube[end + 2] as number) * least;
  }
}

/** 1 at a hue, falling to 0 at `width` degrees to either side. */
export function aroundHue(hue: number, middle: number, width: number): number {
  const away = Math.abs(((hue - middle + 540) % 360) - 180);
  return away >= width ? 0 : 0.5 + 0.5 * Math.cos((Math.PI * away) / width);
}
