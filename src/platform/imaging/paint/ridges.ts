import { createNoise, fractal } from './noise.ts';
import type { Random } from './random.ts';
import type { Outline } from './scene.ts';

/** How a range of mountains stands in a picture. */
export type Stand = 'peak' | 'valley' | 'range' | 'cliff' | 'hills' | 'dunes' | 'mesas';

export interface Ridge {
  /** From left to right, x and y in turn, beyond both sides of the picture. */
  readonly line: number[];
  readonly base: number;
}

interface RidgeRequest {
  readonly width: number;
  /** Where its foot is, and how high it rises above that. */
  readonly base: number;
  readonly rise: number;
  readonly stand: Stand;
  /** The highest place, as a share of the width. */
  readonly centre: number;
  /** 0 is smooth, 1 jagged. */
  readonly rough: number;
  readonly points: number;
}

/** A line of mountains: tents of straight slopes, the highest counting at each place, and fractal noise on their flanks. */
export function ridge(random: Random, { width, base, rise, stand, centre, rough, points }: RidgeRequest): Ridge {
  const noise = fractal(createNoise(random), 5);
  const soft = createNoise(random);
  const phase = random.between(0, 50);
  const tents = tentsOf(random, stand, centre);
  const line: number[] = [];
  for (let at = 0; at <= points; at++) {
    const u = -0.06 + (at / points) * 1.12;
    const x = u * width;
    let height: number;
    if (stand === 'hills') {
      height = 0.5 + 0.42 * soft(u * 1.7 + phase, 1.5) + 0.14 * soft(u * 4.3 + phase, 8.5);
    } else if (stand === 'dunes') {
      height = duneAt(u * 1.6 + phase * 0.37, soft);
    } else if (stand === 'mesas') {
      const raw = 0.5 + 0.8 * soft(u * 3.1 + phase, 3.5) + 0.05 * noise(u * 9 + phase, 1);
      height = 0.08 + 0.92 * terrace(raw);
    } else {
      height = Math.max(
        0.06,
        ...tents.map(({ x: top, height: high, left, right }) => high - Math.abs(u - top) * (u < top ? left : right)),
      );
      const flank = Math.abs(noise(u * 5.2 + phase, 2.7));
      height += rough * (0.34 * height + 0.05) * (0.32 - flank) + rough * 0.045 * noise(u * 21 + phase, 6.1);
    }
    line.push(x, base - rise * height);
  }
  return { line, base };
}

function tentsOf(random: Random, stand: Stand, centre: number) {
  const tent = (x: number, height: number, steep: number) => ({
    x,
    height,
    left: steep * random.between(0.75, 1.3),
    right: steep * random.between(0.75, 1.3),
  });
  if (stand === 'peak') {
    const side = random.chance(0.5) ? 1 : -1;
    return [
      tent(centre, 1, 1.9),
      tent(centre + side * random.between(0.2, 0.28), random.between(0.5, 0.68), 1.7),
      tent(centre - side * random.between(0.32, 0.45), random.between(0.34, 0.5), 1.3),
      tent(centre + side * random.between(0.5, 0.65), random.between(0.3, 0.45), 1.2),
    ];
  }
  if (stand === 'valley') {
    return [
      tent(random.between(-0.05, 0.1), 1, 1.75),
      tent(random.between(0.9, 1.05), random.between(0.72, 1), 1.75),
      tent(random.between(0.2, 0.28), random.between(0.42, 0.55), 1.8),
      tent(random.between(0.72, 0.8), random.between(0.35, 0.5), 1.8),
    ];
  }
  if (stand === 'cliff') {
    const left = centre < 0.5;
    const at = (u: number) => (left ? u : 1 - u);
    return [tent(at(0.02), 1, 1.35), tent(at(0.24), 0.78, 1.8), tent(at(0.45), 0.4, 1.5), tent(at(0.85), 0.22, 0.7)];
  }
  const count = random.whole(4, 6);
  return Array.from({ length: count }, (_, at) =>
    tent((at + random.between(0.15, 0.85)) / count, random.between(0.5, 1), random.between(1.8, 2.6)),
  );
}

/** Sand rises slowly on the side of the wind and falls off short behind its crest. */
function duneAt(u: number, soft: (x: number, y: number) => number): number {
  const warped = u + 0.25 * soft(u * 0.9, 4.2);
  const within = warped - Math.floor(warped);
  const crest = 0.68;
  const rise =
    within < crest
      ? 0.5 - 0.5 * Math.cos((within / crest) * Math.PI)
      : 0.5 + 0.5 * Math.cos(((within - crest) / (1 - crest)) * Math.PI);
  return 0.2 + (0.55 + 0.3 * soft(Math.floor(warped) * 3.7, 9.3)) * rise;
}

function terrace(raw: number): number {
  const steps = [0.02, 0.4, 0.62, 1];
  const t = Math.min(0.999, Math.max(0, raw)) * 3;
  const step = Math.floor(t);
  const within = Math.min(1, Math.max(0, (t - step - 0.75) / 0.25));
  return (steps[step] as number) + ((steps[step + 1] as number) - (steps[step] as number)) * within;
}

export interface Summit {
  readonly at: number;
  readonly left: number;
  readonly right: number;
  readonly height: number;
}

/** The summits of a line that stand out by `prominence` at least, with the places of the valleys beside them, as indexes of points. */
export function summitsOf(line: readonly number[], prominence: number): Summit[] {
  const turns: number[] = [0];
  const count = line.length / 2;
  const y = (at: number) => line[at * 2 + 1] as number;
  let rising = true;
  let extreme = 0;
  for (let at = 1; at < count; at++) {
    const higher = y(at) < y(extreme);
    if (rising === higher) extreme = at;
    else if (Math.abs(y(at) - y(extreme)) > prominence) {
      turns.push(extreme);
      rising = !rising;
      extreme = at;
    }
  }
  turns.push(count - 1);
  return turns.flatMap((at, place) => {
    const left = turns[place - 1];
    const right = turns[place + 1];
    if (left === undefined || right === undefined || y(at) >= y(left) || y(at) >= y(right)) return [];
    return [{ at, left, right, height: Math.max(y(left), y(right)) - y(at) }];
  });
}

/** The sides of a range that are turned away from the light: from each summit along its slope, and back up a broken crest. */
export function shadedSides(
  random: Random,
  { line, base }: Ridge,
  lightFromLeft: boolean,
  prominence: number,
): Outline[] {
  return summitsOf(line, prominence).map(({ at, left, right }) => {
    const side = lightFromLeft ? 1 : -1;
    const end = lightFromLeft ? right : left;
    const slope: number[] = [];
    for (let point = at; point !== end + side; point += side)
      slope.push(line[point * 2] as number, line[point * 2 + 1] as number);
    const [x, y] = [line[at * 2] as number, line[at * 2 + 1] as number];
    const [endX, endY] = [slope[slope.length - 2] as number, slope[slope.length - 1] as number];
    const drop = Math.min(base - y, Math.max((endY - y) * random.between(1.25, 1.7), 0.02));
    const foot = x + (endX - x) * random.between(0.05, 0.3);
    return [...slope, ...crest(random, foot, y + drop, x, y)];
  });
}

/** Snow on summits: along the ridge line as far as it lies above the limit, and back along a ragged edge. */
export function snowCaps(random: Random, { line }: Ridge, prominence: number, share: number): Outline[] {
  return summitsOf(line, prominence).flatMap(({ at, left, right, height }) => {
    const y = (point: number) => line[point * 2 + 1] as number;
    const limit = y(at) + height * share;
    let first = at;
    let last = at;
    while (first > left && y(first - 1) < limit) first--;
    while (last < right && y(last + 1) < limit) last++;
    if (last - first < 3) return [];
    const upper = line.slice(first * 2, (last + 1) * 2);
    const [x0, x1] = [line[first * 2] as number, line[last * 2] as number];
    const teeth = Math.max(3, Math.round((x1 - x0) / (height * 0.2)));
    const lower: number[] = [];
    for (let tooth = 1; tooth < teeth * 2; tooth++) {
      const t = tooth / (teeth * 2);
      const middle = 1 - Math.abs(t - 0.5) * 2;
      const depth =
        tooth % 2
          ? random.between(0.15, 0.5) * height * share * (0.3 + middle * 0.8)
          : random.between(-0.3, 0.1) * height * share * middle;
      lower.push(x1 + (x0 - x1) * t, limit + depth * 0.8);
    }
    return [[...upper, ...lower]];
  });
}

/** A zigzag from below to a summit, whose corners get smaller towards it. */
function crest(random: Random, fromX: number, fromY: number, toX: number, toY: number): number[] {
  const out: number[] = [];
  const corners = 7;
  for (let corner = 0; corner < corners; corner++) {
    const t = corner / corners;
    const swing = (corner % 2 ? 1 : -1) * random.between(0.03, 0.11) * Math.abs(toY - fromY) * (1 - t * 0.7);
    out.push(fromX + (toX - fromX) * t + (corner ? swing : 0), fromY + (toY - fromY) * t);
  }
  return out;
}
