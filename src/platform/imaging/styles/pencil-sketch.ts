import { blur } from './blur.ts';
import {
  type Canvas,
  clamp,
  ease,
  emptyPlane,
  lumaOf,
  mix,
  type Plane,
  shrink,
  shrinkFactor,
  smoothstep,
} from './canvas.ts';
import { enlarge } from './enlarge.ts';
import { flowOf, lineResponse } from './flow.ts';
import { grainTile, streakTile, tileRows } from './noise.ts';

/**
 * Fine graphite on white paper: thin lines, tones as pencil drawings have them and not as photographs do, laid in as hatching whose
 * layers cross in the shadows (C. Lu, L. Xu, J. Jia, Combining Sketch and Tone for Pencil Drawing Production, NPAR 2012). What is
 * small comes from dividing the picture by its blur, as printers dodged and burned. With more strength the pencil is softer.
 */
export function pencilSketch(canvas: Canvas, strength: number): Canvas {
  const { data, width, height } = canvas;
  const full = Math.max(width, height);
  const factor = shrinkFactor(canvas, 2_000_000);
  const luma = lumaOf(shrink(canvas, factor));
  const long = Math.max(luma.width, luma.height);
  const flow = flowOf(luma, Math.max(1, 0.0012 * long));
  const fine = enlarge(lineResponse(luma, flow, Math.max(0.6, 0.00055 * long), 4), factor, width);
  const dodged = enlarge(dodge(luma, 0.0045 * long), factor, width);
  const tones = enlarge(blur(matchTones(luma, strength), 0.0012 * long), factor, width);

  const grain = Math.max(1, full / 2300);
  const tooths = tileRows(grainTile(0.6, 31), grain, width);
  // How dark the pencil leaves a place of the paper, in each of three directions.
  const hatch = (step: readonly [number, number], thickness: number, length: number, seed: number) =>
    tileRows(
      streakTile(step, thickness, length, seed).map((value) => smoothstep(-1.3, 1.45, value)),
      grain,
      width,
    );
  const layers = [hatch([1, -1], 1.5, 60, 32), hatch([1, -2], 1.5, 40, 33), hatch([2, 1], 1.6, 40, 34)] as const;
  const soft = 0.5 + 0.5 * strength;
  // By tone: how much of each direction is laid in, and of what is rubbed in between.
  const byTone = (low: number, high: number, most: number) =>
    Float32Array.from({ length: 1025 }, (_, i) => most * soft * smoothstep(high, low, i / 1024));
  const [first, second, third, rubbed] = [
    byTone(0.35, 0.97, 0.5),
    byTone(0.15, 0.68, 0.5),
    byTone(0, 0.4, 0.55),
    Float32Array.from({ length: 1025 }, (_, i) => 0.22 * soft * (1 - i / 1024)),
  ] as const;
  const pressed = 0.78 * (0.6 + 0.4 * soft);
  for (let y = 0; y < height; y++) {
    const [line, detail, tone, tooth] = [fine(y), dodged(y), tones(y), tooths(y)];
    const [along, across, over] = layers.map((layer) => layer(y)) as [Float32Array, Float32Array, Float32Array];
    for (let x = 0, at = y * width * 3; x < width; x++, at += 3) {
      const t = (clamp(tone[x] as number, 0, 1) * 1024) | 0;
      const hatched =
        (1 - (first[t] as number) * (along[x] as number)) *
        (1 - (second[t] as number) * (across[x] as number)) *
        (1 - (third[t] as number) * (over[x] as number));
      const outline = ease((-(line[x] as number) - 0.004) * 45);
      const dark =
        1 - hatched * (1 - (rubbed[t] as number)) * (0.2 + 0.8 * (detail[x] as number)) * (1 - pressed * outline);
      // Graphite lies on the tooth's tips, and fills it only where one presses.
      const graphite = clamp(dark * (1 + 0.2 * (tooth[x] as number) * (1 - dark)), 0, 0.93);
      const paper = (1 + 0.006 * (tooth[x] as number)) * (1 - graphite);
      data[at] = Math.min(255, 251 * paper + 46 * graphite);
      data[at + 1] = Math.min(255, 250 * paper + 46 * graphite);
      data[at + 2] = Math.min(255, 246 * paper + 52 * graphite);
    }
  }
  return canvas;
}

/** The picture divided by its blur: 1 where nothing is, darker along whatever is darker than what is around it. */
function dodge(luma: Plane, sigma: number): Plane {
  const around = blur(luma, Math.max(1, sigma));
  const out = emptyPlane(luma);
  for (let i = 0; i < out.data.length; i++) {
    const ratio = Math.min(1, ((luma.data[i] as number) + 0.03) / ((around.data[i] as number) + 0.03));
    // What is as weak as noise stays paper.
    out.data[i] = ratio + (1 - ratio) * smoothstep(0.9, 0.99, ratio);
  }
  return out;
}

/**
 * Spreads a picture's tones as artists do: much paper, an even share of greys, some deep shadow. The three parts and their parameters
 * are those of the paper's section 3.2.1.
 */
function matchTones(luma: Plane, strength: number): Plane {
  const wanted = new Float64Array(256);
  const weights = [mix(66, 46, strength), mix(28, 36, strength), mix(6, 18, strength)] as [number, number, number];
  for (let v = 0; v < 256; v++) {
    const bright = Math.exp(-(255 - v) / 9) / 9;
    const even = v >= 105 && v <= 225 ? 1 / 120 : 0;
    const deep = Math.exp(-((v - 80) ** 2) / (2 * 16 ** 2)) / (16 * Math.sqrt(2 * Math.PI));
    wanted[v] = weights[0] * bright + weights[1] * even + weights[2] * deep;
  }
  const counts = new Float64Array(256);
  for (const value of luma.data) {
    const at = (clamp(value, 0, 1) * 255) | 0;
    counts[at] = (counts[at] as number) + 1;
  }
  const total = wanted.reduce((sum, value) => sum + value, 0);
  const table = new Float32Array(256);
  for (let v = 0, to = 0, have = 0, reached = (wanted[0] as number) / total; v < 256; v++) {
    have += (counts[v] as number) / luma.data.length;
    while (to < 255 && reached < have) reached += (wanted[++to] as number) / total;
    // Half of the way: a picture of fog stays light, and one of the night dark.
    table[v] = 0.62 * (to / 255) + 0.38 * (v / 255);
  }
  const out = emptyPlane(luma);
  for (let i = 0; i < out.data.length; i++) {
    const place = clamp(luma.data[i] as number, 0, 0.9999) * 255;
    const v = place | 0;
    out.data[i] = (table[v] as number) + ((table[v + 1] as number) - (table[v] as number)) * (place - v);
  }
  return out;
}
