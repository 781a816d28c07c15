import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import ExifReader from 'exifreader';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { makePhoto } from '../../../../test/fixtures/photo.ts';
import { decodeHeic } from '../decode-heic.ts';
import { type Source, stripMetadata } from './index.ts';
import { minimalExif } from './orientation.ts';

const sourceOf = (file: Buffer): Source => ({
  size: file.length,
  async read(buffer, offset, length, position) {
    if (position + length > file.length) throw new Error('read behind the end');
    file.copy(buffer, offset, position, position + length);
  },
});

async function strip(file: Buffer): Promise<Buffer | null> {
  const chunks = await stripMetadata(sourceOf(file));
  if (!chunks) return null;
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** Of the first frames: one animation of the corpus has thousands, which decode to gigabytes. */
async function pixels(file: Buffer): Promise<Buffer> {
  const options = { failOn: 'error', limitInputPixels: false } as const;
  const { pages = 1 } = await sharp(file, options).metadata();
  const shown = await sharp(file, { ...options, pages: Math.min(pages, 5) })
    .raw()
    .toBuffer();
  return Buffer.concat([Buffer.from(`${pages} `), shown]);
}

const orientationOf = async (file: Buffer): Promise<number> => (await sharp(file).metadata()).orientation ?? 1;

/** What two readers of metadata still find; orientation and what describes the coding are no metadata. */
async function findings(file: Buffer): Promise<string[]> {
  const { exif, xmp, iptc, tifftagPhotoshop, comments } = await sharp(file).metadata();
  const found = Object.entries({ xmp, iptc, tifftagPhotoshop, comments }).flatMap(([name, value]) =>
    value ? [name] : [],
  );
  const isEmpty = !exif || exif.every((byte) => byte === 0);
  const tags = isEmpty
    ? {}
    : await ExifReader.load(exif.subarray(exif.toString('latin1', 0, 4) === 'Exif' ? 6 : 0), { expanded: true });
  for (const name of Object.keys(tags.exif ?? {})) if (name !== 'Orientation') found.push(`exif of sharp: ${name}`);
  const read = ExifReader.load(file, { expanded: true });
  for (const group of ['gps', 'iptc', 'xmp', 'makerNotes', 'photoshop', 'composite'] as const) {
    if (read[group] && Object.keys(read[group]).length > 0) found.push(`${group} of exifreader`);
  }
  if (read.Thumbnail) found.push('thumbnail');
  for (const name of Object.keys(read.exif ?? {}))
    if (name !== 'Orientation') found.push(`exif of exifreader: ${name}`);
  return found;
}

/** The one sentence that all formats are held to. */
async function requireClean(file: Buffer): Promise<Buffer> {
  const clean = await strip(file);
  if (!clean) throw new Error('it was not taken apart');
  expect(await findings(clean)).toEqual([]);
  expect(await orientationOf(clean)).toBe(await orientationOf(file));
  expect((await pixels(clean)).equals(await pixels(file)), 'the same pixels').toBe(true);
  // A picture without metadata stays without.
  expect((await strip(clean))?.equals(clean), 'clean twice is clean').toBe(true);
  return clean;
}

const xmp = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="canary-xmp"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`;
const camera = { make: 'canary-make', model: 'canary-model', lens: 'canary-lens' };
const gps = { latitude: 47.5, longitude: 13.6, altitude: 508 };
const shot = { width: 64, height: 48, seed: 3, takenAt: '2024-06-14T09:30:00+02:00', camera, gps } as const;
const canaries = (file: Buffer): string[] =>
  [...file.toString('latin1').matchAll(/canary-[a-z]+|Tintype fixture|2024:06:14/g)].map(([text]) => text);

describe.each(['jpeg', 'png', 'webp', 'avif'] as const)('%s', (format) => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('turned by %i, with camera, place and profile', async (orientation) => {
    const file = await makePhoto({ ...shot, format, orientation, icc: 'p3' });
    expect(canaries(file).length).toBeGreaterThan(2);
    const clean = await requireClean(file);
    expect(canaries(clean)).toEqual([]);
    expect((await sharp(clean).metadata()).icc?.length).toBe((await sharp(file).metadata()).icc?.length);
    const [before, after] = await Promise.all([file, clean].map((bytes) => sharp(bytes).autoOrient().raw().toBuffer()));
    expect(after?.equals(before as Buffer)).toBe(true);
  });

  test('with XMP', async () => {
    const file = await sharp(await makePhoto({ ...shot, format }))
      .keepMetadata()
      .withXmp(xmp)
      .toFormat(format)
      .toBuffer();
    expect((await sharp(file).metadata()).xmp?.toString()).toContain('canary-xmp');
    expect(canaries(await requireClean(file))).toEqual([]);
  });

  test('that is cut off anywhere is either left out or has nothing in it that was to be left out', async () => {
    const file = await sharp(await makePhoto({ ...shot, format, orientation: 6 }))
      .keepMetadata()
      .withXmp(xmp)
      .toFormat(format)
      .toBuffer();
    let taken = 0;
    for (let length = 0; length < file.length; length += 7) {
      const clean = await strip(file.subarray(0, length));
      if (!clean) continue;
      taken += 1;
      expect(canaries(clean), `cut at ${length}`).toEqual([]);
    }
    expect(taken).toBeLessThan(file.length / 7);
  });

  test('with any byte changed is taken apart or left out, and never fails', async () => {
    const file = await makePhoto({ ...shot, width: 24, height: 16, format, orientation: 6 });
    for (let at = 0; at < file.length; at += 3) {
      for (const value of [0x00, 0xff, ((file[at] as number) + 1) & 255]) {
        const changed = Buffer.from(file);
        changed[at] = value;
        const clean = await strip(changed);
        expect(clean === null || clean.length > 0, `${value} at ${at}`).toBe(true);
      }
    }
  });
});

const plain = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#7a5c3e' } })
  .jpeg()
  .toBuffer();

describe('a JPEG', () => {
  const segment = (code: number, payload: string | Buffer): Buffer => {
    const body = Buffer.from(payload as string, 'latin1');
    const head = Buffer.from([0xff, code, 0, 0]);
    head.writeUInt16BE(body.length + 2, 2);
    return Buffer.concat([head, body]);
  };
  const withSegments = (...segments: Buffer[]): Buffer =>
    Buffer.concat([plain.subarray(0, 2), ...segments, plain.subarray(2)]);

  test.each([
    ['a comment', segment(0xfe, 'canary-comment')],
    ['Photoshop and IPTC', segment(0xed, 'Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x11\x1c\x02\x78\0\x0bcanary-iptc\0')],
    ['an index of further pictures', segment(0xe2, 'MPF\0canary-mpf')],
    ['extended XMP', segment(0xe1, 'http://ns.adobe.com/xmp/extension/\0canary-xmp')],
    ['marks of its maker', segment(0xeb, 'JP\0\x01canary-jumbf')],
    ['a long Adobe segment', segment(0xee, 'Adobe\0\x64\0\0\0\0\x01canary-adobe')],
    ['a JFIF extension', segment(0xe0, 'JFXX\0\x13canary-thumb')],
    ['an APP0 of no name', segment(0xe0, 'canary-appzero')],
    ['words between segments', Buffer.concat([segment(0xfe, 'a comment'), Buffer.from('canary-junk')])],
    ['filling bytes', Buffer.concat([Buffer.alloc(9, 0xff), segment(0xfe, 'canary-filled')])],
  ])('with %s', async (_, extra) => {
    const file = withSegments(extra);
    expect(canaries(file).length).toBe(1);
    expect(canaries(await requireClean(file))).toEqual([]);
  });

  test('with a thumbnail in its JFIF segment', async () => {
    const thumbnail = Buffer.concat([
      Buffer.from('JFIF\0\x01\x02\0\0\x01\0\x01\x02\x02', 'latin1'),
      Buffer.from('canary-jfif!'),
    ]);
    expect(canaries(await requireClean(withSegments(segment(0xe0, thumbnail))))).toEqual([]);
  });

  test('with a film behind its end', async () => {
    const film = Buffer.concat([Buffer.from('\0\0\0\x18ftypmp42canary-film'), Buffer.alloc(300_000, 7)]);
    const clean = await requireClean(Buffer.concat([plain, film]));
    expect(clean.length).toBeLessThanOrEqual(plain.length);
  });

  test('that is progressive, has restarts, or four colours', async () => {
    const source = sharp(await makePhoto({ ...shot, width: 300, height: 200 })).keepMetadata();
    await requireClean(await source.clone().jpeg({ progressive: true }).toBuffer());
    await requireClean(await source.clone().jpeg({ mozjpeg: true }).toBuffer());
    await requireClean(await source.clone().toColourspace('cmyk').jpeg().toBuffer());
    await requireClean(await source.clone().greyscale().jpeg().toBuffer());
  });

  test('whose scans are larger than what is read at once', async () => {
    await requireClean(await makePhoto({ ...shot, width: 1600, height: 1200 }));
  });

  test('of nothing but metadata is left out', async () => {
    expect(await strip(Buffer.concat([plain.subarray(0, 2), segment(0xe1, 'Exif\0\0')]))).toBeNull();
    expect(await strip(Buffer.from('no picture'))).toBeNull();
    expect(await strip(Buffer.alloc(0))).toBeNull();
  });
});

describe('a PNG', () => {
  const chunk = (type: string, payload: Buffer): Buffer => {
    const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(type, 'latin1'), payload, Buffer.alloc(4)]);
    bytes.writeUInt32BE(payload.length, 0);
    bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), bytes.length - 4);
    return bytes;
  };

  test('with texts, a time, EXIF behind its picture and words behind its end', async () => {
    const plain = await sharp({ create: { width: 40, height: 30, channels: 4, background: '#7a5c3e80' } })
      .png()
      .toBuffer();
    const file = Buffer.concat([
      plain.subarray(0, 33),
      chunk('tEXt', Buffer.from('Comment\0canary-text')),
      chunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0'), deflateSync('canary-hidden')])),
      chunk('iTXt', Buffer.from('XML:com.adobe.xmp\0\0\0\0\0canary-xmp')),
      chunk('tIME', Buffer.from([7, 232, 6, 14, 9, 30, 0])),
      chunk('caNb', Buffer.from('canary-own')),
      plain.subarray(33, -12),
      chunk('eXIf', Buffer.concat([minimalExif(6), Buffer.from('canary-late')])),
      plain.subarray(-12),
      Buffer.from('canary-tail'),
    ]);
    const clean = await requireClean(file);
    expect(canaries(clean)).toEqual([]);
    expect(clean.length).toBe(plain.length);
  });
});

describe('an animation', () => {
  const frames = Buffer.concat(['#c33', '#3c3', '#33c'].map((colour) => Buffer.from(colourOf(colour, 32 * 24))));
  const animation = () => sharp(frames, { raw: { width: 32, height: 72, channels: 3, pageHeight: 24 } });

  test('as GIF keeps its frames, its times and how often it runs', async () => {
    const plain = await animation()
      .gif({ loop: 3, delay: [100, 200, 300] })
      .toBuffer();
    const at = 13 + 3 * 2 ** (((plain[10] as number) & 7) + 1);
    const file = Buffer.concat([
      plain.subarray(0, at),
      Buffer.from('\x21\xfe\x0ecanary-comment\0', 'latin1'),
      Buffer.from('\x21\xff\x0bXMP DataXMP\x0acanary-xmp\0', 'latin1'),
      plain.subarray(at),
      Buffer.from('canary-tail'),
    ]);
    expect(canaries(file).length).toBe(3);
    const clean = await requireClean(file);
    expect(canaries(clean)).toEqual([]);
    const { pages, loop, delay } = await sharp(clean, { animated: true }).metadata();
    expect({ pages, loop, delay }).toEqual({ pages: 3, loop: 3, delay: [100, 200, 300] });
  });

  test('as WebP keeps its frames, its times and how often it runs', async () => {
    const file = await animation()
      .withExif({ IFD0: { Make: 'canary-make' } })
      .webp({ loop: 3, delay: [100, 200, 300] })
      .toBuffer();
    expect(canaries(file)).toEqual(['canary-make']);
    const clean = await requireClean(file);
    expect(canaries(clean)).toEqual([]);
    const { pages, loop, delay } = await sharp(clean, { animated: true }).metadata();
    expect({ pages, loop, delay }).toEqual({ pages: 3, loop: 3, delay: [100, 200, 300] });
  });
});

describe('HEIF', () => {
  const box = (type: string, payload: Buffer): Buffer => {
    const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(type, 'latin1'), payload]);
    bytes.writeUInt32BE(bytes.length, 0);
    return bytes;
  };

  test('HEIC draws the same, without date, camera and place', async () => {
    const file = readFileSync(join(import.meta.dirname, '../../../../test/fixtures/photo.heic'));
    expect(file.includes('Fixture One')).toBe(true);
    const clean = (await strip(file)) as Buffer;
    for (const words of ['Fixture One', '2024:06:14', '35mm f/2.8']) expect(clean.includes(words), words).toBe(false);
    expect(await findings(clean)).toEqual([]);
    const folder = await mkdtemp(join(tmpdir(), 'strip-'));
    try {
      await writeFile(join(folder, 'before'), file);
      await writeFile(join(folder, 'after'), clean);
      const [before, after] = [
        await decodeHeic(join(folder, 'before'), 1e8),
        await decodeHeic(join(folder, 'after'), 1e8),
      ];
      expect(after.data.equals(before.data)).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
    expect((await sharp(clean).metadata()).icc?.length).toBe((await sharp(file).metadata()).icc?.length);
  });

  test('boxes that nobody knows are emptied, and what is appended is left out', async () => {
    const plain = await sharp(await makePhoto({ ...shot, format: 'avif' }))
      .avif()
      .toBuffer();
    const film = box('mpvd', Buffer.concat([Buffer.from('canary-film'), Buffer.alloc(100_000)]));
    for (const tail of [
      film,
      box('uuid', Buffer.from('canary-uuid')),
      Buffer.from('canary-tail'),
      box('free', Buffer.from('canary-free')),
    ]) {
      const clean = await requireClean(Buffer.concat([plain, tail]));
      expect(canaries(clean)).toEqual([]);
      expect(clean.length).toBe(plain.length);
    }
    const before = await strip(Buffer.concat([box('moov', Buffer.from('canary-moov')), plain]));
    expect(before).toBeNull();
  });
});

const corpus = join(import.meta.dirname, '../../../../../shared/corpus');
const files = existsSync(corpus)
  ? readFileSync(join(corpus, 'manifest.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line): { file: string; class: string; expect: string } => JSON.parse(line))
      .filter(({ file, expect }) => expect === 'accept' && !/^multipart/.test(file))
  : [];

describe.skipIf(files.length === 0)('of the shared corpus, every picture that is taken in', () => {
  test.each(files.map(({ file }) => file))('%s', async (file) => {
    await requireClean(readFileSync(join(corpus, file)));
  });
});

function colourOf(colour: string, count: number): number[] {
  const [, ...digits] = colour;
  return Array.from({ length: count }, () => digits.map((digit) => Number.parseInt(digit + digit, 16))).flat();
}
