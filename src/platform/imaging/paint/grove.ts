import type { Ground } from './ground.ts';
import { blend, type Lab, lch, shifted } from './oklab.ts';
import { landAt } from './palette.ts';
import { birch, broadTree, cactus, palm, pine } from './plants.ts';
import type { Layer, Setting } from './scene.ts';
import { flat } from './sky.ts';

type Kind = 'pine' | 'broad' | 'birch' | 'palm' | 'cactus';

/** Where trees stand: `standing` tells the height of the ground, `side` is the share of the width that is free for the large ones. */
interface Place extends Ground {
  readonly standing: (x: number) => number;
  readonly side: number;
}

/** Which trees grow in the foreground, if any. */
export function treesOf(
  { brief: { subjects, hash, season }, random, variant }: Setting,
  { land, hasWater, isSea }: Ground,
): Kind | null {
  if (subjects.has('palm')) return 'palm';
  if (land === 'desert') return 'cactus';
  if (subjects.has('forest') && hash % 4 === 0 && variant % 2) return 'birch';
  if (season === 'autumn' || season === 'spring') return isSea ? null : 'broad';
  if (subjects.has('house') && !subjects.has('forest')) return random.chance(0.5) ? 'pine' : null;
  if (subjects.has('forest')) return 'pine';
  if (isSea) return null;
  if (land === 'hills') return random.chance(0.7) ? 'broad' : null;
  return hasWater ? (random.chance(0.65) ? 'pine' : null) : random.pick(['pine', 'broad']);
}

export function grove(setting: Setting, kind: Kind | null, place: Place): Layer[] {
  if (kind === 'pine') return pines(setting, place);
  if (kind === 'broad') return broadTrees(setting, place);
  if (kind === 'palm') return palms(setting, place);
  return kind === 'cactus' ? cacti(setting, place) : [];
}

const trunkOf = (setting: Setting): Lab => shifted(landAt(setting.palette, 0.9), -0.1, 0.8);

function pines(setting: Setting, { standing, side, horizon }: Place): Layer[] {
  const { random, width, height, brief, palette } = setting;
  const isForest = brief.subjects.has('forest');
  const forest = [0.03, 0.1, 0.19, 0.83, 0.9, 0.97];
  const sides = isForest ? forest : side > 0.5 ? [0.86, 0.93, 0.99] : [0.02, 0.08, 0.15];
  const trees = sides.map((u) => {
    const x = width * (u + random.between(-0.03, 0.03));
    return pine(random, x, standing(x) + 0.01, height * random.between(0.2, isForest ? 0.5 : 0.37));
  });
  const trunk = trunkOf(setting);
  return [
    {
      kind: 'shape',
      outlines: trees,
      gradient: [
        [0, blend(trunk, palette.sky[2], 0.08)],
        [1, trunk],
      ],
      from: horizon - height * 0.3,
      to: height,
      depth: 0.92,
    },
  ];
}

function broadTrees(setting: Setting, { standing, side, light }: Place): Layer[] {
  const { random, width, height, brief, palette } = setting;
  const near = landAt(palette, 0.9);
  const alone = side > 0.5 ? random.between(0.76, 0.86) : random.between(0.14, 0.24);
  const sides =
    brief.subjects.has('forest') && brief.words > 4 ? [1 - alone, alone > 0.5 ? 0.97 : 0.03, alone] : [alone];
  const dim = palette.isDark ? -0.16 : 0;
  const leafy = (): Lab => {
    if (brief.season === 'autumn') return lch(random.between(0.55, 0.68) + dim, 0.15, random.between(35, 75));
    if (brief.season === 'spring') return lch(0.84 + dim, 0.075, random.between(355, 370));
    return shifted(near, 0.05, 1.1);
  };
  return sides.flatMap((u, at): Layer[] => {
    const x = width * u;
    const tall = height * random.between(0.34, 0.48) * (at === sides.length - 1 ? 1 : 0.62);
    const { wood, leaves, lit } = broadTree(random, x, standing(x) + 0.012, tall, light.x);
    const colour = leafy();
    return [
      flat(wood, blend(trunkOf(setting), lch(0.25, 0.03, 40), 0.35), 0.9),
      {
        kind: 'shape',
        outlines: leaves,
        gradient: [
          [0, colour],
          [1, shifted(colour, -0.12)],
        ],
        from: standing(x) - tall,
        to: standing(x) - tall * 0.3,
        depth: 0.92,
      },
      {
        ...flat(lit, blend(colour, palette.light, palette.isDark ? 0.1 : 0.3), 0.92),
        detail: true,
        opacity: [0.7, 0.7],
      },
    ];
  });
}

function palms(setting: Setting, { standing, side }: Place): Layer[] {
  const { random, width, height } = setting;
  return (side > 0.5 ? [0.84, 0.93] : [0.16, 0.07]).map((u) =>
    flat(
      palm(random, width * u, standing(width * u) + 0.01, height * random.between(0.34, 0.5)),
      trunkOf(setting),
      0.92,
    ),
  );
}

function cacti(setting: Setting, { standing, side }: Place): Layer[] {
  const { random, width, height } = setting;
  const green = blend(trunkOf(setting), lch(0.42, 0.08, 158), 0.55);
  const places = [
    [side, 0.26],
    [1 - side, 0.12],
    [side > 0.5 ? 0.92 : 0.08, 0.16],
  ] as const;
  return places.map(([u, tall]) =>
    flat(cactus(random, width * u, standing(width * u) + 0.004, height * tall), green, 0.9),
  );
}

/** Trunks from below the picture to above it, the nearest broadest. */
export function birches({ random, width, height, palette }: Setting, horizon: number): Layer[] {
  return [0, 1, 2].flatMap((row): Layer[] => {
    const count = [9, 7, 4][row] as number;
    const thick = [0.014, 0.024, 0.044][row] as number;
    const foot = horizon + (height - horizon) * (0.3 + row * 0.3);
    const made = Array.from({ length: count }, (_, at) =>
      birch(random, width * ((at + random.between(0.1, 0.9)) / count), -0.1, foot, thick),
    );
    const bark = blend(landAt(palette, 0.25 + row * 0.1), palette.light, 0.25 + row * 0.25);
    const marks = made.flatMap((one) => one.marks);
    return [
      flat(
        made.map(({ trunk }) => trunk),
        bark,
        0.4 + row * 0.2,
      ),
      { ...flat(marks, landAt(palette, 0.6 + row * 0.2), 0.5), detail: true },
    ];
  });
}
