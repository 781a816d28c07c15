import { blur } from './blur.ts';
import { type Canvas, clamp, emptyPlane, lumaOf, mix, type Plane, shrink, shrinkFactor, smoothstep } from './canvas.ts';
import { channelOf, enlarge } from './enlarge.ts';
import { cloudTile, grainTile, tileRows, wobble } from './noise.ts';
import { smoothColours } from './smooth.ts';

/**
 * Washes on rough paper: colours that have run together, pigment that lies unevenly, dries darker along the edges of each wash and
 * settles in the paper's grain; lights are the paper itself (A. Bousseau, M. Kaplan, J. Thollot, F. Sillion, Interactive Watercolor
 * Rendering with Temporal Coherence and Abstraction, NPAR 2006, whose model of pigment density this is). With more strength the washes
 * are wetter: larger, fewer, with harder borders.
 */
export function watercolor(canvas: Canvas, strength: number): Canvas {
  const { data, width, height } = canvas;
  const full = Math.max(width, height);
  const factor = shrinkFactor(canvas, 1_500_000);
  const field = shrink(canvas, factor);
  const long = Math.max(field.width, field.height);
  smoothColours(field, (0.007 + 0.013 * strength) * long, 0.22 + 0.3 * strength);

  // Wet paper: borders waver, by the width of a brush and by that of a hair.
  const [broadX, broadY] = [cloudTile(8, 2, 43), cloudTile(8, 2, 44)] as const;
  const [hairX, hairY] = [cloudTile(64, 1, 41), cloudTile(64, 1, 42)] as const;
  const washed = wobble(
    field,
    {
      x: broadX.map((value, i) => value + 0.32 * (hairX[i] as number)),
      y: broadY.map((value, i) => value + 0.32 * (hairY[i] as number)),
      by: 0.0026 * long * strength,
      scale: long / 900,
    },
    3,
  );
  const luma = lumaOf(washed);
  const [reds, greens, blues] = [0, 1, 2].map((channel) => enlarge(channelOf(washed, channel), factor, width)) as [
    ReturnType<typeof enlarge>,
    ReturnType<typeof enlarge>,
    ReturnType<typeof enlarge>,
  ];
  const rims = enlarge(dryEdges(luma, long, strength), factor, width);

  const grain = Math.max(1, full / 1800);
  const tooths = tileRows(paperTile(), grain, width);
  const flows = tileRows(cloudTile(4, 5, 46), Math.max(1, full / 700), width);
  const specks = tileRows(grainTile(0.7, 47), grain, width);
  const granulation = 0.075 + 0.06 * strength;
  const unevenness = 0.1 + 0.12 * strength;
  // Thinned with water: no black, lights near the paper, colours clearer than they were.
  const lively = 1.12 + 0.26 * strength;
  const thinned = Float32Array.from({ length: 1025 }, (_, i) => {
    const wash = 1 - (1 - i / 1024) * 0.86;
    return wash + 0.07 * smoothstep(0.5, 0.95, wash);
  });
  const clearer = thinned.map((thin, i) => (lively * thin) / Math.max(0.04, i / 1024));
  // What a step adds to a brightness, and how much pigment has gathered just inside of its border.
  const levels = 7.5 - 2 * strength;
  const ragged = 0.012 * strength;
  const steps = new Float32Array(1025);
  const drying = new Float32Array(1025);
  for (let i = 0; i <= 1024; i++) {
    const place = (i / 1024) * levels;
    const away = place - Math.round(place);
    steps[i] = (0.62 * strength * (0.5 * Math.tanh(14 * away) - away)) / levels;
    drying[i] = away < 0 && place < levels - 0.8 ? 0.2 * strength * Math.exp(-(((away + 0.035) / 0.045) ** 2)) : 0;
  }
  for (let y = 0; y < height; y++) {
    const [red, green, blue, rim] = [reds(y), greens(y), blues(y), rims(y)];
    const [tooth, flow, speck] = [tooths(y), flows(y), specks(y)];
    for (let x = 0, at = y * width * 3; x < width; x++, at += 3) {
      const seen = 0.299 * (red[x] as number) + 0.587 * (green[x] as number) + 0.114 * (blue[x] as number);
      // Washes overlap in steps; where one ends is a matter of how the water ran.
      const i = (clamp(seen + ragged * ((flow[x] as number) + 0.35 * (speck[x] as number)), 0, 1) * 1024) | 0;
      const value = clamp(seen + (steps[i] as number), 0, 1);
      const wash = (value * 1024) | 0;
      const thin = thinned[wash] as number;
      const push = clearer[wash] as number;
      const r = clamp(thin + ((red[x] as number) - seen) * push, 0.02, 0.985);
      const g = clamp(thin + ((green[x] as number) - seen) * push, 0.02, 0.985);
      const b = clamp(thin + ((blue[x] as number) - seen) * push, 0.02, 0.985);
      // How much more pigment lies there than the colour has.
      const more =
        unevenness * (flow[x] as number) +
        (rim[x] as number) +
        (drying[i] as number) +
        granulation * ((tooth[x] as number) + 0.45 * (speck[x] as number)) * (1.25 - 0.9 * thin);
      const light = 1 + 0.013 * (tooth[x] as number);
      data[at] = clamp(pigment(r, more) * 252 * light, 0, 255);
      data[at + 1] = clamp(pigment(g, more) * 249 * light, 0, 255);
      data[at + 2] = clamp(pigment(b, more) * 243 * light, 0, 255);
    }
  }
  return canvas;
}

/** A colour with more or less pigment than it has: `c × (1 − (1 − c)(d − 1))`, section 3.1 of the paper. */
const pigment = (colour: number, more: number): number => colour * (1 - (1 - colour) * more);

/** Pigment is carried to the border of a wash while it dries: darker on its own side, paler just outside. */
function dryEdges(luma: Plane, long: number, strength: number): Plane {
  const sharp = blur(luma, Math.max(0.5, 0.0005 * long));
  const around = blur(luma, Math.max(0.9, 0.0022 * long));
  const far = blur(luma, Math.max(1.6, 0.009 * long));
  const out = emptyPlane(luma);
  const most = mix(0.4, 0.85, strength);
  for (let i = 0; i < out.data.length; i++) {
    const near = (around.data[i] as number) - (sharp.data[i] as number);
    const wide = (far.data[i] as number) - (sharp.data[i] as number);
    const rim = 7.5 * near + 1.1 * wide;
    out.data[i] = rim > 0 ? most * (rim / (0.55 + rim)) * 1.25 : Math.max(-0.22, 0.6 * rim);
  }
  return out;
}

/** Cold-pressed paper: bumps in two sizes, lit from one side. */
function paperTile(): Float32Array {
  const coarse = grainTile(2.4, 48);
  const fine = grainTile(1, 49);
  return coarse.map((value, i) => 0.78 * value + 0.45 * (fine[i] as number));
}
