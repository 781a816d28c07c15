import { AppError } from '#platform/http/app-error.ts';

/** Of one person: an app sends one, and one more where somebody is impatient. */
const mostOfOne = 2;
/** Of everybody. Each is held in memory, and as text and as bytes at times. */
const mostOfAll = 16;
const retrySeconds = 5;

/** Counts the bodies that are read whole and hold a picture each, which is more than a server can hold of any number of clients. */
export function createLargeBodies() {
  const inTheAir = new Map<string, number>();
  let all = 0;

  return {
    /**
     * To be asked before the body is read.
     * @returns what says that its answer is there; once is enough
     * @throws AppError `rate_limited`, with `details.retry_after` in seconds
     */
    enter(userId: string): () => void {
      const own = inTheAir.get(userId) ?? 0;
      if (own >= mostOfOne) throw wait(`Only ${mostOfOne} images can be uploaded at once. Please wait for the others.`);
      if (all >= mostOfAll) throw wait('Too many images are being uploaded. Please try again in a moment.');
      inTheAir.set(userId, own + 1);
      all += 1;
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        all -= 1;
        const left = (inTheAir.get(userId) ?? 1) - 1;
        if (left === 0) inTheAir.delete(userId);
        else inTheAir.set(userId, left);
      };
    },
  };
}

const wait = (message: string): AppError => new AppError('rate_limited', message, { retry_after: retrySeconds });
