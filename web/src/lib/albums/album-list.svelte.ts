import { api } from '#lib/api.ts';
import { createGrowingList } from '#lib/growing-list.svelte.ts';

/** A list of albums that grows as somebody reaches its end. @param asked part of the name, and whose. */
export const createAlbumList = (asked: { q?: string; role?: 'mine' | 'others' }) =>
  createGrowingList(
    (offset, limit) =>
      api.get('/albums', {
        query: { limit: String(limit), offset: String(offset), ...(asked.q ? { q: asked.q } : {}), role: asked.role },
      }),
    ({ id }) => id,
  );
