import { dressed } from './dress-ridge.ts';
import { foreground } from './foreground.ts';
import type { Land } from './ground.ts';
import { blend, type Lab } from './oklab.ts';
import { below } from './outlines.ts';
import { landAt, skyGradient } from './palette.ts';
import { thingOn } from './place-things.ts';
import { ridge, type Stand } from './ridges.ts';
import type { Layer, Scene, Setting } from './scene.ts';
import { birdLayer, cloudLayers, flat, type Light, lightLayers, placeLight, starLayers, weatherLayers } from './sky.ts';
import { skyline } from './skyline.ts';
import * as things from './things.ts';

/** Land under a sky: ridges one behind the other, water that mirrors them where there is any, and what stands on the near shore. */
export function composeLandscape(setting: Setting): Scene {
  const { brief, palette, random, width, height } = setting;
  const { subjects, weather } = brief;
  // What one part takes from chance changes nothing in another: with a word more, the mountains stay where they are.
  const part = (name: string): Setting => ({ ...setting, random: setting.part(name) });
  const land = landOf(setting);
  const isSea = (subjects.has('sea') || subjects.has('lighthouse')) && !subjects.has('lake');
  const hasWater = isSea || subjects.has('lake') || subjects.has('boat') || land === 'city';
  const horizon =
    height *
    (isSea && land === 'none'
      ? random.between(0.5, 0.62)
      : hasWater
        ? random.between(0.56, 0.68)
        : random.between(0.6, 0.74));
  // The mountains make room for the light: wherever it moves to, it stays on its side.
  const first = placeLight({ ...setting, random: random.fork('light') }, horizon);
  const moved = placeLight(part('light'), horizon);
  const light = moved.x < width / 2 === first.x < width / 2 ? moved : { ...moved, x: width - moved.x };
  const showsLight =
    !weather.has('storm') &&
    !weather.has('rain') &&
    (subjects.has('sun') || subjects.has('moon') || palette.time !== 'day' || part('shows').random.chance(0.6));
  const clouds = cloudiness(part('cloudiness'));
  const layers: Layer[] = [];
  if (palette.time === 'night') layers.push(...starLayers(part('stars'), horizon));
  if (subjects.has('aurora')) {
    layers.push({
      kind: 'aurora',
      y: horizon * part('aurora').random.between(0.42, 0.6),
      height: horizon * 0.5,
      colours: auroraColours(part('aurora')),
    });
  }
  layers.push(...lightLayers(part('rings'), light, showsLight, horizon));
  if (clouds > 0) layers.push(...cloudLayers(part('clouds'), horizon, clouds));
  layers.push(...ridgesOf(part('ridges'), land, horizon, light, isSea));
  if (land === 'city') {
    layers.push({
      kind: 'glow',
      x: width / 2,
      y: horizon,
      radius: 0.62,
      colour: palette.isDark ? blend(palette.accent, palette.sky[2], 0.4) : palette.light,
      strength: palette.isDark ? 0.55 : 0.35,
    });
    layers.push(...skyline(part('skyline'), horizon));
  }
  if (subjects.has('balloon')) layers.push(...balloons(part('balloons'), horizon));
  if (hasWater) {
    const share = isSea ? 0.5 : 0.26;
    const tint = blend(isSea ? palette.sky[0] : blend(palette.sky[0], palette.land[1], 0.45), palette.land[2], 0.12);
    layers.push({
      kind: 'water',
      y: horizon,
      tint,
      share,
      ripple: isSea ? 1.6 : brief.moods.has('calm') ? 0.45 : 0.8,
      light: showsLight ? { x: light.x, colour: palette.light, strength: light.isMoon ? 0.6 : 0.75 } : null,
    });
  }
  if (hasWater && showsLight && setting.isHard) layers.push(glints(part('glints'), light, horizon));
  const misty = weather.has('mist') ? 0.85 : palette.time === 'dawn' && hasWater ? 0.35 : 0;
  if (misty)
    layers.push({
      kind: 'mist',
      y: horizon,
      height: 0.13,
      colour: blend(palette.sky[2], palette.light, 0.4),
      strength: misty,
    });
  if (hasWater && subjects.has('boat')) layers.push(...boats(part('boats'), horizon));
  layers.push(...foreground(part('foreground'), { land, horizon, hasWater, isSea, light }));
  if (subjects.has('bird') || (!weather.has('storm') && palette.time !== 'night' && part('flock').random.chance(0.4)))
    layers.push(birdLayer(part('birds'), horizon, light));
  layers.push(...weatherLayers(part('weather'), horizon));
  return { sky: skyGradient(palette), horizon, layers, palette };
}

function landOf({ brief: { subjects, hash } }: Setting): Land {
  if (subjects.has('city')) return 'city';
  if (subjects.has('desert')) return 'desert';
  if (subjects.has('mountain')) return 'mountains';
  if (subjects.has('sea') || subjects.has('lighthouse')) return 'none';
  if (subjects.has('hill') || subjects.has('meadow') || subjects.has('flower') || subjects.has('forest'))
    return 'hills';
  return hash % 3 ? 'mountains' : 'hills';
}

function cloudiness({ brief: { weather, subjects, moods }, random, palette }: Setting): number {
  if (weather.has('storm')) return 1;
  if (weather.has('clouds') || weather.has('rain') || subjects.has('cloud')) return 0.8;
  if (moods.has('minimal') || palette.time === 'night') return 0;
  return random.chance(0.6) ? random.between(0.2, 0.5) : 0;
}

function auroraColours({ random, brief }: Setting): [Lab, Lab] {
  const first = brief.hues[0] ?? random.between(150, 175);
  const of = (l: number, c: number, h: number): Lab => [
    l,
    c * Math.cos((h * Math.PI) / 180),
    c * Math.sin((h * Math.PI) / 180),
  ];
  return [of(0.86, 0.17, first), of(0.55, 0.2, first + random.pick([140, 170, 190]))];
}

const stands: readonly Stand[] = ['peak', 'valley', 'range', 'cliff'];

function ridgesOf(setting: Setting, land: Land, horizon: number, light: Light, isSea: boolean): Layer[] {
  const { brief, palette, random, width, height, detail, variant } = setting;
  if (land === 'none' && !random.chance(0.55)) return [];
  if (land === 'city') return [simpleRidge(setting, horizon, 0.12 * height, 'hills', 0.1)];
  if (land === 'none')
    return [simpleRidge(setting, horizon, random.between(0.03, 0.08), random.pick(['range', 'hills', 'cliff']), 0.2)];
  const count = brief.moods.has('minimal') ? 2 : land === 'hills' ? random.whole(3, 4) : random.whole(3, 5);
  const hero = stands[variant % stands.length] as Stand;
  const centre = light.x < width / 2 ? random.between(0.56, 0.74) : random.between(0.26, 0.44);
  const lightFromLeft = light.x < centre * width;
  const layers: Layer[] = [];
  const points = Math.round(150 + 110 * detail);
  for (let at = 0; at < count; at++) {
    const depth = count === 1 ? 0.5 : at / (count - 1);
    const own = random.fork(`ridge ${at}`);
    const rise = height * riseOf(land, at, count, own) * (isSea ? 0.5 : 1);
    const base =
      horizon +
      (land === 'mountains' ? 0.004 : 0.01) +
      (land === 'hills' || land === 'desert' ? depth * 0.1 * height : 0);
    const stand = standOf(land, at, count, hero, own);
    const line = ridge(own, {
      width,
      base,
      rise,
      stand,
      centre: at === 0 ? centre : own.between(0.15, 0.85),
      rough: land === 'mountains' ? 0.95 - depth * 0.2 : 0.4,
      points,
    });
    const tone = 0.02 + depth * (land === 'mountains' ? 0.72 : 0.62);
    layers.push(
      ...dressed(setting, own, line, {
        land,
        tone,
        depth,
        rise,
        isHero: at === 0 || (hero === 'valley' && at === 1),
        lightFromLeft,
        bottom: height,
      }),
    );
    if (at < count - 1 && (brief.weather.has('mist') || palette.time === 'dawn' || own.chance(0.45))) {
      layers.push({
        kind: 'mist',
        y: base - rise * 0.05,
        height: 0.06 + rise * 0.22,
        colour: blend(palette.sky[2], palette.land[0], 0.16),
        strength: brief.weather.has('mist') ? 0.8 : 0.42,
      });
    }
  }
  return layers;
}

function riseOf(land: Land, at: number, count: number, random: Setting['random']): number {
  const near = count === 1 ? 0 : at / (count - 1);
  if (land === 'mountains') return (0.44 - 0.34 * near ** 0.8) * random.between(0.85, 1.12);
  if (land === 'desert') return (at === 0 ? 0.17 : 0.13) * random.between(0.8, 1.2);
  return (0.2 - 0.08 * near) * random.between(0.8, 1.25);
}

function standOf(land: Land, at: number, count: number, hero: Stand, random: Setting['random']): Stand {
  if (land === 'desert') return at === 0 ? (random.chance(0.6) ? 'mesas' : 'dunes') : 'dunes';
  if (land === 'hills') return 'hills';
  if (at === 0) return hero;
  if (hero === 'valley' && at === 1) return 'valley';
  return at >= count - 1 ? random.pick(['cliff', 'hills', 'range']) : random.pick(['range', 'cliff', 'valley']);
}

function simpleRidge(setting: Setting, horizon: number, rise: number, stand: Stand, tone: number): Layer {
  const { random, width, palette, height } = setting;
  const { line } = ridge(random.fork('far'), {
    width,
    base: horizon + 0.003,
    rise,
    stand,
    centre: random.between(0.2, 0.8),
    rough: 0.6,
    points: 180,
  });
  const colour = landAt(palette, tone);
  return {
    kind: 'shape',
    outlines: [below(line, height)],
    gradient: [
      [0, colour],
      [1, blend(colour, palette.sky[2], 0.45)],
    ],
    from: horizon - rise,
    to: horizon,
    depth: 0.2,
  };
}

/** The path of light on the water, cut into lozenges. */
function glints({ random, height, palette }: Setting, light: Light, horizon: number): Layer {
  const room = height - horizon;
  const outlines = Array.from({ length: 15 }, (_, at) => {
    const t = ((at + 0.7) / 15) ** 1.35;
    const y = horizon + room * t * 0.86;
    const half = light.radius * random.between(0.35, 0.95) * (0.5 + 0.9 * t);
    const thick = 0.0024 + 0.006 * t;
    const x = light.x + random.normal() * light.radius * (0.1 + 0.35 * t);
    return [x - half, y, x, y - thick, x + half, y, x, y + thick];
  });
  return { ...flat(outlines, palette.light, 0.3), detail: true, opacity: [0.8, 0.8] };
}

function boats(setting: Setting, horizon: number): Layer[] {
  const { random, width, height, brief } = setting;
  const count = brief.moods.has('minimal') ? 1 : random.whole(1, 3);
  return Array.from({ length: count }, (_, at) => {
    const y = horizon + (height - horizon) * (0.1 + 0.42 * ((at + random.between(0.1, 0.5)) / count));
    const size = 0.075 + 0.2 * (y - horizon);
    const x = width * (count === 1 ? random.pick([0.34, 0.64]) : 0.16 + 0.68 * ((at * 0.618 + random() * 0.3) % 1));
    return thingOn(setting, things.sailboat, x, y, size, {
      mirror: random.chance(0.5),
      onWater: true,
    });
  }).flat();
}

function balloons(setting: Setting, horizon: number): Layer[] {
  const { random, width } = setting;
  const large = random.pick([0.3, 0.5, 0.68]);
  // The farther ones first, each in a part of the sky of its own.
  const places = [0.12, 0.3, 0.5, 0.7, 0.88].filter((u) => Math.abs(u - large) > 0.17).slice(0, random.whole(2, 3));
  const balloonAt = (u: number, size: number, turn: number) => {
    const foot = horizon * random.between(0.4, 0.72) + size * 0.25;
    return thingOn(setting, things.balloon, width * u, foot, size, { turn });
  };
  return [
    ...places.flatMap((u, at) => balloonAt(u + random.between(-0.03, 0.03), random.between(0.06, 0.12), at + 1)),
    ...balloonAt(large, random.between(0.24, 0.3), 0),
  ];
}
