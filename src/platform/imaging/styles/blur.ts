import { emptyPlane, type Plane } from './canvas.ts';

/**
 * A Gaussian blur whose edges repeat the outermost pixels. Small ones are exact to three sigma; from 2.5 pixels on three running
 * means stand for it, which cost the same whatever the sigma (P. Kovesi, Fast Almost-Gaussian Filtering, DICTA 2010).
 * @param sigma pixels; below 0.3 the plane itself comes back
 */
export function blur(plane: Plane, sigma: number): Plane {
  if (sigma < 0.3) return plane;
  if (sigma < 2.5) return convolve(plane, gaussian(sigma));
  let current = plane;
  for (const radius of boxRadii(sigma)) current = boxBlur(current, radius);
  return current;
}

/** Half of a Gaussian's weights, its middle first. */
function gaussian(sigma: number): Float64Array {
  const weights = Float64Array.from({ length: Math.ceil(sigma * 3) + 1 }, (_, i) =>
    Math.exp((-i * i) / (2 * sigma ** 2)),
  );
  const sum = weights.reduce((all, weight, i) => all + (i ? 2 : 1) * weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Three radii of running means whose variances add up to the Gaussian's as nearly as whole numbers can. */
function boxRadii(sigma: number): number[] {
  const low = Math.floor((Math.sqrt(4 * sigma ** 2 + 1) - 1) / 2);
  const low2 = 2 * low + 1;
  const fewer = Math.round((12 * sigma ** 2 - 3 * low2 ** 2 - 12 * low2 - 9) / (-4 * low2 - 4));
  return [0, 1, 2].map((i) => (i < fewer ? low : low + 1));
}

function convolve({ data, width, height }: Plane, weights: Float64Array): Plane {
  const radius = weights.length - 1;
  const out = new Float32Array(data.length);
  const sums = new Float32Array(width);
  const padded = new Float32Array(width + 2 * radius);
  const middle = weights[0] as number;
  for (let y = 0; y < height; y++) {
    const at = y * width;
    for (let x = 0; x < width; x++) sums[x] = (data[at + x] as number) * middle;
    for (let i = 1; i <= radius; i++) {
      const weight = weights[i] as number;
      const above = Math.max(0, y - i) * width;
      const below = Math.min(height - 1, y + i) * width;
      for (let x = 0; x < width; x++)
        sums[x] = (sums[x] as number) + ((data[above + x] as number) + (data[below + x] as number)) * weight;
    }
    padded.fill(sums[0] as number, 0, radius);
    padded.set(sums, radius);
    padded.fill(sums[width - 1] as number, width + radius);
    for (let x = 0; x < width; x++) {
      let sum = (padded[x + radius] as number) * middle;
      for (let i = 1; i <= radius; i++)
        sum += ((padded[x + radius - i] as number) + (padded[x + radius + i] as number)) * (weights[i] as number);
      out[at + x] = sum;
    }
  }
  return { data: out, width, height };
}

/** The mean of the square around each pixel, by running sums. */
export function boxBlur({ data, width, height }: Plane, radius: number): Plane {
  const share = 1 / (2 * radius + 1);
  const out = emptyPlane({ width, height });
  const target = out.data;
  const sums = new Float64Array(width);
  for (let y = -radius; y <= radius; y++) {
    const at = Math.min(height - 1, Math.max(0, y)) * width;
    for (let x = 0; x < width; x++) sums[x] = (sums[x] as number) + (data[at + x] as number);
  }
  for (let y = 0; y < height; y++) {
    let sum = (sums[0] as number) * radius;
    for (let x = 0; x <= radius; x++) sum += sums[Math.min(width - 1, x)] as number;
    const at = y * width;
    const scale = share * share;
    for (let x = 0; x < width; x++) {
      target[at + x] = sum * scale;
      sum += (sums[Math.min(width - 1, x + radius + 1)] as number) - (sums[Math.max(0, x - radius)] as number);
    }
    const leaving = Math.max(0, y - radius) * width;
    const entering = Math.min(height - 1, y + radius + 1) * width;
    for (let x = 0; x < width; x++)
      sums[x] = (sums[x] as number) + ((data[entering + x] as number) - (data[leaving + x] as number));
  }
  return out;
}
