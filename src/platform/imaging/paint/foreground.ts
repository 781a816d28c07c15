import type { Ground } from './ground.ts';
import { birches, grove, treesOf } from './grove.ts';
import { meadow } from './meadow.ts';
import { createNoise } from './noise.ts';
import { blend, lch, shifted } from './oklab.ts';
import { below, heightAt } from './outlines.ts';
import { landAt } from './palette.ts';
import { thingOn } from './place-things.ts';
import { blades } from './plants.ts';
import type { Layer, Setting } from './scene.ts';
import { flat } from './sky.ts';
import * as things from './things.ts';

/** What stands before the spectator: a shore or a field, and on it whatever the prompt names. */
export function foreground(setting: Setting, place: Ground): Layer[] {
  const { brief, palette, random, height, width, detail } = setting;
  const { subjects } = brief;
  const { land, horizon, hasWater, isSea, light } = place;
  if (land === 'city' && !subjects.has('forest')) return [];
  const line = shoreLine(setting, place);
  const sand = palette.isDark ? 0.3 : 0.75;
  const near =
    isSea && !subjects.has('lighthouse') ? blend(landAt(palette, 0.9), lch(0.8, 0.06, 72), sand) : landAt(palette, 0.9);
  const snow = brief.weather.has('snow') ? (palette.isDark ? 0.3 : 0.82) : 0;
  const ground = blend(near, lch(0.93, 0.015, 240), snow);
  const isMeadow = !hasWater && (subjects.has('meadow') || subjects.has('flower'));
  const upper = isMeadow ? blend(landAt(palette, 0.72), palette.light, 0.1) : blend(ground, palette.light, 0.07);
  const lower = shifted(ground, palette.isDark ? -0.04 : -0.08);
  const top = Math.min(...line.filter((_, at) => at % 2 === 1));
  const layers: Layer[] = [];
  const trees = treesOf(setting, place);
  if (trees === 'birch') layers.push(...birches(setting, horizon));
  layers.push({
    kind: 'shape',
    outlines: [below(line, height + 0.05)],
    gradient: [
      [0, upper],
      [1, lower],
    ],
    from: top,
    to: height,
    depth: 0.8,
  });
  const standing = (x: number) => heightAt(line, x) + 0.008;
  const side = light.x < width / 2 ? 0.74 : 0.26;
  if (subjects.has('house')) layers.push(...houses(setting, standing, side * width));
  if (subjects.has('lighthouse'))
    layers.push(
      ...thingOn(setting, things.lighthouse, width * side, standing(width * side), 0.3 * Math.min(1, height)),
    );
  layers.push(...grove(setting, trees, { ...place, standing, side }));
  layers.push(...beings(setting, standing, 1 - side));
  if (isMeadow) layers.push(...meadow(setting, top));
  else if (land !== 'desert' && !isSea && !setting.isBroad && detail > 0.15) {
    const wind = random.between(-0.25, 0.25);
    layers.push({
      ...flat(
        blades(random, Math.round(150 * detail), width, height + 0.01, height * (hasWater ? 0.16 : 0.1), 0.0034, wind),
        shifted(near, -0.13, 0.8),
        0.98,
      ),
      detail: true,
    });
  }
  return layers;
}

function shoreLine(
  { random, width, height, variant, brief }: Setting,
  { horizon, hasWater, isSea, land }: Ground,
): number[] {
  const noise = createNoise(random);
  const phase = random.between(0, 40);
  const room = height - horizon;
  const tilt = (variant % 2 ? 1 : -1) * (hasWater ? 0.28 : 0.16);
  const depth = isSea
    ? brief.subjects.has('lighthouse') || brief.subjects.has('house') || brief.subjects.has('palm')
      ? 0.5
      : 0.16
    : hasWater
      ? 0.24
      : land === 'desert'
        ? 0.42
        : 0.72;
  const line: number[] = [];
  for (let at = 0; at <= 90; at++) {
    const u = -0.06 + (at / 90) * 1.12;
    const rise =
      depth +
      tilt * (u - 0.5) * (hasWater ? 1.3 : 1) +
      0.13 * noise(u * 1.6 + phase, 0.5) +
      0.025 * noise(u * 7 + phase, 4.5);
    line.push(u * width, height - room * Math.max(hasWater ? -0.05 : 0.12, rise));
  }
  return line;
}

function houses(setting: Setting, standing: (x: number) => number, x: number): Layer[] {
  const { random, height, brief } = setting;
  const size = 0.15 * Math.min(1, height);
  const several = brief.subjects.has('city') || brief.hash % 2 === 0;
  const at = (place: number, share: number, mirror: boolean, thing = things.house) =>
    thingOn(setting, thing, place, standing(place) + 0.004, size * share, { mirror });
  if (!several) return at(x, 1.15, random.chance(0.5));
  return [
    ...at(x - size * 1.3, 0.62, false),
    ...at(x + size * 1.25, 0.8, true),
    ...at(x, 1, random.chance(0.5), brief.hash % 4 === 0 ? things.chapel : things.house),
  ];
}

function beings(setting: Setting, standing: (x: number) => number, side: number): Layer[] {
  const {
    brief: { subjects },
    width,
    height,
    random,
  } = setting;
  const out: Layer[] = [];
  const place = (thing: things.Thing, size: number, u: number) =>
    out.push(
      ...thingOn(setting, thing, width * u, standing(width * u) + 0.006, size * Math.min(1, height), {
        mirror: random.chance(0.5),
      }),
    );
  if (subjects.has('deer')) place(things.deer, 0.17, 0.3 + 0.4 * side);
  if (subjects.has('cat')) place(things.cat, 0.24, 0.2 + 0.6 * side);
  if (subjects.has('person')) place(things.wanderer, 0.17, (side + 0.5) / 2);
  return out;
}
