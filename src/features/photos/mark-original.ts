import type { BlobReader } from '#platform/blobs/blob-store.ts';
import { markSource } from '#platform/imaging/index.ts';

/**
 * An original on its way out of the library, which says in itself how it came to be: within, what a backend made is kept byte for byte.
 * @param stored closed with what is answered, and when this fails
 * @param madeSource the last part of its IPTC digital source type; null where nothing is known of it
 */
export async function markOriginal(stored: BlobReader, madeSource: string | null): Promise<BlobReader> {
  if (madeSource === null) return stored;
  try {
    const { size, read } = await markSource(stored, madeSource);
    return { size, read, close: () => stored.close() };
  } catch (error) {
    await stored.close();
    throw error;
  }
}
