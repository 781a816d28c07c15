import { api } from '#lib/api.ts';
import type { Album } from '#lib/api-schema.ts';

let list = $state.raw<Album[]>([]);

/** The albums that the sidebar lists. */
export const pinnedAlbums = {
  get list() {
    return list;
  },
  /** Never throws: the sidebar does without. */
  async load(): Promise<void> {
    try {
      list = (await api.get('/albums', { query: { pinned: 'true', limit: '20' } })).items;
    } catch {
      // What is listed stays until the next time.
    }
  },
};
