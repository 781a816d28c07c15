import { expect, test } from 'vitest';
import { sniff } from './sniff.ts';

const ftyp = (...brands: string[]) =>
  Buffer.concat([
    Buffer.from([0, 0, 0, 12 + 4 * brands.length]),
    Buffer.from(`ftyp${brands[0]}\0\0\0\0${brands.slice(1).join('')}`),
  ]);

test.each([
  ['jpeg', Buffer.from([0xff, 0xd8, 0xff, 0xe0])],
  ['png', Buffer.from('\x89PNG\r\n\x1a\nrest', 'latin1')],
  ['gif', Buffer.from('GIF89a')],
  ['gif', Buffer.from('GIF87a')],
  ['webp', Buffer.from('RIFF\x01\x02\x03\x04WEBPVP8 ')],
  ['avif', ftyp('avif', 'mif1', 'miaf')],
  ['avif', ftyp('avis', 'msf1')],
  ['avif', ftyp('mif1', 'miaf', 'avif')],
  ['heic', ftyp('heic', 'mif1')],
  ['heic', ftyp('heix')],
  ['heic', ftyp('hevc')],
  ['heic', ftyp('heim')],
  ['heic', ftyp('heis')],
  ['heic', ftyp('mif1', 'heic')],
  ['heic', ftyp('msf1', 'hevc')],
])('takes %s by its first bytes', (format, bytes) => {
  expect(sniff(bytes)).toBe(format);
});

test.each([
  ['nothing at all', Buffer.alloc(0)],
  ['two bytes of a JPEG', Buffer.from([0xff, 0xd8])],
  ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
  ['an SVG in UTF-16', Buffer.from('\ufeff<svg/>', 'utf16le')],
  ['a TIFF', Buffer.from('II*\0\x08\0\0\0')],
  ['a PDF', Buffer.from('%PDF-1.7')],
  ['a JPEG XL', Buffer.from([0xff, 0x0a, 0, 0])],
  ['an MP4', ftyp('isom', 'mp42')],
  ['a WAV', Buffer.from('RIFF\x01\x02\x03\x04WAVEfmt ')],
  ['a PNG with a damaged signature', Buffer.from('\x89PNG\r\r\n\x1a\n', 'latin1')],
  ['HTML in front of a JPEG', Buffer.from('<html>\xff\xd8\xff', 'latin1')],
  ['a container box cut short', Buffer.from('\0\0\0\x20ftypav', 'latin1')],
])('refuses %s', (_, bytes) => {
  expect(sniff(bytes)).toBeNull();
});

test('a container box that claims to be huge does not look past the bytes given', () => {
  expect(sniff(Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff]), Buffer.from('ftypmif1\0\0\0\0')]))).toBe('heic');
});
