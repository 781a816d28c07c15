import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BlobKey, type BlobReader, type BlobStore, variants } from './blob-store.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** What every driver must do. `make` gives an empty store. */
export function describeBlobStore(name: string, make: () => Promise<BlobStore>): void {
  describe(`${name} as a blob store`, () => {
    let store: BlobStore;
    beforeAll(async () => {
      store = await make();
    });

    async function put(bytes: Uint8Array, variant: BlobKey['variant'] = 'original'): Promise<BlobKey> {
      const temp = await store.createTemp();
      await temp.write(bytes);
      const { path, sha256: hash } = await temp.finish();
      const key = { hash, variant };
      await store.put(key, path);
      return key;
    }

    async function readAll(key: BlobKey): Promise<Buffer | null> {
      const reader = await store.open(key);
      return reader && readAndClose(reader);
    }

    async function listed(): Promise<string[]> {
      const names: string[] = [];
      for await (const { key, bytes } of store.list()) names.push(`${key.hash}.${key.variant} ${bytes}`);
      return names.sort();
    }

    it('gives back the bytes that were put, whatever they are', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 300_000, size: 'max' }), async (bytes) => {
          const key = await put(bytes);
          expect(key.hash).toBe(sha256(bytes));
          expect((await readAll(key))?.equals(bytes)).toBe(true);
          expect((await store.stat(key))?.bytes).toBe(bytes.length);
        }),
        { numRuns: process.env.TINTYPE_TEST_SCALE === 'full' ? 200 : 20 },
      );
    });

    it('keeps the variants of one photo apart', async () => {
      const hash = sha256(randomBytes(32));
      for (const variant of variants) {
        const temp = await store.createTemp();
        await temp.write(Buffer.from(variant));
        await store.put({ hash, variant }, (await temp.finish()).path);
      }
      for (const variant of variants) expect((await readAll({ hash, variant }))?.toString()).toBe(variant);
      await store.delete({ hash, variant: 'medium' });
      expect(await store.has({ hash, variant: 'medium' })).toBe(false);
      expect(await store.has({ hash, variant: 'original' })).toBe(true);
    });

    it('answers for what is absent, and deletes it without complaint', async () => {
      const key: BlobKey = { hash: sha256(randomBytes(32)), variant: 'small' };
      expect(await store.open(key)).toBeNull();
      expect(await store.stat(key)).toBeNull();
      expect(await store.has(key)).toBe(false);
      await store.delete(key);
    });

    it('refuses a key that is no content address', async () => {
      for (const hash of ['', '../../etc/passwd', 'A'.repeat(64), `${'a'.repeat(64)}/..`, 'a'.repeat(63)]) {
        await expect(async () => store.open({ hash, variant: 'original' })).rejects.toThrow(/blob key/);
      }
      const hash = 'a'.repeat(64);
      await expect(async () => store.open({ hash, variant: 'huge' as BlobKey['variant'] })).rejects.toThrow(/blob key/);
    });

    it('takes the temp file over', async () => {
      const temp = await store.createTemp();
      await temp.write(randomBytes(100));
      const { path, sha256: hash } = await temp.finish();
      await store.put({ hash, variant: 'original' }, path);
      await expect(store.put({ hash, variant: 'original' }, path)).rejects.toThrow();
      expect(await store.has({ hash, variant: 'original' })).toBe(true);
    });

    it('reads any range, into any place of a buffer', async () => {
      const bytes = randomBytes(200_000);
      const reader = await opened(await put(bytes));
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length), fc.nat(bytes.length), fc.nat(50), async (one, other, offset) => {
          const [from, to] = [Math.min(one, other), Math.max(one, other)];
          const target = Buffer.alloc(offset + (to - from) + 7, 0xee);
          await reader.read(target, offset, to - from, from);
          expect(target.subarray(offset, offset + to - from).equals(bytes.subarray(from, to))).toBe(true);
          expect(
            [...target.subarray(0, offset), ...target.subarray(offset + to - from)].every((byte) => byte === 0xee),
          ).toBe(true);
        }),
      );
      await reader.close();
    });

    it('never passes a short read on', async () => {
      const reader = await opened(await put(randomBytes(1000)));
      await expect(reader.read(Buffer.alloc(2000), 0, 1001, 0)).rejects.toThrow(/cut short/);
      await expect(reader.read(Buffer.alloc(2000), 0, 1, 1000)).rejects.toThrow(/cut short/);
      await reader.close();
    });

    it('never mixes: what is read of a blob that is deleted or replaced meanwhile is whole, or fails', async () => {
      const bytes = randomBytes(500_000);
      const key = await put(bytes, 'medium');
      const beforeDelete = await opened(key);
      await store.delete(key);
      if (store.capabilities.readersOutlive) expect((await readAndClose(beforeDelete)).equals(bytes)).toBe(true);
      else await expect(readAndClose(beforeDelete)).rejects.toThrow(/cut short/);

      const again = await put(bytes, 'medium');
      const beforeReplace = await opened(again);
      const others = await store.createTemp();
      await others.write(randomBytes(500_000));
      await store.put(again, (await others.finish()).path);
      if (store.capabilities.readersOutlive) expect((await readAndClose(beforeReplace)).equals(bytes)).toBe(true);
      else await expect(readAndClose(beforeReplace)).rejects.toThrow(/cut short/);
    });

    it('goes on being read while the same bytes are put again', async () => {
      const bytes = randomBytes(500_000);
      const reader = await opened(await put(bytes));
      await put(bytes);
      expect((await readAndClose(reader)).equals(bytes)).toBe(true);
    });

    it('takes files of many parts, and none', async () => {
      const [large, empty] = [randomBytes(20 * 1024 * 1024 + 3), Buffer.alloc(0)];
      expect((await readAll(await put(large)))?.equals(large)).toBe(true);
      expect(await readAll(await put(empty))).toEqual(empty);
      const reader = await opened({ hash: sha256(large), variant: 'original' });
      const [somewhere, size] = [8 * 1024 * 1024 - 5, 10];
      const few = Buffer.alloc(size);
      for (const position of [somewhere, 0, somewhere, large.length - size]) {
        await reader.read(few, 0, size, position);
        expect(few.equals(large.subarray(position, position + size))).toBe(true);
      }
      await reader.close();
    });

    it('makes one blob of fifty puts of the same bytes at once', async () => {
      const bytes = randomBytes(100_000);
      const keys = await Promise.all(Array.from({ length: 50 }, () => put(bytes)));
      expect(new Set(keys.map(({ hash }) => hash)).size).toBe(1);
      expect((await readAll({ hash: sha256(bytes), variant: 'original' }))?.equals(bytes)).toBe(true);
      expect((await listed()).filter((name) => name.startsWith(sha256(bytes)))).toHaveLength(1);
    });

    it('lists exactly what is there', async () => {
      const fresh = await make();
      expect(await collect(fresh)).toEqual([]);
      const before = await listed();
      const one = await put(randomBytes(10), 'original');
      const two = await put(randomBytes(20), 'preview');
      const after = await listed();
      expect(after.filter((name) => !before.includes(name))).toEqual(
        [`${one.hash}.original 10`, `${two.hash}.preview 20`].sort(),
      );
      await store.delete(one);
      expect(await listed()).not.toContain(`${one.hash}.original 10`);
      for await (const { modifiedAt } of store.list()) expect(Date.now() - modifiedAt.getTime()).toBeLessThan(600_000);
    });

    async function opened(key: BlobKey): Promise<BlobReader> {
      const reader = await store.open(key);
      if (!reader) throw new Error('the blob is absent');
      return reader;
    }
  });
}

async function readAndClose(reader: BlobReader): Promise<Buffer> {
  const buffer = Buffer.alloc(reader.size);
  await reader.read(buffer, 0, reader.size, 0).finally(() => reader.close());
  return buffer;
}

async function collect(store: BlobStore): Promise<BlobKey[]> {
  const keys: BlobKey[] = [];
  for await (const { key } of store.list()) keys.push(key);
  return keys;
}
