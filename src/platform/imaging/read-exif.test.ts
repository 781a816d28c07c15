import sharp, { type Exif } from 'sharp';
import { describe, expect, test } from 'vitest';
import { readExif } from './read-exif.ts';

async function exifOf(exif: Exif): Promise<Buffer> {
  const image = sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } }).withExif(exif);
  return (await sharp(await image.jpeg().toBuffer()).metadata()).exif as Buffer;
}
const nothing = { takenAt: null, camera: null, exposure: null, location: null };

describe('the time a picture was taken', () => {
  test.each([
    ['2024:06:14 09:30:00', '+02:00', { local: '2024-06-14T09:30:00', offsetMinutes: 120 }],
    ['2024:06:14 09:30:00', '-09:30', { local: '2024-06-14T09:30:00', offsetMinutes: -570 }],
    ['2024:02:29 23:59:59', '+00:00', { local: '2024-02-29T23:59:59', offsetMinutes: 0 }],
    ['2024:06:14 09:30:00', '+25:00', { local: '2024-06-14T09:30:00', offsetMinutes: null }],
    ['2024:06:14 09:30:00', 'noon', { local: '2024-06-14T09:30:00', offsetMinutes: null }],
    ['2023:02:29 10:00:00', '+02:00', null],
    ['2024:13:01 10:00:00', '+02:00', null],
    ['2024:06:14 24:00:00', '+02:00', null],
    ['0000:00:00 00:00:00', '+02:00', null],
    ['1700:01:01 00:00:00', '+02:00', null],
    ["'; DROP TABLE 1;--", '+02:00', null],
  ])('%s %s', async (DateTimeOriginal, OffsetTimeOriginal, expected) => {
    expect(readExif(await exifOf({ IFD2: { DateTimeOriginal, OffsetTimeOriginal } })).takenAt).toEqual(expected);
  });

  test('falls back to the time it was digitized', async () => {
    const block = await exifOf({
      IFD2: { DateTimeOriginal: '0000:00:00 00:00:00', DateTimeDigitized: '2001:02:03 04:05:06' },
    });
    expect(readExif(block).takenAt).toEqual({ local: '2001-02-03T04:05:06', offsetMinutes: null });
  });
});

test('texts lose control characters, blanks and what is longer than 200 characters', async () => {
  const block = await exifOf({ IFD0: { Make: '  Tin\x07\r\nWorks  ', Model: 'x'.repeat(500) } });
  expect(readExif(block).camera).toEqual({ make: 'Tin Works', model: 'x'.repeat(200), lens: null });
});

test('exposure in seconds, f-number, ISO and millimetres; what divides by zero is null', async () => {
  const block = await exifOf({
    IFD2: { ExposureTime: '1/250', FNumber: '28/10', ISOSpeedRatings: '200', FocalLength: '35/0' },
  });
  expect(readExif(block).exposure).toEqual({ time: 0.004, aperture: 2.8, iso: 200, focalLength: null });
});

describe('the place', () => {
  const at = (GPSLatitude: string, GPSLongitude: string, more = {}) =>
    exifOf({ IFD3: { GPSLatitudeRef: 'S', GPSLatitude, GPSLongitudeRef: 'W', GPSLongitude, ...more } });

  test('south and west are negative, and so is what lies below the sea', async () => {
    const block = await at('33/1 51/1 3600/100', '70/1 30/1 0/1', { GPSAltitudeRef: '0', GPSAltitude: '425/10' });
    // sharp writes no other reference than 0: the entry is tag 5, type BYTE, one of it, and the value (TIFF 6.0, section 2).
    const entry = block.indexOf(Buffer.from([5, 0, 1, 0, 1, 0, 0, 0]));
    block[entry + 8] = 1;
    expect(readExif(block).location).toEqual({ latitude: -33.86, longitude: -70.5, altitude: -42.5 });
  });
  test.each([
    ['beyond the pole', '91/1 0/1 0/1', '10/1 0/1 0/1'],
    ['beyond the date line', '10/1 0/1 0/1', '181/1 0/1 0/1'],
    ['no number', '10/0 0/0 0/0', '10/1 0/1 0/1'],
    ['no fix', '0/1 0/1 0/1', '0/1 0/1 0/1'],
  ])('%s is no place', async (_, latitude, longitude) => {
    expect(readExif(await at(latitude, longitude)).location).toBeNull();
  });
});

describe('never throws', () => {
  test('for no block, an empty one, or one that is not EXIF', () => {
    for (const block of [
      undefined,
      Buffer.alloc(0),
      Buffer.from('Exif\0\0'),
      Buffer.from('<html>'),
      Buffer.alloc(64, 255),
    ]) {
      expect(readExif(block)).toEqual(nothing);
    }
  });

  test('for a block cut or damaged anywhere', async () => {
    const block = await exifOf({
      IFD0: { Make: 'Tin', Model: 'Type' },
      IFD2: { DateTimeOriginal: '2024:06:14 09:30:00', FNumber: '28/10' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '1/1 2/1 3/1', GPSLongitudeRef: 'E', GPSLongitude: '1/1 2/1 3/1' },
    });
    for (let at = 0; at < block.length; at++) {
      const damaged = Buffer.from(block);
      damaged[at] = 0xff;
      for (const bytes of [damaged, block.subarray(0, at)]) {
        const { location, takenAt } = readExif(bytes);
        if (location) expect(Math.abs(location.latitude)).toBeLessThanOrEqual(90);
        if (takenAt) expect(Date.parse(`${takenAt.local}Z`)).not.toBeNaN();
      }
    }
  });
});
