import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { thumbHashToRGBA } from 'thumbhash';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jpegClaiming, pngClaiming } from '../../../test/fixtures/bombs.ts';
import { makePhoto } from '../../../test/fixtures/photo.ts';
import { createImaging, type Imaging, type IngestedImage, type Variant } from './index.ts';

// libvips caches by file name, and these tests write other pictures to the same names.
sharp.cache(false);

let imaging: Imaging;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ingest-'));
  imaging = createImaging({ processes: 1 });
});
afterAll(async () => {
  imaging.close();
  await rm(dir, { recursive: true });
});

async function ingest(bytes: Buffer, name = 'original', maxPixels?: number): Promise<IngestedImage> {
  const path = join(dir, name);
  await writeFile(path, bytes);
  return imaging.ingest({ path, outDir: dir, maxPixels });
}
const derivative = (image: IngestedImage, variant: Variant) => {
  const found = image.derivatives.find((one) => one.variant === variant);
  if (!found) throw new Error(`no ${variant}`);
  return found;
};
/** The colour of one pixel of a derivative, by its place from 0 to 1. */
async function colourAt(image: IngestedImage, x: number, y: number, variant: Variant = 'preview'): Promise<number[]> {
  const { data, info } = await sharp(derivative(image, variant).path).raw().toBuffer({ resolveWithObject: true });
  const at = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * info.channels;
  return [...data.subarray(at, at + info.channels)];
}
function expectColour(actual: number[], expected: number[], tolerance = 6) {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of actual.entries())
    expect(Math.abs(value - (expected[i] ?? 0))).toBeLessThanOrEqual(tolerance);
}
const flat = (background: string | object, width = 64, height = 48, channels: 3 | 4 = 3): Sharp =>
  sharp({ create: { width, height, channels, background } });
/** Peak signal-to-noise ratio of two pictures of the same size, in decibels. */
async function psnr(a: string, b: string): Promise<number> {
  const [left, right] = await Promise.all([a, b].map((path) => sharp(path).removeAlpha().raw().toBuffer()));
  if (!left || !right || left.length !== right.length) throw new Error('different sizes');
  const squares = left.reduce((sum, value, i) => sum + (value - (right[i] ?? 0)) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / left.length));
}

describe('a photograph', () => {
  test('becomes a preview, a medium and a small one, with a placeholder and what the camera wrote', async () => {
    const image = await ingest(
      await makePhoto({
        width: 2400,
        height: 1600,
        seed: 1,
        icc: 'srgb',
        takenAt: '2024-06-14T09:30:00+02:00',
        camera: { make: 'Tin', model: 'Type 1', lens: '35mm' },
        gps: { latitude: 48.137154, longitude: 11.576124, altitude: 519 },
      }),
    );
    expect(image).toMatchObject({ format: 'jpeg', mimeType: 'image/jpeg', width: 2400, height: 1600, animated: false });
    expect(image.derivatives).toMatchObject([
      { variant: 'preview', width: 2048, height: 1365, mimeType: 'image/jpeg' },
      { variant: 'medium', width: 512, height: 341, mimeType: 'image/webp' },
      { variant: 'small', width: 300, height: 200, mimeType: 'image/webp' },
    ]);
    expect(image.metadata).toEqual({
      takenAt: { local: '2024-06-14T09:30:00', offsetMinutes: 120 },
      camera: { make: 'Tin', model: 'Type 1', lens: '35mm' },
      exposure: { time: 0.004, aperture: 2.8, iso: 200, focalLength: 35 },
      location: { latitude: expect.closeTo(48.137154, 5), longitude: expect.closeTo(11.576124, 5), altitude: 519 },
      place: null,
      making: null,
    });
    const placeholder = thumbHashToRGBA(image.placeholder);
    expect(placeholder.w / placeholder.h).toBeCloseTo(1.5, 0);
    for (const { path, width, height, mimeType } of image.derivatives) {
      const written = await sharp(path).metadata();
      expect(written).toMatchObject({ width, height, mediaType: mimeType, space: 'srgb' });
      for (const block of ['exif', 'xmp', 'icc', 'iptc', 'orientation'] as const)
        expect(written[block]).toBeUndefined();
    }
  });

  test('looks the same in every derivative, and as the original does', async () => {
    const image = await ingest(await makePhoto({ width: 1200, height: 900, seed: 2 }));
    expect(await psnr(derivative(image, 'preview').path, join(dir, 'original'))).toBeGreaterThan(30);
    for (const variant of ['medium', 'small'] as const) {
      const { path, width, height } = derivative(image, variant);
      const reference = join(dir, 'reference.png');
      await sharp(join(dir, 'original')).resize(width, height).png().toFile(reference);
      expect(await psnr(path, reference)).toBeGreaterThan(28);
    }
  });

  test('that is smaller than a derivative is never enlarged', async () => {
    const image = await ingest(await makePhoto({ width: 400, height: 200, seed: 3 }));
    expect(image.derivatives.map(({ width, height }) => [width, height])).toEqual([
      [400, 200],
      [400, 200],
      [300, 150],
    ]);
  });
});

describe('orientation', () => {
  // What stands at the top left, top right, bottom left and bottom right when a picture stored as "RG BW" is shown.
  const shown: Record<number, string> = {
    1: 'RGBW',
    2: 'GRWB',
    3: 'WBGR',
    4: 'BWRG',
    5: 'RBGW',
    6: 'BRWG',
    7: 'WGBR',
    8: 'GWRB',
  };
  const colours: Record<string, number[]> = {
    R: [220, 20, 20],
    G: [20, 220, 20],
    B: [20, 20, 220],
    W: [240, 240, 240],
  };
  const stored = async () => {
    const quarter = (colour: string, left: number, top: number) => {
      const [r, g, b] = colours[colour] as [number, number, number];
      return { input: { create: { width: 40, height: 24, channels: 3 as const, background: { r, g, b } } }, left, top };
    };
    return flat('black', 80, 48).composite([
      quarter('R', 0, 0),
      quarter('G', 40, 0),
      quarter('B', 0, 24),
      quarter('W', 40, 24),
    ]);
  };

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('%i is applied to the pixels and to the size', async (orientation) => {
    const image = await ingest(await (await stored()).withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer());
    expect([image.width, image.height]).toEqual(orientation >= 5 ? [48, 80] : [80, 48]);
    const corners = [
      [0.25, 0.25],
      [0.75, 0.25],
      [0.25, 0.75],
      [0.75, 0.75],
    ] as const;
    for (const variant of ['preview', 'small'] as const) {
      for (const [i, [x, y]] of corners.entries()) {
        expectColour(await colourAt(image, x, y, variant), colours[shown[orientation]?.[i] ?? ''] ?? [], 24);
      }
    }
  });
});

describe('colour becomes sRGB', () => {
  const terracotta = { r: 200, g: 80, b: 60 };
  test('from Display P3', async () => {
    const bytes = await flat(terracotta).withIccProfile('p3').png().toBuffer();
    // The stored numbers are other ones, so that a pipeline without the transform fails here.
    expectColour([...(await sharp(bytes, { ignoreIcc: true }).raw().toBuffer()).subarray(0, 3)], [186, 87, 67], 4);
    const image = await ingest(bytes);
    for (const variant of ['preview', 'medium', 'small'] as const) {
      expectColour(await colourAt(image, 0.5, 0.5, variant), [200, 80, 60]);
    }
  });
  test('from Display P3 with transparency', async () => {
    const image = await ingest(
      await flat({ ...terracotta, alpha: 0.5 }, 64, 48, 4)
        .withIccProfile('p3')
        .png()
        .toBuffer(),
    );
    expectColour(await colourAt(image, 0.5, 0.5), [200, 80, 60, 128]);
  });
  test('from sRGB, unchanged', async () => {
    const image = await ingest(await flat(terracotta).withIccProfile('srgb').png().toBuffer());
    expectColour(await colourAt(image, 0.5, 0.5), [200, 80, 60]);
  });
  test('from CMYK', async () => {
    const bytes = await flat(terracotta).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer();
    expect((await sharp(bytes).metadata()).space).toBe('cmyk');
    expectColour(await colourAt(await ingest(bytes), 0.5, 0.5), [200, 80, 60], 20);
  });
  test('from grey', async () => {
    const bytes = await flat({ r: 100, g: 100, b: 100 }).toColourspace('b-w').jpeg({ quality: 95 }).toBuffer();
    expect((await sharp(bytes).metadata()).channels).toBe(1);
    expectColour(await colourAt(await ingest(bytes), 0.5, 0.5), [100, 100, 100]);
  });
  test('from grey with transparency', async () => {
    const bytes = await flat({ r: 100, g: 100, b: 100, alpha: 0.5 }, 64, 48, 4).toColourspace('b-w').png().toBuffer();
    expect((await sharp(bytes).metadata()).channels).toBe(2);
    expectColour(await colourAt(await ingest(bytes), 0.5, 0.5), [100, 100, 100, 128]);
  });
  test('from 16 bits a channel', async () => {
    const bytes = await flat(terracotta).toColourspace('rgb16').png().toBuffer();
    expect((await sharp(bytes).metadata()).depth).toBe('ushort');
    expectColour(await colourAt(await ingest(bytes), 0.5, 0.5), [200, 80, 60]);
  });
});

describe('transparency', () => {
  test('makes the preview a WebP that keeps it', async () => {
    const image = await ingest(await flat({ r: 255, g: 0, b: 0, alpha: 0.25 }, 64, 48, 4).png().toBuffer());
    expect(derivative(image, 'preview').mimeType).toBe('image/webp');
    expectColour(await colourAt(image, 0.5, 0.5), [255, 0, 0, 64]);
  });
  test('that hides nothing does not: a screenshot gets a JPEG', async () => {
    const image = await ingest(await flat({ r: 255, g: 0, b: 0, alpha: 1 }, 64, 48, 4).png().toBuffer());
    expect(derivative(image, 'preview').mimeType).toBe('image/jpeg');
    expect((await sharp(derivative(image, 'medium').path).metadata()).hasAlpha).toBe(false);
  });
});

describe('every format', () => {
  test.each(['png', 'webp', 'avif'] as const)('%s', async (format) => {
    const image = await ingest(
      await makePhoto({ width: 300, height: 200, seed: 5, format, takenAt: '2020-02-03T04:05:06' }),
    );
    expect(image).toMatchObject({ format, mimeType: `image/${format}`, width: 300, height: 200, animated: false });
    expect(image.metadata.takenAt).toEqual({ local: '2020-02-03T04:05:06', offsetMinutes: null });
    expect(await psnr(derivative(image, 'preview').path, join(dir, 'original'))).toBeGreaterThan(28);
  });

  test.each(['gif', 'webp'] as const)('an animated %s shows its first frame', async (format) => {
    const frames = await Promise.all(['#d02020', '#2020d0'].map((colour) => flat(colour).png().toBuffer()));
    const image = await ingest(
      await sharp(frames, { join: { animated: true } })
        [format]({ loop: 0 })
        .toBuffer(),
    );
    expect(image).toMatchObject({ format, width: 64, height: 48, animated: true });
    expectColour((await colourAt(image, 0.5, 0.5)).slice(0, 3), [208, 32, 32], 10);
  });

  test('HEIC, with its profile and its metadata, as the same photograph in JPEG', async () => {
    const path = join(import.meta.dirname, '../../../test/fixtures/photo.heic');
    const image = await imaging.ingest({ path, outDir: dir });
    expect(image).toMatchObject({ format: 'heic', mimeType: 'image/heic', width: 1200, height: 900, animated: false });
    expect(image.metadata).toEqual({
      takenAt: { local: '2024-06-14T09:30:00', offsetMinutes: 120 },
      camera: { make: 'Tintype', model: 'Fixture One', lens: '35mm f/2.8' },
      exposure: { time: 0.004, aperture: 2.8, iso: 200, focalLength: 35 },
      location: { latitude: -33.86, longitude: 151.21, altitude: 12.5 },
      place: null,
      making: null,
    });
    const reference = join(dir, 'reference.jpg');
    await writeFile(reference, await makePhoto({ width: 1200, height: 900, seed: 4 }));
    expect(derivative(image, 'preview').mimeType).toBe('image/jpeg');
    expect(await psnr(derivative(image, 'preview').path, reference)).toBeGreaterThan(27);
  });

  test('HEIC cut short is damaged, and over the limit it has too many pixels', async () => {
    const bytes = await readFile(join(import.meta.dirname, '../../../test/fixtures/photo.heic'));
    await expect(ingest(bytes.subarray(0, bytes.length / 2))).rejects.toMatchObject({ code: 'undecodable' });
    await expect(ingest(bytes, 'original', 1_000_000)).rejects.toMatchObject({ code: 'too_many_pixels' });
  });
});

describe('odd sizes', () => {
  test.each([
    [1, 1, 'png'],
    [1, 16_384, 'png'],
    [3, 65_535, 'png'],
    [65_535, 1, 'png'],
    [65_500, 2, 'jpeg'],
    [16_383, 1, 'webp'],
  ] as const)('%i × %i (%s)', async (width, height, format) => {
    const image = await ingest(await flat('#208040', width, height).toFormat(format).toBuffer());
    expect([image.width, image.height]).toEqual([width, height]);
    for (const { variant, ...size } of image.derivatives) {
      expect(Math.max(size.width, size.height)).toBeLessThanOrEqual(
        { preview: 2048, medium: 512, small: 300 }[variant],
      );
      expect(Math.min(size.width, size.height)).toBeGreaterThanOrEqual(1);
      expectColour(await colourAt(image, 0.5, 0.5, variant), [32, 128, 64], 10);
    }
    expect(image.placeholder.length).toBeGreaterThan(4);
  });
});

describe('refuses', () => {
  test('an SVG by whatever name', async () => {
    const svg = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
    );
    await expect(ingest(svg, 'drawing.png')).rejects.toMatchObject({ code: 'unsupported_media_type', status: 415 });
  });
  test('a TIFF, though the decoder could', async () => {
    await expect(ingest(await flat('red').tiff().toBuffer())).rejects.toMatchObject({ code: 'unsupported_media_type' });
  });
  test('an empty file', async () => {
    await expect(ingest(Buffer.alloc(0))).rejects.toMatchObject({ code: 'undecodable', status: 422 });
  });
  test.each(['jpeg', 'png', 'webp', 'avif'] as const)('a %s cut short, though its header is whole', async (format) => {
    const bytes = await makePhoto({ width: 400, height: 300, seed: 6, format });
    await expect(ingest(bytes.subarray(0, Math.floor(bytes.length * 0.6)))).rejects.toMatchObject({
      code: 'undecodable',
    });
  });
  test('a file of which only the signature is there', async () => {
    await expect(ingest(Buffer.from([0xff, 0xd8, 0xff, 0xe0]))).rejects.toMatchObject({ code: 'undecodable' });
  });
  test.each([false, true])(
    'a small JPEG that claims 256 megapixels (progressive: %s), by its header',
    async (progressive) => {
      await expect(ingest(await jpegClaiming(16_000, 16_000, progressive))).rejects.toMatchObject({
        code: 'too_many_pixels',
        status: 413,
        message: 'This picture has 256 megapixels; 100 are allowed.',
        details: { width: 16_000, height: 16_000, max_pixels: 100_000_000 },
      });
    },
  );
  test('a small PNG that claims 256 megapixels', async () => {
    await expect(ingest(await pngClaiming(16_000, 16_000))).rejects.toMatchObject({ code: 'too_many_pixels' });
  });
  test('one pixel over the limit, and not the limit itself', async () => {
    const bytes = await flat('red', 100, 50).png().toBuffer();
    await expect(ingest(bytes, 'original', 5000)).resolves.toMatchObject({ width: 100 });
    await expect(ingest(bytes, 'original', 4999)).rejects.toMatchObject({ code: 'too_many_pixels' });
  });
});
