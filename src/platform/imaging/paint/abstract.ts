import { geometry, half, others, quilt, strongest } from './bauhaus.ts';
import { createNoise, fractal } from './noise.ts';
import { blend, type Lab, shifted } from './oklab.ts';
import { blob, box, disc, stroke } from './outlines.ts';
import type { Layer, Outline, Scene, Setting } from './scene.ts';
import { flat } from './sky.ts';

type Manner = 'geometry' | 'quilt' | 'ribbons' | 'circles' | 'fields' | 'waves';

/** A picture of nothing but colours and shapes. */
export function composeAbstract(setting: Setting): Scene {
  const { palette, brief, variant } = setting;
  const { subjects } = brief;
  const ground = palette.loose[0] as Lab;
  const manners: readonly Manner[] = subjects.has('flow')
    ? ['ribbons', 'waves']
    : subjects.has('pattern')
      ? ['quilt', 'waves', 'circles']
      : subjects.has('geometric')
        ? ['geometry', 'quilt', 'geometry', 'circles']
        : ['geometry', 'ribbons', 'fields', 'circles', 'waves', 'quilt'];
  const manner = manners[(brief.hash + variant) % manners.length] as Manner;
  return {
    sky: [
      [0, ground],
      [1, shifted(ground, -0.025)],
    ],
    horizon: setting.height,
    layers: ways[manner](setting),
    palette,
  };
}

const ways: Readonly<Record<Manner, (setting: Setting) => Layer[]>> = {
  geometry,
  quilt,
  ribbons,
  circles,
  fields,
  waves,
};

/** Brush lines that follow one current. */
function ribbons(setting: Setting): Layer[] {
  const { random, width, height, detail } = setting;
  const noise = fractal(createNoise(random), 2);
  const turn = random.between(-0.6, 0.6);
  const zoom = random.between(1.1, 1.9);
  const colours = others(setting);
  const layers: Layer[] = [];
  const tint = createNoise(random);
  for (const [thick, count] of [
    [0.075, 46],
    [0.034, 110],
    [0.012, 200],
  ] as const) {
    const groups = colours.map((): Outline[] => []);
    for (let line = 0; line < count * (0.4 + 0.6 * detail); line++) {
      let x = random.between(-0.1, width + 0.1);
      let y = random.between(-0.1, height + 0.1);
      const which = Math.floor((tint(x * 1.5, y * 1.5) * 0.8 + 0.5 + random.between(-0.14, 0.14)) * colours.length);
      const points = [x, y];
      for (let step = 0; step < 26; step++) {
        const angle = turn + noise(x * zoom, y * zoom) * 3.6;
        x += Math.cos(angle) * 0.02;
        y += Math.sin(angle) * 0.02;
        points.push(x, y);
      }
      const own = thick * random.between(0.45, 1.1);
      (groups[Math.min(colours.length - 1, Math.max(0, which))] as Outline[]).push(
        stroke(points, (t) => own * Math.sin(Math.PI * Math.min(1, t * 0.96 + 0.03)) ** 0.5),
      );
    }
    for (const [at, outlines] of groups.entries())
      layers.push({
        ...flat(outlines, shifted(colours[at] as Lab, random.between(-0.03, 0.04)), 0.5),
        detail: thick < 0.02,
      });
  }
  return layers;
}

/** Circles that leave each other room, the large ones with others within. */
function circles(setting: Setting): Layer[] {
  const { random, width, height, detail } = setting;
  const colours = others(setting);
  const placedOnes: { x: number; y: number; radius: number }[] = [];
  const layers: Layer[] = [];
  for (let tries = 0; tries < 900 + 1500 * detail && placedOnes.length < 150; tries++) {
    const x = random.between(0.03, width - 0.03);
    const y = random.between(0.03, height - 0.03);
    const room = Math.min(
      0.2 - 0.13 * Math.min(1, tries / 300),
      x - 0.03,
      y - 0.03,
      width - 0.03 - x,
      height - 0.03 - y,
      ...placedOnes.map((one) => Math.hypot(one.x - x, one.y - y) - one.radius - 0.007),
    );
    if (room < 0.008) continue;
    placedOnes.push({ x, y, radius: room });
    const start = random.whole(0, colours.length - 1);
    layers.push(flat([disc(x, y, room, 80)], colours[start] as Lab, 0.4));
    const within = room > 0.06 ? random.whole(1, 4) : random.whole(0, 1);
    for (let ring = 1; ring <= within; ring++) {
      const share = 1 - ring / (within + 1);
      const colour =
        ring === within && random.chance(0.4)
          ? (setting.palette.loose[0] as Lab)
          : (colours[(start + ring * 2) % colours.length] as Lab);
      const cut = random.chance(0.2)
        ? half(x, y, room * share, random.whole(0, 3) * (Math.PI / 2))
        : disc(x, y, room * share, 64);
      layers.push({ ...flat([cut], colour, 0.5), detail: room < 0.05 });
    }
  }
  return layers;
}

/** Two or three soft fields above one another. After Rothko. */
function fields(setting: Setting): Layer[] {
  const { random, width, height } = setting;
  const colours = others(setting);
  const start = random.whole(0, colours.length - 1);
  const under = blend(colours[start] as Lab, strongest(setting), 0.35);
  const layers: Layer[] = [{ ...flat([box(-0.1, -0.1, width + 0.1, height + 0.1)], under, 0.1), detail: true }];
  const cuts = random.chance(0.5)
    ? [0.055, random.between(0.38, 0.6), 0.945]
    : [0.055, random.between(0.24, 0.34), random.between(0.58, 0.7), 0.945];
  for (let field = 0; field + 1 < cuts.length; field++) {
    const colour = colours[(start + 1 + field * 2) % colours.length] as Lab;
    const [top, bottom] = [height * ((cuts[field] as number) + 0.012), height * ((cuts[field + 1] as number) - 0.012)];
    for (let coat = 0; coat < 5; coat++) {
      const edge = 0.05 + coat * 0.007;
      layers.push({
        kind: 'shape',
        outlines: [ragged(random, edge, top + coat * 0.006, width - edge, bottom - coat * 0.006)],
        gradient: [
          [0, blend(colour, under, 0.3 - coat * 0.06)],
          [0.5, colour],
          [1, blend(colour, under, 0.24 - coat * 0.05)],
        ],
        from: top,
        to: bottom,
        depth: 0.4,
        opacity: [0.45, 0.45],
        detail: coat < 4,
      });
    }
  }
  return layers;
}

function ragged(random: Setting['random'], left: number, top: number, right: number, bottom: number): Outline {
  const noise = createNoise(random);
  const out: Outline = [];
  const side = (ax: number, ay: number, bx: number, by: number, key: number) => {
    for (let step = 0; step < 40; step++) {
      const t = step / 40;
      out.push(ax + (bx - ax) * t + 0.005 * noise(t * 14, key), ay + (by - ay) * t + 0.005 * noise(t * 14, key + 7.5));
    }
  };
  side(left, top, right, top, 0.5);
  side(right, top, right, bottom, 1.5);
  side(right, bottom, left, bottom, 2.5);
  side(left, bottom, left, top, 3.5);
  return out;
}

/** Sheets of colour that rise and fall behind one another. */
function waves(setting: Setting): Layer[] {
  const { random, width, height, brief } = setting;
  const noise = createNoise(random);
  const colours = [...others(setting)];
  const count = brief.moods.has('minimal') ? 5 : random.whole(8, 13);
  const tilt = random.between(-0.25, 0.25);
  const layers: Layer[] = [
    flat(
      [blob(random, width * random.between(0.25, 0.75), height * 0.2, 0.09, 0.09, 0.01, 80)],
      colours[0] as Lab,
      0.2,
    ),
  ];
  for (let sheet = 0; sheet < count; sheet++) {
    const t = (sheet + 1) / (count + 0.5);
    const line: number[] = [];
    for (let at = 0; at <= 120; at++) {
      const u = -0.05 + (at / 120) * 1.1;
      line.push(
        u * width,
        height * (0.14 + 0.86 * t) +
          tilt * (u - 0.5) * height * 0.4 +
          0.12 * noise(u * 1.7 + sheet * 0.21, sheet * 0.37) +
          0.03 * noise(u * 4.5, sheet * 1.3),
      );
    }
    const colour = colours[(sheet * 2 + (sheet % 3)) % colours.length] as Lab;
    layers.push({
      kind: 'shape',
      outlines: [[...line, width + 0.1, height + 0.2, -0.1, height + 0.2]],
      gradient: [
        [0, shifted(colour, 0.03)],
        [1, shifted(colour, -0.05)],
      ],
      from: height * (0.1 + 0.86 * t),
      to: height * (0.4 + 0.86 * t),
      depth: 0.2 + 0.6 * t,
    });
  }
  return layers;
}
