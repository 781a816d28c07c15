import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePhoto } from '../../../../test/fixtures/photo.ts';
import { slowness } from '../../../../test/slowness.ts';
import { createImaging, type Imaging, type StyleId, styleIds } from '../index.ts';
import { blur } from './blur.ts';
import { shrink } from './canvas.ts';
import { buildCube, fromOklab, gradeRow, toOklab } from './colour.ts';
import { enlarge } from './enlarge.ts';
import { smoothColours } from './smooth.ts';

const long = 60_000 * slowness;

let imaging: Imaging;
let dir: string;
let photo: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'styles-'));
  imaging = createImaging({ processes: 1 });
  photo = join(dir, 'photo.jpg');
  await writeFile(photo, await makePhoto({ width: 900, height: 600, seed: 71 }));
});
afterAll(async () => {
  imaging.close();
  await rm(dir, { recursive: true });
});

const none = { takenAt: null, takenOffset: null, make: null, model: null };
const styled = async (style: StyleId, strength: number, path = photo) => {
  const file = await imaging.stylePhoto({ path, outDir: dir, request: { style, strength, ...none } });
  const pixels = await sharp(file.path).raw().toBuffer();
  return { ...file, pixels, hash: createHash('sha256').update(pixels).digest('hex') };
};
/** How far two pictures are from each other, in the mean over all values of 0 to 255. */
const distance = (a: Buffer, b: Buffer) =>
  a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / a.length;

describe.each(styleIds)('%s', (style) => {
  test('is the same bit by bit each time, and stronger as it is asked to be', async () => {
    const original = await sharp(photo).raw().toBuffer();
    const [some, again, weak] = [await styled(style, 0.8), await styled(style, 0.8), await styled(style, 0.2)];
    expect(again.hash).toBe(some.hash);
    expect(distance(weak.pixels, some.pixels)).toBeGreaterThan(0.5);
    expect(distance(some.pixels, original)).toBeGreaterThan(2);
  });

  test('has no value left over from outside of its range: a flat picture stays free of speckles', async () => {
    const path = join(dir, 'flat.png');
    for (const background of ['#000', '#fff', '#777', '#f00']) {
      await sharp({ create: { width: 320, height: 200, channels: 3, background } })
        .png()
        .toFile(path);
      const { pixels } = await styled(style, 1, path);
      // What wrapped around from 255 to 0, or the other way, would be further from the mean than any grain or paper is.
      const { channels } = await sharp(pixels, { raw: { width: 320, height: 200, channels: 3 } })
        .blur(1)
        .stats();
      // Dots on paper are as far apart as colours can be.
      for (const { min, max } of channels)
        if (style !== 'pop_art') expect([style, background, max - min <= 215]).toEqual([style, background, true]);
      for (const { stdev } of channels) expect(stdev).toBeLessThan(95);
    }
  });

  test('takes pictures as thin as a line', async () => {
    for (const [width, height] of [
      [1, 400],
      [700, 1],
      [2, 2],
      [3, 5],
    ] as const) {
      const path = join(dir, 'thin.png');
      await sharp({ create: { width, height, channels: 3, background: '#4a7' } })
        .png()
        .toFile(path);
      expect(await styled(style, 0.8, path)).toMatchObject({ width, height });
    }
  });
});

test(
  'a picture of more than 24 megapixels is worked on at 24',
  async () => {
    const path = join(dir, 'large.png');
    await sharp({ create: { width: 6000, height: 5000, channels: 3, background: '#456' } })
      .png({ compressionLevel: 1 })
      .toFile(path);
    const file = await imaging.stylePhoto({
      path,
      outDir: dir,
      request: { style: 'cinematic', strength: 0.8, ...none },
    });
    expect(file.width * file.height).toBeLessThanOrEqual(24_000_000);
    expect(file.width / file.height).toBeCloseTo(1.2, 2);
    expect(file.width * file.height).toBeGreaterThan(23_900_000);
  },
  long,
);

describe('the parts', () => {
  test('a blur keeps the mean, and repeats the edge beyond the edge', () => {
    for (const sigma of [0.8, 2, 6, 20]) {
      const data = Float32Array.from({ length: 64 * 48 }, (_, i) => (i % 64 > 31 ? 1 : 0));
      const out = blur({ data, width: 64, height: 48 }, sigma).data;
      const mean = out.reduce((sum, value) => sum + value, 0) / out.length;
      expect(mean).toBeCloseTo(0.5, 2);
      if (sigma <= 6) expect([out[0], out[63]].map((value) => Math.round((value ?? 9) * 100))).toEqual([0, 100]);
      // Each row is like the others: nothing came in over the upper or lower edge.
      expect(out[40]).toBeCloseTo(out[47 * 64 + 40] ?? 9, 4);
    }
  });

  test('what is shrunk and enlarged lies where it lay', () => {
    const [width, height, factor] = [90, 60, 4];
    const data = new Uint8Array(width * height * 3);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) data.fill(x * 2, (y * width + x) * 3, (y * width + x) * 3 + 3);
    const field = shrink({ data, width, height }, factor);
    const plane = { data: field.data.filter((_, i) => i % 3 === 0), width: field.width, height: field.height };
    const row = enlarge(plane, factor, width)(31);
    for (let x = 8; x < width - 10; x++) expect(Math.abs((row[x] ?? 0) * 255 - x * 2)).toBeLessThan(0.6);
  });

  test('Oklab there and back is the same colour, and a cube of it leaves colours alone', () => {
    for (const colour of [
      [0.2, 0.5, 0.9],
      [1, 1, 1],
      [0, 0, 0],
      [0.9, 0.1, 0.2],
    ] as const) {
      for (const [c, value] of fromOklab(...toOklab(colour[0], colour[1], colour[2])).entries()) {
        expect(value).toBeCloseTo(colour[c] as number, 4);
      }
    }
    const cube = buildCube(() => {});
    const data = Uint8Array.from({ length: 300 }, (_, i) => (i * 37) & 255);
    const out = new Float32Array(300);
    gradeRow(cube, data, 0, 100, out);
    for (const [i, value] of out.entries()) expect(Math.abs(value - (data[i] ?? 0))).toBeLessThan(0.01);
  });

  test('smoothing evens out noise and leaves an edge standing', () => {
    const [width, height] = [80, 40];
    const data = new Float32Array(width * height * 3);
    for (let i = 0; i < width * height; i++) {
      const value = (i % width < 40 ? 0.2 : 0.8) + 0.02 * Math.sin(i * 12.9898);
      data.fill(value, i * 3, i * 3 + 3);
    }
    smoothColours({ data, width, height }, 20, 0.3, 3);
    const at = (x: number) => data[(20 * width + x) * 3] ?? 0;
    expect(Math.abs(at(20) - 0.2)).toBeLessThan(0.01);
    expect(at(42) - at(37)).toBeGreaterThan(0.5);
  });
});
