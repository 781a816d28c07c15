import { blur } from './blur.ts';
import {
  type Canvas,
  type ColourField,
  clamp,
  ease,
  emptyPlane,
  halve,
  lumaOf,
  type Plane,
  shrink,
  shrinkFactor,
  smoothstep,
} from './canvas.ts';
import { channelOf, enlarge } from './enlarge.ts';
import { flowOf, lineResponse } from './flow.ts';
import { smoothColours } from './smooth.ts';

/**
 * The picture's edges as tubes of light in a dark room: white-hot at the core, in the colour of what they outline (electric blue to
 * magenta where that has none), with a glow in three widths. With more strength the room is darker and the light reaches further.
 */
export function neon(canvas: Canvas, strength: number): Canvas {
  const { data, width, height } = canvas;
  const factor = shrinkFactor(canvas, 1_500_000);
  const field = shrink(canvas, factor);
  const long = Math.max(field.width, field.height);
  smoothColours(field, 0.008 * long, 0.28);
  const luma = lumaOf(field);
  const flow = flowOf(luma, Math.max(1.2, 0.0022 * long));
  const response = lineResponse(evened(luma), flow, Math.max(0.75, 0.00115 * long), Math.round(4 + 0.006 * long));
  const lines = levelled(response, 0.03 * long);
  const cores = enlarge(lines, factor, width);
  // The narrow glow as fine as the lines, the wide ones from a third of that.
  const tubes = tubesOf(field, lines);
  const reach = 0.5 + 0.6 * strength;
  const glows = [0, 1, 2].map((channel) => {
    const tube = channelOf(tubes, channel);
    const near = blur(tube, Math.max(0.5, 0.0022 * long));
    const small = halve(halve(near));
    const middle = blur(small, 0.0018 * long);
    const far = blur(middle, 0.006 * long);
    for (let i = 0; i < small.data.length; i++) {
      small.data[i] = reach * (1.5 * (middle.data[i] as number) + 2.1 * (far.data[i] as number));
    }
    const wide = enlarge(small, 4, near.width);
    for (let y = 0; y < near.height; y++) {
      const row = wide(y);
      for (let x = 0, i = y * near.width; x < near.width; x++, i++)
        near.data[i] = 1.3 * (near.data[i] as number) + (row[x] as number);
    }
    return enlarge(near, factor, width);
  });
  const rooms = enlarge(blur(luma, 0.001 * long), factor, width);
  // Light adds up, and film saturates.
  const darkness = Float32Array.from({ length: 1024 }, (_, i) => 255.5 * Math.exp((-1.25 * i) / 256));
  const light = 0.34 - 0.24 * strength;
  for (let y = 0; y < height; y++) {
    const [core, room] = [cores(y), rooms(y)];
    const [glowR, glowG, glowB] = glows.map((glow) => glow(y)) as [Float32Array, Float32Array, Float32Array];
    for (let x = 0, at = y * width * 3; x < width; x++, at += 3) {
      const hot = ease((-(core[x] as number) - 0.008) * 40);
      const white = 0.78 * hot * hot;
      const wall = (room[x] as number) * (room[x] as number) * light;
      const r = 0.022 + wall * 0.75 + (glowR[x] as number);
      const g = 0.016 + wall * 0.7 + (glowG[x] as number);
      const b = 0.05 + wall * 1.25 + (glowB[x] as number);
      const dark = 1 - white;
      data[at] = 255.5 - (darkness[Math.min(1023, r * 256) | 0] as number) * dark;
      data[at + 1] = 255.5 - (darkness[Math.min(1023, g * 256) | 0] as number) * dark;
      data[at + 2] = 255.5 - (darkness[Math.min(1023, b * 256) | 0] as number) * dark;
    }
  }
  return canvas;
}

/** Brightness as the eye has it in the dark: edges of the shadows count as much as those of the lights. */
function evened(luma: Plane): Plane {
  const out = emptyPlane(luma);
  for (let i = 0; i < out.data.length; i++) out.data[i] = Math.sqrt(clamp(luma.data[i] as number, 0, 1));
  return out;
}

/** Where there are few edges the faint ones count for more: the response against what is usual around it. */
function levelled(response: Plane, sigma: number): Plane {
  const size = emptyPlane(response);
  for (let i = 0; i < size.data.length; i++) size.data[i] = Math.abs(response.data[i] as number);
  const small = halve(halve(size));
  const usual = blur(small, sigma / 4);
  const rows = enlarge(usual, 4, response.width);
  for (let y = 0, i = 0; y < response.height; y++) {
    const row = rows(y);
    for (let x = 0; x < response.width; x++, i++) {
      size.data[i] = ((response.data[i] as number) * 0.0135) / (1.5 * (row[x] as number) + 0.0026);
    }
  }
  return size;
}

/** The light of the tubes alone: lines, each in the fullest colour of its place. */
function tubesOf(field: ColourField, lines: Plane): ColourField {
  const { data, width, height } = field;
  const out = new Float32Array(data.length);
  for (let y = 0, i = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++, at += 3) {
      const on = ease((-(lines.data[i] as number) - 0.005) * 45);
      if (on === 0) continue;
      const r = data[at] as number;
      const g = data[at + 1] as number;
      const b = data[at + 2] as number;
      const most = Math.max(r, g, b);
      const least = Math.min(r, g, b);
      const saturation = (most - least) / (most + 0.02);
      const own = smoothstep(0.1, 0.34, saturation);
      const range = Math.max(0.02, most - least);
      // From cyan in one corner to magenta in the other.
      const across = clamp(0.5 * (x / width) + 0.5 * (y / height), 0, 1);
      out[at] = on * (own * ((r - least) / range) + (1 - own) * (0.1 + 0.95 * across));
      out[at + 1] = on * (own * ((g - least) / range) * 0.92 + (1 - own) * (0.75 - 0.62 * across));
      out[at + 2] = on * (own * ((b - least) / range) + (1 - own) * 1);
    }
  }
  return { data: out, width, height };
}
