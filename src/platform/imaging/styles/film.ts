import { blur } from './blur.ts';
import {
  type Canvas,
  type ColourField,
  clamp,
  emptyPlane,
  type Plane,
  shrink,
  shrinkFactor,
  smoothstep,
} from './canvas.ts';
import { buildCube, type Grade, gradeRow } from './colour.ts';
import { enlarge } from './enlarge.ts';
import { grainTile, TILE, TILE_MASK } from './noise.ts';

/** What a film and its lens do beside the colours. Shares of 0 to 1. */
export interface Film {
  readonly grade: Grade;
  /** How much darker the corners are. */
  readonly vignette: number;
  /** How much bright lights spill over into what is around them, and in which colour. */
  readonly bloom: number;
  readonly bloomColour: readonly [number, number, number];
  /** The deviation of the grain in mid-tones. */
  readonly grain: number;
  /** The size of a grain, in shares of the long side. */
  readonly grainSize: number;
}

/** Colours through a cube, light that spills, corners that fall off, and grain, in one pass over the rows. */
export function develop(canvas: Canvas, film: Film): Canvas {
  const { data, width, height } = canvas;
  const long = Math.max(width, height);
  // For a preview, building it would take longer than using it.
  const cube = buildCube(film.grade, width * height < 500_000 ? 17 : 25);
  const factor = shrinkFactor(canvas, 200_000);
  const lights = enlarge(lightsOf(shrink(canvas, factor), (0.012 * long) / factor), factor, width);
  const wanted = film.grainSize * long;
  const size = Math.max(0.45, wanted);
  // Grains that are finer than a pixel even out within it.
  const deviation = film.grain * 255 * Math.min(1, 0.35 + (0.65 * wanted) / size);
  const tile = grainTile(size, 7);
  const row = new Float32Array(width * 3);
  const [spillR, spillG, spillB] = film.bloomColour;
  const falloffX = Float32Array.from({ length: width }, (_, x) => ((x + 0.5) / width - 0.5) ** 2);
  for (let y = 0; y < height; y++) {
    gradeRow(cube, data, y * width * 3, width, row);
    const light = lights(y);
    const dy = ((y + 0.5) / height - 0.5) ** 2;
    const grainRow = ((y & TILE_MASK) * TILE) | 0;
    // Each tile is begun elsewhere, so that no pattern repeats.
    const shift = Math.imul((y / TILE) | 0, 197);
    for (let x = 0, at = y * width * 3, from = 0; x < width; x++, at += 3, from += 3) {
      const corner = 2 * ((falloffX[x] as number) + dy);
      const dim = 1 - film.vignette * corner * corner * (1.6 - 0.6 * corner);
      const spill = film.bloom * (light[x] as number);
      let r = (row[from] as number) * dim;
      let g = (row[from + 1] as number) * dim;
      let b = (row[from + 2] as number) * dim;
      r += (255 - r) * spill * spillR;
      g += (255 - g) * spill * spillG;
      b += (255 - b) * spill * spillB;
      const tone = (0.3 * r + 0.59 * g + 0.11 * b) / 255;
      // Film has the most grain in its mid-tones, and none where it is clear.
      const grain = (tile[grainRow + ((x + shift) & TILE_MASK)] as number) * deviation * (0.25 + 3 * tone * (1 - tone));
      data[at] = clamp(r + grain + 0.5, 0, 255);
      data[at + 1] = clamp(g + grain + 0.5, 0, 255);
      data[at + 2] = clamp(b + grain * 1.1 + 0.5, 0, 255);
    }
  }
  return canvas;
}

/** The brightest places, spread. */
function lightsOf(field: ColourField, sigma: number): Plane {
  const out = emptyPlane(field);
  for (let i = 0, at = 0; i < out.data.length; i++, at += 3) {
    const brightest = Math.max(field.data[at] as number, field.data[at + 1] as number, field.data[at + 2] as number);
    const luma =
      0.299 * (field.data[at] as number) +
      0.587 * (field.data[at + 1] as number) +
      0.114 * (field.data[at + 2] as number);
    out.data[i] = smoothstep(0.72, 1, 0.5 * (brightest + luma));
  }
  const near = blur(out, sigma);
  const far = blur(out, sigma * 3);
  for (let i = 0; i < out.data.length; i++)
    near.data[i] = 0.55 * (near.data[i] as number) + 0.45 * (far.data[i] as number);
  return near;
}

/** An S of contrast around `pivot` that keeps black, white and the pivot. @param power 1 changes nothing */
export function contrast(value: number, pivot: number, power: number): number {
  return value < pivot ? pivot * (value / pivot) ** power : 1 - (1 - pivot) * ((1 - value) / (1 - pivot)) ** power;
}
