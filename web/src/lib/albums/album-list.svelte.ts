import { api, messageOf } from '#lib/api.ts';
import type { Album } from '#lib/api-schema.ts';

const PAGE = 48;

/** A list of albums that grows as somebody reaches its end. @param asked part of the name, and whose. */
export function createAlbumList(asked: { q?: string; role?: 'mine' | 'others' }) {
  let items = $state.raw<Album[]>([]);
  let total = $state(0);
  let status = $state<'loading' | 'ready' | 'failed'>('loading');
  let problem = $state('');
  let isGrowing = false;

  const fetchPage = (offset: number, limit: number) =>
    api.get('/albums', {
      query: { limit: String(limit), offset: String(offset), ...(asked.q ? { q: asked.q } : {}), role: asked.role },
    });

  return {
    get items() {
      return items;
    },
    get total() {
      return total;
    },
    get status() {
      return status;
    },
    get problem() {
      return problem;
    },
    /** Everything shown, anew. */
    async load(): Promise<void> {
      try {
        const found = await fetchPage(0, Math.min(100, Math.max(PAGE, items.length)));
        items = found.items;
        total = found.total;
        status = 'ready';
      } catch (error) {
        if (status === 'ready') return;
        problem = messageOf(error);
        status = 'failed';
      }
    },
    async more(): Promise<void> {
      if (isGrowing) return;
      isGrowing = true;
      try {
        const found = await fetchPage(items.length, PAGE);
        items = [...items, ...found.items];
        total = found.total;
      } catch {
        // Scrolling on asks again.
      }
      isGrowing = false;
    },
  };
}
