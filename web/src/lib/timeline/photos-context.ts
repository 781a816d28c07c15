import { createContext } from 'svelte';
import type { Gallery } from './gallery.svelte.ts';

/** What an opened photo needs to know of the timeline it was opened from. */
export interface PhotosContext {
  readonly gallery: Gallery;
  /** Address of a photo, within the filter that is on. */
  hrefOf(id: string): string;
  /** The photo looked at last: the tile that gets the focus when the timeline is back. */
  looksAt(id: string): void;
  /** Back to the timeline, by history where that is where one came from. */
  close(): void;
}

export const [getPhotos, setPhotos] = createContext<PhotosContext>();
