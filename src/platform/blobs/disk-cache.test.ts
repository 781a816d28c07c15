import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { toAddress } from './blob-address.ts';
import type { BlobKey, BlobStore } from './blob-store.ts';
import { describeBlobStore } from './conformance.test-suite.ts';
import { cacheOnDisk } from './disk-cache.ts';
import { createFilesStore } from './files-store.ts';
import { createTempArea } from './temp-area.ts';
import { receiveInto } from './temp-file.ts';

const made: string[] = [];
const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'tintype-cache-'));
  made.push(folder);
  return folder;
};
afterAll(async () => {
  for (const folder of made) await rm(folder, { recursive: true, force: true });
});

describeBlobStore('a store behind the cache', async () =>
  cacheOnDisk(createFilesStore({ dataDir: await newFolder() }), { folder: await newFolder(), maxBytes: 1_000_000 }),
);

describe('the cache on disk', () => {
  let far: BlobStore;
  let opened: string[];
  let stillOpen: number;
  let folder: string;
  let cached: BlobStore;

  beforeEach(async () => {
    const store = createFilesStore({ dataDir: await newFolder() });
    opened = [];
    stillOpen = 0;
    far = {
      ...store,
      open: async (key) => {
        opened.push(`${key.hash.slice(0, 4)} ${key.variant}`);
        const reader = await store.open(key);
        if (!reader) return null;
        stillOpen += 1;
        const close = () => {
          stillOpen -= 1;
          return reader.close();
        };
        return { ...reader, close };
      },
    };
    folder = await newFolder();
    cached = await cacheOnDisk(far, { folder, maxBytes: 10_000 });
  });

  async function put(bytes: Buffer, variant: BlobKey['variant'] = 'small'): Promise<BlobKey> {
    const temp = await cached.createTemp();
    await temp.write(bytes);
    const { path } = await temp.finish();
    const key = { hash: createHash('sha256').update(bytes).digest('hex'), variant };
    await cached.put(key, path);
    return key;
  }
  async function read(key: BlobKey, from = cached): Promise<Buffer | null> {
    const reader = await from.open(key);
    if (!reader) return null;
    const buffer = Buffer.alloc(reader.size);
    await reader.read(buffer, 0, reader.size, 0).finally(() => reader.close());
    return buffer;
  }
  const filesKept = async () =>
    (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).length;

  it('asks for a derivative once, however many want it, and for an original each time', async () => {
    const bytes = randomBytes(3000);
    const small = await put(bytes);
    const all = await Promise.all(Array.from({ length: 20 }, () => read(small)));
    expect(all.every((one) => one?.equals(bytes))).toBe(true);
    await read(small);
    expect(opened).toHaveLength(1);
    const original = await put(randomBytes(100), 'original');
    await read(original);
    await read(original);
    expect(opened).toHaveLength(3);
  });

  it('keeps what was looked at last, within its size, over a restart too', async () => {
    const keys = [];
    for (let i = 0; i < 4; i += 1) keys.push(await put(randomBytes(3000)));
    const [a, b, c, d] = keys as [BlobKey, BlobKey, BlobKey, BlobKey];
    for (const key of [a, b, c, a, d]) await read(key);
    expect(await filesKept()).toBe(3);
    opened.length = 0;
    await read(a);
    expect(opened).toEqual([]);
    const again = await cacheOnDisk(far, { folder, maxBytes: 10_000 });
    await read(d, again);
    expect(opened).toEqual([]);
    await read(b, again);
    expect(opened).toHaveLength(1);
    const smaller = await cacheOnDisk(far, { folder, maxBytes: 4000 });
    expect(await filesKept()).toBe(1);
    await read(b, smaller);
  });

  it('forgets what is deleted or put anew, and what was cut short on its disk', async () => {
    const bytes = randomBytes(2000);
    const key = await put(bytes);
    await read(key);
    await truncate(join(folder, toAddress(key)), 100);
    expect((await read(key))?.equals(bytes)).toBe(true);
    await cached.delete(key);
    expect(await read(key)).toBeNull();
    expect(await filesKept()).toBe(0);
  });

  const crashes: Record<string, (path: string, otherPath: string) => Promise<void>> = {
    'an empty file': (path) => truncate(path, 0),
    'a short file': (path) => truncate(path, 100),
    'zeros where bytes were': async (path) => writeFile(path, Buffer.alloc((await readFile(path)).length)),
    "another's bytes": (path, otherPath) => copyFile(otherPath, path),
    'what an earlier version kept, without a sum': async (path) =>
      writeFile(path, (await readFile(path)).subarray(0, 2000)),
  };
  it.each(Object.entries(crashes))('never serves what a crash left: %s', async (_, crash) => {
    const bytes = randomBytes(2000);
    const [key, other] = [await put(bytes), await put(randomBytes(2000))];
    for (const each of [key, other]) await read(each);
    await crash(join(folder, toAddress(key)), join(folder, toAddress(other)));
    opened.length = 0;
    const again = await cacheOnDisk(far, { folder, maxBytes: 10_000 });
    for (let time = 0; time < 2; time += 1) expect((await read(key, again))?.equals(bytes)).toBe(true);
    expect(await read(other, again)).toHaveLength(2000);
    expect(opened).toEqual([`${key.hash.slice(0, 4)} small`]);
  });

  it('keeps nothing of an answer that broke off', async () => {
    const key = await put(randomBytes(2000));
    const breaking = await cacheOnDisk(
      {
        ...far,
        open: async (wanted) => {
          const reader = await far.open(wanted);
          return reader && { ...reader, read: () => Promise.reject(new Error('it was cut short')) };
        },
      },
      { folder, maxBytes: 10_000 },
    );
    await expect(read(key, breaking)).rejects.toThrow(/cut short/);
    expect(stillOpen).toBe(0);
    expect(await filesKept()).toBe(0);
    expect(await read(key)).toHaveLength(2000);
  });

  /** Each makes a cache whose disk fails. */
  const failures: Record<string, () => Promise<BlobStore>> = {
    'no file can be made': async () => {
      const inTheWay = join(await newFolder(), 'tmp');
      await writeFile(inTheWay, '');
      const { createTemp } = createTempArea({ tempDir: inTheWay });
      return cacheOnDisk({ ...far, createTemp }, { folder, maxBytes: 4_000_000 });
    },
    'it is full': async () => {
      const createTemp = async () => receiveInto(await open('/dev/full', 'w'), join(folder, 'tmp'), 4_000_000);
      return cacheOnDisk({ ...far, createTemp }, { folder, maxBytes: 4_000_000 });
    },
    'its folder is a file': async () => {
      const inTheWay = join(await newFolder(), 'cache');
      await writeFile(inTheWay, '');
      return cacheOnDisk(far, { folder: inTheWay, maxBytes: 4_000_000 });
    },
  };
  it.each(Object.entries(failures))('answers from the far store when its disk fails: %s', async (_, fail) => {
    const failing = await fail();
    for (const size of [0, 2000, 3_000_000]) {
      const bytes = randomBytes(size);
      const key = await put(bytes);
      const all = await Promise.all(Array.from({ length: 5 }, () => read(key, failing)));
      expect(all.every((one) => one?.equals(bytes))).toBe(true);
      expect((await read(key, failing))?.equals(bytes)).toBe(true);
    }
    expect(stillOpen).toBe(0);
    expect(await filesKept()).toBe(0);
    expect(await readdir(far.tempDir)).toEqual([]);
  });

  it('answers from the far store when its disk does not give what it kept, nor lets go of it', async () => {
    const bytes = randomBytes(2000);
    const key = await put(bytes);
    await read(key);
    const path = join(folder, toAddress(key));
    await rm(path);
    await mkdir(path);
    expect((await read(key))?.equals(bytes)).toBe(true);
    expect(stillOpen).toBe(0);
  });

  it('lets what is larger than itself pass', async () => {
    const bytes = randomBytes(20_000);
    expect((await read(await put(bytes)))?.equals(bytes)).toBe(true);
    expect(await filesKept()).toBe(0);
  });
});
