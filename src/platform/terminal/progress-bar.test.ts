import { expect, test } from 'vitest';
import { createProgressBar, toSize } from './progress-bar.ts';

const streamOf = (isTTY: boolean) => {
  const written: string[] = [];
  return { written, stream: { isTTY, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream };
};

test('a bar on a terminal, wiped away at the end', () => {
  const { stream, written } = streamOf(true);
  const bar = createProgressBar(stream, 'Backing up');
  bar.update({ done: 1, of: 2, bytes: 1_500_000 });
  bar.update({ done: 2, of: 2, bytes: 3_000_000 });
  bar.end();
  expect(written[0]).toMatch(/^\r\S*Backing up █{12}░{12} 1 of 2 files, 1\.5 MB, /);
  expect(written.at(-2)).toContain('2 of 2 files');
  expect(written.at(-1)).toBe('\r\u001b[K');
});

test('nothing where nobody looks', () => {
  const { stream, written } = streamOf(false);
  const bar = createProgressBar(stream, 'Backing up');
  bar.update({ done: 2, of: 2, bytes: 3 });
  bar.end();
  expect(written).toEqual([]);
});

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1000, '1.0 kB'],
  [123_456_789, '123 MB'],
  [5e15, '5000 TB'],
])('%i is %s', (bytes, text) => {
  expect(toSize(bytes)).toBe(text);
});
