import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import { probe } from './probe.ts';

const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: { r: 90, g: 120, b: 60 } } });
const blob = (bytes: Buffer) => new Blob([new Uint8Array(bytes)]);

describe('probe', () => {
  test.each([
    ['image/jpeg', (p: Sharp) => p.jpeg()],
    ['image/jpeg', (p: Sharp) => p.jpeg({ progressive: true })],
    ['image/png', (p: Sharp) => p.png()],
    ['image/gif', (p: Sharp) => p.gif()],
    ['image/webp', (p: Sharp) => p.webp()],
    ['image/webp', (p: Sharp) => p.webp({ lossless: true })],
    ['image/avif', (p: Sharp) => p.avif({ effort: 0 })],
  ] as const)('reads type and ratio of %s', async (type, encode) => {
    const found = await probe(blob(await encode(picture(120, 80)).toBuffer()));
    expect(found.type).toBe(type);
    expect(found.ratio).toBeCloseTo(1.5, 5);
  });

  test('reads the date with the camera’s offset, and turns the ratio by the orientation', async () => {
    const bytes = await picture(120, 80)
      .withExif({ IFD2: { DateTimeOriginal: '2024:06:14 09:30:00', OffsetTimeOriginal: '+02:00' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect(await probe(blob(bytes))).toEqual({
      type: 'image/jpeg',
      ratio: 80 / 120,
      takenAt: '2024-06-14T09:30:00+02:00',
    });
  });

  test('a date without offset is written with Z, an impossible one is none', async () => {
    const dated = (date: string) =>
      picture(12, 8)
        .withExif({ IFD2: { DateTimeOriginal: date } })
        .jpeg()
        .toBuffer();
    expect((await probe(blob(await dated('2019:02:03 04:05:06')))).takenAt).toBe('2019-02-03T04:05:06Z');
    expect((await probe(blob(await dated('0000:00:00 00:00:00')))).takenAt).toBeNull();
    expect((await probe(blob(await dated('2019:13:45 04:05:06')))).takenAt).toBeNull();
  });

  test('goes by bytes, and an unknown, empty or cut file is no surprise', async () => {
    expect((await probe(new Blob(['%PDF-1.7 and so on, long enough']))).type).toBeNull();
    expect((await probe(new Blob([]))).type).toBeNull();
    const whole = await picture(300, 200).jpeg().toBuffer();
    for (let cut = 16; cut < 200; cut += 7) expect((await probe(blob(whole.subarray(0, cut)))).type).toBe('image/jpeg');
  });
});
