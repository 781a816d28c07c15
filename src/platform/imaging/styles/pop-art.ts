import { blur } from './blur.ts';
import { type Canvas, clamp, ease, lumaOf, mix, shrink, shrinkFactor, smoothstep } from './canvas.ts';
import { channelOf, enlarge } from './enlarge.ts';
import { flowOf, lineResponse } from './flow.ts';
import { smoothColours } from './smooth.ts';
import { drawnTones } from './tones.ts';

type Ink = readonly [number, number, number];

/** Inks by hue, in degrees: what is between two of them takes the nearer one. */
const inks: readonly (readonly [hue: number, ink: Ink])[] = [
  [0, [230, 30, 44]],
  [24, [244, 96, 66]],
  [46, [255, 204, 0]],
  [72, [226, 214, 0]],
  [120, [0, 160, 84]],
  [185, [0, 176, 200]],
  [214, [0, 122, 220]],
  [245, [38, 60, 196]],
  [285, [128, 44, 168]],
  [328, [240, 44, 140]],
  [360, [230, 30, 44]],
];
const paper: Ink = [255, 247, 228];
const night: Ink = [22, 20, 56];
const black = 14;
/** What has no colour of its own is printed in blue. */
const neutral: Ink = [66, 148, 214];

/**
 * A comic strip made large: few inks, flat in the middle tones, thinned by Ben Day dots in the lights and crossed by dots of ink
 * towards the dark, with black outlines. With more strength the dots and the lines are larger.
 */
export function popArt(canvas: Canvas, strength: number): Canvas {
  const { data, width, height } = canvas;
  const full = Math.max(width, height);
  const factor = shrinkFactor(canvas, 1_500_000);
  const field = shrink(canvas, factor);
  const long = Math.max(field.width, field.height);
  smoothColours(field, 0.016 * long, 0.5);
  const luma = lumaOf(field);
  const flow = flowOf(luma, Math.max(1.4, 0.0025 * long));
  const outline = Math.max(0.8, (0.0009 + 0.0009 * strength) * long);
  const lines = enlarge(lineResponse(luma, flow, outline, Math.round(4 + 0.005 * long)), factor, width);
  const tones = enlarge(blur(drawnTones(luma, 0.52, 0.5), 0.001 * long), factor, width);
  const [reds, greens, blues] = [0, 1, 2].map((channel) => enlarge(channelOf(field, channel), factor, width)) as [
    ReturnType<typeof enlarge>,
    ReturnType<typeof enlarge>,
    ReturnType<typeof enlarge>,
  ];
  const byHue = hueTable();
  // The dots stand in rows that are turned by 45 degrees.
  const cell = Math.max(4, (0.0045 + 0.0055 * strength) * full);
  const turn = Math.SQRT1_2 / cell;
  const crisp = cell * 0.9;
  const byTone = (low: number, high: number) =>
    Float32Array.from({ length: 1025 }, (_, i) => smoothstep(low, high, i / 1024));
  const [lights, darks] = [byTone(0.52, 0.93), byTone(0.33, 0.04)];
  for (let y = 0; y < height; y++) {
    const [line, tone, red, green, blue] = [lines(y), tones(y), reds(y), greens(y), blues(y)];
    for (let x = 0, at = y * width * 3; x < width; x++, at += 3) {
      const drawn = ease((-(line[x] as number) - 0.005) * 110);
      if (drawn === 1) {
        data[at] = data[at + 1] = data[at + 2] = black;
        continue;
      }
      const value = clamp(tone[x] as number, 0, 1);
      // How much paper and how much night there is: at a border of a dot, a share of each.
      let bare = 0;
      let dark = 0;
      if (value > 0.54 || value < 0.33) {
        const u = (x + y) * turn;
        const v = (x - y + 2 * height) * turn;
        const du = u - ((u + 0.5) | 0);
        const dv = v - ((v + 0.5) | 0);
        const step = (value * 1024) | 0;
        if (value > 0.93) bare = 1;
        else if (value > 0.54) {
          // In the lights, ink lies in dots alone: smaller and smaller ones, until there is paper.
          const dot = clamp((0.66 - 0.5 * (lights[step] as number) - Math.sqrt(du * du + dv * dv)) * crisp + 0.5, 0, 1);
          bare = (1 - dot) * Math.min(1, (value - 0.54) * 60);
        } else {
          // Towards the dark, dots of the night's ink grow until they meet; they stand between the others.
          const du2 = Math.abs(du) - 0.5;
          const dv2 = Math.abs(dv) - 0.5;
          const away = Math.sqrt(du2 * du2 + dv2 * dv2);
          dark = clamp((0.12 + 0.62 * (darks[step] as number) - away) * crisp + 0.5, 0, 1);
        }
      }
      let printedR = bare * paper[0] + dark * night[0];
      let printedG = bare * paper[1] + dark * night[1];
      let printedB = bare * paper[2] + dark * night[2];
      const inked = 1 - bare - dark;
      if (inked > 0) {
        const r = red[x] as number;
        const g = green[x] as number;
        const b = blue[x] as number;
        const most = Math.max(r, g, b);
        const range = most - Math.min(r, g, b);
        const own = inked * ease((range - 0.07 * most - 0.007) / (0.12 * most + 0.012));
        const grey = inked - own;
        let entry = 0;
        if (own > 0) {
          const sixth = 120 / range;
          const place =
            most === r
              ? (g < b ? 720 : 0) + (g - b) * sixth
              : most === g
                ? 240 + (b - r) * sixth
                : 480 + (r - g) * sixth;
          entry = (place | 0) * 3;
        }
        printedR += grey * neutral[0] + own * (byHue[entry] as number);
        printedG += grey * neutral[1] + own * (byHue[entry + 1] as number);
        printedB += grey * neutral[2] + own * (byHue[entry + 2] as number);
      }
      data[at] = printedR + (black - printedR) * drawn;
      data[at + 1] = printedG + (black - printedG) * drawn;
      data[at + 2] = printedB + (black - printedB) * drawn;
    }
  }
  return canvas;
}

/** The ink of each half degree. Between two inks the change takes 6 degrees, so that borders are not ragged. */
function hueTable(): Float32Array {
  const table = new Float32Array(722 * 3);
  for (let i = 0; i < 722; i++) {
    const hue = Math.min(360, i / 2);
    const next = inks.findIndex(([place]) => place >= hue);
    const [toHue, to] = inks[Math.max(1, next)] as (typeof inks)[number];
    const [fromHue, from] = inks[Math.max(1, next) - 1] as (typeof inks)[number];
    const share = smoothstep(-3, 3, hue - (fromHue + toHue) / 2);
    for (let c = 0; c < 3; c++) table[i * 3 + c] = mix(from[c] as number, to[c] as number, share);
  }
  return table;
}
