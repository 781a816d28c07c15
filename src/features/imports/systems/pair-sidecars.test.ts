import { expect, test } from 'vitest';
import { pairSidecars } from './pair-sidecars.ts';

test.each([
  ['its name', 'a.jpg', 'a.jpg.json'],
  ['newer exports', 'a.jpg', 'a.jpg.supplemental-metadata.json'],
  ['a suffix that is cut', 'IMG_20190607_183012_HDR.jpg', 'IMG_20190607_183012_HDR.jpg.supplemental-metad.json'],
  ['a suffix of which the dot is left', `${'x'.repeat(41)}.jpg`, `${'x'.repeat(41)}.jpg..json`],
  ['a name that is cut', `${'long-name-'.repeat(5)}.jpg`, `${'long-name-'.repeat(5).slice(0, 46)}.json`],
  [
    'names that are cut one character apart',
    'PXL_20230809_203449253.LONG_EXPOSURE-02.ORIGINA.jpg',
    'PXL_20230809_203449253.LONG_EXPOSURE-02.ORIGIN.json',
  ],
  ['names that are cut for their number', `${'z'.repeat(42)}_(494).jpg`, `${'z'.repeat(42)}_m(494).json`],
  ['the second of two', 'a(1).jpg', 'a.jpg(1).json'],
  ['the second of two, newer', 'a(12).jpg', 'a.jpg.supplemental-metadata(12).json'],
  ['the second of two, cut', `${'y'.repeat(30)}(1).jpg`, `${'y'.repeat(30)}.jpg.supplementa(1).json`],
  ['a number that is its own', 'a(1).jpg', 'a(1).jpg.json'],
  ['what was edited', 'a-edited.jpg', 'a.jpg.json'],
  ['what was edited in German', 'a-bearbeitet(1).jpg', 'a.jpg(1).json'],
  ['no extension', 'a.jpg', 'a.json'],
  ['letters composed otherwise', 'K\u00e4fer.jpg', 'Ka\u0308fer.jpg.json'],
])('a sidecar is found by %s', (_, picture, sidecar) => {
  expect(pairSidecars([picture], [sidecar, 'b.jpg.json', 'metadata.json'])).toEqual(new Map([[picture, sidecar]]));
});

test('two of one name have each their own, and what was edited that of its original', () => {
  const pictures = ['a.jpg', 'a(1).jpg', 'a-edited.jpg', 'a(2).jpg'];
  const sidecars = ['a.jpg.json', 'a.jpg(1).json', 'a.jpg.supplemental-metadata(2).json'];
  expect(Object.fromEntries(pairSidecars(pictures, sidecars))).toEqual({
    'a.jpg': 'a.jpg.json',
    'a(1).jpg': 'a.jpg(1).json',
    'a-edited.jpg': 'a.jpg.json',
    'a(2).jpg': 'a.jpg.supplemental-metadata(2).json',
  });
});

test('none is found where it is another’s', () => {
  expect(pairSidecars(['a.jpg'], ['a.png.json', 'ab.jpg.json', 'a.jpg(1).json', 'metadata.json']).size).toBe(0);
  expect(pairSidecars(['a(1).jpg'], ['a.jpg.json', 'a.jpg(2).json']).size).toBe(0);
});

test('none is guessed among several that begin alike', () => {
  const begin = 'w'.repeat(42);
  expect(pairSidecars([`${begin}-one.jpg`], [`${begin}-two.jpg.json`, `${begin}-three.jpg.json`]).size).toBe(0);
});

test('what has its own sidecar leaves none to others that begin alike', () => {
  const begin = 'w'.repeat(42);
  const [one, two] = [`${begin}1.jpg`, `${begin}2.jpg`];
  const own = `${begin}1.jpg.json`;
  expect(Object.fromEntries(pairSidecars([one, two], [own]))).toEqual({ [one]: own });
  expect(Object.fromEntries(pairSidecars([two, one], [own]))).toEqual({ [one]: own });
  // Of two that have none, it may be either’s.
  expect(pairSidecars([`${begin}-one.jpg`, `${begin}-two.jpg`], [`${begin}-x.json`]).size).toBe(0);
  expect(pairSidecars([`${begin}-one.jpg`], [`${begin}-x.json`]).size).toBe(1);
});

// Each picture held against each sidecar would be ten thousand million steps, and this never end.
test('a folder of a hundred thousand is paired', () => {
  const pictures = Array.from({ length: 100_000 }, (_, n) => `IMG_${n}.jpg`);
  const pairs = pairSidecars(
    pictures,
    pictures.map((name) => `${name}.supplemental-metadata.json`),
  );
  expect(pairs.size).toBe(100_000);
});
