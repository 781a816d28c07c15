import type { BlobKey, BlobReader, BlobStore } from '#platform/blobs/blob-store.ts';
import { variants } from '#platform/blobs/blob-store.ts';
import { createByteCache } from './byte-cache.ts';

export interface HeldBlobs {
  /** What is in memory already. */
  peek(key: BlobKey): Buffer | undefined;
  /**
   * Reads a blob that `peek` did not find. Many who ask for the same one at the same time share one read.
   * @returns the bytes of one that is held from now on, an open reader (to be closed by the caller) of any other and of what there is no
   *   memory to read into at this moment, null when it is absent
   */
  fetch(key: BlobKey): Promise<Buffer | BlobReader | null>;
  /** Forgets every variant, also those that are being read now. */
  forget(hash: string): void;
  stats(): { hits: number; misses: number; entries: number; bytes: number };
}

interface Dependencies {
  readonly store: BlobStore;
  /** What all of them may take of the memory; those that are being read may take as much beside. */
  readonly cacheBytes: number;
  /** What one of them may have, in bytes; what is larger is read by its reader. */
  readonly largest: (key: BlobKey) => number;
  /** Whether this one is worth holding. Default: any. */
  readonly isWorthIt?: (key: BlobKey) => boolean;
}

/** Holds the blobs used last in memory. */
export function createHeldBlobs({ store, cacheBytes, largest, isWorthIt = () => true }: Dependencies): HeldBlobs {
  const cache = createByteCache(cacheBytes);
  const flights = new Map<string, Promise<Buffer | 'passes' | null>>();
  /** Of the buffers that are being filled now, which the cache does not count yet. */
  let bytesInFlight = 0;
  let hits = 0;
  let misses = 0;

  const readWhole = async (key: BlobKey, letPass: (reader: BlobReader) => void): Promise<Buffer | 'passes' | null> => {
    const reader = await store.open(key);
    if (!reader) return null;
    const { size } = reader;
    if (size > largest(key) || bytesInFlight + size > cacheBytes) {
      letPass(reader);
      return 'passes';
    }
    bytesInFlight += size;
    try {
      // Not from Node's shared slab: a cached entry would keep all of it in memory.
      const bytes = Buffer.allocUnsafeSlow(size);
      await reader.read(bytes, 0, size, 0);
      return bytes;
    } finally {
      bytesInFlight -= size;
      await reader.close();
    }
  };

  const fetchTogether = async (key: BlobKey): Promise<Buffer | BlobReader | null> => {
    const name = nameOf(key);
    const shared = flights.get(name);
    if (shared) {
      const bytes = await shared;
      return bytes === 'passes' ? store.open(key) : bytes;
    }
    // Only one can stream from a reader: it stays with who opened it.
    let passing: BlobReader | undefined;
    const flight = readWhole(key, (reader) => {
      passing = reader;
    });
    flights.set(name, flight);
    try {
      const bytes = await flight;
      // When it was forgotten meanwhile, the flight is another's or gone.
      if (Buffer.isBuffer(bytes) && flights.get(name) === flight) cache.set(key, bytes);
      return bytes === 'passes' ? (passing ?? null) : bytes;
    } finally {
      if (flights.get(name) === flight) flights.delete(name);
    }
  };

  return {
    peek(key) {
      const bytes = cache.get(key);
      if (bytes) hits += 1;
      return bytes;
    },
    fetch(key) {
      misses += 1;
      return isWorthIt(key) ? fetchTogether(key) : store.open(key);
    },
    forget(hash) {
      cache.delete(hash);
      for (const variant of variants) flights.delete(nameOf({ hash, variant }));
    },
    stats: () => ({ hits, misses, ...cache.stats() }),
  };
}

/** @returns whether a blob was asked for among the last `count` that were, and remembers that it is now */
export function createRecentlyAsked(count: number): (key: BlobKey) => boolean {
  // A Set remembers the order of insertion.
  const names = new Set<string>();
  return (key) => {
    const name = nameOf(key);
    const wasAsked = names.delete(name);
    names.add(name);
    for (const oldest of names) {
      if (names.size <= count) break;
      names.delete(oldest);
    }
    return wasAsked;
  };
}

const nameOf = ({ hash, variant }: BlobKey) => `${hash}.${variant}`;
