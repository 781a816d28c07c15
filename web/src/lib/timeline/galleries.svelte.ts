import { createGallery, type Gallery, type GalleryFilter } from './gallery.svelte.ts';

const kept = new Map<string, Gallery>();
/** The whole timeline, the favourites and one search: coming back to them shows at once what was there. */
const MOST = 3;

/**
 * The gallery of a filter, from before if there is one, so that Back finds the place it left. A gallery belongs to one account:
 * somebody else signing in without a reload must never see it.
 */
export function galleryOf(userId: string, filter: GalleryFilter): Gallery {
  const key = JSON.stringify([userId, filter.favorite ?? false, filter.q ?? '']);
  const gallery = kept.get(key) ?? rooted(filter);
  kept.delete(key);
  kept.set(key, gallery);
  if (kept.size > MOST) kept.delete(kept.keys().next().value as string);
  return gallery;
}

/** What a gallery derives must outlive the component, or the derived value, that happened to ask for it first. */
function rooted(filter: GalleryFilter): Gallery {
  let gallery: Gallery | undefined;
  $effect.root(() => {
    gallery = createGallery(filter);
  });
  return gallery as unknown as Gallery;
}
