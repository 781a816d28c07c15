import type { BlobKey, BlobVariant } from '#platform/blobs/blob-store.ts';

export interface ByteCache {
  get(key: BlobKey): Buffer | undefined;
  /** Takes the bytes in, and lets go of photos that were not asked for lately. What is larger than the whole cache is not kept. */
  set(key: BlobKey, bytes: Buffer): void;
  /** Every variant of a photo. */
  delete(hash: string): void;
  stats(): { entries: number; bytes: number };
}

/** The variants of one photo that are held. */
interface Held {
  readonly variants: Map<BlobVariant, Buffer>;
  /** Asked for since it last was the oldest. */
  used: boolean;
}

/** The key, the map's slot and the buffer's own object, about: so that many tiny entries count too. */
const ENTRY_BYTES = 512;

/**
 * Keeps the bytes used last, `limit` bytes of them at most, by second chance: the oldest photo goes, unless it was used since, then
 * it becomes the youngest. So a hit is one look-up by a string whose hash is known, and changes no map.
 */
export function createByteCache(limit: number): ByteCache {
  // A Map remembers the order of insertion.
  const photos = new Map<string, Held>();
  let bytesHeld = 0;
  let entries = 0;

  const remove = (hash: string) => {
    const held = photos.get(hash);
    if (!held) return;
    photos.delete(hash);
    entries -= held.variants.size;
    for (const bytes of held.variants.values()) bytesHeld -= bytes.length + ENTRY_BYTES;
  };

  const makeRoom = () => {
    for (const [hash, held] of photos) {
      if (bytesHeld <= limit) return;
      if (held.used) {
        held.used = false;
        photos.delete(hash);
        photos.set(hash, held);
      } else remove(hash);
    }
  };

  return {
    get({ hash, variant }) {
      const held = photos.get(hash);
      if (!held) return undefined;
      held.used = true;
      return held.variants.get(variant);
    },
    set({ hash, variant }, bytes) {
      if (bytes.length + ENTRY_BYTES > limit) return;
      const held = photos.get(hash) ?? { variants: new Map<BlobVariant, Buffer>(), used: false };
      const before = held.variants.get(variant);
      if (before) bytesHeld -= before.length + ENTRY_BYTES;
      else entries += 1;
      held.variants.set(variant, bytes);
      bytesHeld += bytes.length + ENTRY_BYTES;
      photos.delete(hash);
      photos.set(hash, held);
      makeRoom();
    },
    delete: remove,
    stats: () => ({ entries, bytes: bytesHeld }),
  };
}
