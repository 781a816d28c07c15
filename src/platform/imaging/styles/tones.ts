import { blur } from './blur.ts';
import { clamp, emptyPlane, halve, type Plane, percentiles } from './canvas.ts';
import { enlarge } from './enlarge.ts';

/**
 * How light a drawing is: the whole range used, the picture's middle near `middle`, and each part of it measured by what is around, so
 * that a face in the shade is still drawn as one.
 * @param keep how much of the light between the parts stays, 0 to 1; what is within a part is drawn out in turn
 */
export function drawnTones(luma: Plane, middle: number, keep: number): Plane {
  const [low, high, half] = percentiles(luma, 0.01, 0.98, 0.5) as [number, number, number];
  const span = 1 / Math.max(0.15, high - low);
  const place = clamp((half - low) * span, 0.05, 0.95);
  const gamma = clamp(Math.log(middle) / Math.log(place), 0.6, 1.4);
  const out = emptyPlane(luma);
  for (let i = 0; i < out.data.length; i++) {
    out.data[i] = clamp(((luma.data[i] as number) - low) * span, 0, 1) ** gamma;
  }
  const long = Math.max(luma.width, luma.height);
  const around = enlarge(blur(halve(halve(out)), 0.014 * long), 4, luma.width);
  const lift = (1 - keep) * middle;
  const drawn = 1 + 0.9 * (1 - keep);
  for (let y = 0, i = 0; y < luma.height; y++) {
    const row = around(y);
    for (let x = 0; x < luma.width; x++, i++) {
      const base = row[x] as number;
      out.data[i] = keep * base + lift + drawn * ((out.data[i] as number) - base);
    }
  }
  return out;
}
