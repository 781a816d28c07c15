import { blob, curve, ellipse, stroke } from './outlines.ts';
import type { Random } from './random.ts';
import type { Outline } from './scene.ts';

/** A conifer whose foot stands at x, y. */
export function pine(random: Random, x: number, y: number, height: number): Outline {
  const tiers = random.whole(4, 6);
  const half = height * random.between(0.17, 0.23);
  const right: number[] = [];
  const left: number[] = [];
  for (let tier = 0; tier < tiers; tier++) {
    const t = (tier + 1) / tiers;
    const level = y - height * (1 - t * 0.93);
    const reach = half * t ** 0.85 * random.between(0.85, 1.1);
    const back = reach * random.between(0.45, 0.62);
    right.push(x + reach, level + height * 0.02, x + back, level - height * 0.012);
    left.push(x - reach * random.between(0.9, 1.08), level + height * 0.02, x - back, level - height * 0.012);
  }
  const trunk = height * 0.022;
  const out: Outline = [
    x + random.between(-0.01, 0.01) * height,
    y - height,
    ...right,
    x + trunk,
    y - height * 0.07,
    x + trunk,
    y,
  ];
  const mirrored: number[] = [x - trunk, y, x - trunk, y - height * 0.07];
  for (let at = left.length - 2; at >= 0; at -= 2) mirrored.push(left[at] as number, left[at + 1] as number);
  return [...out, ...mirrored];
}

/** A broad tree: a trunk that forks, and tiers of leaves, the lit ones apart. */
export function broadTree(random: Random, x: number, y: number, height: number, lightX: number) {
  const trunk = height * random.between(0.035, 0.05);
  const lean = random.between(-0.07, 0.07) * height;
  const fork = y - height * random.between(0.2, 0.28);
  const wood: Outline[] = [
    stroke(curve(x, y, x + lean * 0.2, y - height * 0.3, x + lean, y - height * 0.72), (t) => trunk * (1.55 - t * 1.1)),
  ];
  const leaves: Outline[] = [];
  const lit: Outline[] = [];
  const side = Math.sign(lightX - x) || 1;
  const wide = random.between(0.85, 1.2);
  // From the lowest branches, which reach out farthest, to the top.
  const tiers = [
    { up: 0.4, reach: 0.27, clumps: 4, size: 0.115 },
    { up: 0.56, reach: 0.3, clumps: 5, size: 0.13 },
    { up: 0.73, reach: 0.22, clumps: 4, size: 0.125 },
    { up: 0.88, reach: 0.1, clumps: 2, size: 0.11 },
  ];
  for (const { up, reach, clumps, size } of tiers) {
    for (let clump = 0; clump < clumps; clump++) {
      const t = clumps === 1 ? 0 : (clump / (clumps - 1)) * 2 - 1;
      const cx = x + lean * up + (t + random.between(-0.15, 0.15)) * reach * wide * height;
      const cy = y - height * (up + random.between(-0.04, 0.04) - Math.abs(t) * 0.05);
      const radius = height * size * random.between(0.8, 1.15);
      leaves.push(blob(random, cx, cy, radius * 1.2, radius * 0.86, 0.24, 34));
      if (Math.abs(t) > 0.5)
        wood.push(
          stroke(curve(x + lean * 0.3, fork, x + lean * 0.5, cy + radius, cx, cy), (at) => trunk * (0.55 - at * 0.4)),
        );
      if (random.chance(0.8))
        lit.push(blob(random, cx + side * radius * 0.34, cy - radius * 0.34, radius * 0.62, radius * 0.34, 0.3, 26));
    }
  }
  return { wood, leaves, lit };
}

/** A slender trunk from below the picture to above it, with the dark marks that birches have. */
export function birch(random: Random, x: number, top: number, bottom: number, width: number) {
  const lean = random.between(-0.03, 0.03);
  const points = curve(x, bottom, x + lean * 0.4, (top + bottom) / 2, x + lean, top, 8);
  const marks: Outline[] = [];
  const count = Math.round((bottom - top) / (width * 1.5));
  for (let mark = 0; mark < count; mark++) {
    const t = (mark + random()) / count;
    const side = random.chance(0.5) ? 1 : -1;
    const cx = x + lean * t * t + side * width * random.between(0.2, 0.42);
    marks.push(
      ellipse(
        cx,
        bottom + (top - bottom) * t,
        width * random.between(0.1, 0.28),
        width * random.between(0.025, 0.07),
        random.between(-0.2, 0.2),
        10,
      ),
    );
  }
  return { trunk: stroke(points, (t) => width * (1 - t * 0.25)), marks };
}

export function palm(random: Random, x: number, y: number, height: number): Outline[] {
  const lean = random.between(0.12, 0.3) * height * (random.chance(0.5) ? 1 : -1);
  const [topX, topY] = [x + lean, y - height];
  const out: Outline[] = [
    stroke(curve(x, y, x + lean * 0.15, y - height * 0.55, topX, topY, 14), (t) => height * (0.045 - 0.022 * t)),
  ];
  const fronds = random.whole(8, 11);
  for (let frond = 0; frond < fronds; frond++) {
    const angle = -Math.PI * (-0.12 + (1.24 * (frond + 0.5)) / fronds) + random.between(-0.08, 0.08);
    const reach = height * random.between(0.3, 0.42);
    const ex = topX + Math.cos(angle) * reach;
    const ey = topY + Math.sin(angle) * reach * 0.55 + reach * 0.42;
    const points = curve(
      topX,
      topY,
      topX + Math.cos(angle) * reach * 0.6,
      topY + Math.sin(angle) * reach * 0.9,
      ex,
      ey,
      14,
    );
    out.push(
      stroke(
        points,
        (t) =>
          height *
          0.075 *
          Math.sin(Math.PI * Math.min(1, t * 0.92 + 0.08)) ** 0.7 *
          (Math.floor(t * 14) % 2 ? 0.55 : 1),
      ),
    );
  }
  return out;
}

export function cactus(random: Random, x: number, y: number, height: number): Outline[] {
  const thick = height * 0.15;
  const round = (t: number) => thick * Math.sqrt(Math.max(0, 1 - Math.max(0, (t - 0.86) / 0.14) ** 2));
  const arm = (side: number, from: number, reach: number, rise: number) =>
    stroke(
      [
        ...curve(
          x,
          y - from,
          x + side * reach * 1.05,
          y - from + height * 0.02,
          x + side * reach,
          y - from - height * 0.12,
          8,
        ),
        x + side * reach,
        y - from - rise,
      ],
      (t) => round(t) * 0.72,
    );
  const side = random.chance(0.5) ? 1 : -1;
  return [
    stroke(
      [x, y, x, y - height * 0.3, x, y - height * 0.6, x, y - height * 0.88, x, y - height * 0.95, x, y - height],
      round,
    ),
    arm(side, height * random.between(0.35, 0.45), height * 0.26, height * random.between(0.3, 0.42)),
    arm(-side, height * random.between(0.5, 0.58), height * 0.22, height * random.between(0.2, 0.3)),
  ];
}

/** Blades of grass or reed that bend with one wind. */
export function blades(
  random: Random,
  count: number,
  width: number,
  y: number,
  height: number,
  thick: number,
  wind: number,
): Outline[] {
  return Array.from({ length: count }, () => {
    const x = random.between(-0.02, width + 0.02);
    const tall = height * random.between(0.45, 1);
    const bend = (wind + random.normal() * 0.13) * tall;
    return stroke(curve(x, y, x + bend * 0.2, y - tall * 0.6, x + bend, y - tall, 7), (t) => thick * (1 - t) + 0.0004);
  });
}

/** A flower seen from a little above: petals around a heart. */
export function blossom(random: Random, x: number, y: number, size: number, petals: number, tilt = 0.7) {
  const turn = random() * 6.283;
  const leaves: Outline[] = [];
  for (let petal = 0; petal < petals; petal++) {
    const angle = turn + (petal / petals) * 6.283;
    const reach = size * random.between(0.5, 0.62);
    leaves.push(placedPetal(x, y, angle, reach, size * (2.1 / petals) * random.between(0.85, 1.1), tilt));
  }
  return { petals: leaves, heart: ellipse(x, y, size * 0.24, size * 0.24 * tilt, 0, 18) };
}

function placedPetal(x: number, y: number, angle: number, reach: number, half: number, tilt: number): Outline {
  const out: Outline = [];
  const corners = 16;
  for (let corner = 0; corner < corners; corner++) {
    const t = (corner / corners) * 6.283;
    // Broader outside than at the heart.
    const along = reach * (0.95 + 0.95 * Math.cos(t));
    const across = half * Math.sin(t) * (0.55 + 0.5 * (along / (reach * 1.9)));
    out.push(
      x + Math.cos(angle) * along - Math.sin(angle) * across,
      y + (Math.sin(angle) * along + Math.cos(angle) * across) * tilt,
    );
  }
  return out;
}

/** A leaf from x, y in a direction, bent by `bend` of its length. */
export function leaf(x: number, y: number, angle: number, length: number, thick: number, bend = 0.2): Outline {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const points = curve(
    x,
    y,
    x + (cos * 0.5 - sin * bend) * length,
    y + (sin * 0.5 + cos * bend) * length,
    x + cos * length,
    y + sin * length,
    12,
  );
  return stroke(points, (t) => thick * Math.sin(Math.PI * t ** 0.8) + 0.0006);
}
