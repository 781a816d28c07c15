import { additions } from './additions.ts';
import { brushOver } from './brush-over.ts';
import { type Canvas, touch } from './canvas.ts';
import { discard } from './discard.ts';
import { findSky, type Sky } from './find-sky.ts';
import { manners } from './media.ts';
import { paintLayer } from './paint-scene.ts';
import type { Random } from './random.ts';
import { regrade } from './regrade.ts';
import { relayerPaper } from './relayer-paper.ts';
import type { Layer } from './scene.ts';
import type { Studio } from './studio.ts';

/** Above this strength the source gives its light and colours to a new composition; below it, it is painted over. */
const OVER_SOURCE = 0.75;

export const startsFromSource = ({ strength }: { readonly strength: number }): boolean => strength <= OVER_SOURCE;

/**
 * Paints over a picture: what is where stays; light, weather and colours become what the prompt says, and strokes take the place of what was there, the broader the
 * further from it the result may be.
 */
export function repaint(
  canvas: Canvas,
  source: Canvas,
  studio: Studio,
  strength: number,
  done: (share: number) => void,
): void {
  const { brief, fresh, tools, medium, literal } = studio;
  const own = fresh.fork('repaint');
  const change = Math.min(1, strength / 0.5) ** 1.3;
  copyInto(canvas, source, viewOf(own, strength));
  regrade(canvas, brief, { change, literal, turn: own.between(-10, 10) * change });
  done(0.3);
  const sky = findSky(canvas);
  addWeather(canvas, sky, studio, own, change);
  done(0.5);
  const named = brief.medium !== null;
  if (medium === 'paper' && named && strength > 0.2) relayerPaper(canvas, tools, change);
  else brushOver(canvas, { random: own, detail: 1 }, { sizes: brushesOf(strength, named), relief: 0, follow: 1 });
  done(1);
}

/** Broad brushes only for those who let the picture go. */
function brushesOf(strength: number, named: boolean): number[] {
  const broadest = 0.003 + 0.026 * strength ** 1.4 * (named ? 1.7 : 1);
  return [broadest, broadest * 0.55, broadest * 0.3].filter((size) => size > 0.0016);
}

/** Each seed looks at the picture from a slightly other place. */
function viewOf(random: Random, strength: number) {
  const zoom = 1 + 0.16 * strength ** 1.5 * random.between(0.2, 1);
  return { zoom, x: random() * (1 - 1 / zoom), y: random() * (1 - 1 / zoom) };
}

function copyInto(canvas: Canvas, source: Canvas, { zoom, x, y }: ReturnType<typeof viewOf>): void {
  const { width, height } = canvas;
  const [stepX, stepY] = [source.width / zoom / width, source.height / zoom / height];
  for (let row = 0; row < height; row++) {
    const v = y * source.height + (row + 0.5) * stepY - 0.5;
    for (let column = 0; column < width; column++) {
      const u = x * source.width + (column + 0.5) * stepX - 0.5;
      const left = Math.min(source.width - 2, Math.max(0, Math.floor(u)));
      const top = Math.min(source.height - 2, Math.max(0, Math.floor(v)));
      const [fx, fy] = [Math.min(1, Math.max(0, u - left)), Math.min(1, Math.max(0, v - top))];
      const at = top * source.width + left;
      const to = row * width + column;
      for (const plane of ['l', 'a', 'b'] as const) {
        const from = source[plane];
        const upper = (from[at] as number) * (1 - fx) + (from[at + 1] as number) * fx;
        const lower = (from[at + source.width] as number) * (1 - fx) + (from[at + source.width + 1] as number) * fx;
        canvas[plane][to] = upper + (lower - upper) * fy;
      }
    }
  }
}

function addWeather(canvas: Canvas, sky: Sky, { brief, tools, literal }: Studio, random: Random, change: number): void {
  const { scale, width, height } = canvas;
  const strength = Math.min(1, change * (0.75 + 0.5 * literal));
  const wanted = additions({ brief, random, width: width / scale, height: height / scale, sky, strength });
  for (const addition of wanted) {
    if (addition.behind) behindLand(canvas, sky, () => paint(addition.layer));
    else paint(addition.layer);
  }

  function paint(layer: Layer) {
    paintLayer(canvas, layer, { ...tools, manner: manners.gouache });
  }
}

/** What is painted goes behind the land: below the line of the sky everything is put back. */
function behindLand(canvas: Canvas, { line }: Sky, work: () => void): void {
  const { width, height, l, a, b, scale } = canvas;
  const kept = { l: l.slice(), a: a.slice(), b: b.slice() };
  work();
  const soft = Math.max(1, scale * 0.002);
  for (let x = 0; x < width; x++) {
    const end = (line[x] as number) * height;
    for (let y = Math.max(0, Math.floor(end - soft)); y < height; y++) {
      const at = y * width + x;
      const share = Math.min(1, Math.max(0, (y - end) / soft + 0.5));
      touch(canvas, at, [kept.l[at] as number, kept.a[at] as number, kept.b[at] as number], share);
    }
  }
  discard(kept.l, kept.a, kept.b);
}
