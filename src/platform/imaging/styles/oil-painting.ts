import { type Canvas, type ColourField, clamp, lumaOf, mix, shrink, shrinkFactor, smoothstep } from './canvas.ts';
import { type Flow, flowOf } from './flow.ts';
import { hash } from './noise.ts';
import { smoothColours } from './smooth.ts';

/** Brushes by their width, as shares of the long side, with what they are for. */
interface Brush {
  readonly width: number;
  /** Of a stroke, in widths. */
  readonly length: number;
  /** How far apart strokes are, in widths. */
  readonly spacing: number;
  /** How different the canvas must be from the picture for a stroke to be set; 0 sets all. */
  readonly tolerance: number;
}

/**
 * Paint, set stroke by stroke: broad brushes first, finer ones where the canvas still differs from the picture, each stroke along the
 * edges that are there, in one colour, bent as they bend (A. Hertzmann, Painterly Rendering with Curved Brush Strokes of Multiple
 * Sizes, SIGGRAPH 1998; P. Litwinowicz, Processing Images and Video for an Impressionist Effect, SIGGRAPH 1997). Bristles leave
 * ridges, and a light from the upper left shows them (A. Hertzmann, Fast Paint Texture, NPAR 2002). With more strength the
 * brushes are broader and the paint is thicker.
 */
export function oilPainting(canvas: Canvas, strength: number): Canvas {
  const { width, height } = canvas;
  const factor = shrinkFactor(canvas, 1_000_000);
  const field = shrink(canvas, factor);
  const long = Math.max(field.width, field.height);
  smoothColours(field, 0.006 * long, 0.35);
  const flow = flowOf(lumaOf(field), Math.max(1.6, 0.004 * long));
  const painting: Painting = {
    pixels: new Uint32Array(width * height),
    width,
    height,
  };
  ground(painting, field, factor);
  const broad = 0.55 + 0.75 * strength;
  const brushes: Brush[] = [
    { width: 0.03 * broad, length: 4, spacing: 1.5, tolerance: 0 },
    { width: 0.0155 * broad, length: 4.4, spacing: 1.3, tolerance: 0.06 },
    { width: 0.008 * broad, length: 4.4, spacing: 1.2, tolerance: 0.085 },
    { width: 0.0042 * broad, length: 4, spacing: 1.2, tolerance: 0.105 },
    { width: 0.0023 * broad, length: 3.6, spacing: 1.2, tolerance: 0.15 },
  ];
  brushes.forEach((brush, layer) => {
    paintLayer(painting, field, flow, factor, brush, layer);
  });
  light(painting, canvas, strength);
  return canvas;
}

interface Painting {
  /** Blue, green, red, and in the highest byte how high the paint stands, so that a bristle sets all four at once. */
  readonly pixels: Uint32Array;
  readonly width: number;
  readonly height: number;
}

/** A first thin coat, so that no canvas shows between strokes. */
function ground(
  { pixels, width, height }: Painting,
  { data, width: fieldWidth, height: fieldHeight }: ColourField,
  factor: number,
): void {
  const coat = new Uint32Array(fieldWidth * fieldHeight);
  for (let i = 0, at = 0; i < coat.length; i++, at += 3) {
    coat[i] =
      (90 << 24) |
      (((data[at] as number) * 255) << 16) |
      (((data[at + 1] as number) * 255) << 8) |
      ((data[at + 2] as number) * 255);
  }
  for (let y = 0, i = 0; y < height; y++) {
    const row = ((y / factor) | 0) * fieldWidth;
    for (let x = 0, from = row; x < width; from++) {
      const end = Math.min(width, x + factor);
      const colour = coat[from] as number;
      for (; x < end; x++, i++) pixels[i] = colour;
    }
  }
}

function paintLayer(
  painting: Painting,
  field: ColourField,
  flow: Flow,
  factor: number,
  brush: Brush,
  layer: number,
): void {
  const long = Math.max(painting.width, painting.height);
  const size = Math.max(2.2, brush.width * long);
  // A brush finer than this does not exist: the next broader one has painted it.
  if (brush.width * long < 1.6) return;
  const spacing = Math.max(2, brush.spacing * size);
  const columns = Math.ceil(painting.width / spacing);
  const rows = Math.ceil(painting.height / spacing);
  // In an order that shows no grid: strokes lie over each other every which way.
  const count = columns * rows;
  const order = shuffled(count, layer + 1);
  for (let n = 0; n < count; n++) {
    const cell = order[n] as number;
    const column = cell % columns;
    const row = (cell / columns) | 0;
    const x = (column + hash(column, row, 61 + layer)) * spacing;
    const y = (row + hash(column, row, 71 + layer)) * spacing;
    if (x >= painting.width || y >= painting.height) continue;
    setStroke(painting, field, flow, factor, brush, size, x, y, hash(column, row, 81 + layer));
  }
}

/** One stroke, where the picture wants one. */
function setStroke(
  painting: Painting,
  field: ColourField,
  flow: Flow,
  factor: number,
  brush: Brush,
  size: number,
  x: number,
  y: number,
  chance: number,
): void {
  const sx = Math.min(field.width - 1, (x / factor) | 0);
  const sy = Math.min(field.height - 1, (y / factor) | 0);
  const at = sy * field.width + sx;
  const r = field.data[at * 3] as number;
  const g = field.data[at * 3 + 1] as number;
  const b = field.data[at * 3 + 2] as number;
  if (brush.tolerance > 0) {
    const pixel = painting.pixels[
      Math.min(painting.height - 1, y | 0) * painting.width + Math.min(painting.width - 1, x | 0)
    ] as number;
    const error =
      Math.abs(((pixel >> 16) & 255) / 255 - r) * 0.9 +
      Math.abs(((pixel >> 8) & 255) / 255 - g) * 1.2 +
      Math.abs((pixel & 255) / 255 - b) * 0.7;
    if (error < brush.tolerance * (0.8 + 0.7 * chance)) return;
  }
  const square = (sy >> 1) * flow.width + (sx >> 1);
  const clarity = flow.clarity[square] as number;
  // Where nothing shows the way, strokes lie as a hand lays them.
  const hand = 0.5 + 0.8 * Math.sin((x * 0.9) / (size * 9)) * Math.cos((y * 0.8) / (size * 11));
  const lead = smoothstep(0.12, 0.4, clarity);
  const along = Math.atan2(flow.y[square] as number, flow.x[square] as number);
  let turn = along - hand;
  turn -= Math.PI * Math.round(turn / Math.PI);
  const angle = hand + turn * lead + (chance - 0.5) * (0.5 - 0.38 * lead);
  const length = size * brush.length * (0.62 + 0.5 * lead + 0.3 * chance);
  // No two strokes are of quite the same paint.
  const shift = 1 + (chance - 0.5) * 0.1;
  const warm = (((chance * 7) % 1) - 0.5) * 0.022;
  const colour = [
    clamp((r * shift + warm) * 255, 0, 255),
    clamp(g * shift * 255, 0, 255),
    clamp((b * shift - warm) * 255, 0, 255),
  ] as const;
  // How much the edge bends over the stroke's length.
  const aheadX = clamp(Math.round(sx + (Math.cos(angle) * length * 0.4) / factor), 0, field.width - 1);
  const aheadY = clamp(Math.round(sy + (Math.sin(angle) * length * 0.4) / factor), 0, field.height - 1);
  const ahead = (aheadY >> 1) * flow.width + (aheadX >> 1);
  let bend = Math.atan2(flow.y[ahead] as number, flow.x[ahead] as number) - angle;
  bend -= Math.PI * Math.round(bend / Math.PI);
  const curve = clamp(bend, -0.6, 0.6) * lead * smoothstep(0.12, 0.4, flow.clarity[ahead] as number);
  dab(painting, x, y, angle, length, size, curve / length, colour, chance);
}

/** A stroke's width and length, in the places of the bristle table. */
const BRISTLES = 64;
const REACH = 128;

/**
 * How much paint there is at each place of a stroke, 0 to 255, and above that how high, 0 to 255: a row for each bristle, for four
 * brushes.
 */
const makeBrushes = (): Uint16Array => {
  const places = new Uint16Array(BRISTLES * REACH * 4);
  for (let kind = 0; kind < 4; kind++) {
    for (let v = 0; v < BRISTLES; v++) {
      const across = Math.abs((v + 0.5) / BRISTLES - 0.5) * 2;
      // A bristle is as thick as four places, and carries its own amount of paint.
      const place = v / 3.2;
      const share = place - Math.floor(place);
      const load = mix(hash(Math.floor(place), kind, 91), hash(Math.floor(place) + 1, kind, 91), share);
      const begins = 0.02 + 0.07 * hash(Math.floor(place), kind, 92) + 0.16 * across ** 3;
      const ends = 1 - 0.02 - 0.22 * hash(Math.floor(place), kind, 93) * (1.2 - load) - 0.2 * across ** 3;
      for (let u = 0; u < REACH; u++) {
        const t = (u + 0.5) / REACH;
        const body = smoothstep(begins - 0.03, begins + 0.03, t) * (1 - smoothstep(ends - 0.14, ends, t));
        const edge = 1 - smoothstep(0.78, 1, across + 0.12 * (1 - load));
        // Towards its end a stroke runs dry, and what was beneath shows between the bristles.
        const dry = 1 - smoothstep(0.55, 1.05, t) * (1 - load) * 0.85;
        const i = (kind * BRISTLES + v) * REACH + u;
        const cover = 255 * body * edge * dry;
        // Paint is pushed up at the sides and at the end.
        const wall = 0.34 * smoothstep(0.55, 0.86, across) + 0.25 * smoothstep(0.72, 0.95, t);
        const height = 255 * clamp(0.2 + 0.5 * load + wall, 0, 1);
        places[i] = ((height | 0) << 8) | cover;
      }
    }
  }
  return places;
};

const bristles = makeBrushes();

function dab(
  { pixels, width, height }: Painting,
  x: number,
  y: number,
  angle: number,
  length: number,
  size: number,
  curve: number,
  colour: readonly [number, number, number],
  chance: number,
): void {
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const half = length / 2;
  const sag = Math.abs(curve) * half * half * 0.5 + size / 2;
  const boundX = Math.abs(cos) * half + Math.abs(sin) * sag + 1;
  const boundY = Math.abs(sin) * half + Math.abs(cos) * sag + 1;
  const top = Math.max(0, Math.floor(y - boundY));
  const bottom = Math.min(height - 1, Math.ceil(y + boundY));
  const firstX = Math.max(0, Math.floor(x - boundX));
  const lastX = Math.min(width - 1, Math.ceil(x + boundX));
  const kind = ((chance * 997) & 3) * BRISTLES;
  const scaleU = REACH / length;
  const scaleV = BRISTLES / size;
  const stepU = cos * scaleU;
  const bend = -curve * cos * cos * scaleV;
  // By sixteen heights: ridges catch more light than furrows. Two channels in one number, since their products do not meet.
  const redBlue = new Uint32Array(16);
  const green = new Uint32Array(16);
  for (let i = 0; i < 16; i++) {
    const tone = 1 + (i - 7.5) * 0.0085;
    const [r, g, b] = colour.map((value) => Math.min(255, value * tone) | 0) as [number, number, number];
    redBlue[i] = (r << 16) | b;
    green[i] = g;
  }
  for (let py = top; py <= bottom; py++) {
    const dy = py - y;
    // Only where the row crosses the stroke's rectangle: |u| ≤ half and |v| ≤ sag, both linear in x.
    let from = firstX - x;
    let to = lastX - x;
    if (Math.abs(cos) > 1e-6) {
      const a = (-half - dy * sin) / cos;
      const c = (half - dy * sin) / cos;
      from = Math.max(from, Math.min(a, c));
      to = Math.min(to, Math.max(a, c));
    }
    if (Math.abs(sin) > 1e-6) {
      const a = (dy * cos - sag) / sin;
      const c = (dy * cos + sag) / sin;
      from = Math.max(from, Math.min(a, c));
      to = Math.min(to, Math.max(a, c));
    }
    const start = Math.max(firstX, Math.ceil(x + from));
    const end = Math.min(lastX, Math.floor(x + to));
    const u = (start - x) * cos + dy * sin;
    // Along the row the place across the stroke is a parabola, since the stroke is bent: taken by its differences.
    let tu = (u + half) * scaleU;
    let tv = (dy * cos - (start - x) * sin - curve * u * u * 0.5 + size / 2) * scaleV;
    let slope = (-sin - curve * (u * cos + 0.5 * cos * cos)) * scaleV;
    for (let i = py * width + start, last = py * width + end; i <= last; i++, tu += stepU, tv += slope, slope += bend) {
      if (tv < 0 || tv >= BRISTLES || tu < 0 || tu >= REACH) continue;
      const place = bristles[((kind + tv) | 0) * REACH + (tu | 0)] as number;
      const cover = place & 255;
      if (cover < 8) continue;
      const share = cover + (cover >> 7);
      const rest = 256 - share;
      const raised = place >> 8;
      const pixel = pixels[i] as number;
      const rb = Math.imul(redBlue[raised >> 4] as number, share) + Math.imul(pixel & 0xff00ff, rest);
      const hg =
        Math.imul((raised << 16) | (green[raised >> 4] as number), share) + Math.imul((pixel >>> 8) & 0xff00ff, rest);
      pixels[i] = ((rb >>> 8) & 0xff00ff) | (hg & 0xff00ff00);
    }
  }
}

/** Light from the upper left over the ridges of the paint, and the weave of the canvas beneath. */
function light({ pixels, width, height }: Painting, { data }: Canvas, strength: number): void {
  const long = Math.max(width, height);
  // Slopes are taken over as many pixels as a bristle is thick, so that the relief looks alike at each size.
  const reach = Math.max(1, Math.round(long / 2600));
  // In a small picture a ridge is a pixel wide, and as steep as it gets.
  const depth = ((0.28 + 0.3 * strength) * Math.min(1, 0.5 + long / 5200)) / 255;
  for (let y = 0; y < height; y++) {
    const above = Math.max(0, y - reach) * width;
    const below = Math.min(height - 1, y + reach) * width;
    const here = y * width;
    for (let x = 0, at = here * 3; x < width; x++, at += 3) {
      const left = x >= reach ? x - reach : 0;
      const right = x + reach < width ? x + reach : width - 1;
      const pixel = pixels[here + x] as number;
      const slope =
        ((pixels[here + right] as number) >>> 24) -
        ((pixels[here + left] as number) >>> 24) +
        ((pixels[below + x] as number) >>> 24) -
        ((pixels[above + x] as number) >>> 24);
      const value = clamp(slope * depth, -0.3, 0.3);
      // A bright ridge shines as oil does; a dark one only loses light.
      const gain = 1 + value * 0.75;
      const shine = value > 0.1 ? (value - 0.1) * 110 : 0;
      data[at] = Math.min(255, ((pixel >> 16) & 255) * gain + shine);
      data[at + 1] = Math.min(255, ((pixel >> 8) & 255) * gain + shine);
      data[at + 2] = Math.min(255, (pixel & 255) * gain + shine * 0.95);
    }
  }
}

function shuffled(count: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const other = (hash(i, count, seed) * (i + 1)) | 0;
    const kept = order[i] as number;
    order[i] = order[other] as number;
    order[other] = kept;
  }
  return order;
}
