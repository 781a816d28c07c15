import { blurredCoverage, padded } from './blur.ts';
import { type Canvas, colourAt, type Gradient, lay } from './canvas.ts';
import { type Coverage, cover } from './coverage.ts';
import { discard } from './discard.ts';
import type { Manner } from './media.ts';
import { type Noise, sampled, type Tile } from './noise.ts';
import { blend } from './oklab.ts';
import type { Layer, Outline } from './scene.ts';

/** What is the same for every shape of a picture. */
export interface Tools {
  readonly manner: Manner;
  readonly noise: Noise;
  readonly grain: Tile;
  readonly cloud: Tile;
}

/** Lays one shape as the medium does: its edge, its shadow on what is below, its colour, and what the edge does to that. */
export function layShape(canvas: Canvas, shape: Extract<Layer, { kind: 'shape' }>, tools: Tools): void {
  const { manner, grain, cloud } = tools;
  const { scale, width, height } = canvas;
  const polygons = shape.outlines.map((outline) => roughened(outline, tools, scale, shape.detail ?? false));
  const coverage = cover(polygons, width, height);
  if (!coverage) return;
  if (manner.shadow && !shape.detail) castShadow(canvas, coverage, manner.shadow, shape.depth);
  const gradient = flattened(shape.gradient, manner.flat);
  const opacity = shape.opacity ?? [1, 1];
  const fine = manner.texture === 'grain';
  lay(canvas, coverage, {
    gradient,
    from: shape.from * scale,
    to: shape.to * scale,
    opacity: [opacity[0] * manner.opacity[0], opacity[1] * manner.opacity[1]],
    texture:
      manner.texture && !(shape.detail && !fine)
        ? {
            tile: fine ? grain : cloud,
            amount: manner.textureAmount,
            step: fine ? 1024 / scale : (cloud.side / scale) * manner.textureScale,
            stretch: manner.textureStretch,
          }
        : null,
  });
  if (!shape.detail) workEdges(canvas, coverage, tools);
  discard(coverage.values);
}

function workEdges(canvas: Canvas, coverage: Coverage, { manner, cloud }: Tools): void {
  if (manner.rim) lightRim(canvas, coverage, manner.rim);
  if (manner.edge) darkenEdge(canvas, coverage, manner.edge, cloud);
  if (manner.line) drawUpperEdge(canvas, coverage, manner.line, cloud);
}

/** The outline in pixels, as uneven as the medium's tool leaves it. */
function roughened(
  outline: Outline,
  { manner, noise }: Tools,
  scale: number,
  isDetail: boolean,
): Float64Array | number[] {
  const { wobble, wobbleLength } = manner;
  if (!wobble || isDetail) return outline.map((value) => value * scale);
  const out: number[] = [];
  const corners = outline.length / 2;
  for (let corner = 0; corner < corners; corner++) {
    const next = (corner + 1) % corners;
    const [ax, ay] = [outline[corner * 2] as number, outline[corner * 2 + 1] as number];
    const [bx, by] = [outline[next * 2] as number, outline[next * 2 + 1] as number];
    const steps = Math.min(160, Math.max(1, Math.ceil(Math.hypot(bx - ax, by - ay) / (wobbleLength * 0.4))));
    for (let step = 0; step < steps; step++) {
      const x = ax + ((bx - ax) * step) / steps;
      const y = ay + ((by - ay) * step) / steps;
      const [u, v] = [x / wobbleLength, y / wobbleLength];
      out.push((x + wobble * noise(u, v)) * scale, (y + wobble * noise(u + 71.3, v + 13.7)) * scale);
    }
  }
  return out;
}

/** Pulls a gradient towards its mean: 0 leaves it, 1 makes one colour of it. */
function flattened(gradient: Gradient, share: number): Gradient {
  if (share === 0 || gradient.length === 1) return gradient;
  const mean = colourAt(gradient, 0.35);
  return gradient.map(([at, colour]) => [at, blend(colour, mean, share)]);
}

export function castShadow(
  canvas: Canvas,
  coverage: Coverage,
  { x, y, blur, strength }: NonNullable<Manner['shadow']>,
  depth: number,
): void {
  const { scale, width, height, l, b } = canvas;
  const far = 0.55 + depth * 0.75;
  const radius = Math.max(0.7, blur * scale * far);
  const area = padded(coverage, Math.ceil(radius * 2.5), width, height);
  const soft = blurredCoverage(area, radius);
  const [dx, dy] = [Math.round(x * scale * far), Math.round(y * scale * far)];
  for (let row = 0; row < area.height; row++) {
    const from = row - dy;
    if (from < 0 || from >= area.height) continue;
    for (let column = 0; column < area.width; column++) {
      const source = Math.min(area.width - 1, Math.max(0, column - dx));
      const dark =
        (soft[from * area.width + source] as number) * (1 - (area.values[row * area.width + column] as number));
      if (dark < 0.01) continue;
      const pixel = (area.top + row) * width + area.left + column;
      l[pixel] = (l[pixel] as number) * (1 - strength * dark);
      b[pixel] = (b[pixel] as number) - 0.01 * strength * dark;
    }
  }
  discard(area.values, soft);
}

/** The cut edge of a sheet catches the light along its upper side. */
function lightRim({ l, width, scale }: Canvas, coverage: Coverage, strength: number): void {
  const off = Math.max(1, Math.round(scale * 0.0016));
  const { values } = coverage;
  for (let row = 0; row < coverage.height; row++) {
    if (coverage.top + row < off) continue;
    for (let column = 0; column < coverage.width; column++) {
      const here = values[row * coverage.width + column] as number;
      if (here === 0) continue;
      const above =
        row >= off && column >= off
          ? (values[(row - off) * coverage.width + column - off] as number)
          : row < off
            ? 0
            : here;
      const rim = here - above;
      if (rim <= 0) continue;
      const pixel = (coverage.top + row) * width + coverage.left + column;
      l[pixel] = Math.min(1, (l[pixel] as number) + strength * rim);
    }
  }
}

/** Pigment gathers where a wash ends. */
function darkenEdge(
  { l, a, b, width, scale }: Canvas,
  coverage: Coverage,
  { reach, strength }: NonNullable<Manner['edge']>,
  cloud: Tile,
): void {
  const soft = blurredCoverage(coverage, Math.max(0.8, reach * scale));
  const step = (cloud.side / scale) * 2;
  for (let row = 0; row < coverage.height; row++) {
    for (let column = 0; column < coverage.width; column++) {
      const at = row * coverage.width + column;
      const here = coverage.values[at] as number;
      if (here === 0) continue;
      const outside = here - (soft[at] as number);
      if (outside < 0.03) continue;
      const pixel = (coverage.top + row) * width + coverage.left + column;
      const patchy = Math.max(0.1, 0.75 + 0.5 * sampled(cloud, column * step, row * step));
      const dark = strength * outside * outside * 3 * patchy * here;
      l[pixel] = (l[pixel] as number) * (1 - dark);
      a[pixel] = (a[pixel] as number) * (1 + dark * 0.8);
      b[pixel] = (b[pixel] as number) * (1 + dark * 0.8);
    }
  }
  discard(soft);
}

/** A line of the brush along whatever faces upwards, swelling and running dry. */
function drawUpperEdge(
  { l, a, b, width, scale }: Canvas,
  coverage: Coverage,
  { thick, strength }: NonNullable<Manner['line']>,
  cloud: Tile,
): void {
  const { values } = coverage;
  const step = (cloud.side / scale) * 1.6;
  for (let column = 0; column < coverage.width; column++) {
    for (let row = 0; row < coverage.height; row++) {
      const here = values[row * coverage.width + column] as number;
      if (here < 0.03) continue;
      const swell = sampled(cloud, (coverage.left + column) * step, row * step * 0.5);
      const off = Math.max(1, Math.round(scale * thick * (1 + 0.55 * swell)));
      const above =
        row >= off ? (values[(row - off) * coverage.width + column] as number) : coverage.top === 0 ? here : 0;
      const side = column >= off ? (values[row * coverage.width + column - (off >> 1)] as number) : here;
      const line = Math.min(1, Math.max(here - above, (here - side) * 0.8));
      if (line <= 0.02) continue;
      const dry = Math.min(1, Math.max(0.15, 0.85 + 0.5 * swell));
      const pixel = (coverage.top + row) * width + coverage.left + column;
      const share = line * strength * dry;
      l[pixel] = (l[pixel] as number) + (0.16 - (l[pixel] as number)) * share;
      a[pixel] = (a[pixel] as number) * (1 - share);
      b[pixel] = (b[pixel] as number) * (1 - share);
    }
  }
}
