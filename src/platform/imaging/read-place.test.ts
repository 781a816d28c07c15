import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { readPlace } from './read-place.ts';

const xmpOf = (attributes: string, inner = '') =>
  `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
  xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" ${attributes}>${inner}</rdf:Description></rdf:RDF></x:xmpmeta>`;

const record = (dataSet: number, data: Buffer | string, number = 2): Buffer => {
  const bytes = Buffer.from(data as string);
  const head = Buffer.from([0x1c, number, dataSet, 0, 0]);
  head.writeUInt16BE(bytes.length, 3);
  return Buffer.concat([head, bytes]);
};
const iptcOf = (...records: Buffer[]) =>
  Buffer.concat([Buffer.from('Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x40', 'latin1'), ...records]);

test('a place of XMP, from the narrowest to the widest, through a picture that carries it', async () => {
  const xmp = xmpOf(
    'photoshop:City="Bergen &amp; Os" photoshop:State="Vestland" photoshop:Country="Norway"',
    '<Iptc4xmpCore:Location>Brygge</Iptc4xmpCore:Location>',
  );
  const image = sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } }).withXmp(xmp);
  const header = await sharp(await image.jpeg().toBuffer()).metadata();
  expect(readPlace(header)).toBe('Brygge, Bergen & Os, Vestland, Norway');
});

describe('a place of IPTC', () => {
  test.each([
    ['UTF-8 that says so', iptcOf(record(90, '\x1b%G', 1), record(90, 'Łódź'), record(101, 'Polska')), 'Łódź, Polska'],
    ['UTF-8 that does not', iptcOf(record(90, 'Łódź')), 'Łódź'],
    ['Latin-1', iptcOf(record(90, Buffer.from('Zürich', 'latin1'))), 'Zürich'],
    [
      'one name twice',
      iptcOf(record(90, 'Geneva'), record(95, 'Geneva'), record(101, 'Switzerland')),
      'Geneva, Switzerland',
    ],
    ['controls and blanks', iptcOf(record(90, ' New\0\r\n York ')), 'New York'],
    ['nothing of a place', iptcOf(record(120, 'A caption')), null],
    ['a record cut off', iptcOf(record(90, 'Bergen'), record(101, 'Norway').subarray(0, 8)), 'Bergen'],
    ['no records', Buffer.from('Photoshop 3.0'), null],
    ['nothing', Buffer.alloc(0), null],
    ['too much', iptcOf(record(90, 'x'.repeat(500))), 'x'.repeat(200)],
  ])('%s', (_, iptc, place) => {
    expect(readPlace({ iptc })).toBe(place);
  });

  test('stands in where XMP has none', () => {
    const iptc = iptcOf(record(90, 'Bergen'));
    expect(readPlace({ xmp: Buffer.from(xmpOf('')), iptc })).toBe('Bergen');
    expect(readPlace({ xmp: Buffer.from('<not xml'), iptc })).toBe('Bergen');
  });
});

test('never throws, whatever is damaged', () => {
  const xmp = Buffer.from(xmpOf('photoshop:City="Bergen"'));
  const iptc = iptcOf(record(92, 'Brygge'), record(90, 'Bergen'), record(101, 'Norway'));
  for (const block of [xmp, iptc]) {
    for (let at = 0; at < block.length; at += 1) {
      const damaged = Buffer.from(block);
      damaged[at] = 0xff;
      for (const bytes of [damaged, block.subarray(0, at)]) {
        const place = readPlace({ xmp: bytes, iptc: bytes });
        expect(place === null || place.length <= 200).toBe(true);
      }
    }
  }
});
