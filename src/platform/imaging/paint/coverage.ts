import { discard } from './discard.ts';

/** Corners of a closed polygon, x and y in turn, in pixels. */
export type Polygon = Float64Array | number[];

/** How much of each pixel of a rectangle is covered, 0 to 1. */
export interface Coverage {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/**
 * Covers the union of polygons, each edge as exact as a pixel's area is. Signed areas are accumulated and summed along rows, after Raph Levien's
 * font-rs (https://medium.com/@raphlinus/inside-the-fastest-font-renderer-in-the-world-75ae5270c445). All are turned the same way round, so that where
 * two overlap nothing is left out.
 * @returns null where nothing of them lies within `width` × `height`
 */
export function cover(polygons: readonly Polygon[], width: number, height: number): Coverage | null {
  let minX = Infinity;
  let minY = Infinity;
  let maxX = -Infinity;
  let maxY = -Infinity;
  for (const polygon of polygons) {
    for (let at = 0; at < polygon.length; at += 2) {
      minX = Math.min(minX, polygon[at] as number);
      maxX = Math.max(maxX, polygon[at] as number);
      minY = Math.min(minY, polygon[at + 1] as number);
      maxY = Math.max(maxY, polygon[at + 1] as number);
    }
  }
  const left = Math.max(0, Math.floor(minX));
  const top = Math.max(0, Math.floor(minY));
  const right = Math.min(width, Math.ceil(maxX));
  const bottom = Math.min(height, Math.ceil(maxY));
  if (!(right > left && bottom > top)) return null;
  const area = { left, top, width: right - left, height: bottom - top };
  // Two more a row: an edge on the last column spills over.
  const stride = area.width + 2;
  const sums = new Float32Array(stride * area.height);
  for (const polygon of polygons) accumulate(polygon, sums, stride, area);
  const values = new Float32Array(area.width * area.height);
  for (let y = 0, to = 0; y < area.height; y++) {
    let sum = 0;
    const row = y * stride;
    for (let x = 0; x < area.width; x++) {
      sum += sums[row + x] as number;
      values[to++] = sum >= 1 ? 1 : sum > 0.002 ? sum : 0;
    }
  }
  discard(sums);
  return { ...area, values };
}

function accumulate(
  polygon: Polygon,
  sums: Float32Array,
  stride: number,
  { left, top, width, height }: Omit<Coverage, 'values'>,
) {
  const corners = polygon.length;
  let area = 0;
  for (let at = 0; at < corners; at += 2) {
    const next = (at + 2) % corners;
    area +=
      (polygon[at] as number) * (polygon[next + 1] as number) - (polygon[next] as number) * (polygon[at + 1] as number);
  }
  const turn = area > 0 ? -1 : 1;
  for (let at = 0; at < corners; at += 2) {
    const next = (at + 2) % corners;
    addEdge(
      (polygon[at] as number) - left,
      (polygon[at + 1] as number) - top,
      (polygon[next] as number) - left,
      (polygon[next + 1] as number) - top,
      turn,
    );
  }

  function addEdge(ax: number, ay: number, bx: number, by: number, way: number) {
    if (ay === by) return;
    const sign = (ay < by ? 1 : -1) * way;
    const [x0, y0, x1, y1] = ay < by ? [ax, ay, bx, by] : [bx, by, ax, ay];
    if (y1 <= 0 || y0 >= height) return;
    const slope = (x1 - x0) / (y1 - y0);
    let x = y0 < 0 ? x0 - y0 * slope : x0;
    const last = Math.min(height, Math.ceil(y1));
    for (let row = Math.max(0, Math.floor(y0)); row < last; row++) {
      const dy = Math.min(row + 1, y1) - Math.max(row, y0);
      const end = x + slope * dy;
      addSpan(row * stride, Math.min(x, end), Math.max(x, end), dy * sign);
      x = end;
    }
  }

  /** One edge within one row: the part of each pixel right of it, as the difference to the pixel before. */
  function addSpan(row: number, from: number, to: number, amount: number) {
    const x0 = Math.min(Math.max(from, 0), width);
    const x1 = Math.min(Math.max(to, 0), width);
    const first = Math.floor(x0);
    const beyond = Math.ceil(x1);
    if (beyond <= first + 1) {
      const middle = (x0 + x1) / 2 - first;
      add(row + first, amount * (1 - middle));
      add(row + first + 1, amount * middle);
      return;
    }
    const per = 1 / (x1 - x0);
    const start = 1 - (x0 - first);
    const a0 = 0.5 * per * start * start;
    const end = x1 - beyond + 1;
    const am = 0.5 * per * end * end;
    add(row + first, amount * a0);
    if (beyond === first + 2) {
      add(row + first + 1, amount * (1 - a0 - am));
    } else {
      const a1 = per * (1.5 - (x0 - first));
      add(row + first + 1, amount * (a1 - a0));
      for (let column = first + 2; column < beyond - 1; column++) add(row + column, amount * per);
      const a2 = a1 + (beyond - first - 3) * per;
      add(row + beyond - 1, amount * (1 - a2 - am));
    }
    add(row + beyond, amount * am);
  }

  function add(at: number, amount: number) {
    sums[at] = (sums[at] as number) + amount;
  }
}
