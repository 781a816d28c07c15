import sharp from 'sharp';
import { expect, test } from 'vitest';
import { embedProfile, isSrgbProfile } from './icc-profile.ts';

const red = () => sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } });
const profileOf = async (name: string) =>
  (await sharp(await red().withIccProfile(name).jpeg().toBuffer()).metadata()).icc as Buffer;

/** A matrix profile with sRGB's colourants and one curve for all channels. */
function matrixProfile(curve: Buffer): Buffer {
  const xyz = (...values: number[]) => {
    const tag = Buffer.alloc(20);
    tag.write('XYZ ');
    values.forEach((value, i) => {
      tag.writeInt32BE(Math.round(value * 65_536), 8 + 4 * i);
    });
    return tag;
  };
  const tags: [string, Buffer][] = [
    ['rXYZ', xyz(0.436, 0.2225, 0.0139)],
    ['gXYZ', xyz(0.3851, 0.7169, 0.0971)],
    ['bXYZ', xyz(0.1431, 0.0606, 0.7141)],
    ['rTRC', curve],
    ['gTRC', curve],
    ['bTRC', curve],
  ];
  const header = Buffer.alloc(132 + 12 * tags.length);
  header.write('RGB ', 16);
  header.writeUInt32BE(tags.length, 128);
  let at = header.length;
  tags.forEach(([name, tag], i) => {
    header.write(name, 132 + 12 * i);
    header.writeUInt32BE(at, 136 + 12 * i);
    header.writeUInt32BE(tag.length, 140 + 12 * i);
    at += tag.length;
  });
  return Buffer.concat([header, ...tags.map(([, tag]) => tag)]);
}

function curveOf(entries: number[]): Buffer {
  const tag = Buffer.alloc(12 + 2 * entries.length);
  tag.write('curv');
  tag.writeUInt32BE(entries.length, 8);
  entries.forEach((entry, i) => {
    tag.writeUInt16BE(entry, 12 + 2 * i);
  });
  return tag;
}

const srgbTable = Array.from({ length: 1024 }, (_, i) => {
  const x = i / 1023;
  return Math.round((x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4) * 65_535);
});

test('knows sRGB by its parametric curve and by its table', async () => {
  expect(isSrgbProfile(await profileOf('srgb'))).toBe(true);
  expect(isSrgbProfile(matrixProfile(curveOf(srgbTable)))).toBe(true);
});

test('takes other colourants and other curves for what they are', async () => {
  expect(isSrgbProfile(await profileOf('p3'))).toBe(false);
  expect(isSrgbProfile(matrixProfile(curveOf([])))).toBe(false);
  expect(isSrgbProfile(matrixProfile(curveOf([Math.round(2.2 * 256)])))).toBe(false);
  expect(isSrgbProfile(matrixProfile(Buffer.from('curvedwrong!')))).toBe(false);
});

test('takes a damaged profile for another one, wherever it is cut', async () => {
  const profile = await profileOf('srgb');
  for (let length = 0; length < profile.length - 4; length += 7) {
    expect(isSrgbProfile(profile.subarray(0, length))).toBe(false);
  }
});

test('a profile put into a PNG is the one that is read from it', async () => {
  const profile = await profileOf('p3');
  const png = embedProfile(await red().png().toBuffer(), profile);
  expect((await sharp(png, { failOn: 'warning' }).metadata()).icc).toEqual(profile);
});
