/** A file on its way in. The queue changes these objects in place and says so through `onChange`. */
export interface Upload<Result = unknown> {
  readonly key: string;
  readonly name: string;
  readonly size: number;
  readonly file: Blob;
  /** `File.lastModified` as ISO 8601: the date of a photo whose EXIF has none. */
  readonly modifiedAt: string;
  state: 'waiting' | 'sending' | 'done' | 'duplicate' | 'failed' | 'refused';
  /** Bytes sent of this try. */
  sent: number;
  /** A sentence: why it failed or was refused. */
  problem: string | null;
  /** True when trying again may help without anybody's doing (no connection). */
  waitsForNetwork: boolean;
  result: Result | null;
}

/** Thrown by `send`: what the tray says, and what the queue does next. */
export class UploadProblem extends Error {
  readonly kind: 'network' | 'later' | 'refused' | 'failed' | 'signed-out';
  /** Seconds until the server wants to be asked again (`later`). */
  readonly retryAfter: number;

  constructor(kind: UploadProblem['kind'], message: string, retryAfter = 0) {
    super(message);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

export interface SendOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (sent: number) => void;
}

export interface QueueDeps<Result> {
  /** Sends one file and resolves when the server has acknowledged it. Rejects with `UploadProblem`, or an `AbortError`. */
  readonly send: (upload: Upload<Result>, options: SendOptions) => Promise<{ result: Result; duplicate: boolean }>;
  readonly onChange: (upload: Upload<Result>) => void;
  /** Longest wait, in ms, before what the server put off is tried again; tests shorten it. */
  readonly patience?: number;
  readonly parallel?: number;
}

export interface UploadQueue<Result> {
  readonly uploads: ReadonlyMap<string, Upload<Result>>;
  readonly paused: boolean;
  add(
    upload: Pick<Upload, 'key' | 'name' | 'size' | 'file' | 'modifiedAt'> & { problem?: string | null },
  ): Upload<Result>;
  retry(key: string): void;
  /** Everything that failed and may be tried again. */
  retryAll(): void;
  /** What failed for want of a connection, when there is one again. */
  retryNetwork(): void;
  pause(): void;
  resume(): void;
  /** Stops it if it is running and forgets it. */
  remove(key: string): void;
  /** True while something is waiting or being sent. */
  readonly busy: boolean;
}

/** Sends files in the order they came, a few at once. What failed stays in the list until it is retried or taken out. */
export function createQueue<Result>({
  send,
  onChange,
  patience = 60_000,
  parallel = 3,
}: QueueDeps<Result>): UploadQueue<Result> {
  const uploads = new Map<string, Upload<Result>>();
  const running = new Map<string, AbortController>();
  const waiting: string[] = [];
  let paused = false;
  let putOff: ReturnType<typeof setTimeout> | undefined;

  function change(upload: Upload<Result>, values: Partial<Upload<Result>>): void {
    Object.assign(upload, values);
    onChange(upload);
  }

  function enqueue(upload: Upload<Result>): void {
    waiting.push(upload.key);
    change(upload, { state: 'waiting', sent: 0, problem: null, waitsForNetwork: false });
    pump();
  }

  function pump(): void {
    while (!paused && putOff === undefined && running.size < parallel && waiting.length > 0) {
      const upload = uploads.get(waiting.shift() as string);
      if (upload?.state === 'waiting') void run(upload);
    }
  }

  async function run(upload: Upload<Result>): Promise<void> {
    const controller = new AbortController();
    running.set(upload.key, controller);
    change(upload, { state: 'sending' });
    try {
      const { result, duplicate } = await send(upload, {
        signal: controller.signal,
        onProgress: (sent) => !controller.signal.aborted && change(upload, { sent }),
      });
      change(upload, { state: duplicate ? 'duplicate' : 'done', sent: upload.size, result });
    } catch (error) {
      if (!controller.signal.aborted) settle(upload, error);
    } finally {
      if (running.get(upload.key) === controller) running.delete(upload.key);
      pump();
    }
  }

  function settle(upload: Upload<Result>, error: unknown): void {
    if (!(error instanceof UploadProblem)) {
      change(upload, { state: 'failed', problem: 'Something went wrong here. Try again.' });
      return;
    }
    if (error.kind === 'later') {
      waiting.unshift(upload.key);
      change(upload, { state: 'waiting', sent: 0 });
      const delay = Math.min(patience, Math.max(1, error.retryAfter) * 1000);
      putOff ??= setTimeout(() => {
        putOff = undefined;
        pump();
      }, delay);
      return;
    }
    // Signed out: every other file would only fail in the same way.
    if (error.kind === 'signed-out') paused = true;
    change(upload, {
      state: error.kind === 'refused' ? 'refused' : 'failed',
      problem: error.message,
      waitsForNetwork: error.kind === 'network',
    });
  }

  return {
    uploads,
    get paused() {
      return paused;
    },
    get busy() {
      return running.size > 0 || [...uploads.values()].some(({ state }) => state === 'waiting');
    },
    add({ problem = null, ...file }) {
      const upload: Upload<Result> = {
        ...file,
        state: problem ? 'refused' : 'waiting',
        sent: 0,
        problem,
        waitsForNetwork: false,
        result: null,
      };
      uploads.set(upload.key, upload);
      if (problem) onChange(upload);
      else enqueue(upload);
      return upload;
    },
    retry(key) {
      const upload = uploads.get(key);
      if (upload?.state !== 'failed') return;
      paused = false;
      enqueue(upload);
    },
    retryAll() {
      paused = false;
      for (const upload of uploads.values()) if (upload.state === 'failed') enqueue(upload);
      pump();
    },
    retryNetwork() {
      for (const upload of uploads.values()) if (upload.state === 'failed' && upload.waitsForNetwork) enqueue(upload);
    },
    pause() {
      paused = true;
      for (const [key, controller] of running) {
        controller.abort();
        running.delete(key);
        const upload = uploads.get(key);
        if (!upload) continue;
        waiting.unshift(key);
        change(upload, { state: 'waiting', sent: 0 });
      }
    },
    resume() {
      paused = false;
      pump();
    },
    remove(key) {
      running.get(key)?.abort();
      running.delete(key);
      uploads.delete(key);
      pump();
    },
  };
}
