import { flowerColours } from './meadow.ts';
import { blend, type Lab, lch, shifted } from './oklab.ts';
import { blob, curve, ellipse, stroke } from './outlines.ts';
import { blossom, leaf } from './plants.ts';
import type { Bloom } from './read-prompt.ts';
import type { Layer, Outline, Scene, Setting } from './scene.ts';
import { flat } from './sky.ts';

/** A vase of flowers on a table, as large as the picture allows. */
export function composeBouquet(setting: Setting): Scene {
  const { palette, random, width, height, variant } = setting;
  const table = height * random.between(0.74, 0.82);
  const wall: Lab = palette.isDark
    ? shifted(palette.sky[1], -0.04)
    : blend(palette.sky[variant % 3] as Lab, palette.sky[2], 0.45);
  const cloth =
    variant % 2 ? blend(palette.land[1], palette.light, 0.35) : blend(palette.land[2], palette.land[1], 0.5);
  const x = width * random.between(0.44, 0.56);
  const size = Math.min(width, height);
  const layers: Layer[] = [
    {
      kind: 'glow',
      x: width * (variant % 2 ? 0.2 : 0.8),
      y: height * 0.22,
      radius: 0.75,
      colour: palette.light,
      strength: palette.isDark ? 0.2 : 0.4,
    },
    {
      kind: 'shape',
      outlines: [
        [-0.1, table, width + 0.1, table + random.between(-0.02, 0.02), width + 0.1, height + 0.1, -0.1, height + 0.1],
      ],
      gradient: [
        [0, blend(cloth, palette.light, 0.12)],
        [1, shifted(cloth, -0.08)],
      ],
      from: table,
      to: height,
      depth: 0.3,
    },
  ];
  const foot = table + (height - table) * 0.42;
  const tall = size * random.between(0.27, 0.34);
  const lip = foot - tall;
  layers.push({
    ...flat([ellipse(x + size * 0.09, foot - 0.002, size * 0.2, size * 0.026)], shifted(cloth, -0.16), 0.35),
    detail: true,
    opacity: [0.6, 0.6],
  });
  layers.push(...flowers(setting, x, lip, size));
  layers.push(...vase(setting, x, lip, foot, size));
  for (let petal = 0; petal < random.whole(0, 3); petal++) {
    const at = x + size * random.between(-0.42, 0.42);
    layers.push(
      flat(
        [blob(random, at, table + (height - table) * random.between(0.3, 0.8), size * 0.024, size * 0.011, 0.2)],
        random.pick(flowerColours(setting)),
        0.5,
      ),
    );
  }
  return {
    sky: [
      [0, shifted(wall, 0.02)],
      [1, shifted(wall, -0.035)],
    ],
    horizon: table,
    layers,
    palette,
  };
}

function vase({ palette, random, variant }: Setting, x: number, lip: number, foot: number, size: number): Layer[] {
  const [neck, belly, base] = (
    [
      [0.055, 0.125, 0.07],
      [0.075, 0.1, 0.085],
      [0.045, 0.15, 0.06],
      [0.1, 0.085, 0.07],
    ] as const
  )[variant % 4] as readonly [number, number, number];
  const half = (t: number) =>
    size *
    (t < 0.18
      ? neck + (0.18 - t) * 0.1
      : neck +
        (belly - neck) * Math.sin(Math.min(1, (t - 0.18) / 0.5) * (Math.PI / 2)) -
        (belly - base) * Math.max(0, (t - 0.6) / 0.4) ** 1.6);
  const side = (from: number, to: number, steps = 28): Outline => {
    const out: number[] = [];
    for (let step = 0; step <= steps; step++)
      out.push(x + half(step / steps) * from, lip + ((foot - lip) * step) / steps);
    for (let step = steps; step >= 0; step--)
      out.push(x + half(step / steps) * to, lip + ((foot - lip) * step) / steps);
    return out;
  };
  const clay = random.chance(0.5)
    ? blend(palette.accent, palette.land[1], 0.3)
    : blend(palette.light, palette.sky[0], 0.25);
  const band = (at: number, thick: number): Outline => {
    const y = lip + (foot - lip) * at;
    return [
      x - half(at),
      y,
      x + half(at),
      y,
      x + half(at + thick),
      y + (foot - lip) * thick,
      x - half(at + thick),
      y + (foot - lip) * thick,
    ];
  };
  return [
    flat([side(-1, 1), ellipse(x, foot, half(1), size * 0.012)], clay, 0.75),
    { ...flat([side(0.25, 1)], shifted(clay, -0.1), 0.76), detail: true, opacity: [0.7, 0.7] },
    { ...flat([side(-0.72, -0.52)], blend(clay, palette.light, 0.6), 0.76), detail: true, opacity: [0.55, 0.3] },
    {
      ...flat(variant % 2 ? [band(0.36, 0.05), band(0.46, 0.025)] : [], shifted(clay, -0.2), 0.77),
      detail: true,
      opacity: [0.65, 0.65],
    },
  ];
}

function flowers(setting: Setting, x: number, lip: number, size: number): Layer[] {
  const { random, palette, detail, brief } = setting;
  const colours = flowerColours(setting);
  const green = lch(palette.isDark ? 0.42 : 0.52, 0.085, random.between(128, 165));
  const count = brief.moods.has('minimal') ? random.whole(3, 4) : random.whole(8, 12);
  const heads = Array.from({ length: count }, (_, at) => {
    const t = count === 1 ? 0.5 : at / (count - 1);
    const angle = -Math.PI / 2 + (t - 0.5) * 2.35 + random.between(-0.12, 0.12);
    const reach = size * (at % 2 ? random.between(0.2, 0.3) : random.between(0.34, 0.46));
    return {
      x: x + Math.cos(angle) * reach * 1.05,
      y: lip + Math.sin(angle) * reach + size * 0.02,
      angle,
      size: size * random.between(0.052, 0.088),
    };
  });
  const stems = heads.map((head) =>
    stroke(
      curve(x + (head.x - x) * 0.08, lip + size * 0.06, x + (head.x - x) * 0.2, (lip + head.y) / 2, head.x, head.y, 12),
      () => size * 0.008,
    ),
  );
  const leaves = heads.flatMap((head, at) => {
    const from = random.between(0.35, 0.75);
    const lx = x + (head.x - x) * from * 0.8;
    const ly = lip + (head.y - lip) * from;
    return at % 3 === 2 && detail < 0.5
      ? []
      : [
          leaf(
            lx,
            ly,
            head.angle + random.between(-0.9, 0.9),
            size * random.between(0.13, 0.22),
            size * random.between(0.035, 0.06),
            random.between(-0.25, 0.25),
          ),
        ];
  });
  const back = Array.from({ length: 9 }, (_, at) =>
    leaf(
      x,
      lip + size * 0.01,
      -Math.PI / 2 + (at / 8 - 0.5) * 3 + random.between(-0.1, 0.1),
      size * random.between(0.2, 0.36),
      size * random.between(0.04, 0.07),
      random.between(-0.2, 0.2),
    ),
  );
  const layers: Layer[] = [
    flat(back, shifted(green, -0.1, 0.9), 0.5),
    { ...flat(stems, shifted(green, -0.05), 0.55), detail: true },
    flat(leaves, green, 0.6),
  ];
  heads.sort((one, other) => one.y - other.y);
  for (const [at, head] of heads.entries())
    layers.push(...bloom(setting, head, colours[at % colours.length] as Lab, at));
  return layers;
}

/** 0 is open, with a heart; 1 full; 2 a cup. */
const kinds: Readonly<Partial<Record<Bloom, number>>> = { tulip: 2, rose: 1, daisy: 0, sunflower: 0, poppy: 0 };

function bloom(
  { random, palette, brief }: Setting,
  { x, y, size, angle }: { x: number; y: number; size: number; angle: number },
  colour: Lab,
  at: number,
): Layer[] {
  const deep = shifted(colour, -0.13, 1.05);
  const kind = (brief.bloom && kinds[brief.bloom]) ?? (brief.hash + (at % 3 === 0 ? 1 : 0)) % 3;
  if (kind === 0) {
    const outer = blossom(random, x, y, size, random.whole(6, 9), 0.9);
    const inner = blossom(random, x, y, size * 0.62, random.whole(5, 7), 0.9);
    return [
      flat(outer.petals, colour, 0.7),
      { ...flat(inner.petals, blend(colour, palette.light, 0.35), 0.72), detail: true, opacity: [0.8, 0.8] },
      { ...flat([ellipse(x, y, size * 0.26, size * 0.24)], lch(0.72, 0.14, 75), 0.74), detail: true },
      {
        ...flat([ellipse(x + size * 0.03, y + size * 0.04, size * 0.15, size * 0.13)], lch(0.45, 0.09, 55), 0.74),
        detail: true,
      },
    ];
  }
  if (kind === 1) {
    const rings: Layer[] = [flat([blob(random, x, y, size * 1.05, size, 0.12)], deep, 0.7)];
    for (let ring = 1; ring < 5; ring++) {
      const share = 1 - ring * 0.2;
      rings.push({
        ...flat(
          [
            blob(
              random,
              x + random.normal() * size * 0.06,
              y + random.normal() * size * 0.06,
              size * share,
              size * share * 0.94,
              0.17,
            ),
          ],
          blend(ring % 2 ? colour : deep, palette.light, ring * 0.07),
          0.7,
        ),
        detail: true,
      });
    }
    return rings;
  }
  const turn = angle + Math.PI / 2;
  const petal = (side: number, broad: number) => leafAround(x, y, turn + side, size * 2.1, size * broad);
  return [
    flat([petal(-0.3, 0.85), petal(0.3, 0.85)], deep, 0.7),
    { ...flat([petal(0, 1)], colour, 0.72), detail: true },
    { ...flat([petal(-0.1, 0.28)], blend(colour, palette.light, 0.45), 0.72), detail: true, opacity: [0.6, 0.6] },
  ];
}

/** A petal that stands on its foot, as tulips have them. */
function leafAround(x: number, y: number, turn: number, length: number, thick: number): Outline {
  const [cos, sin] = [Math.cos(turn - Math.PI / 2), Math.sin(turn - Math.PI / 2)];
  const from = -0.42 * length;
  const points: number[] = [];
  for (let step = 0; step <= 14; step++)
    points.push(x + cos * (from + (length * 0.9 * step) / 14), y + sin * (from + (length * 0.9 * step) / 14));
  return stroke(points, (t) => thick * Math.sin(Math.PI * Math.min(1, t * 0.9 + 0.08)) ** 0.75);
}
