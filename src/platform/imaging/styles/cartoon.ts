import { type Canvas, clamp, ease, lumaOf, shrink, shrinkFactor } from './canvas.ts';
import { channelOf, enlarge } from './enlarge.ts';
import { flowOf, lineResponse } from './flow.ts';
import { smoothColours } from './smooth.ts';

/**
 * A cel: surfaces without texture, light in a few steps, fuller colours, and ink along the edges (H. Winnemöller, S. Olsen,
 * B. Gooch, Real-Time Video Abstraction, SIGGRAPH 2006). Steps and lines are cut at full size. With more strength the steps are
 * fewer and harder, and the lines thicker.
 */
export function cartoon(canvas: Canvas, strength: number): Canvas {
  const { data, width, height } = canvas;
  const factor = shrinkFactor(canvas, 2_200_000);
  const field = shrink(canvas, factor);
  const long = Math.max(field.width, field.height);
  smoothColours(field, 0.016 * long, 0.14 + 0.26 * strength);
  const luma = lumaOf(field);
  const flow = flowOf(luma, Math.max(1.2, 0.0017 * long));
  const ink = enlarge(
    lineResponse(luma, flow, Math.max(0.7, (0.0006 + 0.0006 * strength) * long), Math.round(3 + 0.003 * long)),
    factor,
    width,
  );
  const [reds, greens, blues] = [0, 1, 2].map((channel) => enlarge(channelOf(field, channel), factor, width)) as [
    ReturnType<typeof enlarge>,
    ReturnType<typeof enlarge>,
    ReturnType<typeof enlarge>,
  ];
  const levels = 11 - 5 * strength;
  const hardness = 3 + 9 * strength;
  const level = Math.tanh(hardness / 2);
  const steps = Float32Array.from({ length: 1025 }, (_, i) => {
    const place = (i / 1024) * levels;
    const border = Math.round(place);
    const stepped = (border + (0.5 * Math.tanh(hardness * (place - border))) / level) / levels;
    // Brighter than it was: ink takes light away.
    return clamp(stepped ** 0.9 * 1.04, 0, 1);
  });
  const fuller = 1 + 0.55 * strength;
  const thresholdLow = 0.0045 - 0.001 * strength;
  const slope = 1 / (0.0095 - 0.002 * strength);
  for (let y = 0; y < height; y++) {
    const [red, green, blue, line] = [reds(y), greens(y), blues(y), ink(y)];
    for (let x = 0, at = y * width * 3; x < width; x++, at += 3) {
      const r = red[x] as number;
      const g = green[x] as number;
      const b = blue[x] as number;
      const value = 0.299 * r + 0.587 * g + 0.114 * b;
      const stepped = steps[(clamp(value, 0, 1) * 1024) | 0] as number;
      const ratio = stepped / Math.max(0.03, value);
      const covered = ease((-(line[x] as number) - thresholdLow) * slope) * (0.75 + 0.25 * strength);
      const paper = 255 * (1 - covered);
      data[at] = clamp(stepped + (r * ratio - stepped) * fuller, 0, 1) * paper + covered * 22;
      data[at + 1] = clamp(stepped + (g * ratio - stepped) * fuller, 0, 1) * paper + covered * 17;
      data[at + 2] = clamp(stepped + (b * ratio - stepped) * fuller, 0, 1) * paper + covered * 28;
    }
  }
  return canvas;
}
