import {
  type Canvas,
  type ColourField,
  clamp,
  lumaOf,
  mix,
  percentiles,
  shrink,
  shrinkFactor,
  smoothstep,
} from './canvas.ts';
import { toLinear } from './colour.ts';
import { enlarge } from './enlarge.ts';
import { guidedFilter } from './smooth.ts';

/**
 * What a careful hand does in the darkroom: the light's cast taken back, the whole range used, shadows opened and lights held by an
 * edge-keeping base (so that there are no halos), local contrast and fine sharpness raised, pale colours more than strong ones.
 */
export function enhance(canvas: Canvas, strength: number): Canvas {
  const { data, width, height } = canvas;
  const factor = shrinkFactor(canvas, 400_000);
  const small = shrink(canvas, factor);
  const gains = balance(small, strength);
  const luma = lumaOf(small);
  const curve = toneCurve(luma, strength);
  const radius = Math.max(2, Math.round((0.022 * Math.max(width, height)) / factor));
  const filter = guidedFilter(luma, radius, 0.012);
  const slopes = enlarge(filter.a, factor, width);
  const bases = enlarge(filter.b, factor, width);

  const [scaleR, scaleG, scaleB] = gains.map((gain) => gain / 255) as [number, number, number];
  const rows = [0, 1, 2].map(() => new Float32Array(width)) as [Float32Array, Float32Array, Float32Array];
  const readLuma = (y: number, into: Float32Array) => {
    for (let x = 0, at = y * width * 3; x < width; x++, at += 3) {
      into[x] =
        (0.299 * (data[at] as number) + 0.587 * (data[at + 1] as number) + 0.114 * (data[at + 2] as number)) / 255;
    }
  };
  let [above, here, below] = rows;
  readLuma(0, here);
  above.set(here);
  const detailGain = 0.75 * strength;
  const sharpness = 0.9 * strength;
  const vibrance = 0.42 * strength;
  for (let y = 0; y < height; y++) {
    if (y + 1 < height) readLuma(y + 1, below);
    else below.set(here);
    const slope = slopes(y);
    const base0 = bases(y);
    for (let x = 0, at = y * width * 3; x < width; x++, at += 3) {
      const left = x > 0 ? x - 1 : x;
      const right = x + 1 < width ? x + 1 : x;
      const value = here[x] as number;
      const around =
        0.25 * value +
        0.125 * ((here[left] as number) + (here[right] as number) + (above[x] as number) + (below[x] as number)) +
        0.0625 *
          ((above[left] as number) + (above[right] as number) + (below[left] as number) + (below[right] as number));
      // Differences as small as a sensor's noise are no detail; large ones are sharp already.
      const fine = value - around;
      const size = Math.abs(fine);
      const fineGain = size < 0.006 ? 0 : (sharpness * (size - 0.006)) / (size * (1 + 14 * size));
      const base = (slope[x] as number) * value + (base0[x] as number);
      const detail = value - base;
      const place = clamp(base, 0, 1) * 1023;
      const i = place | 0;
      const toned = (curve[i] as number) + ((curve[i + 1] as number) - (curve[i] as number)) * (place - i);
      const lively = detailGain * (0.35 + 2.6 * base * (1 - base));
      const wanted = clamp(toned + detail * (1 + lively / (1 + 5 * Math.abs(detail))) + fine * fineGain, 0, 1);
      const ratio = wanted / Math.max(0.02, value);
      const lift = Math.min(ratio, 2.4);
      const r = (data[at] as number) * scaleR * lift;
      const g = (data[at + 1] as number) * scaleG * lift;
      const b = (data[at + 2] as number) * scaleB * lift;
      const most = Math.max(r, g, b);
      const least = Math.min(r, g, b);
      const saturation = most > 1e-4 ? (most - least) / most : 0;
      const grey = 0.299 * r + 0.587 * g + 0.114 * b;
      // Skin is where red leads and blue trails: it takes half.
      const skin = r > g && g > b ? 0.5 : 1;
      let push = 1 + vibrance * skin * (1 - saturation) * Math.min(1, saturation * 6);
      // Never so far that a channel is cut off.
      if (most > grey && grey + (most - grey) * push > 1) push = Math.max(1, (1 - grey) / (most - grey));
      data[at] = clamp((grey + (r - grey) * push) * 255 + 0.5, 0, 255);
      data[at + 1] = clamp((grey + (g - grey) * push) * 255 + 0.5, 0, 255);
      data[at + 2] = clamp((grey + (b - grey) * push) * 255 + 0.5, 0, 255);
    }
    [above, here, below] = [here, below, above];
  }
  return canvas;
}

/**
 * Gains of the channels that take a part of the light's cast back: the colour that the picture's lighter parts have in the mean
 * (G. Finlayson, E. Trezzi, Shades of Gray and Colour Constancy, CIC 2004, p = 6). A sunset stays one: no gain is beyond 7 %.
 */
function balance({ data }: ColourField, strength: number): number[] {
  const sums = [0, 0, 0];
  for (let at = 0; at < data.length; at += 3) {
    for (let c = 0; c < 3; c++) sums[c] = (sums[c] as number) + toLinear(data[at + c] as number) ** 6;
  }
  const light = sums.map((sum) => (sum / (data.length / 3)) ** (1 / 6) + 1e-4);
  const mean = ((light[0] as number) + (light[1] as number) + (light[2] as number)) / 3;
  // The gains are of encoded values, hence the root.
  return light.map((value) => clamp((mean / value) ** (0.45 * 0.5 * strength), 0.93, 1.07));
}

/** What becomes of each brightness of the base: 1025 values. */
function toneCurve(luma: Parameters<typeof percentiles>[0], strength: number): Float32Array {
  const [low, middle, high] = percentiles(luma, 0.004, 0.5, 0.996) as [number, number, number];
  const black = Math.min(low, 0.14) * 0.85;
  const white = Math.max(high, 0.78);
  const centre = clamp((middle - black) / (white - black), 0.05, 0.95);
  const gamma = clamp(Math.log(mix(centre, 0.46, 0.45)) / Math.log(centre), 0.72, 1.18);
  return Float32Array.from({ length: 1025 }, (_, i) => {
    const value = i / 1023;
    const stretched = clamp((value - black) / (white - black), 0, 1) ** gamma;
    // Shadows open, lights are held, and a little of an S between them.
    const opened = stretched + 0.1 * smoothstep(0, 0.12, stretched) * (1 - smoothstep(0.1, 0.55, stretched));
    const held = opened - 0.05 * smoothstep(0.6, 0.92, opened) * (1 - smoothstep(0.94, 1, opened));
    return mix(value, held, strength);
  });
}
