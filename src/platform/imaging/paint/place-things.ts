import { blend, type Lab, lch, shifted } from './oklab.ts';
import { placed } from './outlines.ts';
import type { Layer, Setting } from './scene.ts';
import type { Thing } from './things.ts';

/** Puts a silhouette where its foot is to stand, in the picture's colours; on water with its mirror image. */
export function thingOn(
  { palette }: Setting,
  thing: Thing,
  x: number,
  y: number,
  size: number,
  { mirror = false, onWater = false, turn = 0 }: { mirror?: boolean; onWater?: boolean; turn?: number } = {},
): Layer[] {
  const night = palette.isDark;
  const dim = (colour: Lab) => (night ? blend(colour, palette.land[2], 0.42) : colour);
  const tones: Record<Thing[number]['tone'], Lab> = {
    dark: blend(palette.land[2], lch(0.15, 0.02, 280), 0.3),
    accent: dim(turn % 2 ? blend(palette.accent, palette.land[1], 0.45) : palette.accent),
    light: dim(shifted(palette.light, -0.02, 0.8)),
    shade: dim(shifted(blend(palette.light, palette.sky[0], 0.35), -0.08)),
    glow: night ? lch(0.9, 0.14, 85) : shifted(palette.land[2], 0.02),
  };
  const parts: Layer[] = thing.map(({ tone, outlines }, at) => ({
    kind: 'shape',
    outlines: outlines.map((outline) => placed(outline, x, y, size, mirror)),
    gradient: [[0, tones[tone]]],
    from: 0,
    to: 1,
    depth: 0.85,
    detail: at > 0,
  }));
  if (night && thing.some(({ tone }) => tone === 'glow')) {
    parts.push({ kind: 'glow', x, y: y - size * 0.3, radius: size * 0.9, colour: tones.glow, strength: 0.3 });
  }
  if (!onWater) return parts;
  const mirrored: Layer[] = thing.map(({ tone, outlines }) => ({
    kind: 'shape',
    outlines: outlines.map((outline) => flipped(placed(outline, x, y, size, mirror), y)),
    gradient: [[0, tones[tone]]],
    from: 0,
    to: 1,
    depth: 0.8,
    detail: true,
    opacity: [0.34, 0.34],
  }));
  return [...mirrored, ...parts];
}

/** Upside down below a line, a little shorter. */
function flipped(outline: readonly number[], y: number): number[] {
  return outline.map((value, at) => (at % 2 ? y + (y - value) * 0.8 : value));
}
