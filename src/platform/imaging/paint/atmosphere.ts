import { type Canvas, touch } from './canvas.ts';
import { sampled, type Tile } from './noise.ts';
import { blend, type Lab } from './oklab.ts';
import type { Layer } from './scene.ts';

type Of<Kind extends Layer['kind']> = Extract<Layer, { kind: Kind }>;

/** Light that gets weaker with the distance from where it comes. */
export function glow(canvas: Canvas, { x, y, radius, colour, strength }: Of<'glow'>): void {
  const { width, height, scale } = canvas;
  const [cx, cy, reach] = [x * scale, y * scale, radius * scale];
  const top = Math.max(0, Math.floor(cy - reach));
  const bottom = Math.min(height, Math.ceil(cy + reach));
  const left = Math.max(0, Math.floor(cx - reach));
  const right = Math.min(width, Math.ceil(cx + reach));
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const away = ((column - cx) ** 2 + (row - cy) ** 2) / (reach * reach);
      if (away >= 1) continue;
      const near = 1 - Math.sqrt(away);
      touch(canvas, row * width + column, colour, strength * near * near * (3 - 2 * near));
    }
  }
}

/** Soft clouds: cloudy noise, drawn out to the sides, cut off where it is thin. They are lit from above. */
export function clouds(canvas: Canvas, { top, bottom, amount, lit, shade }: Of<'clouds'>, tile: Tile): void {
  const { width, height, scale } = canvas;
  const step = tile.side / (scale * 1.7);
  const last = Math.min(height, Math.round(bottom * scale));
  const threshold = 0.95 - amount * 1.25;
  for (let row = Math.max(0, Math.round(top * scale)); row < last; row++) {
    const t = (row - top * scale) / ((bottom - top) * scale);
    // Farther clouds, near the horizon, are flatter and closer together.
    const flatness = 1.3 + 3.2 * t * t;
    const fade = Math.min(1, t * 5 + 0.3) * Math.min(1, (1 - t) * 3);
    for (let column = 0; column < width; column++) {
      const u = column * step * (0.7 + 0.5 * t);
      const v = row * step * flatness;
      const here = sampled(tile, u, v);
      const dense = here - threshold;
      if (dense <= 0) continue;
      const share = Math.min(1, dense * 1.5) ** 1.2 * fade;
      const upper = sampled(tile, u - step * 6, v - step * 14 * flatness);
      const light = Math.min(1, Math.max(0, 0.55 + (here - upper) * 0.9));
      touch(canvas, row * width + column, blend(shade, lit, light), share * 0.9);
    }
  }
}

/** A band of mist, thickest at its height, broken by noise. */
export function mist(canvas: Canvas, { y, height: high, colour, strength }: Of<'mist'>, tile: Tile): void {
  const { width, height, scale } = canvas;
  const step = tile.side / (scale * 2.2);
  const first = Math.max(0, Math.floor((y - high * 1.3) * scale));
  const last = Math.min(height, Math.ceil((y + high) * scale));
  for (let row = first; row < last; row++) {
    const away = (row / scale - y) / high;
    const thick = Math.exp(-away * away * (away < 0 ? 2.2 : 4));
    for (let column = 0; column < width; column++) {
      const patch = 0.72 + 0.34 * sampled(tile, column * step, row * step * 3.4 + y * 700);
      const share = strength * thick * Math.min(1.15, Math.max(0, patch));
      if (share > 0.004) touch(canvas, row * width + column, colour, Math.min(0.94, share));
    }
  }
}

/**
 * Water mirrors what is above it, foreshortened and broken by waves that get longer towards the spectator. Hard media break it into bands.
 */
export function water(
  canvas: Canvas,
  { y, tint, share, ripple, light }: Of<'water'>,
  tile: Tile,
  isHard: boolean,
): void {
  const { width, height, scale, l, a, b } = canvas;
  const shore = Math.round(y * scale);
  const step = tile.side / scale;
  const deep: Lab = [tint[0] * 0.82, tint[1], tint[2]];
  const centre = (light?.x ?? width / scale / 2) * scale;
  for (let row = Math.max(1, shore); row < height; row++) {
    const below = row - shore;
    const t = below / Math.max(1, height - shore);
    const near = 0.22 + t;
    const reach = ripple * scale * (0.003 + 0.021 * t);
    const bandHeight = Math.max(2, scale * (0.008 + 0.03 * t));
    const band = isHard ? Math.floor(below / bandHeight) : 0;
    const source = Math.max(0, Math.min(shore - 1, Math.round(shore - 1 - below * 1.06)));
    const from = Math.max(0, source - (isHard ? Math.round((below % bandHeight) * 0.25) : 0)) * width;
    const own = blend(tint, deep, t);
    const mixed = Math.min(0.94, share * (0.62 + 0.85 * t));
    // Seen flat, waves are close together far away and far apart at one's feet.
    const v = (Math.log(near) * scale * 0.24 * step + 40) * 3.2;
    for (let column = 0; column < width; column++) {
      const wave = isHard
        ? sampled(tile, band * 37.7, 11 + column * step * 0.05)
        : 0.62 * sampled(tile, ((column - centre) * step * 0.34) / near + 60, v) +
          0.5 * sampled(tile, ((column - centre) * step * 1.15) / near + 217, v * 2.7 + 91);
      const shift = isHard ? Math.round(wave * reach * 1.1) : wave * reach;
      const at = from + Math.min(width - 1, Math.max(0, Math.round(column + shift)));
      const lift = isHard ? 0 : wave * 0.016 * ripple * (0.4 + t);
      const pixel = row * width + column;
      const mirrored = (l[at] as number) * 0.955;
      l[pixel] = mirrored + (own[0] - mirrored) * mixed + lift;
      a[pixel] = (a[at] as number) + (own[1] - (a[at] as number)) * mixed;
      b[pixel] = (b[at] as number) + (own[2] - (b[at] as number)) * mixed;
      if (!light || isHard) continue;
      const path = (column / scale - light.x) / (0.02 + 0.1 * t * ripple ** 0.5);
      if (Math.abs(path) > 2.4) continue;
      const glint = wave * 1.1 + Math.exp(-path * path) * 1.5 - 1.3;
      if (glint > 0) touch(canvas, pixel, light.colour, Math.min(1, glint * 2.2) * light.strength * (1 - 0.5 * t));
    }
  }
}

/** Curtains of light: a wandering lower hem, rays that stand on it and fade upwards from one colour into the other. */
export function aurora(canvas: Canvas, { y, height: high, colours }: Of<'aurora'>, tile: Tile): void {
  const { width, scale, height } = canvas;
  const step = tile.side / scale;
  for (let curtain = 0; curtain < 3; curtain++) {
    const strength = [0.85, 0.6, 0.45][curtain] as number;
    for (let column = 0; column < width; column++) {
      const u = column * step;
      const hem = (y + curtain * 0.07 - 0.07 + 0.085 * sampled(tile, u * 0.55 + curtain * 91, curtain * 133.7)) * scale;
      const rays =
        0.5 +
        0.32 * sampled(tile, u * 3.1 + curtain * 17, 40 + curtain * 61) +
        0.26 * sampled(tile, u * 9.5, 200 + curtain * 77);
      const tall = high * scale * (0.7 + 0.35 * sampled(tile, u * 1.1, 77 + curtain * 29));
      if (rays <= 0) continue;
      const top = Math.max(0, Math.floor(hem - tall * 1.2));
      for (let row = top; row < Math.min(height, hem + 0.035 * scale); row++) {
        const up = (hem - row) / Math.max(1, tall);
        const share = up < 0 ? Math.max(0, 1 + (up * tall) / (0.035 * scale)) ** 2 : (1 - Math.min(1, up / 1.2)) ** 1.7;
        if (share > 0.01)
          touch(
            canvas,
            row * width + column,
            blend(colours[0], colours[1], Math.min(1, Math.max(0, up * 1.15))),
            Math.min(0.9, strength * rays * share),
          );
      }
    }
  }
}
