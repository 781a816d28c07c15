import { join } from 'node:path';
import sharp from 'sharp';
import { toRgb } from '#platform/imaging/paint/oklab.ts';
import { paintPixels } from '#platform/imaging/paint/paint-picture.ts';

// `node bin/tintype.js run scripts/paint-sheet.ts`: paints docs/painter.jpg anew, two prompts a row, four seeds of each.
const prompts = [
  'A mountain lake at first light, cut paper, few colours',
  'Misty mountains, ink',
  'Sunset over the sea with a sailboat, watercolour',
  'City skyline at dusk, poster',
  'A field of poppies in summer, gouache',
  'A mountain lake, oil painting',
  'Lighthouse at dusk, stained glass',
  'Hot air balloons over the desert at sunrise, gouache',
  'Aurora over a cabin by a lake, pastel',
  'Bouquet of roses in a vase, watercolour',
  'Mountains in winter, linocut',
  'Abstract composition, cut paper',
];
const seeds = [21, 22, 23, 24];
const side = 192;
const gap = 6;

const tiles = [];
for (const [at, prompt] of prompts.entries()) {
  for (const [n, seed] of seeds.entries()) {
    const numbers = { seed, width: 768, height: 768, steps: 30, cfgScale: 7.5 };
    const { canvas } = await paintPixels(
      { prompt, negativePrompt: '', ...numbers, source: null, outPath: '' },
      () => {},
    );
    const input = await sharp(toRgb(canvas.l, canvas.a, canvas.b), { raw: { width: 768, height: 768, channels: 3 } })
      .resize(side, side)
      .png()
      .toBuffer();
    const column = (at % 2) * seeds.length + n;
    tiles.push({ input, left: column * (side + gap), top: Math.floor(at / 2) * (side + gap) });
  }
}
const width = seeds.length * 2 * (side + gap) - gap;
const height = (prompts.length / 2) * (side + gap) - gap;
const target = join(import.meta.dirname, '../docs/painter.jpg');
const { size } = await sharp({ create: { width, height, channels: 3, background: '#fff' } })
  .composite(tiles)
  .jpeg({ quality: 82, mozjpeg: true })
  .toFile(target);
process.stdout.write(`${target}: ${Math.round(size / 1000)} kB\n`);
