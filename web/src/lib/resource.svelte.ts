import { messageOf } from '#lib/api.ts';

/** Something fetched for a page, with the states the page must show: nothing yet, a sentence that says why not, the value. */
export function createResource<T>(fetch: () => Promise<T>) {
  let value = $state.raw<T | undefined>(undefined);
  let problem = $state<string | null>(null);
  let turn = 0;

  async function load(): Promise<void> {
    turn += 1;
    const mine = turn;
    problem = null;
    try {
      const fresh = await fetch();
      // An answer that was overtaken by a later question is old news.
      if (mine === turn) value = fresh;
    } catch (error) {
      if (mine === turn) problem = messageOf(error);
    }
  }

  void load();
  return {
    get value() {
      return value;
    },
    set value(next: T | undefined) {
      value = next;
    },
    /** Why there is no (newer) value; null while all is well. */
    get problem() {
      return problem;
    },
    load,
  };
}
