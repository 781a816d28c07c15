import { blurred, shrunk } from './blur.ts';
import type { Canvas } from './canvas.ts';
import { discard } from './discard.ts';

/** Moves the broad lights and colours of a picture towards those of another, by a share from 0 to 1; what is small in it stays. */
export function tintLike(canvas: Canvas, model: Canvas, share: number): void {
  if (share <= 0) return;
  for (const plane of ['l', 'a', 'b'] as const) {
    const wanted = broad(model, model[plane], canvas.width, canvas.height);
    const own = blurred({ width: canvas.width, height: canvas.height, values: canvas[plane] }, canvas.scale * 0.09);
    const values = canvas[plane];
    for (let at = 0; at < values.length; at++) {
      values[at] = (values[at] as number) + Math.min(1, share) * ((wanted[at] as number) - (own[at] as number));
    }
    discard(wanted, own);
  }
}

function broad(
  { width, height, scale }: Canvas,
  values: Float32Array,
  toWidth: number,
  toHeight: number,
): Float32Array {
  if (toWidth === width) return blurred({ width, height, values }, scale * 0.09);
  const small = shrunk({ width, height, values }, Math.max(1, Math.round(width / toWidth)));
  const soft = blurred(small, (scale * 0.09 * small.width) / width);
  if (small.width === toWidth && small.height === toHeight) return soft;
  const out = new Float32Array(toWidth * toHeight);
  for (let y = 0; y < toHeight; y++) {
    const from = Math.min(small.height - 1, Math.floor((y * small.height) / toHeight)) * small.width;
    for (let x = 0; x < toWidth; x++)
      out[y * toWidth + x] = soft[from + Math.min(small.width - 1, Math.floor((x * small.width) / toWidth))] as number;
  }
  return out;
}
