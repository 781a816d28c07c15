import { blur } from './blur.ts';
import { type Canvas, clamp, ease, lumaOf, shrink, shrinkFactor, smoothstep } from './canvas.ts';
import { enlarge } from './enlarge.ts';
import { flowOf, lineResponse } from './flow.ts';
import { cloudTile, grainTile, streakTile, tileRows, wobble } from './noise.ts';
import { smoothColours } from './smooth.ts';
import { drawnTones } from './tones.ts';

/**
 * A loose charcoal drawing on toned paper: outlines set twice by a hand that does not hit the same place, shadows rubbed in with the
 * side of the stick so that they catch on the paper's tooth. With more strength the lines are heavier and the shadows go further.
 */
export function sketch(canvas: Canvas, strength: number): Canvas {
  const { data, width, height } = canvas;
  const full = Math.max(width, height);
  const factor = shrinkFactor(canvas, 1_300_000);
  const field = shrink(canvas, factor);
  const long = Math.max(field.width, field.height);
  smoothColours(field, 0.006 * long, 0.26);
  const luma = lumaOf(field);
  const tones = drawnTones(luma, 0.57, 0.72);

  const flow = flowOf(tones, Math.max(1.5, 0.003 * long));
  const lines = lineResponse(
    tones,
    flow,
    Math.max(0.8, (0.0009 + 0.0006 * strength) * long),
    Math.round(4 + 0.005 * long),
  );
  const hand = [cloudTile(8, 2, 11), cloudTile(8, 2, 12), cloudTile(8, 2, 13)] as const;
  const slip = 0.0012 * long;
  const first = enlarge(wobble(lines, { x: hand[0], y: hand[1], by: slip, scale: long / 900 }), factor, width);
  const second = enlarge(wobble(lines, { x: hand[2], y: hand[0], by: -1.6 * slip, scale: long / 700 }), factor, width);
  const shade = enlarge(blur(tones, 0.0011 * long), factor, width);

  const grain = Math.max(1, full / 1500);
  const tooths = tileRows(grainTile(0.7, 21), Math.max(1, full / 2600), width);
  const strokes = tileRows(streakTile([1, -1], 2.4, 46, 22), grain, width);
  const reach = 0.28 + 0.5 * strength;
  const weight = 0.55 + 0.5 * strength;
  // Rubbed: how much powder lies there, by tone.
  const byTone = Float32Array.from({ length: 1025 }, (_, i) => reach * smoothstep(0.28, 1.02, 1 - i / 1024));
  const faint = Float32Array.from({ length: 1025 }, (_, i) => 0.05 * smoothstep(0.2, 0.6, 1 - i / 1024));
  for (let y = 0; y < height; y++) {
    const [one, two, tone, tooth, stroke] = [first(y), second(y), shade(y), tooths(y), strokes(y)];
    for (let x = 0, at = y * width * 3; x < width; x++, at += 3) {
      const t = (clamp(tone[x] as number, 0, 1) * 1024) | 0;
      const bumps = tooth[x] as number;
      const line =
        weight * Math.max(ease((-(one[x] as number) - 0.006) * 42), 0.62 * ease((-(two[x] as number) - 0.01) * 38));
      const powder = (byTone[t] as number) * (1 + 0.22 * (stroke[x] as number)) + (faint[t] as number);
      // How much of it the tooth has taken.
      const taken = powder > 0 ? ease((0.8 * bumps + 2.4 * powder + 1.6) * (0.25 + 0.09 * powder)) : 0;
      const drawn = line > 0 ? line * ease((bumps + 2.2 * line + 1.9) * 0.5) : 0;
      const ink = Math.min(0.96, 1 - (1 - powder * taken) * (1 - drawn));
      const paper = (1 + 0.01 * Math.min(4, bumps)) * (1 - ink);
      data[at] = 243 * paper + 34 * ink;
      data[at + 1] = 238 * paper + 32 * ink;
      data[at + 2] = 227 * paper + 33 * ink;
    }
  }
  return canvas;
}
