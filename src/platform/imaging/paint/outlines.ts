import type { Random } from './random.ts';
import type { Outline } from './scene.ts';

export function disc(x: number, y: number, radius: number, corners = 64): Outline {
  return ellipse(x, y, radius, radius, 0, corners);
}

export function ellipse(x: number, y: number, across: number, down: number, turn = 0, corners = 32): Outline {
  const out: Outline = [];
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  for (let corner = 0; corner < corners; corner++) {
    const angle = (corner / corners) * 2 * Math.PI;
    const [u, v] = [Math.cos(angle) * across, Math.sin(angle) * down];
    out.push(x + u * cos - v * sin, y + u * sin + v * cos);
  }
  return out;
}

export const box = (left: number, top: number, right: number, bottom: number): Outline => [
  left,
  top,
  right,
  top,
  right,
  bottom,
  left,
  bottom,
];

/** A shape drawn around 0, 0, put somewhere else, larger, mirrored, or turned by an angle in radians. */
export function placed(outline: Outline, x: number, y: number, size: number, mirror = false, turn = 0): Outline {
  const [cos, sin] = [Math.cos(turn) * size, Math.sin(turn) * size];
  const out: Outline = [];
  for (let at = 0; at < outline.length; at += 2) {
    const u = (outline[at] as number) * (mirror ? -1 : 1);
    const v = outline[at + 1] as number;
    out.push(x + u * cos - v * sin, y + u * sin + v * cos);
  }
  return out;
}

/** A brush stroke along points, as wide as `width` says at each place from 0 to 1 of its length. */
export function stroke(points: readonly number[], width: (at: number) => number): Outline {
  const count = points.length / 2;
  const one: Outline = [];
  const other: Outline = [];
  for (let at = 0; at < count; at++) {
    const before = Math.max(0, at - 1) * 2;
    const after = Math.min(count - 1, at + 1) * 2;
    const dx = (points[after] as number) - (points[before] as number);
    const dy = (points[after + 1] as number) - (points[before + 1] as number);
    const half = width(at / Math.max(1, count - 1)) / 2 / (Math.hypot(dx, dy) || 1);
    const x = points[at * 2] as number;
    const y = points[at * 2 + 1] as number;
    one.push(x - dy * half, y + dx * half);
    other.push(y - dx * half, x + dy * half);
  }
  return [...one, ...other.reverse()];
}

/** Points of a quadratic curve. */
export function curve(ax: number, ay: number, bx: number, by: number, cx: number, cy: number, steps = 12): number[] {
  const out: number[] = [];
  for (let step = 0; step <= steps; step++) {
    const t = step / steps;
    const [p, q, r] = [(1 - t) ** 2, 2 * t * (1 - t), t * t];
    out.push(p * ax + q * bx + r * cx, p * ay + q * by + r * cy);
  }
  return out;
}

/** A shape as scissors, a brush or nature leave it: a circle whose radius wanders by `rough` of itself. */
export function blob(
  random: Random,
  x: number,
  y: number,
  across: number,
  down: number,
  rough = 0.15,
  corners = 28,
): Outline {
  const waves = [2, 3, 5, 7].map((times) => ({ times, phase: random() * 6.283, size: random.between(0.3, 1) / times }));
  const out: Outline = [];
  for (let corner = 0; corner < corners; corner++) {
    const angle = (corner / corners) * 2 * Math.PI;
    const radius =
      1 + rough * 1.6 * waves.reduce((sum, { times, phase, size }) => sum + size * Math.sin(times * angle + phase), 0);
    out.push(x + Math.cos(angle) * across * radius, y + Math.sin(angle) * down * radius);
  }
  return out;
}

/** Whether a picture shows any of it. */
export const heightAt = (line: readonly number[], x: number): number => {
  for (let at = 2; at < line.length; at += 2) {
    if ((line[at] as number) >= x) {
      const [x0, y0, x1, y1] = [line[at - 2], line[at - 1], line[at], line[at + 1]] as [number, number, number, number];
      return y0 + ((y1 - y0) * (x - x0)) / Math.max(1e-9, x1 - x0);
    }
  }
  return line[line.length - 1] as number;
};

/** What lies below a line, down to `bottom`. */
export const below = (line: readonly number[], bottom: number): Outline => [
  ...line,
  line[line.length - 2] as number,
  bottom,
  line[0] as number,
  bottom,
];
