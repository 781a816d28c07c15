import { type Canvas, mix, smoothstep } from './canvas.ts';
import { fromOklab, toOklab } from './colour.ts';
import { contrast, develop } from './film.ts';

/**
 * A print that has lain in a drawer for forty years: blacks that have faded, dyes that have gone unevenly (blue in the shadows,
 * cream in the lights), fewer and warmer colours, grain, light that spills and corners that fall off.
 */
export function vintage(canvas: Canvas, strength: number): Canvas {
  return develop(canvas, {
    grade(colour) {
      const [lightness, a, b] = toOklab(...colour);
      const curved = contrast(Math.min(1, lightness), 0.55, 1 + 0.18 * strength);
      const faded = mix(curved, 0.175 + 0.79 * curved, strength);
      const keep = mix(1, 0.74, strength);
      const shadows = 1 - smoothstep(0.15, 0.6, curved);
      const lights = smoothstep(0.4, 1, curved);
      // What was green has yellowed, what was blue has greened.
      const warmA = keep * a * (a < 0 ? 0.86 : 1.02) + strength * (0.008 * shadows + 0.004 * lights + 0.006);
      const warmB = keep * b * (b < 0 ? 0.8 : 1.04) + strength * (-0.02 * shadows + 0.03 * lights + 0.007);
      colour.splice(0, 3, ...fromOklab(faded, warmA, warmB));
    },
    vignette: 0.28 * strength,
    bloom: 0.22 * strength,
    bloomColour: [1, 0.88, 0.68],
    grain: 0.034 * strength,
    grainSize: 1 / 3000,
  });
}
