import { createHash, type Hash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toAddress } from './blob-address.ts';
import type { BlobKey, BlobReader, BlobStore } from './blob-store.ts';
import { openFile } from './file-reader.ts';
import type { TempFile } from './temp-file.ts';

interface Kept {
  /** Of the file: its blob and the sum behind that. */
  readonly bytes: number;
  /** Its sum was held against it, or it was written by this process. */
  isSound: boolean;
  /** The moment of the last look that was written down, in ms. */
  touchedAt: number;
}

/** A look is written to the disk this seldom: it decides what goes first after a restart, and nothing else. */
const TOUCH_MS = 3_600_000;

const CHUNK = 256 * 1024;

/** A sha256 of the address and the blob, behind the blob. */
const SUM_BYTES = 32;

/**
 * Keeps derivatives of a store that is far away on this machine's disk, those that were looked at last, `maxBytes` of them. Only what
 * came whole is kept. Originals go past it: they are large, and asked for once.
 *
 * Nothing here is fsynced, which would cost more than what is lost: a loss of power may leave a file under the right name that is
 * empty, short, full of zeros or another's. So each ends with a sum, which is held against what it says when it is first opened after a
 * start; its size is at each opening. What does not match is dropped, and comes anew.
 *
 * A disk that is full or broken costs nothing but speed: blobs are read where they are, and only what the far store throws is thrown.
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
    kept.set(address, { bytes, touchedAt, isSound: false });
    total += bytes;
  }
  const underWay = new Map<string, Promise<BlobReader | null>>();
  const pathOf = (address: string) => join(deps.folder, address);

  const forget = async (address: string): Promise<void> => {
    total -= kept.get(address)?.bytes ?? 0;
    kept.delete(address);
    await rm(pathOf(address), { force: true });
  };
  /** A file that this disk does not let go of is served no more either. */
  const drop = (address: string) => succeeds(forget(address));
  const makeRoom = async (): Promise<void> => {
    for (const address of kept.keys()) {
      if (total <= deps.maxBytes) return;
      await drop(address);
    }
  };
  await makeRoom();

  /** @returns null when it is not here, or this disk does not give it */
  const openKept = async (address: string): Promise<BlobReader | null> => {
    const known = kept.get(address);
    if (!known) return null;
    const reader = await openFile(pathOf(address)).catch(() => null);
    if (reader?.size === known.bytes) known.isSound ||= await isSound(reader, address).catch(() => false);
    if (reader?.size !== known.bytes || !known.isSound) {
      await reader?.close();
      // Unless it was put there anew meanwhile.
      if (kept.get(address) === known) await drop(address);
      return null;
    }
    if (kept.get(address) === known) {
      kept.delete(address);
      kept.set(address, known);
    }
    if (Date.now() - known.touchedAt > TOUCH_MS) {
      known.touchedAt = Date.now();
      const now = new Date();
      await succeeds(utimes(pathOf(address), now, now));
    }
    return withoutSum(reader);
  };

  const keep = async (address: string, temp: TempFile, bytes: number): Promise<void> => {
    const { path } = await temp.finish();
    await mkdir(dirname(pathOf(address)), { recursive: true });
    await rename(path, pathOf(address));
    total += bytes - (kept.get(address)?.bytes ?? 0);
    kept.delete(address);
    kept.set(address, { bytes, touchedAt: Date.now(), isSound: true });
    await makeRoom();
  };

  /** @returns whether it is here now; false as well when this disk does not take it. What the far store throws is thrown. */
  const copyHere = async (far: BlobReader, address: string): Promise<boolean> => {
    const temp = await store.createTemp().catch(() => null);
    if (!temp) return false;
    const sum = sumOf(address);
    try {
      for await (const chunk of chunksOf(far, far.size)) {
        sum.update(chunk);
        if (!(await succeeds(temp.write(chunk)))) return false;
      }
      if (!(await succeeds(temp.write(sum.digest())))) return false;
      return await succeeds(keep(address, temp, far.size + SUM_BYTES));
    } finally {
      await succeeds(temp.discard());
    }
  };

  const fetchWhole = async (key: BlobKey, address: string): Promise<BlobReader | null> => {
    const far = await store.open(key);
    if (!far || far.size + SUM_BYTES > deps.maxBytes) return far;
    let near: BlobReader | null = null;
    try {
      if (await copyHere(far, address)) near = await openKept(address);
    } catch (error) {
      await far.close();
      throw error;
    }
    // What could not be kept is read where it is.
    if (!near) return far;
    await far.close();
    return near;
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

const succeeds = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  );

/** The address is in it, so that no other picture's bytes are ever taken for this one's. */
const sumOf = (address: string): Hash => createHash('sha256').update(address);

async function* chunksOf(reader: BlobReader, size: number): AsyncGenerator<Buffer> {
  for (let position = 0; position < size; position += CHUNK) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, size - position));
    await reader.read(chunk, 0, chunk.length, position);
    yield chunk;
  }
}

async function isSound(file: BlobReader, address: string): Promise<boolean> {
  const size = file.size - SUM_BYTES;
  if (size < 0) return false;
  const sum = sumOf(address);
  for await (const chunk of chunksOf(file, size)) sum.update(chunk);
  const written = Buffer.alloc(SUM_BYTES);
  await file.read(written, 0, SUM_BYTES, size);
  return sum.digest().equals(written);
}

function withoutSum(file: BlobReader): BlobReader {
  const size = file.size - SUM_BYTES;
  return {
    ...file,
    size,
    async read(buffer, offset, length, position) {
      if (position + length > size) {
        throw new Error(`The blob ends at byte ${size}, before ${position + length}: it was cut short.`);
      }
      await file.read(buffer, offset, length, position);
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
