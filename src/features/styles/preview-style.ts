import { borrowBytes, type PhotoLocator } from '#features/photos/index.ts';
import type { BlobStore } from '#platform/blobs/blob-store.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { Imaging, StyleId } from '#platform/imaging/index.ts';
import { catalogue } from './contract.ts';

/** All previews together; one has 30 to 100 kB. */
const MEMORY_BYTES = 16 * 2 ** 20;
/** More wait for nobody's benefit: each takes a decoder, as uploads do. */
const MOST_WAITING = 64;

export interface StylePreviews {
  /** A photo's thumbnail in a style; the same one is drawn once. @throws AppError as `previewStyle` */
  draw(hash: string, style: StyleId, strength: number): Promise<Uint8Array>;
}

/** Draws previews and remembers the last ones. They are never stored. */
export function createStylePreviews(deps: {
  blobs: BlobStore;
  imaging: Imaging;
  maxUploadBytes: number;
}): StylePreviews {
  const drawn = new Map<string, Uint8Array>();
  const drawing = new Map<string, Promise<Uint8Array>>();
  let bytes = 0;

  function remember(key: string, preview: Uint8Array): void {
    drawn.set(key, preview);
    bytes += preview.length;
    for (const [oldest, { length }] of drawn) {
      if (bytes <= MEMORY_BYTES) break;
      drawn.delete(oldest);
      bytes -= length;
    }
  }

  async function make(hash: string, style: StyleId, strength: number): Promise<Uint8Array> {
    const thumbnail = await borrowBytes(deps, { hash, variant: 'medium' });
    try {
      return await deps.imaging.previewStyle({ path: thumbnail.path, request: { style, strength } });
    } finally {
      await thumbnail.discard();
    }
  }

  return {
    draw(hash, style, strength) {
      const key = `${hash} ${style} ${strength}`;
      const known = drawn.get(key);
      if (known) {
        // The last one asked for is the last one to go.
        drawn.delete(key);
        drawn.set(key, known);
        return Promise.resolve(known);
      }
      const underway = drawing.get(key);
      if (underway) return underway;
      if (drawing.size >= MOST_WAITING) {
        throw new AppError('unavailable', 'Too many previews are being drawn. Try again in a moment.');
      }
      const preview = make(hash, style, strength)
        .then((made) => {
          remember(key, made);
          return made;
        })
        .finally(() => drawing.delete(key));
      drawing.set(key, preview);
      return preview;
    },
  };
}

/**
 * How a photo would look, for whoever may see its bytes.
 * @throws AppError `unauthorized`, `forbidden`, `not_found`
 */
export async function previewStyle(
  deps: { locator: PhotoLocator; previews: StylePreviews },
  caller: Caller,
  id: string,
  style: StyleId,
  asked: number | undefined,
): Promise<{ etag: string; draw: () => Promise<Uint8Array> }> {
  const { hash } = await deps.locator.locate(caller, id);
  const strength = asked ?? catalogue[style].strength;
  return {
    etag: `"${hash.slice(0, 32)}-${style}-${strength}"`,
    draw: async () => deps.previews.draw(hash, style, strength),
  };
}
