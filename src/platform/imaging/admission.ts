interface Waiting {
  cost: number;
  yields: boolean;
  admit: () => void;
}

/** Gives out a limited amount of something, in the order of asking. */
export interface Admission {
  /**
   * Waits for `cost` units and returns the function that gives them back. Asking for more than there are in all waits for all.
   * Rejects with the signal's reason when it is aborted while waiting.
   * @param options.yields goes after all who do not, those that come later as well
   */
  acquire(cost: number, signal?: AbortSignal, options?: { readonly yields?: boolean }): Promise<() => void>;
}

/** A weighted semaphore. First come, first served: many small jobs cannot starve a large one. */
export function createAdmission(capacity: number): Admission {
  const queue: Waiting[] = [];
  let free = capacity;

  function admitWaiting() {
    for (let next = queue[0]; next && next.cost <= free; next = queue[0]) {
      queue.shift();
      free -= next.cost;
      next.admit();
    }
  }

  function release(cost: number): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      free += cost;
      admitWaiting();
    };
  }

  return {
    acquire(asked, signal, { yields = false } = {}) {
      const cost = Math.min(asked, capacity);
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const leave = () => {
          queue.splice(queue.indexOf(waiting), 1);
          reject(signal?.reason);
          // The one that left may have been all that held back the ones behind it.
          admitWaiting();
        };
        const waiting: Waiting = {
          cost,
          yields,
          admit() {
            signal?.removeEventListener('abort', leave);
            resolve(release(cost));
          },
        };
        signal?.addEventListener('abort', leave, { once: true });
        const ahead = yields ? queue.length : queue.findLastIndex((other) => !other.yields) + 1;
        queue.splice(ahead, 0, waiting);
        admitWaiting();
      });
    },
  };
}
