import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { BlobKey } from './blob-store.ts';
import { describeBlobStore } from './conformance.test-suite.ts';
import { createFilesStore } from './files-store.ts';

const made: string[] = [];

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tintype-blobs-'));
  made.push(folder);
  return folder;
}

afterAll(async () => {
  for (const folder of made) await rm(folder, { recursive: true, force: true });
});

describeBlobStore('the files driver', async () => createFilesStore({ dataDir: await newFolder() }));

describe('the files driver', () => {
  async function storeWith(bytes: Buffer) {
    const dataDir = await newFolder();
    const store = createFilesStore({ dataDir });
    const temp = await store.createTemp();
    await temp.write(bytes);
    const { path, sha256: hash } = await temp.finish();
    return { dataDir, store, path, hash };
  }

  it('lays originals and derivatives out by the first digits of the hash', async () => {
    const bytes = randomBytes(1000);
    const { dataDir, store, path, hash } = await storeWith(bytes);
    await store.put({ hash, variant: 'original' }, path);
    const fanned = [hash.slice(0, 2), hash.slice(2, 4)];
    expect(await readFile(join(dataDir, 'originals', ...fanned, hash))).toEqual(bytes);
    expect(store.capabilities.localPath?.({ hash, variant: 'small' })).toBe(
      join(dataDir, 'derivatives', ...fanned, `${hash}.small`),
    );
    expect(await readdir(store.tempDir)).toEqual([]);
  });

  it('passes by files that are none of its own', async () => {
    const { dataDir, store, path, hash } = await storeWith(randomBytes(10));
    await store.put({ hash, variant: 'original' }, path);
    const folder = join(dataDir, 'originals', hash.slice(0, 2), hash.slice(2, 4));
    await writeFile(join(folder, '.DS_Store'), 'x');
    await writeFile(join(folder, `${hash}.small`), 'a derivative among the originals');
    const keys: BlobKey[] = [];
    for await (const { key } of store.list()) keys.push(key);
    expect(keys).toEqual([{ hash, variant: 'original' }]);
  });

  it('tells when a blob was cut short on the disk while it is read', async () => {
    const { store, path, hash } = await storeWith(randomBytes(5000));
    const key: BlobKey = { hash, variant: 'original' };
    await store.put(key, path);
    const reader = await store.open(key);
    await truncate(store.capabilities.localPath?.(key) ?? '', 3000);
    await expect(reader?.read(Buffer.alloc(5000), 0, 5000, 0)).rejects.toThrow('ends at byte 3000 of 5000');
    await reader?.close();
  });

  it('leaves no temp file when the address cannot be written', async () => {
    const { dataDir, store, path, hash } = await storeWith(randomBytes(10));
    await writeFile(join(dataDir, 'originals'), 'a file where a folder is needed');
    await expect(store.put({ hash, variant: 'original' }, path)).rejects.toThrow();
    expect(await readdir(store.tempDir)).toEqual([]);
    await rm(join(dataDir, 'originals'));
    await writeFile(path, 'once more');
    await store.put({ hash, variant: 'original' }, path);
    expect(await store.has({ hash, variant: 'original' })).toBe(true);
  });

  it('makes a folder again that somebody removed', async () => {
    const { store, path, hash } = await storeWith(randomBytes(10));
    const key: BlobKey = { hash, variant: 'original' };
    await store.put(key, path);
    await rm(dirname(store.capabilities.localPath?.(key) ?? ''), { recursive: true });
    const temp = await store.createTemp();
    await temp.write(randomBytes(10));
    await store.put(key, (await temp.finish()).path);
    expect(await store.has(key)).toBe(true);
  });

  it('keeps its files from other users of the machine', async () => {
    const { store, path, hash } = await storeWith(randomBytes(10));
    await store.put({ hash, variant: 'original' }, path);
    const found = await stat(store.capabilities.localPath?.({ hash, variant: 'original' }) ?? '');
    expect(found.mode & 0o077).toBe(0);
  });

  it('takes what a tool wrote into a temp folder, and removes the rest with the folder', async () => {
    const store = createFilesStore({ dataDir: await newFolder() });
    const folder = await store.createTempFolder();
    const bytes = randomBytes(100);
    const hash = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(folder.path, 'small.webp'), bytes);
    await mkdir(join(folder.path, 'more'));
    await chmod(join(folder.path, 'small.webp'), 0o600);
    await store.put({ hash, variant: 'small' }, join(folder.path, 'small.webp'));
    await folder.discard();
    await folder.discard();
    expect(await readdir(store.tempDir)).toEqual([]);
    expect(await store.stat({ hash, variant: 'small' })).toMatchObject({ bytes: 100 });
  });
});
