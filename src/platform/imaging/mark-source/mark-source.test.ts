import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { readDigitalSource } from '../read-making.ts';
import type { Source } from '../strip-metadata/index.ts';
import { markSource } from './index.ts';
import { sourcePacket } from './source-packet.ts';

const term = 'trainedAlgorithmicMedia';
const noise = {
  create: {
    width: 61,
    height: 43,
    channels: 3 as const,
    background: 'gray',
    noise: { type: 'gaussian' as const, mean: 128, sigma: 40 },
  },
};
const clear = sharp({
  create: { width: 61, height: 43, channels: 4, background: { r: 10, g: 80, b: 90, alpha: 0.4 } },
});

const toSource = (file: Buffer): Source => ({
  size: file.length,
  async read(buffer, offset, length, position) {
    if (position + length > file.length) throw new RangeError('It ends before that.');
    file.copy(buffer as Buffer, offset, position, position + length);
  },
});
async function readAll(source: Source): Promise<Buffer> {
  const bytes = Buffer.alloc(source.size);
  await source.read(bytes, 0, source.size, 0);
  return bytes;
}
const marked = async (file: Buffer): Promise<Buffer> => readAll(await markSource(toSource(file), term));
const pixels = (file: Buffer) => sharp(file).ensureAlpha().raw().toBuffer();

const files: Record<string, () => Promise<Buffer>> = {
  PNG: () => sharp(noise).png().toBuffer(),
  'PNG with transparency and a profile': () => clear.clone().png().keepIccProfile().withIccProfile('p3').toBuffer(),
  JPEG: () => sharp(noise).jpeg().toBuffer(),
  'JPEG with Exif, turned, progressive': () =>
    sharp(noise)
      .jpeg({ progressive: true })
      .withExif({ IFD0: { Make: 'a camera' } })
      .withMetadata({ orientation: 6 })
      .toBuffer(),
  WebP: () => sharp(noise).webp().toBuffer(),
  'WebP without loss': () => sharp(noise).webp({ lossless: true }).toBuffer(),
  'WebP without loss, seen through': () => clear.clone().webp({ lossless: true }).toBuffer(),
  'WebP, seen through': () => clear.clone().webp().toBuffer(),
  'WebP with Exif': () =>
    sharp(noise)
      .webp()
      .withExif({ IFD0: { Make: 'a camera' } })
      .toBuffer(),
};

describe.each(Object.keys(files))('%s', (name) => {
  test('says where it comes from, and is the same picture with all that it had', async () => {
    const file = await (files[name] as () => Promise<Buffer>)();
    const result = await marked(file);
    const [before, after] = [await sharp(file).metadata(), await sharp(result).metadata()];
    expect(readDigitalSource(after.xmp)).toBe(term);
    expect((await pixels(result)).equals(await pixels(file))).toBe(true);
    const { xmp: _, xmpAsString: __, size: ___, ...rest } = after;
    expect({ ...rest, size: undefined }).toEqual({ ...before, size: undefined });
    // Once more changes nothing.
    expect((await marked(result)).equals(result)).toBe(true);
  });

  test('is read from anywhere as it is from its beginning', async () => {
    const source = await markSource(toSource(await (files[name] as () => Promise<Buffer>)()), term);
    const whole = await readAll(source);
    for (let from = 0; from < whole.length; from += 97) {
      const length = Math.min(131, whole.length - from);
      const part = Buffer.alloc(length + 3);
      await source.read(part, 3, length, from);
      expect(part.subarray(3).equals(whole.subarray(from, from + length))).toBe(true);
    }
    await expect(source.read(Buffer.alloc(10), 0, 10, whole.length - 5)).rejects.toThrow(RangeError);
  });
});

test.each(['png', 'jpeg', 'webp'] as const)('what %s said of itself in XMP stays', async (format) => {
  const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="ours"/></rdf:RDF></x:xmpmeta>`;
  const result = await sharp(await marked(await sharp(noise)[format]().withXmp(xmp).toBuffer())).metadata();
  expect(result.xmpAsString).toContain('dc:format="ours"');
  expect(readDigitalSource(result.xmp)).toBe(term);
});

test('the prefix of RDF may be any; a packet with no place for it stays as it is', async () => {
  const packet = (rdf: string) =>
    `<x:xmpmeta xmlns:x="adobe:ns:meta/"><${rdf}:RDF xmlns:${rdf}="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><${rdf}:Description ${rdf}:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="ours"/></${rdf}:RDF></x:xmpmeta>`;
  expect(sourcePacket(packet('r-1.x'), term)).toBe(
    packet('r-1.x').replace(
      '</r-1.x:RDF>',
      `<r-1.x:Description r-1.x:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/${term}"/></r-1.x:RDF>`,
    ),
  );
  for (const other of [
    '',
    ':RDF>',
    '<rdf:RDF/>',
    'RDF>',
    `</${'x'.repeat(40)}:RDF>`,
    'what somebody else keeps here',
  ]) {
    expect(sourcePacket(other, term)).toBeNull();
  }
});

test.each([
  ['png', 'digitalCapture'],
  ['jpeg', 'algorithmicMedia'],
  ['webp', 'compositeSynthetic'],
] as const)('a mark that %s has stays as it is', async (format, known) => {
  const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/${known}"/></rdf:RDF></x:xmpmeta>`;
  const file = await sharp(noise)[format]().withXmp(xmp).toBuffer();
  expect((await marked(file)).equals(file)).toBe(true);
});

test('what is cut, damaged or of another kind is given as it is', async () => {
  for (const make of Object.values(files)) {
    const file = await make();
    for (const length of [0, 5, 12, 20, 34, Math.floor(file.length / 2)]) {
      const cut = file.subarray(0, length);
      const result = await marked(Buffer.from(cut));
      expect(result.includes(cut.subarray(0, 2))).toBe(true);
    }
  }
  const gif = await sharp(noise).gif().toBuffer();
  expect((await marked(gif)).equals(gif)).toBe(true);
});
