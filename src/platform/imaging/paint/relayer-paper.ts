import { blurred } from './blur.ts';
import type { Canvas } from './canvas.ts';
import { discard } from './discard.ts';
import { castShadow, type Tools } from './lay-shape.ts';

/** Cuts a picture into sheets of paper: one for each step of its lightness, the darkest on top. */
export function relayerPaper(canvas: Canvas, { manner }: Tools, change: number): void {
  const { l, a, b, width, height, scale } = canvas;
  const radius = scale * (0.003 + 0.006 * change);
  const soft = blurred({ width, height, values: l }, radius);
  const [softA, softB] = [a, b].map((values) => blurred({ width, height, values }, radius)) as [
    Float32Array,
    Float32Array,
  ];
  const levels = Math.round(11 - 4 * change);
  // Sheets have clean colours; mixing neighbours has dulled these.
  for (let at = 0; at < a.length; at++) {
    a[at] = (softA[at] as number) * 1.25;
    b[at] = (softB[at] as number) * 1.25;
  }
  for (let at = 0; at < l.length; at++) l[at] = (Math.floor((soft[at] as number) * levels) + 0.55) / levels;
  if (!manner.shadow) return;
  for (let level = levels - 1; level > 0; level--) {
    const values = new Float32Array(l.length);
    const limit = level / levels;
    let covered = 0;
    for (let at = 0; at < values.length; at++) {
      const share = Math.min(1, Math.max(0, (limit - (soft[at] as number)) * 60 + 0.5));
      values[at] = share;
      covered += share;
    }
    if (covered < values.length * 0.002 || covered > values.length * 0.998) continue;
    castShadow(
      canvas,
      { left: 0, top: 0, width, height, values },
      { ...manner.shadow, strength: manner.shadow.strength * 0.55 },
      0.2,
    );
  }
  discard(soft, softA, softB);
}
