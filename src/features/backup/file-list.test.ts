import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeCompressed } from '../../platform/blobs/write-compressed.ts';
import { createLookup, type ListedFile, readListed, toLine } from './file-list.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-list-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const fileOf = (n: number, variant: ListedFile['key']['variant'] = 'original'): ListedFile => ({
  key: { hash: n.toString(16).padStart(64, '0'), variant },
  bytes: n,
  sha256: (n * 7919).toString(16).padStart(64, 'a'),
});
const write = async (name: string, files: readonly ListedFile[]): Promise<string> => {
  const path = join(folder, name);
  await writeCompressed(Readable.from(files.map(toLine)), path);
  return path;
};
const read = async (path: string, options = {}): Promise<ListedFile[]> => {
  const files: ListedFile[] = [];
  for await (const file of readListed(path, options)) files.push(file);
  return files;
};

test('a list is read as it was written', async () => {
  const files = Array.from({ length: 5000 }, (_, n) => fileOf(n));
  expect(await read(await write('whole', files))).toEqual(files);
  expect(await read(await write('empty', []))).toEqual([]);
});

test('of one that ends anywhere, what is whole is read, and only where that is asked for', async () => {
  const path = await write(
    'long',
    Array.from({ length: 5000 }, (_, n) => fileOf(n)),
  );
  const bytes = await readFile(path);
  await writeFile(path, bytes.subarray(0, bytes.length / 2));
  const files = await read(path, { cut: true });
  expect(files.length).toBeGreaterThan(1000);
  expect(files).toEqual(files.map((_, n) => fileOf(n)));
  await expect(read(path)).rejects.toThrow();
  expect(await read(join(folder, 'absent'), { cut: true })).toEqual([]);
  await expect(read(join(folder, 'absent'))).rejects.toThrow(/ENOENT/);
});

test('a line that is none is damage', async () => {
  const path = join(folder, 'odd');
  await writeCompressed(Readable.from([toLine(fileOf(1)), 'something else\n']), path);
  await expect(read(path)).rejects.toThrow(/is damaged/);
});

test('lists are looked up side by side', async () => {
  const even = Array.from({ length: 100 }, (_, n) => fileOf(2 * n));
  const threes = [fileOf(3), { ...fileOf(6), bytes: 66 }, fileOf(6, 'small'), fileOf(9)];
  const lookup = createLookup([readListed(await write('even', even)), readListed(await write('threes', threes))]);
  expect(await lookup.find(fileOf(0).key)).toEqual([fileOf(0)]);
  expect(await lookup.find(fileOf(5).key)).toEqual([]);
  expect(await lookup.find(fileOf(6).key)).toEqual([fileOf(6), { ...fileOf(6), bytes: 66 }]);
  expect(await lookup.find(fileOf(6, 'small').key)).toEqual([fileOf(6, 'small')]);
  expect(await lookup.find(fileOf(9).key)).toEqual([fileOf(9)]);
  expect(await lookup.find(fileOf(5000).key)).toEqual([]);
  await lookup.close();
});
