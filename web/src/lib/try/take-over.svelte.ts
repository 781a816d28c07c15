import type { Photo } from '#lib/api-schema.ts';
import { createQueue, type QueueDeps, type Upload } from '#lib/upload/queue.ts';
import { nameOfTried, type TriedPicture } from './tried-pictures.ts';

interface Deps {
  readonly send: QueueDeps<Photo>['send'];
  /** Called for each picture once the server has it, and never before. */
  readonly forget: (id: string) => Promise<void>;
}

/** Sends what a visitor had painted to the gallery that they have now. How it was made comes along: the files tell it. */
export function createTakeOver(pictures: readonly TriedPicture[], { send, forget }: Deps) {
  let done = $state(0);
  let failed = $state(0);
  let problem = $state('');
  let isBusy = $state(false);
  const forgetting = new Map<string, Promise<void>>();
  let end: () => void = () => {};
  const queue = createQueue<Photo>({ send, onChange: changed, parallel: 2 });

  function changed({ key, result }: Upload<Photo>): void {
    if (result && !forgetting.has(key)) forgetting.set(key, forget(key));
    const all = [...queue.uploads.values()];
    done = all.filter((upload) => upload.result).length;
    // The queue stands still where somebody has been signed out: what waits then goes no further either.
    isBusy = all.some(({ state }) => state === 'sending' || (state === 'waiting' && !queue.paused));
    if (isBusy) return;
    failed = all.length - done;
    problem = all.find((upload) => upload.problem)?.problem ?? '';
    void Promise.all(forgetting.values()).then(() => end());
  }

  /** Resolves once each is there, or has failed. */
  const ended = (): Promise<void> =>
    new Promise((resolve) => {
      end = resolve;
    });

  return {
    /** Pictures that the server has. */
    get done() {
      return done;
    },
    get failed() {
      return failed;
    },
    /** Why the first of those that failed did. */
    get problem() {
      return problem;
    },
    get isBusy() {
      return isBusy;
    },

    start(): Promise<void> {
      const over = ended();
      isBusy = true;
      for (const picture of pictures) {
        queue.add({
          key: picture.id,
          name: nameOfTried(picture),
          size: picture.file.size,
          file: picture.file,
          modifiedAt: new Date(picture.madeAt).toISOString(),
        });
      }
      return over;
    },

    /** Sends those that failed once more; the others are there. */
    retry(): Promise<void> {
      const over = ended();
      isBusy = true;
      const again = [...queue.uploads.values()].filter(({ result }) => !result);
      for (const { key } of again) queue.remove(key);
      queue.resume();
      for (const { key, name, size, file, modifiedAt } of again) queue.add({ key, name, size, file, modifiedAt });
      return over;
    },
  };
}
