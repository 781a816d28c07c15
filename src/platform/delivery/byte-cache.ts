export interface ByteCache {
  get(key: string): Buffer | undefined;
  /** Takes the bytes in, and lets go of those that were unused the longest. What is larger than the whole cache is not kept. */
  set(key: string, bytes: Buffer): void;
  delete(key: string): void;
  stats(): { entries: number; bytes: number };
}

/** The key, the map's slot and the buffer's own object, about: so that many tiny entries count too. */
const ENTRY_BYTES = 512;

/** Keeps the bytes used last, `limit` bytes of them at most. */
export function createByteCache(limit: number): ByteCache {
  // A Map remembers the order of insertion; what is used is inserted again.
  const entries = new Map<string, Buffer>();
  let held = 0;

  const remove = (key: string) => {
    const bytes = entries.get(key);
    if (bytes && entries.delete(key)) held -= bytes.length + ENTRY_BYTES;
  };

  return {
    get(key) {
      const bytes = entries.get(key);
      if (!bytes) return undefined;
      entries.delete(key);
      entries.set(key, bytes);
      return bytes;
    },
    set(key, bytes) {
      remove(key);
      if (bytes.length + ENTRY_BYTES > limit) return;
      entries.set(key, bytes);
      held += bytes.length + ENTRY_BYTES;
      for (const oldest of entries.keys()) {
        if (held <= limit) break;
        remove(oldest);
      }
    },
    delete: remove,
    stats: () => ({ entries: entries.size, bytes: held }),
  };
}
