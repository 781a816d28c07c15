import { expect, test } from 'vitest';
import { counts, readCount, readSize, sizes, writeCount, writeSize } from './quota-entry.ts';

test.each([
  ['100 GB', 100e9],
  ['1.5tb', 1.5e12],
  [' 2,5 TB ', 2.5e12],
  ['0 GB', 0],
  ['', null],
  ['No limit', null],
  ['none', null],
  ['100', undefined],
  ['a lot', undefined],
  ['-1 GB', undefined],
  ['1 000 GB', undefined],
  ['99999999 TB', undefined],
])('a size of “%s”', (text, bytes) => {
  expect(readSize(text)).toBe(bytes);
});

test.each([
  ['10000', 10_000],
  ['10 000', 10_000],
  ['10\u202f000', 10_000],
  ['1,000,000', 1_000_000],
  ['1.000', 1000],
  ['0', 0],
  ['', null],
  ['no limit', null],
  ['1.5', undefined],
  ['many', undefined],
  ['12345678901', undefined],
])('a count of “%s”', (text, count) => {
  expect(readCount(text)).toBe(count);
});

test('the choices read as what they show', () => {
  for (const size of sizes) expect(writeSize(readSize(size) as number)).toBe(size);
  for (const count of counts) expect(writeCount(readCount(count) as number)).toBe(count);
  expect(readSize(writeSize(null))).toBe(null);
  expect(readCount(writeCount(null))).toBe(null);
});
