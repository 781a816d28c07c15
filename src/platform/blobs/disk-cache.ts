import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toAddress } from './blob-address.ts';
import type { BlobKey, BlobReader, BlobStore } from './blob-store.ts';
import { openFile } from './file-reader.ts';
import type { TempFile } from './temp-file.ts';

interface Kept {
  bytes: number;
  /** The moment of the last look that was written down, in ms. */
  touchedAt: number;
}

/** A look is written to the disk this seldom: it decides what goes first after a restart, and nothing else. */
const TOUCH_MS = 3_600_000;

const CHUNK = 256 * 1024;

/**
 * Keeps derivatives of a store that is far away on this machine's disk, those that were looked at last, `maxBytes` of them. Only what
 * came whole is kept. Originals go past it: they are large, and asked for once.
 * @param deps.folder what is in it may be deleted at any time
 */
export async function cacheOnDisk(
  store: BlobStore,
  deps: { readonly folder: string; readonly maxBytes: number },
): Promise<BlobStore> {
  // In the order of the last look, the oldest first.
  const kept = new Map<string, Kept>();
  let total = 0;
  for (const { address, bytes, touchedAt } of await listKept(deps.folder)) {
    kept.set(address, { bytes, touchedAt });
    total += bytes;
  }
  const underWay = new Map<string, Promise<BlobReader | null>>();
  const pathOf = (address: string) => join(deps.folder, address);

  const forget = async (address: string): Promise<void> => {
    total -= kept.get(address)?.bytes ?? 0;
    kept.delete(address);
    await rm(pathOf(address), { force: true });
  };
  const makeRoom = async (): Promise<void> => {
    for (const address of kept.keys()) {
      if (total <= deps.maxBytes) return;
      await forget(address);
    }
  };
  await makeRoom();

  const openKept = async (address: string): Promise<BlobReader | null> => {
    const known = kept.get(address);
    if (!known) return null;
    const reader = await openFile(pathOf(address));
    if (!reader || reader.size !== known.bytes) {
      await reader?.close();
      await forget(address);
      return null;
    }
    kept.delete(address);
    kept.set(address, known);
    if (Date.now() - known.touchedAt > TOUCH_MS) {
      known.touchedAt = Date.now();
      const now = new Date();
      await utimes(pathOf(address), now, now).catch(() => {});
    }
    return reader;
  };

  const keep = async (address: string, temp: TempFile, bytes: number): Promise<void> => {
    const { path } = await temp.finish();
    await mkdir(dirname(pathOf(address)), { recursive: true });
    await rename(path, pathOf(address));
    total += bytes - (kept.get(address)?.bytes ?? 0);
    kept.delete(address);
    kept.set(address, { bytes, touchedAt: Date.now() });
    await makeRoom();
  };

  const fetchWhole = async (key: BlobKey, address: string): Promise<BlobReader | null> => {
    const far = await store.open(key);
    if (!far) return null;
    if (far.size > deps.maxBytes) return far;
    const temp = await store.createTemp();
    try {
      for (let position = 0; position < far.size; position += CHUNK) {
        const chunk = Buffer.allocUnsafe(Math.min(CHUNK, far.size - position));
        await far.read(chunk, 0, chunk.length, position);
        await temp.write(chunk);
      }
      await keep(address, temp, far.size);
    } finally {
      await temp.discard();
      await far.close();
    }
    return openKept(address);
  };

  return {
    ...store,
    async put(key, tempPath, options) {
      await store.put(key, tempPath, options);
      if (key.variant !== 'original') await forget(toAddress(key));
    },
    async delete(key) {
      await store.delete(key);
      if (key.variant !== 'original') await forget(toAddress(key));
    },
    async open(key) {
      if (key.variant === 'original') return store.open(key);
      const address = toAddress(key);
      const near = await openKept(address);
      if (near) return near;
      // However many ask for it at once, it comes once; each opens a file of its own then.
      const first = underWay.get(address);
      if (first) {
        await first.catch(() => null);
        return (await openKept(address)) ?? store.open(key);
      }
      const fetching = fetchWhole(key, address).finally(() => underWay.delete(address));
      underWay.set(address, fetching);
      return fetching;
    },
  };
}

async function listKept(folder: string) {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const found = await Promise.all(
    files.map(async (path) => {
      const { size: bytes, mtimeMs: touchedAt } = await stat(path);
      return { address: path.slice(folder.length + 1), bytes, touchedAt };
    }),
  );
  return found.sort((a, b) => a.touchedAt - b.touchedAt);
}
