import sharp from 'sharp';
import { rgbaToThumbHash, thumbHashToAverageRGBA, thumbHashToRGBA } from 'thumbhash';
import { expect, test } from 'vitest';
import { decode, placeholderColour, placeholderUrl } from './placeholder.ts';

/** A picture with a gradient of its own, hashed as the server does. */
async function hashOf(width: number, height: number, turn: number): Promise<Uint8Array> {
  const pixels = Buffer.alloc(width * height * 4, 255);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4;
      pixels[at] = (x * 255) / width;
      pixels[at + 1] = (y * 255) / height;
      pixels[at + 2] = (turn * 40) % 256;
    }
  const raw = await sharp(pixels, { raw: { width, height, channels: 4 } })
    .raw()
    .toBuffer();
  return rgbaToThumbHash(width, height, raw);
}

test('decodes as the format’s own author does', async () => {
  for (const [width, height, turn] of [
    [100, 67, 1],
    [60, 100, 3],
    [100, 100, 5],
    [100, 30, 2],
  ] as const) {
    const hash = await hashOf(width, height, turn);
    const theirs = thumbHashToRGBA(hash);
    const ours = decode(hash);
    expect([ours.width, ours.height]).toEqual([theirs.w, theirs.h]);
    for (let i = 0; i < ours.width * ours.height; i++)
      for (let c = 0; c < 3; c++)
        expect(Math.abs((ours.rgb[i * 3 + c] as number) - (theirs.rgba[i * 4 + c] as number))).toBeLessThanOrEqual(1);
    const { r, g, b } = thumbHashToAverageRGBA(hash);
    const average = `rgb(${[r, g, b].map((part) => Math.round(part * 255)).join(' ')})`;
    expect(placeholderColour(Buffer.from(hash).toString('base64'))).toBe(average);
  }
});

test('the data URL is a bitmap of that picture', async () => {
  const hash = await hashOf(90, 60, 4);
  const bytes = Buffer.from(placeholderUrl(Buffer.from(hash).toString('base64')).split(',')[1] as string, 'base64');
  const { width, height, rgb } = decode(hash);
  expect(bytes.toString('latin1', 0, 2)).toBe('BM');
  expect([bytes.readUInt32LE(2), bytes.readInt32LE(18), bytes.readInt32LE(22)]).toEqual([bytes.length, width, height]);
  // The last row of the file is the first of the picture, blue first.
  const row = (width * 3 + 3) & ~3;
  expect([...bytes.subarray(54 + (height - 1) * row, 54 + (height - 1) * row + 3)]).toEqual(
    [...rgb.subarray(0, 3)].reverse(),
  );
});

test('a hash cut short gives a picture, not an error', () => {
  expect(() => placeholderUrl(Buffer.from([1, 2, 3, 4]).toString('base64'))).not.toThrow();
});
