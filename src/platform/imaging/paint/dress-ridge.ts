import type { Land } from './ground.ts';
import { blend, type Lab, shifted } from './oklab.ts';
import { below, blob, heightAt } from './outlines.ts';
import { landAt } from './palette.ts';
import { pine } from './plants.ts';
import { type Ridge, shadedSides, snowCaps } from './ridges.ts';
import type { Layer, Setting } from './scene.ts';
import { flat } from './sky.ts';

export interface Dress {
  readonly land: Land;
  readonly tone: number;
  readonly depth: number;
  readonly rise: number;
  readonly isHero: boolean;
  readonly lightFromLeft: boolean;
  readonly bottom: number;
}

/** A ridge with the air before it, its shaded sides, its snow and the trees along it. */
export function dressed(setting: Setting, random: Setting['random'], line: Ridge, dress: Dress): Layer[] {
  const { brief, palette, detail, width } = setting;
  const { land, tone, depth, rise, lightFromLeft } = dress;
  const colour = landAt(palette, tone);
  const haze = blend(palette.sky[2], colour, 0.3);
  const foot = blend(colour, haze, (1 - depth) * 0.55 + 0.1);
  const layers: Layer[] = [
    {
      kind: 'shape',
      outlines: [below(line.line, dress.bottom)],
      gradient: [
        [0, blend(colour, palette.light, 0.06)],
        [1, foot],
      ],
      from: line.base - rise,
      to: line.base,
      depth: 0.15 + depth * 0.5,
    },
  ];
  const jagged = land === 'mountains' && rise > 0.1;
  const shade = shifted(blend(colour, palette.sky[0], 0.3), palette.isDark ? -0.05 : -0.1);
  const inShade = (outlines: readonly number[][], opacity: number): Layer => ({
    kind: 'shape',
    outlines,
    gradient: [
      [0, shade],
      [1, blend(shade, foot, 0.7)],
    ],
    from: line.base - rise,
    to: line.base,
    depth: 0.2 + depth * 0.5,
    detail: true,
    opacity: [opacity, opacity * 0.75],
  });
  if (jagged) {
    const caps =
      brief.weather.has('snow') ||
      (dress.isHero && (palette.time === 'dawn' || palette.time === 'day' || brief.hash % 2 === 0));
    if (caps) {
      const snow = blend(
        shifted(palette.light, palette.isDark ? -0.25 : 0, 0.7),
        colour,
        palette.time === 'night' ? 0.5 : dress.isHero ? 0.06 : 0.2,
      );
      layers.push({
        ...flat(snowCaps(random, line, rise * 0.16, brief.weather.has('snow') ? 0.85 : 0.5), snow, 0.2),
        detail: true,
      });
    }
    layers.push(inShade(shadedSides(random, line, lightFromLeft, rise * 0.16), 0.78));
    if (detail > 0.35) layers.push(inShade(shadedSides(random, line, lightFromLeft, rise * 0.035), 0.5));
  }
  if (land === 'desert') layers.push(inShade(shadedSides(random, line, lightFromLeft, rise * 0.1), 0.6));
  const wooded = brief.subjects.has('forest') || (land !== 'desert' && depth > 0.6 && random.chance(0.55));
  if (wooded && depth > 0.25)
    layers.push(
      treeline(
        random,
        line,
        width,
        0.014 + depth * 0.04,
        blend(shifted(colour, -0.05), palette.land[2], 0.3),
        foot,
        depth,
        detail,
        brief.season === 'autumn' || brief.season === 'spring',
      ),
    );
  return layers;
}

function treeline(
  random: Setting['random'],
  line: Ridge,
  width: number,
  size: number,
  colour: Lab,
  foot: Lab,
  depth: number,
  detail: number,
  isRound: boolean,
): Layer {
  const trees: number[][] = [];
  for (let x = -0.02; x < width + 0.02; x += size * random.between(0.16, 0.75) * (1.7 - 0.7 * Math.min(1, detail))) {
    if (random.chance(0.14)) x += size * random.between(0.5, 2.5);
    const y = heightAt(line.line, x) + size * random.between(0.05, 0.4);
    const tall = size * random.between(0.55, 1.25);
    if (isRound) trees.push(blob(random, x, y - tall * 0.3, tall * 0.42, tall * 0.46, 0.2, 18));
    else trees.push(pine(random, x, y, tall));
  }
  return {
    kind: 'shape',
    outlines: trees,
    gradient: [
      [0, colour],
      [1, blend(colour, foot, 0.5)],
    ],
    from: line.base - 0.25,
    to: line.base + 0.06,
    depth: 0.25 + depth * 0.5,
    detail: depth < 0.6,
  };
}
