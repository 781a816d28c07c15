import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { AppError, type ErrorCode } from '#platform/http/app-error.ts';
import type { CameraMetadata, Derivative } from './ingested-image.ts';
import type { ImageFacts } from './inspect-image.ts';
import type { PaintedFile, PaintProgress, PaintRequest } from './paint/paint-request.ts';
import type { PictureFile, PictureShape } from './picture-file.ts';
import type { StyledFile, StyleRequest } from './styles/style.ts';
import { undecodable } from './undecodable.ts';

export type Request =
  | { step: 'inspect'; path: string; maxPixels: number }
  | { step: 'derive'; path: string; outDir: string; facts: ImageFacts; maxPixels: number }
  | { step: 'picture'; path: string; outDir: string; facts: ImageFacts; shape: PictureShape; maxPixels: number }
  /** Without an `outDir` the bytes come back with the answer: for previews, which are small and never kept. */
  | {
      step: 'style';
      path: string;
      outDir: string | null;
      facts: ImageFacts;
      request: StyleRequest;
      maxPixels: number;
    }
  | { step: 'paint'; request: PaintRequest };

/** `rss` is the child's memory in bytes after the step; `reason` is for the log alone. */
export type Answer = { rss: number } & (
  | { ok: true; value: unknown }
  | { ok: false; code: ErrorCode; message: string; details: Record<string, unknown>; reason: string }
);

/** On the way to the answer; of painting alone. */
export interface Interim {
  progress: PaintProgress;
}

interface Limits {
  /** Of painting, the longest silence. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface Decoder {
  readonly pid: number;
  /** False once the process has ended or must not be used again. */
  readonly usable: boolean;
  inspect(path: string, maxPixels: number, limits: Limits): Promise<{ facts: ImageFacts; metadata: CameraMetadata }>;
  derive(
    request: Omit<Extract<Request, { step: 'derive' }>, 'step'>,
    limits: Limits,
  ): Promise<{ derivatives: Derivative[]; placeholder: Uint8Array }>;
  picture(request: Omit<Extract<Request, { step: 'picture' }>, 'step'>, limits: Limits): Promise<PictureFile[]>;
  style(
    request: Omit<Extract<Request, { step: 'style' }>, 'step' | 'outDir'> & { outDir: string },
    limits: Limits,
  ): Promise<StyledFile>;
  previewStyle(
    request: Omit<Extract<Request, { step: 'style' }>, 'step' | 'outDir'>,
    limits: Limits,
  ): Promise<Uint8Array>;
  paint(request: PaintRequest, tell: (progress: PaintProgress) => void, limits: Limits): Promise<PaintedFile>;
  kill(): void;
}

/** Such as pino. */
export type DecoderLogger = Record<'debug' | 'warn', (fields: Record<string, unknown>, message: string) => void>;

/** WebAssembly's memory only ever grows: above this the process is replaced rather than kept, in bytes. */
const RETIRE_ABOVE_RSS = 400 * 2 ** 20;

/** A decoder's heap is 10 MB, so that a stop to mark it all takes 3 ms; marking in steps beside the pixels took 10 % of the time. */
const DECODER_HEAP = ['--max-old-space-size=256', '--no-incremental-marking'];

/** A painter makes and drops outlines by the million: left alone, its heap grows to 220 MB with 30 in use. */
export const PAINTER_HEAP = ['--max-old-space-size=128', '--max-semi-space-size=8', '--no-incremental-marking'];

/** The longest a process may take to get ready, on a machine with no time for it. */
const START_TIMEOUT_MS = 30_000;

const unavailable = () => new AppError('unavailable', 'Pictures cannot be decoded at the moment. Try again later.');

/** What a child may know of the server's environment: nothing that is a secret. */
const PASSED_ENVIRONMENT = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LD_LIBRARY_PATH', 'NODE_V8_COVERAGE'];

/**
 * Starts one decoding process. It takes one request at a time. When it dies, runs past `timeoutMs` or the signal aborts, it is
 * killed and only the request at hand fails: with AppError `undecodable`, or the signal's reason.
 * When it never gets ready, requests fail with AppError `unavailable`.
 */
export function startDecoder(logger?: DecoderLogger, heap: readonly string[] = DECODER_HEAP): Decoder {
  const child = fork(fileURLToPath(new URL('./child.ts', import.meta.url)), [], {
    serialization: 'advanced',
    execArgv: [...heap, '--disable-warning=ExperimentalWarning'],
    // glibc keeps an arena for each thread otherwise, and a child of 100 MB grows to several hundred.
    env: { ...pick(process.env, PASSED_ENVIRONMENT), MALLOC_ARENA_MAX: '2' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let stderr = '';
  (child.stderr as Socket).unref();
  child.stderr?.on('data', (chunk) => {
    stderr = (stderr + chunk).slice(-2000);
  });

  let alive = true;
  let retired = false;
  let settle: ((outcome: Answer | AppError) => void) | null = null;
  let hear: ((interim: Interim) => void) | null = null;
  let ready = false;
  const { promise: started, resolve: start } = Promise.withResolvers<void>();

  child.on('message', (answer: Answer | Interim) => {
    if ('progress' in answer) return hear?.(answer);
    if (answer.rss > RETIRE_ABOVE_RSS) retired = true;
    // The first message only says that the process is there.
    if (ready) return settle?.(answer);
    ready = true;
    start();
  });
  const lost = (fields: Record<string, unknown>) => {
    alive = false;
    start();
    if (!settle) return;
    logger?.warn({ ...fields, stderr }, 'The decoding process ended in the middle of a picture');
    settle(ready ? undecodable('This picture could not be decoded.') : unavailable());
  };
  child.on('error', (error) => lost({ error: error.message }));
  child.on('exit', (code, signal) => lost({ code, signal }));
  rest(child);

  async function ask(
    request: Request,
    { timeoutMs, signal }: Limits,
    tell?: (progress: PaintProgress) => void,
  ): Promise<unknown> {
    if (!alive) throw unavailable();
    signal?.throwIfAborted();
    wake(child);
    const { promise, resolve } = Promise.withResolvers<Answer | AppError>();
    settle = resolve;
    const end = (outcome: AppError) => {
      alive = false;
      resolve(outcome);
      child.kill('SIGKILL');
    };
    let timer = setTimeout(() => end(unavailable()), START_TIMEOUT_MS);
    const abort = () => end(undecodable('The upload was given up.'));
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([started, promise]);
      clearTimeout(timer);
      timer = setTimeout(
        () => end(undecodable(`This picture took too long to ${tell ? 'paint' : 'decode'}.`)),
        timeoutMs,
      );
      hear = ({ progress }) => {
        timer.refresh();
        tell?.(progress);
      };
      if (alive) child.send(request);
      return unwrap(await promise);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      settle = null;
      hear = null;
      rest(child);
      signal?.throwIfAborted();
    }
  }

  function unwrap(outcome: Answer | AppError): unknown {
    if (outcome instanceof AppError) throw outcome;
    if (outcome.ok) return outcome.value;
    logger?.debug({ code: outcome.code, reason: outcome.reason }, 'A picture was refused');
    throw new AppError(outcome.code, outcome.message, outcome.details);
  }

  return {
    get pid() {
      return child.pid ?? 0;
    },
    get usable() {
      return alive && !retired;
    },
    inspect: (path, maxPixels, limits) =>
      ask({ step: 'inspect', path, maxPixels }, limits) as ReturnType<Decoder['inspect']>,
    derive: (request, limits) => ask({ step: 'derive', ...request }, limits) as ReturnType<Decoder['derive']>,
    picture: (request, limits) => ask({ step: 'picture', ...request }, limits) as ReturnType<Decoder['picture']>,
    style: (request, limits) => ask({ step: 'style', ...request }, limits) as ReturnType<Decoder['style']>,
    previewStyle: (request, limits) =>
      ask({ step: 'style', outDir: null, ...request }, limits) as ReturnType<Decoder['previewStyle']>,
    paint: (request, tell, limits) => ask({ step: 'paint', request }, limits, tell) as ReturnType<Decoder['paint']>,
    kill() {
      alive = false;
      child.kill('SIGKILL');
    },
  };
}

/** A process at rest must not keep the server from ending. */
function rest(child: ChildProcess) {
  child.unref();
  child.channel?.unref();
}

function wake(child: ChildProcess) {
  child.ref();
  child.channel?.ref();
}

function pick(environment: NodeJS.ProcessEnv, names: string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
}
