import { messageOf } from '#lib/api.ts';

/** The API gives so many at once. */
const MOST = 100;
type Answer<T> = { items: T[]; total: number };

/**
 * A list that grows as somebody reaches its end.
 * @param fetchPage asks for a part of it
 * @param page how many come at a time
 */
export function createGrowingList<T>(fetchPage: (offset: number, limit: number) => Promise<Answer<T>>, page = 48) {
  let items = $state.raw<T[]>([]);
  let total = $state(0);
  let status = $state<'loading' | 'ready' | 'failed'>('loading');
  let problem = $state('');
  let isGrowing = false;

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
        const found = await fetchPage(0, Math.min(MOST, Math.max(page, items.length)));
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
        const found = await fetchPage(items.length, page);
        items = [...items, ...found.items];
        total = found.total;
      } catch {
        // Scrolling on asks again.
      }
      isGrowing = false;
    },
  };
}

/** For an element at the end of a list: asks for more as it comes near. */
export const growsHere =
  (more: () => unknown) =>
  (node: HTMLElement): (() => void) => {
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && void more(), {
      rootMargin: '600px',
    });
    observer.observe(node);
    return () => observer.disconnect();
  };
