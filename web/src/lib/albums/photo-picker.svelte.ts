import { api, messageOf } from '#lib/api.ts';
import type { Photo } from '#lib/api-schema.ts';

const PAGE = 100;

/** The library's photos to choose from, newest first, as far as somebody has scrolled. */
export function createPhotoPicker() {
  let photos = $state.raw<Photo[]>([]);
  let total = $state(0);
  let status = $state<'loading' | 'ready' | 'failed'>('loading');
  let problem = $state('');
  let words = '';
  let turn = 0;
  let isGrowing = false;

  async function load(offset: number): Promise<void> {
    const mine = offset === 0 ? ++turn : turn;
    isGrowing = true;
    try {
      const query = { limit: String(PAGE), offset: String(offset), ...(words ? { q: words } : {}) };
      const found = await api.get('/photos', { query });
      if (mine !== turn) return;
      // What came in meanwhile moves the pages along: nothing is shown twice.
      const known = new Set(offset === 0 ? [] : photos.map(({ id }) => id));
      photos = [...(offset === 0 ? [] : photos), ...found.items.filter(({ id }) => !known.has(id))];
      total = found.total;
      status = 'ready';
    } catch (error) {
      if (mine !== turn) return;
      problem = messageOf(error);
      if (offset === 0) status = 'failed';
    } finally {
      if (mine === turn) isGrowing = false;
    }
  }

  async function more(): Promise<void> {
    if (!isGrowing && photos.length < total) await load(photos.length);
  }

  return {
    get photos() {
      return photos;
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
    /** Looks for words, or with none of them at everything. */
    async find(next: string): Promise<void> {
      words = next.trim();
      await load(0);
    },
    /** For an element at the end of what is shown: more comes as it nears the edge of what scrolls. */
    growsWithin: (root: Element | undefined) => (node: HTMLElement) => {
      const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && void more(), {
        root: root ?? null,
        rootMargin: '800px',
      });
      observer.observe(node);
      return () => observer.disconnect();
    },
  };
}
