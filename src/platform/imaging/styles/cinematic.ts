import { type Canvas, mix, smoothstep } from './canvas.ts';
import { aroundHue, fromOklab, toOklab } from './colour.ts';
import { contrast, develop } from './film.ts';

/**
 * The look of a graded film print: a filmic curve with a soft shoulder, teal in the shadows and amber in the lights, skies and greens
 * drawn towards that pair while skin keeps its hue, lights that spill a little, corners that fall off.
 */
export function cinematic(canvas: Canvas, strength: number): Canvas {
  return develop(canvas, {
    grade(colour) {
      const [lightness, a, b] = toOklab(...colour);
      const chroma = Math.hypot(a, b);
      const hue = (Math.atan2(b, a) * 180) / Math.PI;
      // The shoulder: lights are rolled off before they are white; the toe: blacks have a floor.
      const curved = contrast(Math.min(1, lightness), 0.5, 1 + 0.42 * strength);
      const rolled =
        curved - 0.035 * strength * smoothstep(0.7, 1, curved) + 0.022 * strength * (1 - smoothstep(0, 0.3, curved));

      const sky = aroundHue(hue, 250, 60);
      const leaves = aroundHue(hue, 135, 55);
      const skin = aroundHue(hue, 55, 40);
      const turned = hue + strength * (-26 * sky - 14 * leaves);
      const dense = 1 + strength * (0.1 * skin - 0.26 * leaves - 0.06 * sky);
      const held = mix(
        1,
        mix(0.62, 1, smoothstep(0.05, 0.4, rolled)) * mix(1, 0.72, smoothstep(0.8, 1, rolled)),
        strength,
      );
      const c = chroma * dense * held;
      const angle = (turned * Math.PI) / 180;

      const shadows =
        (1 - smoothstep(0.08, 0.62, rolled)) *
        smoothstep(0, 0.12, rolled + 0.05) *
        (1 - 0.55 * skin * Math.min(1, chroma / 0.08));
      const lights = smoothstep(0.45, 0.85, rolled) * (1 - 0.65 * smoothstep(0.9, 1, rolled));
      colour.splice(
        0,
        3,
        ...fromOklab(
          rolled,
          c * Math.cos(angle) + strength * (-0.026 * shadows + 0.009 * lights),
          c * Math.sin(angle) + strength * (-0.024 * shadows + 0.026 * lights),
        ),
      );
    },
    vignette: 0.3 * strength,
    bloom: 0.2 * strength,
    bloomColour: [1, 0.78, 0.55],
    grain: 0.012 * strength,
    grainSize: 1 / 4200,
  });
}
