import { blend, type Lab, lch, shifted } from './oklab.ts';
import { disc } from './outlines.ts';
import { landAt } from './palette.ts';
import { blades, blossom } from './plants.ts';
import type { Bloom } from './read-prompt.ts';
import type { Layer, Outline, Setting } from './scene.ts';
import { flat } from './sky.ts';

/** Flowers to the horizon: dots of colour far away, blossoms on stems before one's feet. */
export function meadow(setting: Setting, top: number): Layer[] {
  const { random, width, height, palette, detail, brief } = setting;
  const colours = flowerColours(setting);
  const layers: Layer[] = [];
  const grass = (tone: number) => shifted(landAt(palette, tone), palette.isDark ? 0.02 : 0.03, 1.1);
  layers.push({
    ...flat(
      blades(
        random,
        Math.round(260 * detail),
        width,
        top + (height - top) * 0.62,
        (height - top) * 0.42,
        0.003,
        random.between(-0.2, 0.2),
      ),
      grass(0.72),
      0.85,
    ),
    detail: true,
    opacity: [0.8, 0.8],
  });
  for (const [at, colour] of colours.entries()) {
    const dots: Outline[] = [];
    for (let dot = 0; dot < 150 * (0.3 + 0.7 * detail); dot++) {
      const t = random() ** 1.2;
      const x = random() * width;
      dots.push(
        disc(
          x,
          top + 0.025 + (height - top) * 0.6 * t + 0.02 * Math.sin(x * 9 + at * 2),
          0.0018 + 0.0085 * t * random.between(0.5, 1),
          10,
        ),
      );
    }
    layers.push({ ...flat(dots, blend(colour, palette.sky[2], 0.12), 0.85), detail: true });
  }
  layers.push({
    ...flat(
      blades(random, Math.round(190 * detail), width, height + 0.01, height * 0.24, 0.0045, random.between(-0.2, 0.2)),
      shifted(landAt(palette, 0.97), 0.01),
      0.95,
    ),
    detail: true,
  });
  const count = brief.subjects.has('flower') ? 22 : 12;
  for (let flower = 0; flower < count; flower++) {
    const x = width * ((flower + random.between(0.1, 0.9)) / count);
    const tall = height * random.between(0.07, 0.25);
    const size = random.between(0.02, 0.04) * (0.6 + tall * 2.4);
    const colour = random.pick(colours);
    const { petals, heart } = blossom(
      random,
      x,
      height - tall,
      size,
      random.pick([5, 6, 8]),
      random.between(0.55, 0.85),
    );
    layers.push({
      ...flat([stemTo(x, height, tall)], shifted(landAt(palette, 0.95), 0.04), 0.95),
      detail: true,
    });
    layers.push({ ...flat(petals, colour, 0.96) });
    layers.push({ ...flat([heart], shifted(blend(colour, lch(0.75, 0.14, 80), 0.75), -0.06), 0.97), detail: true });
  }
  return layers;
}

const stemTo = (x: number, bottom: number, tall: number): Outline => [
  x - 0.002,
  bottom - tall,
  x + 0.002,
  bottom - tall,
  x + 0.006,
  bottom + 0.01,
  x + 0.001,
  bottom + 0.01,
];

type Lch = readonly [number, number, number];

const bloomColours: Readonly<Partial<Record<Bloom, readonly Lch[]>>> = {
  poppy: [
    [0.6, 0.22, 28],
    [0.66, 0.2, 35],
    [0.55, 0.2, 22],
  ],
  rose: [
    [0.62, 0.2, 15],
    [0.76, 0.13, 5],
    [0.93, 0.03, 50],
  ],
  sunflower: [
    [0.84, 0.17, 85],
    [0.8, 0.16, 75],
  ],
  daisy: [
    [0.97, 0.012, 95],
    [0.94, 0.03, 95],
  ],
  lavender: [
    [0.6, 0.14, 300],
    [0.68, 0.12, 305],
    [0.52, 0.14, 295],
  ],
};

export function flowerColours({ brief, palette, random }: Setting): Lab[] {
  const dim = (colour: Lab): Lab => (palette.isDark ? shifted(colour, -0.14, 0.85) : colour);
  if (brief.moods.has('monochrome')) return [shifted(palette.light, -0.02), shifted(palette.accent, 0.05)];
  if (brief.hues.length && !(brief.bloom && brief.bloom in bloomColours))
    return brief.hues.flatMap((hue) => [dim(lch(0.66, 0.17, hue)), dim(lch(0.78, 0.12, hue + 12))]);
  const known = brief.bloom && bloomColours[brief.bloom];
  if (known) return known.map(([l, c, h]) => dim(lch(l, c, h)));
  const sets = [
    [
      [0.63, 0.21, 28],
      [0.7, 0.18, 40],
      [0.95, 0.03, 95],
    ],
    [
      [0.62, 0.15, 300],
      [0.75, 0.11, 310],
      [0.9, 0.09, 95],
    ],
    [
      [0.86, 0.16, 90],
      [0.95, 0.03, 100],
      [0.72, 0.16, 45],
    ],
    [
      [0.75, 0.13, 355],
      [0.88, 0.06, 10],
      [0.6, 0.19, 5],
    ],
    [
      [0.6, 0.14, 262],
      [0.75, 0.09, 250],
      [0.96, 0.02, 100],
    ],
  ] as const;
  return random.pick(sets).map(([l, c, h]) => dim(lch(l, c, h)));
}
