import { messageOf } from '#lib/api.ts';
import { appendNew } from '#lib/append-new.ts';

/** The API gives so many at once. */
const MOST = 100;
/** How long a list waits before it asks again for what did not come, in ms. */
const AGAIN_MS = 3000;
type Answer<T> = { items: T[]; total: number };

/**
 * A list that grows as somebody reaches its end.
 * @param fetchPage asks for a part of it
 * @param idOf tells two of them apart: when one was added before the end, a part begins with what is known
 * @param page how many come at a time
 */
export function createGrowingList<T>(
  fetchPage: (offset: number, limit: number) => Promise<Answer<T>>,
  idOf: (item: T) => string,
  page = 48,
) {
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
    /** @returns whether it has grown */
    async more(): Promise<boolean> {
      if (isGrowing) return false;
      isGrowing = true;
      const before = items.length;
      try {
        const found = await fetchPage(before, page);
        items = appendNew(items, found.items, idOf);
        total = found.total;
      } catch {
        // The end of the list asks again.
      }
      isGrowing = false;
      return items.length > before;
    },
  };
}

/** For an element at the end of a list: asks for more as it comes near, and until it is near no more. */
export const growsHere =
  (more: () => Promise<boolean>) =>
  (node: HTMLElement): (() => void) => {
    let again: ReturnType<typeof setTimeout> | undefined;
    let isGone = false;
    // It is told of once for as long as it stays near; looked at anew, it is told of again.
    const look = () => {
      observer.unobserve(node);
      observer.observe(node);
    };
    const observer = new IntersectionObserver(
      async ([entry]) => {
        clearTimeout(again);
        if (!entry?.isIntersecting) return;
        const hasGrown = await more();
        if (!isGone) again = setTimeout(look, hasGrown ? 0 : AGAIN_MS);
      },
      { rootMargin: '600px' },
    );
    observer.observe(node);
    return () => {
      isGone = true;
      clearTimeout(again);
      observer.disconnect();
    };
  };
