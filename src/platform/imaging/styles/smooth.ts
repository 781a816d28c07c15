import { boxBlur } from './blur.ts';
import { type ColourField, emptyPlane, type Plane } from './canvas.ts';

/**
 * Smooths colours and keeps the edges between them: the recursive filter of the domain transform, in which a step across an edge
 * is a long way (E. Gastal, M. Oliveira, Domain Transform for Edge-Aware Image and Video Processing, SIGGRAPH 2011, section 4.1).
 * @param sigmaSpace how far colours spread, in pixels
 * @param sigmaRange how different colours are that keep apart, as the sum over the channels of 0 to 1
 * @returns the same field, changed in place
 */
export function smoothColours(field: ColourField, sigmaSpace: number, sigmaRange: number, iterations = 2): ColourField {
  const { data, width, height } = field;
  // How far it is from each pixel to its left and to its upper neighbour; kept in 8 bits, since a table of powers is asked by it.
  const [across, down] = distances(field, sigmaSpace / sigmaRange);
  const powers = new Float32Array(256);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const sigma = (sigmaSpace * Math.sqrt(3) * 2 ** (iterations - iteration - 1)) / Math.sqrt(4 ** iterations - 1);
    for (let i = 0; i < 256; i++) powers[i] = Math.exp((-Math.SQRT2 / sigma) * unpackDistance(i));
    for (let y = 0; y < height; y++) {
      const start = y * width;
      for (let x = 1, at = (start + 1) * 3; x < width; x++, at += 3) {
        const share = powers[across[start + x] as number] as number;
        data[at] = (data[at] as number) + ((data[at - 3] as number) - (data[at] as number)) * share;
        data[at + 1] = (data[at + 1] as number) + ((data[at - 2] as number) - (data[at + 1] as number)) * share;
        data[at + 2] = (data[at + 2] as number) + ((data[at - 1] as number) - (data[at + 2] as number)) * share;
      }
      for (let x = width - 2, at = (start + width - 2) * 3; x >= 0; x--, at -= 3) {
        const share = powers[across[start + x + 1] as number] as number;
        data[at] = (data[at] as number) + ((data[at + 3] as number) - (data[at] as number)) * share;
        data[at + 1] = (data[at + 1] as number) + ((data[at + 4] as number) - (data[at + 1] as number)) * share;
        data[at + 2] = (data[at + 2] as number) + ((data[at + 5] as number) - (data[at + 2] as number)) * share;
      }
    }
    const step = width * 3;
    for (let y = 1; y < height; y++) {
      for (let x = 0, at = y * step, i = y * width; x < width; x++, at += 3, i++) {
        const share = powers[down[i] as number] as number;
        data[at] = (data[at] as number) + ((data[at - step] as number) - (data[at] as number)) * share;
        data[at + 1] = (data[at + 1] as number) + ((data[at + 1 - step] as number) - (data[at + 1] as number)) * share;
        data[at + 2] = (data[at + 2] as number) + ((data[at + 2 - step] as number) - (data[at + 2] as number)) * share;
      }
    }
    for (let y = height - 2; y >= 0; y--) {
      for (let x = 0, at = y * step, i = (y + 1) * width; x < width; x++, at += 3, i++) {
        const share = powers[down[i] as number] as number;
        data[at] = (data[at] as number) + ((data[at + step] as number) - (data[at] as number)) * share;
        data[at + 1] = (data[at + 1] as number) + ((data[at + 1 + step] as number) - (data[at + 1] as number)) * share;
        data[at + 2] = (data[at + 2] as number) + ((data[at + 2 + step] as number) - (data[at + 2] as number)) * share;
      }
    }
  }
  return field;
}

const DISTANCE_STEP = 0.06;
/** Steps grow with the distance: near ones differ much in their powers, far ones hardly. */
const unpackDistance = (packed: number): number => 1 + DISTANCE_STEP * packed + 0.01 * packed ** 2;
const packDistance = (far: number): number =>
  Math.min(255, ((-DISTANCE_STEP + Math.sqrt(DISTANCE_STEP ** 2 + 0.04 * far)) * 50 + 0.5) | 0);

function distances({ data, width, height }: ColourField, scale: number): [Uint8Array, Uint8Array] {
  const across = new Uint8Array(width * height);
  const down = new Uint8Array(width * height);
  const step = width * 3;
  for (let y = 0, i = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++, at += 3) {
      const r = data[at] as number;
      const g = data[at + 1] as number;
      const b = data[at + 2] as number;
      if (x > 0) {
        const change =
          Math.abs(r - (data[at - 3] as number)) +
          Math.abs(g - (data[at - 2] as number)) +
          Math.abs(b - (data[at - 1] as number));
        across[i] = packDistance(scale * change);
      }
      if (y > 0) {
        const change =
          Math.abs(r - (data[at - step] as number)) +
          Math.abs(g - (data[at + 1 - step] as number)) +
          Math.abs(b - (data[at + 2 - step] as number));
        down[i] = packDistance(scale * change);
      }
    }
  }
  return [across, down];
}

/**
 * The self-guided filter: a plane `a` and a plane `b` of which `a × value + b` is the value without its detail, and the edges as
 * they were. Both are smooth, so that they may be made small and read large (K. He, J. Sun, X. Tang, Guided Image Filtering,
 * ECCV 2010; K. He, J. Sun, Fast Guided Filter, arXiv 1505.00996).
 * @param epsilon the variance that counts as detail
 */
export function guidedFilter(plane: Plane, radius: number, epsilon: number): { a: Plane; b: Plane } {
  const mean = boxBlur(plane, radius);
  const squares = emptyPlane(plane);
  for (let i = 0; i < squares.data.length; i++) squares.data[i] = (plane.data[i] as number) ** 2;
  const meanOfSquares = boxBlur(squares, radius);
  const a = squares;
  const b = emptyPlane(plane);
  for (let i = 0; i < a.data.length; i++) {
    const m = mean.data[i] as number;
    const variance = Math.max(0, (meanOfSquares.data[i] as number) - m * m);
    const slope = variance / (variance + epsilon);
    a.data[i] = slope;
    b.data[i] = m * (1 - slope);
  }
  return { a: boxBlur(a, radius), b: boxBlur(b, radius) };
}
