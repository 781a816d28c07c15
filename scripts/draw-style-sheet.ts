/**
 * Draws docs/styles.jpg: one photo in each of the ten styles, at their default strengths.
 * `node scripts/draw-style-sheet.ts photo.jpg [--crop left,top,width,height] [--out docs/styles.jpg]`
 * `--crop`, in pixels of the upright photo, cuts out what is styled.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp, { type Region } from 'sharp';
import { catalogue } from '../src/features/styles/contract.ts';
import { createImaging, styleIds } from '../src/platform/imaging/index.ts';

const TILE = { width: 400, height: 300 };
const COLUMNS = 4;
const LABEL = 26;
const GAP = 6;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { crop: { type: 'string' }, out: { type: 'string', default: 'docs/styles.jpg' } },
});
const [photo] = positionals;
if (!photo) throw new Error('name a photo: node scripts/draw-style-sheet.ts photo.jpg');
const crop = values.crop ? toRegion(values.crop) : null;

// libvips caches by file name, and each style writes to the same one.
sharp.cache(false);
const folder = await mkdtemp(join(tmpdir(), 'style-sheet-'));
const imaging = createImaging({ processes: 1 });
try {
  const upright = await sharp(photo).autoOrient().toBuffer();
  const source = join(folder, 'source.png');
  await (crop ? sharp(upright).extract(crop) : sharp(upright)).png().toFile(source);
  const tiles = [{ name: 'Original', picture: await tileOf(source) }];
  for (const style of styleIds) {
    const { name, strength } = catalogue[style];
    const none = { takenAt: null, takenOffset: null, make: null, model: null };
    const styled = await imaging.stylePhoto({ path: source, outDir: folder, request: { style, strength, ...none } });
    tiles.push({ name, picture: await tileOf(styled.path) });
  }
  const rows = Math.ceil(tiles.length / COLUMNS);
  await sharp({
    create: {
      width: COLUMNS * (TILE.width + GAP) + GAP,
      height: rows * (TILE.height + LABEL + GAP) + GAP,
      channels: 3,
      background: '#ffffff',
    },
  })
    .composite(
      tiles.flatMap(({ name, picture }, n) => {
        const left = GAP + (n % COLUMNS) * (TILE.width + GAP);
        const top = GAP + Math.floor(n / COLUMNS) * (TILE.height + LABEL + GAP);
        return [
          { input: picture, left, top },
          { input: labelOf(name), left, top: top + TILE.height },
        ];
      }),
    )
    .jpeg({ quality: 80, mozjpeg: true })
    .toFile(values.out);
} finally {
  imaging.close();
  await rm(folder, { recursive: true });
}

function tileOf(picture: string): Promise<Buffer> {
  return sharp(picture)
    .resize({ ...TILE, fit: 'cover' })
    .png()
    .toBuffer();
}

function labelOf(name: string): Buffer {
  return Buffer.from(
    `<svg width="${TILE.width}" height="${LABEL}"><text x="2" y="18" font-family="sans-serif" font-size="15" fill="#222">${name}</text></svg>`,
  );
}

function toRegion(text: string): Region {
  const [left, top, width, height] = text.split(',').map(Number);
  if (![left, top, width, height].every(Number.isInteger)) throw new Error('--crop takes left,top,width,height');
  return { left, top, width, height } as Region;
}
