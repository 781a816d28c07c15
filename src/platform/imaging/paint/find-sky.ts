import { shrunk } from './blur.ts';
import type { Canvas } from './canvas.ts';

export interface Sky {
  /** For each column, where the sky ends, as a share of the height. */
  readonly line: Float32Array;
  /** The middle of these; null where there is no sky to speak of. */
  readonly horizon: number | null;
}

/** Finds where the sky ends: the first place from above where a column differs from what it was, smoothed over its neighbours. */
export function findSky({ l, a, b, width, height, scale }: Canvas): Sky {
  const factor = Math.max(1, Math.round(scale / 96));
  const [small, smallA, smallB] = [l, a, b].map((values) => shrunk({ width, height, values }, factor)) as [
    ReturnType<typeof shrunk>,
    ReturnType<typeof shrunk>,
    ReturnType<typeof shrunk>,
  ];
  const ends = Array.from({ length: small.width }, (_, x) => {
    let [meanL, meanA, meanB] = [small, smallA, smallB].map(({ values }) => values[x] as number) as [
      number,
      number,
      number,
    ];
    for (let y = 1; y < small.height; y++) {
      const at = y * small.width + x;
      const [hereL, hereA, hereB] = [
        small.values[at] as number,
        smallA.values[at] as number,
        smallB.values[at] as number,
      ];
      const step = Math.abs(hereL - meanL) * 0.9 + Math.hypot(hereA - meanA, hereB - meanB) * 1.2;
      // Skies grow lighter towards the horizon; land is a step downwards, or a strong one.
      if (step > (hereL < meanL ? 0.065 : 0.16) && y > small.height * 0.04) return y / small.height;
      meanL += (hereL - meanL) * 0.35;
      meanA += (hereA - meanA) * 0.35;
      meanB += (hereB - meanB) * 0.35;
    }
    return 1;
  });
  const smooth = ends.map((_, x) => median(ends.slice(Math.max(0, x - 2), x + 3)));
  const middle = median(smooth);
  const line = Float32Array.from({ length: width }, (_, x) => {
    const u = Math.min(smooth.length - 1, x / factor);
    const left = Math.floor(u);
    const from = smooth[left] as number;
    return from + ((smooth[Math.min(smooth.length - 1, left + 1)] as number) - from) * (u - left);
  });
  return { line, horizon: middle > 0.14 && middle < 0.95 ? middle : null };
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1] as number;
}
