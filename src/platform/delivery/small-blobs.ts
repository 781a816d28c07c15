import type { BlobKey, BlobReader, BlobStore } from '#platform/blobs/blob-store.ts';
import { variants } from '#platform/blobs/blob-store.ts';
import { createByteCache } from './byte-cache.ts';

/**
 * Thumbnails of both sizes are below this; previews are mostly above. A browser asks for a preview once, and keeping few of them would
 * push out hundreds of thumbnails.
 */
const SMALL_BYTES = 128 * 1024;

/** A public picture is asked for by everybody, and never larger than this. */
const PICTURE_BYTES = 512 * 1024;

export interface SmallBlobs {
  /** What is in memory already. */
  peek(key: BlobKey): Buffer | undefined;
  /**
   * Reads a blob that `peek` did not find. Many who ask for the same small one at the same time share one read.
   * @returns the bytes of a small blob, an open reader (to be closed by the caller) of any other, null when it is absent
   */
  fetch(key: BlobKey): Promise<Buffer | BlobReader | null>;
  /** Forgets every variant, also those that are being read now. */
  forget(hash: string): void;
  stats(): { hits: number; misses: number; entries: number; bytes: number };
}

/** Derivatives go through memory, `cacheBytes` of them at most; originals never do. */
export function createSmallBlobs({ store, cacheBytes }: { store: BlobStore; cacheBytes: number }): SmallBlobs {
  const cache = createByteCache(cacheBytes);
  const flights = new Map<string, Promise<Buffer | 'large' | null>>();
  let hits = 0;
  let misses = 0;

  const fetchTogether = async (key: BlobKey): Promise<Buffer | BlobReader | null> => {
    const name = nameOf(key);
    const shared = flights.get(name);
    if (shared) {
      const bytes = await shared;
      return bytes === 'large' ? store.open(key) : bytes;
    }
    // Only one can stream from a reader: it stays with who opened it.
    let large: BlobReader | undefined;
    const flight = readSmall(store, key, (reader) => {
      large = reader;
    });
    flights.set(name, flight);
    try {
      const bytes = await flight;
      // When it was forgotten meanwhile, the flight is another's or gone.
      if (Buffer.isBuffer(bytes) && flights.get(name) === flight) cache.set(key, bytes);
      return bytes === 'large' ? (large ?? null) : bytes;
    } finally {
      if (flights.get(name) === flight) flights.delete(name);
    }
  };

  return {
    peek(key) {
      if (isOriginal(key)) return undefined;
      const bytes = cache.get(key);
      if (bytes) hits += 1;
      return bytes;
    },
    fetch(key) {
      if (isOriginal(key)) return store.open(key);
      misses += 1;
      return fetchTogether(key);
    },
    forget(hash) {
      cache.delete(hash);
      for (const variant of variants) flights.delete(nameOf({ hash, variant }));
    },
    stats: () => ({ hits, misses, ...cache.stats() }),
  };
}

const isOriginal = ({ variant }: BlobKey) => variant === 'original' || variant === 'cleaned';
const nameOf = ({ hash, variant }: BlobKey) => `${hash}.${variant}`;

async function readSmall(
  store: BlobStore,
  key: BlobKey,
  keepLarge: (reader: BlobReader) => void,
): Promise<Buffer | 'large' | null> {
  const reader = await store.open(key);
  if (!reader) return null;
  if (reader.size > (key.variant.startsWith('picture') ? PICTURE_BYTES : SMALL_BYTES)) {
    keepLarge(reader);
    return 'large';
  }
  try {
    // Not from Node's shared slab: a cached entry would keep all of it in memory.
    const bytes = Buffer.allocUnsafeSlow(reader.size);
    await reader.read(bytes, 0, bytes.length, 0);
    return bytes;
  } finally {
    await reader.close();
  }
}
