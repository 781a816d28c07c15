import type { Plane } from './canvas.ts';

/** Rows of a plane as it is in a larger picture. The array is the same one each time. */
export type Rows = (y: number) => Float32Array;

/**
 * Reads a shrunk plane at the pixels of the whole picture, row by row, as a cubic B-spline: without ringing and with a steady
 * slope, so that an edge which is cut out of it by a threshold is as crisp and as smooth as if it had been drawn at that size.
 * @param factor what `shrink` was given
 */
export function enlarge(plane: Plane, factor: number, width: number): Rows {
  const { data, width: smallWidth, height: smallHeight } = plane;
  if (factor === 1) return (y) => data.subarray(y * width, (y + 1) * width);
  const out = new Float32Array(width);
  // Two values before and three after, so that no pixel needs to look whether its neighbours exist.
  const line = new Float32Array(smallWidth + 5);
  const phases = weightsOf(factor);
  return (y) => {
    const place = (y + 0.5) / factor - 0.5;
    const top = Math.floor(place);
    const [w0, w1, w2, w3] = phases.at(y) as Weights;
    const row = (i: number) => Math.min(smallHeight - 1, Math.max(0, top + i)) * smallWidth;
    const [r0, r1, r2, r3] = [row(-1), row(0), row(1), row(2)] as [number, number, number, number];
    for (let x = 0; x < smallWidth; x++) {
      line[x + 2] =
        w0 * (data[r0 + x] as number) +
        w1 * (data[r1 + x] as number) +
        w2 * (data[r2 + x] as number) +
        w3 * (data[r3 + x] as number);
    }
    line.fill(line[2] as number, 0, 2);
    line.fill(line[smallWidth + 1] as number, smallWidth + 2);
    for (let phase = 0; phase < factor; phase++) {
      const [a, b, c, d] = phases.at(phase) as Weights;
      let from = Math.floor((phase + 0.5) / factor - 0.5) + 1;
      for (let x = phase; x < width; x += factor, from++) {
        out[x] =
          a * (line[from] as number) +
          b * (line[from + 1] as number) +
          c * (line[from + 2] as number) +
          d * (line[from + 3] as number);
      }
    }
    return out;
  };
}

type Weights = [number, number, number, number];

/** The four weights of a uniform cubic B-spline at each place that a pixel can have between two values. */
function weightsOf(factor: number) {
  const phases = Array.from({ length: factor }, (_, phase) => {
    const place = (phase + 0.5) / factor - 0.5;
    const t = place - Math.floor(place);
    return [
      (1 - t) ** 3 / 6,
      (3 * t ** 3 - 6 * t ** 2 + 4) / 6,
      (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6,
      t ** 3 / 6,
    ];
  });
  return { at: (pixel: number) => phases[pixel % factor] };
}

/** One of three interleaved channels, as a plane. */
export function channelOf({ data, width, height }: Plane, channel: number): Plane {
  const out = new Float32Array(width * height);
  for (let i = 0, at = channel; i < out.length; i++, at += 3) out[i] = data[at] as number;
  return { data: out, width, height };
}
