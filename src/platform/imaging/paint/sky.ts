import { colourAt } from './canvas.ts';
import { blend, type Lab, shifted } from './oklab.ts';
import { blob, disc, ellipse, placed, stroke } from './outlines.ts';
import { skyGradient } from './palette.ts';
import type { Layer, Outline, Setting } from './scene.ts';
import { bird } from './things.ts';

/** Where the light comes from. */
export interface Light {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly isMoon: boolean;
}

export function placeLight({ random, width, height, palette, brief }: Setting, horizon: number): Light {
  const isMoon = palette.time === 'night' || (brief.subjects.has('moon') && !brief.subjects.has('sun'));
  const thirds = random.chance(0.5) ? random.between(0.22, 0.38) : random.between(0.62, 0.78);
  const low = palette.time === 'dawn' || palette.time === 'sunset' || palette.time === 'dusk';
  const y =
    low && !isMoon ? horizon - random.between(0.1, 0.24) * Math.min(1, height) : random.between(0.14, 0.26) * height;
  const size = random.between(0.05, 0.085) * (brief.moods.has('minimal') ? 1.35 : 1) * (isMoon ? 0.85 : 1);
  return { x: thirds * width, y, radius: size, isMoon };
}

/** Sun or moon with what shines around it. In hard media light is rings of paper. */
export function lightLayers(setting: Setting, light: Light, shown: boolean, horizon: number): Layer[] {
  const { palette, isHard, random } = setting;
  const { x, y, radius, isMoon } = light;
  const layers: Layer[] = [];
  if (isHard && !shown) return layers;
  if (isHard && !isMoon) {
    const rings = random.whole(2, 4);
    for (let ring = rings; ring > 0; ring--) {
      const size = radius * (1.1 + ring * random.between(0.62, 0.85));
      const around = colourAt(skyGradient(palette), Math.min(1, (y + size * 0.3) / horizon));
      layers.push(
        flat(
          [disc(x, y, size, 96)],
          blend(around, palette.light, 0.5 * (1 - (ring - 0.4) / (rings + 0.6)) ** 1.1),
          0.02,
        ),
      );
    }
  } else {
    layers.push({
      kind: 'glow',
      x,
      y,
      radius: radius * (isMoon ? 4.5 : 7),
      colour: palette.light,
      strength: isMoon ? 0.34 : 0.5,
    });
    if (!isMoon) layers.push({ kind: 'glow', x, y, radius: radius * 2.4, colour: palette.light, strength: 0.55 });
  }
  if (!shown) return layers;
  layers.push(flat([disc(x, y, radius, 96)], palette.light, 0.04));
  if (isMoon && setting.brief.hash % 3 === 0 && !setting.brief.subjects.has('aurora')) {
    const behind = colourAt(skyGradient(palette), y / horizon);
    layers.push({
      ...flat(
        [disc(x + radius * 0.42, y - radius * 0.16, radius * 0.9, 96)],
        isHard ? behind : blend(behind, palette.light, 0.14),
        0.05,
      ),
      detail: true,
    });
  } else if (isMoon) {
    const spots = Array.from({ length: 5 }, () =>
      blob(
        random,
        x + random.normal() * radius * 0.35,
        y + random.normal() * radius * 0.35,
        radius * random.between(0.1, 0.24),
        radius * random.between(0.08, 0.2),
      ),
    );
    layers.push({ ...flat(spots, shifted(palette.light, -0.07), 0.05), detail: true, opacity: [0.7, 0.7] });
  }
  return layers;
}

export const flat = (outlines: readonly Outline[], colour: Lab, depth: number) =>
  ({ kind: 'shape', outlines, gradient: [[0, colour]], from: 0, to: 1, depth }) as const satisfies Layer;

export function starLayers({ random, width, palette, detail, brief }: Setting, horizon: number): Layer[] {
  const many = brief.subjects.has('star') ? 420 : 170;
  const stars: Outline[] = [];
  const bright: Outline[] = [];
  for (let star = 0; star < many * (0.4 + 0.6 * detail); star++) {
    const x = random() * width;
    const y = random() ** 1.35 * horizon;
    const size = 0.0009 + 0.0023 * random() ** 5;
    if (size > 0.0026) bright.push(sparkle(x, y, size * 4));
    else stars.push(disc(x, y, size, 8));
  }
  const colour = blend(palette.light, palette.sky[2], 0.12);
  return [
    { ...flat(stars, colour, 0), detail: true, opacity: [0.85, 0.85] },
    { ...flat(bright, palette.light, 0), detail: true },
  ];
}

const sparkle = (x: number, y: number, size: number): Outline => {
  const thin = size * 0.12;
  return [
    x,
    y - size,
    x + thin,
    y - thin,
    x + size,
    y,
    x + thin,
    y + thin,
    x,
    y + size,
    x - thin,
    y + thin,
    x - size,
    y,
    x - thin,
    y - thin,
  ];
};

export function cloudLayers(setting: Setting, horizon: number, amount: number): Layer[] {
  const { palette, random, width, isHard, brief } = setting;
  const dark = brief.weather.has('storm') || brief.weather.has('rain');
  const around = colourAt(skyGradient(palette), 0.45);
  const lit = dark ? shifted(around, -0.03, 0.7) : blend(palette.light, around, palette.isDark ? 0.72 : 0.22);
  const shade = dark ? shifted(around, -0.17, 0.8) : blend(around, palette.sky[2], 0.35);
  if (!isHard) return [{ kind: 'clouds', top: 0, bottom: horizon * 0.86, amount, lit, shade }];
  const count = Math.round(2 + amount * 5);
  return Array.from({ length: count }, (_, at) => {
    const y = horizon * (0.12 + 0.5 * ((at + random()) / count));
    const size = random.between(0.1, 0.2) * (0.6 + 0.8 * (y / horizon));
    const outlines = cutCloud(setting, random() * width, y, size * 1.25, size * 0.34);
    return {
      kind: 'shape',
      outlines,
      gradient: [
        [0, lit],
        [1, blend(lit, shade, 0.8)],
      ],
      from: y - size * 0.36,
      to: y + size * 0.1,
      depth: 0.1,
    };
  });
}

/** Lumps on a flat ground, as children and Matisse cut them. */
function cutCloud({ random }: Setting, x: number, y: number, across: number, high: number): Outline[] {
  const out: Outline[] = [[...roundedBar(x, y, across, high * 0.34)]];
  const lumps = random.whole(3, 5);
  for (let lump = 0; lump < lumps; lump++) {
    const t = (lump + 0.5) / lumps - 0.5;
    const size = high * random.between(0.34, 0.62) * (1 - Math.abs(t) * 0.9);
    out.push(ellipse(x + t * across * 1.35, y - size * 0.5, size * 1.25, size, 0, 40));
  }
  return out;
}

function roundedBar(x: number, y: number, half: number, thick: number): Outline {
  return stroke(
    [x - half, y, x - half * 0.97, y, x - half * 0.8, y, x, y, x + half * 0.8, y, x + half * 0.97, y, x + half, y],
    (t) => 2 * thick * Math.sqrt(Math.max(0, 1 - Math.abs(t - 0.5) ** 6 * 64)),
  );
}

export function birdLayer({ random, width, palette, brief }: Setting, horizon: number, light: Light): Layer {
  const near = brief.subjects.has('bird') ? 1.9 : 1;
  const flock = random.whole(4, 8);
  const [x, y] = [light.x + (light.x < width / 2 ? 0.22 : -0.22) * width, horizon * random.between(0.26, 0.46)];
  const outlines = Array.from({ length: flock }, (_, at) =>
    placed(
      bird(random.between(0.5, 1)),
      x + (at - flock / 2) * 0.045 * near + random.normal() * 0.02,
      y + Math.abs(at - flock / 2) * 0.018 + random.normal() * 0.012,
      random.between(0.022, 0.042) * near,
      random.chance(0.5),
      random.between(-0.15, 0.15),
    ),
  );
  return {
    ...flat(outlines, palette.isDark ? blend(palette.light, palette.sky[1], 0.3) : palette.land[2], 0.7),
    detail: true,
  };
}

/** Rain, flakes or a bolt, over everything. */
export function weatherLayers(setting: Setting, horizon: number): Layer[] {
  const { brief, random, width, height, palette, detail } = setting;
  const layers: Layer[] = [];
  if (brief.weather.has('storm')) layers.push(bolt(setting, horizon));
  if (brief.weather.has('rain') || (brief.weather.has('storm') && brief.hash % 2)) {
    const drops = Array.from({ length: Math.round(240 * (0.5 + detail / 2)) }, () => {
      const [x, y, long] = [random.between(-0.05, width + 0.1), random() * height, random.between(0.02, 0.055)];
      return stroke([x, y, x - long * 0.22, y + long], () => 0.0011);
    });
    layers.push({ ...flat(drops, shifted(palette.sky[2], 0.06), 1), detail: true, opacity: [0.5, 0.5] });
  }
  if (brief.weather.has('snow') && brief.hash % 3) {
    const flakes = Array.from({ length: Math.round(220 * (0.5 + detail / 2)) }, () =>
      disc(random() * width, random() * height, 0.0012 + 0.0042 * random() ** 3, 12),
    );
    layers.push({ ...flat(flakes, shifted(palette.light, 0.02, 0.4), 1), detail: true, opacity: [0.85, 0.85] });
  }
  return layers;
}

function bolt({ random, width, palette }: Setting, horizon: number): Layer {
  const points: number[] = [];
  let x = width * random.between(0.3, 0.7);
  for (let step = 0; step <= 9; step++) {
    points.push(x, horizon * (0.08 + (0.85 * step) / 9));
    x += random.between(-0.045, 0.045);
  }
  return { ...flat([stroke(points, (t) => 0.007 * (1 - t) + 0.0015)], palette.light, 0.1), detail: true };
}
