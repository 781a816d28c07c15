import type { PhotoFilter } from '#lib/api-schema.ts';
import { createGallery, type Gallery } from './gallery.svelte.ts';

const kept = new Map<string, Gallery>();
/** The whole timeline, the favourites, the archive and one search: coming back to them shows at once what was there. */
const MOST = 4;

/**
 * The gallery of a filter, from before if there is one, so that Back finds the place it left. A gallery belongs to one account:
 * somebody else signing in without a reload must never see it.
 */
export function galleryOf(userId: string, filter: PhotoFilter): Gallery {
  const key = JSON.stringify([userId, filter]);
  const gallery = kept.get(key) ?? rooted(filter);
  kept.delete(key);
  kept.set(key, gallery);
  if (kept.size > MOST) kept.delete(kept.keys().next().value as string);
  return gallery;
}

/** The gallery that was asked for last: the one on the screen, if any is. */
export const shownGallery = (): Gallery | undefined => [...kept.values()].at(-1);

/** What a gallery derives must outlive the component, or the derived value, that happened to ask for it first. */
function rooted(filter: PhotoFilter): Gallery {
  let gallery: Gallery | undefined;
  $effect.root(() => {
    gallery = createGallery(filter);
  });
  return gallery as unknown as Gallery;
}
