import { blend, type Lab } from './oklab.ts';
import { box, disc, placed, stroke } from './outlines.ts';
import type { Layer, Outline, Setting } from './scene.ts';
import { flat } from './sky.ts';

/** What stands out most from the ground. */
export const strongest = ({ palette }: Setting): Lab => palette.loose[palette.loose.length - 1] as Lab;

/** All colours but the ground's. */
export const others = ({ palette }: Setting): readonly Lab[] => palette.loose.slice(1);

/** A few large shapes in tension, and thin lines through them. After Kandinsky and Moholy-Nagy. */
export function geometry(setting: Setting): Layer[] {
  const { random, width, height } = setting;
  const size = Math.min(width, height);
  const colours = others(setting);
  const angle = random.between(-0.9, 0.9);
  const [cx, cy] = [width * random.between(0.36, 0.64), height * random.between(0.36, 0.62)];
  const big = size * random.between(0.24, 0.32);
  const at = (away: number, across: number): [number, number] => [
    cx + Math.cos(angle) * away - Math.sin(angle) * across,
    cy + Math.sin(angle) * away + Math.cos(angle) * across,
  ];
  const layers: Layer[] = [];
  const bar = (away: number, across: number, long: number, thick: number, colour: Lab, opacity = 1) => {
    layers.push({
      ...flat(
        [placed(box(-long / 2, -thick / 2, long / 2, thick / 2), ...at(away, across), size, false, angle)],
        colour,
        0.5,
      ),
      opacity: [opacity, opacity],
    });
  };
  const ring = (x: number, y: number, radius: number, colour: Lab, opacity: number) =>
    layers.push({ ...flat([disc(x, y, radius, 96)], colour, 0.4), opacity: [opacity, opacity] });
  bar(random.between(-0.2, 0.2), -0.12, 1.9, 0.24, blend(setting.palette.loose[0] as Lab, colours[3] as Lab, 0.55));
  ring(...at(big * 0.5, -big * 0.2), big, colours[0] as Lab, 1);
  bar(-0.1, big * 0.5, 1.15, 0.16, colours[2] as Lab, 0.92);
  ring(...at(-big * 1.15, big * 0.55), big * 0.56, colours[1] as Lab, 0.94);
  layers.push(
    flat(
      [
        placed(
          [-0.5, 0.42, 0.5, 0.42, 0, -0.5],
          ...at(big * 0.95, big * 0.75),
          size * random.between(0.26, 0.36),
          false,
          angle + random.between(-0.5, 0.5),
        ),
      ],
      strongest(setting),
      0.6,
    ),
  );
  layers.push({
    ...flat([half(...at(-big * 0.7, -big * 1.05), size * 0.13, angle)], colours[4 % colours.length] as Lab, 0.6),
  });
  const lines = random.whole(3, 6);
  for (let line = 0; line < lines; line++) bar(0, (line - lines / 2) * 0.045 + 0.2, 1.5, 0.005, strongest(setting));
  ring(...at(big * 0.5, -big * 0.2), big * 0.3, setting.palette.loose[0] as Lab, 1);
  ring(...at(big * 1.75, -big * 0.9), size * 0.035, strongest(setting), 1);
  ring(...at(-big * 1.5, -big * 0.4), size * 0.022, colours[0] as Lab, 1);
  for (let dot = 0; dot < 9; dot++)
    layers.push({
      ...flat(
        [disc(...at(-big * 1.3 + (dot % 3) * 0.03, -big * 1.3 + Math.floor(dot / 3) * 0.03), 0.006, 16)],
        strongest(setting),
        0.6,
      ),
      detail: true,
    });
  return layers;
}

export function half(x: number, y: number, radius: number, turn: number): Outline {
  const out: Outline = [];
  for (let step = 0; step <= 40; step++) {
    const angle = turn + (step / 40) * Math.PI;
    out.push(x + Math.cos(angle) * radius, y + Math.sin(angle) * radius);
  }
  return out;
}

/** Tiles of quarter circles, halves and leaves, no two neighbours alike. */
export function quilt(setting: Setting): Layer[] {
  const { random, width, height } = setting;
  const across = random.whole(4, 6);
  const side = width / across;
  const colours = [...others(setting), setting.palette.loose[0] as Lab];
  const layers: Layer[] = [];
  for (let row = 0; row * side < height; row++) {
    for (let column = 0; column < across; column++) {
      const [x, y] = [column * side, row * side];
      const under = random.whole(0, colours.length - 1);
      const over = (under + random.whole(1, colours.length - 1)) % colours.length;
      layers.push({
        ...flat([box(x, y, x + side + 0.0006, y + side + 0.0006)], colours[under] as Lab, 0.1),
        detail: true,
      });
      layers.push(flat(tileShape(random.whole(0, 6), x, y, side, random.whole(0, 3)), colours[over] as Lab, 0.5));
      if (random.chance(0.25))
        layers.push(
          flat([disc(x + side / 2, y + side / 2, side * 0.14, 40)], colours[(over + 1) % colours.length] as Lab, 0.7),
        );
    }
  }
  return layers;
}

function tileShape(kind: number, x: number, y: number, side: number, turn: number): Outline[] {
  const corner = (which: number): [number, number] =>
    (
      [
        [x, y],
        [x + side, y],
        [x + side, y + side],
        [x, y + side],
      ] as [number, number][]
    )[which % 4] as [number, number];
  const quarter = (which: number, radius: number): Outline => {
    const [cx, cy] = corner(which);
    const out: Outline = [cx, cy];
    for (let step = 0; step <= 24; step++) {
      const angle = (which % 4) * (Math.PI / 2) + (step / 24) * (Math.PI / 2);
      out.push(cx + Math.cos(angle) * radius, cy + Math.sin(angle) * radius);
    }
    return out;
  };
  const middle: [number, number] = [x + side / 2, y + side / 2];
  if (kind === 0) return [quarter(turn, side)];
  if (kind === 1) return [quarter(turn, side * 0.5), quarter(turn + 2, side * 0.5)];
  if (kind === 2) return [half(...middle, side / 2, turn * (Math.PI / 2))];
  if (kind === 3) return [disc(...middle, side * 0.42, 60)];
  if (kind === 4) return [[...corner(turn), ...corner(turn + 1), ...corner(turn + 2)]];
  if (kind === 5) return [lens(corner(turn), corner(turn + 2))];
  return [0, 1, 2].map((bar) =>
    turn % 2
      ? box(x + (side * (2 * bar + 0.5)) / 6, y, x + (side * (2 * bar + 1.5)) / 6, y + side)
      : box(x, y + (side * (2 * bar + 0.5)) / 6, x + side, y + (side * (2 * bar + 1.5)) / 6),
  );
}

function lens([ax, ay]: [number, number], [bx, by]: [number, number]): Outline {
  const points: number[] = [];
  for (let step = 0; step <= 24; step++) points.push(ax + ((bx - ax) * step) / 24, ay + ((by - ay) * step) / 24);
  const thick = Math.hypot(bx - ax, by - ay) * 0.58;
  return stroke(points, (t) => thick * Math.sin(Math.PI * t));
}
