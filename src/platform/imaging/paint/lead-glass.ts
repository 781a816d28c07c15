import type { Canvas } from './canvas.ts';
import { discard } from './discard.ts';
import type { Finishing } from './finishing.ts';
import { sampled } from './noise.ts';
import { mix } from './random.ts';

/**
 * Stained glass: light behind panes, and lead between them: along the edges of what is painted, and along the cells of a Voronoi diagram around jittered places, as
 * large shapes have to be cut into panes that hold.
 */
export function leadGlass(canvas: Canvas, { random, cloud, grain, detail }: Finishing): void {
  const { l, a, b, width, height, scale } = canvas;
  const panes = createPanes(
    scale * (0.125 - 0.03 * Math.min(1, detail)),
    width,
    height,
    Math.floor(random() * 2 ** 31),
  );
  const was = { l: l.slice(), a: a.slice(), b: b.slice() };
  const lead = scale * 0.0021;
  const near = Math.max(1, Math.round(lead * 0.8));
  const step = (cloud.side / scale) * 1.4;
  const fine = 1024 / scale;
  const found = { place: 0, border: 0 };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      panes.find(x, y, found);
      const at = y * width + x;
      const right = y * width + Math.min(width - 1, x + near);
      const left = y * width + Math.max(0, x - near);
      const below = Math.min(height - 1, y + near) * width + x;
      const above = Math.max(0, y - near) * width + x;
      const edge = Math.max(difference(was, left, right), difference(was, above, below));
      const whole =
        Math.min(1, Math.max(0, (found.border - lead) / 1.2 + 0.5)) *
        (1 - Math.min(1, Math.max(0, (edge - 0.045) * 28)));
      const own = (mix(found.place + 77) & 1023) / 1023 - 0.5;
      const shine =
        own * 0.11 +
        0.022 * sampled(cloud, x * step, y * step) +
        0.006 * sampled(grain, x * fine, y * fine) +
        Math.min(0.03, found.border * (1.2 / scale));
      const light = 0.06 + (was.l[at] as number) * 0.92 + shine;
      const vivid = 1.4 + own * 0.5;
      l[at] = 0.12 + (light - 0.12) * whole;
      a[at] = (was.a[at] as number) * vivid * whole;
      b[at] = (was.b[at] as number) * vivid * whole;
    }
  }
  discard(was.l, was.a, was.b);
}

function difference({ l, a, b }: Pick<Canvas, 'l' | 'a' | 'b'>, one: number, other: number): number {
  return (
    Math.abs((l[one] as number) - (l[other] as number)) +
    Math.abs((a[one] as number) - (a[other] as number)) +
    Math.abs((b[one] as number) - (b[other] as number))
  );
}

/** Finds for a pixel the pane it lies in, and its distance in pixels to the pane's border. */
function createPanes(cell: number, width: number, height: number, seed: number) {
  const across = Math.ceil(width / cell) + 2;
  const down = Math.ceil(height / cell) + 2;
  const places = new Float32Array(across * down * 2);
  for (let place = 0; place < across * down; place++) {
    const jitter = mix(seed + place);
    places[place * 2] = ((place % across) - 1 + 0.12 + (0.76 * (jitter & 1023)) / 1023) * cell;
    places[place * 2 + 1] = (Math.floor(place / across) - 1 + 0.12 + (0.76 * ((jitter >>> 10) & 1023)) / 1023) * cell;
  }
  return {
    find(x: number, y: number, found: { place: number; border: number }) {
      const row = Math.floor(y / cell) + 1;
      const column = Math.floor(x / cell) + 1;
      let nearest = Infinity;
      let second = Infinity;
      let which = 0;
      let other = 0;
      for (let v = Math.max(0, row - 1); v <= Math.min(down - 1, row + 1); v++) {
        for (let u = Math.max(0, column - 1); u <= Math.min(across - 1, column + 1); u++) {
          const place = v * across + u;
          const dx = (places[place * 2] as number) - x;
          const dy = (places[place * 2 + 1] as number) - y;
          const away = dx * dx + dy * dy;
          if (away < nearest) {
            second = nearest;
            other = which;
            nearest = away;
            which = place;
          } else if (away < second) {
            second = away;
            other = place;
          }
        }
      }
      const dx = (places[which * 2] as number) - (places[other * 2] as number);
      const dy = (places[which * 2 + 1] as number) - (places[other * 2 + 1] as number);
      found.place = which;
      found.border = (second - nearest) / (2 * (Math.sqrt(dx * dx + dy * dy) || 1));
    },
  };
}
