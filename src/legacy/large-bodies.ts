import { AppError } from '#platform/http/app-error.ts';

/** Of one person: an app sends one, and one more where somebody is impatient. */
const mostOfOne = 2;
/** Of everybody, in bytes. Each body is held in memory, and as text and as bytes at times: some three times of this altogether. */
const mostBytesOfAll = 96 * 2 ** 20;
const retrySeconds = 5;

/** Counts the bodies that are read whole and hold a picture each, which is more than a server can hold of any number of clients. */
export function createLargeBodies() {
  const inTheAir = new Map<string, number>();
  let allBytes = 0;

  return {
    /**
     * To be asked before the body is read.
     * @param bytes that it has at the most
     * @returns what says that its answer is there; once is enough
     * @throws AppError `rate_limited`, with `details.retry_after` in seconds
     */
    enter(userId: string, bytes: number): () => void {
      const own = inTheAir.get(userId) ?? 0;
      if (own >= mostOfOne) throw wait(`Only ${mostOfOne} images can be uploaded at once. Please wait for the others.`);
      if (allBytes + bytes > mostBytesOfAll)
        throw wait('Too many images are being uploaded. Please try again in a moment.');
      inTheAir.set(userId, own + 1);
      allBytes += bytes;
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        allBytes -= bytes;
        const left = (inTheAir.get(userId) ?? 1) - 1;
        if (left === 0) inTheAir.delete(userId);
        else inTheAir.set(userId, left);
      };
    },
  };
}

const wait = (message: string): AppError => new AppError('rate_limited', message, { retry_after: retrySeconds });
