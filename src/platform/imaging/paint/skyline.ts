import { blend, lch, shifted } from './oklab.ts';
import { box } from './outlines.ts';
import { landAt } from './palette.ts';
import type { Random } from './random.ts';
import type { Layer, Outline, Setting } from './scene.ts';
import { flat } from './sky.ts';

/** Houses of a town, row behind row, their windows lit where it is dark. */
export function skyline(setting: Setting, horizon: number): Layer[] {
  const { palette, random, width, height, detail, brief } = setting;
  const rows = brief.moods.has('minimal') ? 2 : 4;
  const centre = random.between(0.3, 0.7);
  const layers: Layer[] = [];
  for (let row = 0; row < rows; row++) {
    const depth = row / (rows - 1);
    const base = horizon + (height - horizon) * 0.02 * row;
    const tallest = height * (0.46 - 0.26 * depth);
    const made = towers(random.fork(`row ${row}`), { width, base, tallest, centre, unit: 0.034 + 0.03 * depth });
    const colour = landAt(palette, 0.08 + 0.8 * depth);
    const foot = blend(colour, palette.sky[2], 0.5 * (1 - depth) + 0.08);
    layers.push({
      kind: 'shape',
      outlines: made.walls,
      gradient: [
        [0, colour],
        [1, foot],
      ],
      from: base - tallest,
      to: base,
      depth: 0.2 + 0.6 * depth,
    });
    layers.push({
      ...flat(made.sides, shifted(blend(colour, palette.sky[0], 0.2), -0.06), 0.5),
      detail: true,
      opacity: [0.55, 0.35],
    });
    if (detail > 0.2 && row > 0) {
      const glow = palette.isDark ? lch(0.88, 0.12, 82) : blend(colour, palette.light, 0.45);
      layers.push({
        ...flat(made.windows, glow, 0.6),
        detail: true,
        opacity: [palette.isDark ? 0.85 : 0.5, palette.isDark ? 0.85 : 0.5],
      });
    }
    if (row < rows - 1) layers.push({ kind: 'mist', y: base, height: 0.09, colour: palette.sky[2], strength: 0.4 });
  }
  layers.push({
    kind: 'shape',
    outlines: [box(-0.1, horizon, width + 0.1, height + 0.1)],
    gradient: [
      [0, landAt(palette, 0.9)],
      [1, shifted(landAt(palette, 1), -0.04)],
    ],
    from: horizon,
    to: height,
    depth: 0.8,
  });
  return layers;
}

interface Row {
  readonly width: number;
  readonly base: number;
  readonly tallest: number;
  readonly centre: number;
  readonly unit: number;
}

function towers(random: Random, { width, base, tallest, centre, unit }: Row) {
  const walls: Outline[] = [];
  const sides: Outline[] = [];
  const windows: Outline[] = [];
  for (let x = -unit; x < width + unit; ) {
    const wide = unit * random.between(0.8, 2.1);
    const middle = Math.exp(-(((x / width - centre) / 0.3) ** 2));
    const high = tallest * (0.2 + random.between(0.1, 0.38) + 0.42 * middle * random() ** 0.6);
    const top = base - high;
    walls.push(box(x, top, x + wide, base + 0.2), ...roof(random, x, top, wide));
    sides.push(box(x + wide * 0.68, top, x + wide, base));
    windows.push(...lit(random, x, top, wide, high, unit));
    x += wide * random.between(0.85, 1.12);
  }
  return { walls, sides, windows };
}

function roof(random: Random, x: number, top: number, wide: number): Outline[] {
  const kind = random.whole(0, 6);
  const middle = x + wide / 2;
  if (kind === 0)
    return [
      box(middle - wide * 0.28, top - wide * 0.45, middle + wide * 0.28, top),
      box(middle - wide * 0.02, top - wide * 1.3, middle + wide * 0.02, top),
    ];
  if (kind === 1) return [[x, top, middle, top - wide * random.between(0.4, 0.9), x + wide, top]];
  if (kind === 2) return [[x, top, x + wide, top - wide * 0.4, x + wide, top + 0.01]];
  if (kind === 3)
    return [
      box(x + wide * 0.15, top - wide * 0.2, x + wide * 0.85, top),
      box(x + wide * 0.3, top - wide * 0.38, x + wide * 0.7, top),
    ];
  return [];
}

function lit(random: Random, x: number, top: number, wide: number, high: number, unit: number): Outline[] {
  const out: Outline[] = [];
  const columns = Math.max(2, Math.round(wide / (unit * 0.26)));
  const pitch = wide / (columns + 0.5);
  const rows = Math.floor(high / (pitch * 1.35));
  const share = random.between(0.06, 0.4);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (!random.chance(share)) continue;
      const left = x + pitch * (column + 0.45);
      const up = top + pitch * (0.5 + row * 1.35);
      out.push(box(left, up, left + pitch * 0.52, up + pitch * 0.68));
    }
  }
  return out;
}
