import { createHash } from 'node:crypto';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BlobKey, BlobStore, StorageDriver } from './blob-store.ts';
import { describeBlobStore } from './conformance.test-suite.ts';
import { createFilesStore } from './files-store.ts';
import { createMovableStore, type MovableStore } from './movable-store.ts';
import type { StoragePlace } from './storage-place.ts';

const made: string[] = [];
const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'tintype-movable-'));
  made.push(folder);
  return folder;
};
afterAll(async () => {
  for (const folder of made) await rm(folder, { recursive: true, force: true });
});

/** Files under the name of another driver: what is tried here is where the store looks, and conformance has tried the drivers. */
const filesAs = async (driver: StorageDriver): Promise<BlobStore> => ({
  ...createFilesStore({ dataDir: await newFolder() }),
  driver,
});

describeBlobStore('a library on its way, before anything was moved', async () => {
  const stores = { files: await filesAs('files'), s3: await filesAs('s3'), postgres: await filesAs('postgres') };
  return createMovableStore({
    readPlace: async () => ({ driver: 's3', source: 'files', version: 1 }),
    open: async (driver) => stores[driver],
  });
});

describe('a library that moves', () => {
  let place: StoragePlace;
  let stores: Record<StorageDriver, BlobStore>;
  let store: MovableStore;
  let opened: StorageDriver[];
  /** Drivers that cannot be opened, and why. */
  let shut: Map<StorageDriver, Error>;

  beforeEach(async () => {
    place = { driver: 'files', source: null, version: 1 };
    stores = { files: await filesAs('files'), s3: await filesAs('s3'), postgres: await filesAs('postgres') };
    opened = [];
    shut = new Map();
    store = await createMovableStore({
      readPlace: async () => place,
      open: async (driver) => {
        opened.push(driver);
        const cause = shut.get(driver);
        if (cause) throw cause;
        return stores[driver];
      },
    });
  });

  async function put(into: BlobStore, text: string): Promise<BlobKey> {
    const temp = await into.createTemp();
    await temp.write(Buffer.from(text));
    const { path, sha256 } = await temp.finish();
    const key: BlobKey = { hash: sha256, variant: 'original' };
    await into.put(key, path);
    return key;
  }
  async function read(key: BlobKey): Promise<string | null> {
    const reader = await store.open(key);
    if (!reader) return null;
    const bytes = Buffer.alloc(reader.size);
    await reader.read(bytes, 0, reader.size, 0);
    await reader.close();
    return bytes.toString();
  }

  it('finds what another server stored where this one has not heard of yet', async () => {
    place = { driver: 's3', source: 'files', version: 2 };
    const key = await put(stores.s3, 'stored over there');
    expect(store.driver).toBe('files');
    expect(await read(key)).toBe('stored over there');
    expect([store.driver, await store.has(key), (await store.stat(key))?.bytes]).toEqual(['s3', true, 17]);
  });

  it('puts what is new where all of it will be, and finds the rest where it was', async () => {
    const old = await put(store, 'from before');
    place = { driver: 's3', source: 'files', version: 2 };
    await store.refresh();
    const fresh = await put(store, 'from now on');
    expect([await stores.files.has(fresh), await stores.s3.has(fresh)]).toEqual([false, true]);
    expect([await read(old), await read(fresh)]).toEqual(['from before', 'from now on']);
    const listed: string[] = [];
    for await (const { key } of store.list()) listed.push(key.hash);
    expect(listed.sort()).toEqual([old.hash, fresh.hash].sort());
    expect(store.capabilities.localPath).toBe(null);
  });

  it('reads what it has read so far, not what may be left from long ago where it goes', async () => {
    const key = await put(store, 'as it should be');
    stores.s3.open = () => Promise.reject(new Error('Nobody should ask there.'));
    place = { driver: 's3', source: 'files', version: 2 };
    await store.refresh();
    expect(await read(key)).toBe('as it should be');
  });

  it('deletes in both places, so that nothing comes back', async () => {
    place = { driver: 's3', source: 'files', version: 2 };
    await store.refresh();
    const key = await put(stores.files, 'in both');
    await put(stores.s3, 'in both');
    await store.delete(key);
    expect([await stores.files.has(key), await stores.s3.has(key), await read(key)]).toEqual([false, false, null]);
  });

  it('reads on while one of the two does not answer, and says so of what only that one has', async () => {
    place = { driver: 's3', source: 'postgres', version: 2 };
    await store.refresh();
    const key = await put(stores.postgres, 'in the database');
    const silent = new Error('It does not answer.');
    stores.s3.open = () => Promise.reject(silent);
    expect(await read(key)).toBe('in the database');
    const absent: BlobKey = { hash: createHash('sha256').update('elsewhere').digest('hex'), variant: 'original' };
    await expect(read(absent)).rejects.toBe(silent);
  });

  it('never goes back to what it knew before, and opens each driver once', async () => {
    place = { driver: 's3', source: 'files', version: 3 };
    await store.refresh();
    place = { driver: 'files', source: null, version: 1 };
    await store.refresh();
    expect([store.driver, opened]).toEqual(['s3', ['files', 's3']]);
  });

  describe('to where this server cannot follow', () => {
    const cause = new Error('S3_BUCKET: it cannot be opened.');
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['setTimeout'] });
      shut.set('s3', cause);
    });
    afterEach(() => {
      vi.useRealTimers();
    });
    const refused = { name: 'AppError', code: 'unavailable', cause };

    it('answers 503 to what is new and to what is not found, and reads what is', async () => {
      const key = await put(store, 'from before');
      place = { driver: 's3', source: 'files', version: 2 };
      await expect(store.refresh()).rejects.toMatchObject(refused);
      const temp = await store.createTemp();
      await temp.write(Buffer.from('new'));
      const { path, sha256: hash } = await temp.finish();
      await expect(store.put({ hash, variant: 'original' }, path)).rejects.toMatchObject(refused);
      await expect(access(path)).rejects.toThrow(/ENOENT/);
      await expect(store.open({ hash, variant: 'original' })).rejects.toMatchObject(refused);
      expect([await read(key), store.driver]).toEqual(['from before', 'files']);
    });

    it('tries to open it again only after a while, and goes there then', async () => {
      place = { driver: 's3', source: 'files', version: 2 };
      for (let time = 0; time < 3; time += 1) await expect(store.refresh()).rejects.toMatchObject(refused);
      expect(opened).toEqual(['files', 's3']);
      vi.advanceTimersByTime(5000);
      shut.clear();
      await store.refresh();
      expect([store.driver, opened]).toEqual(['s3', ['files', 's3', 's3']]);
    });

    it('opens nothing when the library comes back', async () => {
      place = { driver: 's3', source: 'files', version: 2 };
      await expect(store.refresh()).rejects.toMatchObject(refused);
      place = { driver: 'files', source: null, version: 3 };
      const key = await put(store, 'here again');
      expect([await read(key), opened]).toEqual(['here again', ['files', 's3']]);
    });
  });

  it('opens nothing when a move is over', async () => {
    place = { driver: 's3', source: 'files', version: 2 };
    await store.refresh();
    shut.set('s3', new Error('It is down by now.'));
    place = { driver: 's3', source: null, version: 3 };
    await store.refresh();
    expect([store.driver, opened]).toEqual(['s3', ['files', 's3']]);
  });
});
