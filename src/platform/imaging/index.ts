import { open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { AppError } from '#platform/http/app-error.ts';
import { createAdmission } from './admission.ts';
import { type Decoder, type DecoderLogger, PAINTER_HEAP, startDecoder } from './decoder.ts';
import type { IngestedImage } from './ingested-image.ts';
import type { ImageFacts } from './inspect-image.ts';
import type { PaintedFile, PaintProgress, PaintRequest } from './paint/paint-request.ts';
import type { PictureFile, PictureShape } from './picture-file.ts';
import { type ImageFormat, mediaTypeOf, SNIFF_BYTES, sniff } from './sniff.ts';
import { costOfStyling, type StyledFile, type StyleRequest } from './styles/style.ts';
import { undecodable } from './undecodable.ts';

export type { CameraMetadata, Derivative, IngestedImage, Variant } from './ingested-image.ts';
export { markSource } from './mark-source/index.ts';
export {
  PAINTER_KEY,
  PAINTER_VERSION,
  type PaintedFile,
  type PaintProgress,
  type PaintRequest,
  paintLimits,
} from './paint/paint-request.ts';
export { type Crop, type PictureFile, type PictureShape, pictureSizes } from './picture-file.ts';
export { type ImageFormat, mediaTypeOf, SNIFF_BYTES, sniff } from './sniff.ts';
export { stripMetadata } from './strip-metadata/index.ts';
export {
  STYLED_SOURCE,
  type StyledFile,
  type StyleId,
  type StyleRequest,
  styleIds,
} from './styles/style.ts';

/** Width × height that an original may have at most. */
export const MAX_PIXELS = 100_000_000;

interface Dependencies {
  /** Pictures decoded at once, each in a process of its own. Default: the number of cores, 8 at most. */
  processes?: number;
  /** Pixels that may be held whole in memory by all processes together. Default 120 million, about 500 MB. */
  pixelBudget?: number;
  /** The longest that one step of one picture may take, in milliseconds. Default 60 000. */
  timeoutMs?: number;
  /** How long a process is kept without work, in milliseconds. Default 30 000. */
  idleMs?: number;
  logger?: DecoderLogger;
}

interface IngestRequest {
  /** The original, a complete file. */
  path: string;
  /** An existing folder; the derivatives are written into it. After an error it may hold a part of them. */
  outDir: string;
  /** Default `MAX_PIXELS`. */
  maxPixels?: number;
  /** Ends the waiting or the work; `ingest` then rejects with its reason. */
  signal?: AbortSignal;
}

interface Limits {
  timeoutMs: number;
  signal: AbortSignal | undefined;
}

export interface Imaging {
  /**
   * Checks that a file is a picture which decodes in full, and makes its derivatives and its placeholder.
   * Throws AppError `unsupported_media_type`, `too_many_pixels`, `undecodable` (also when decoding crashes or takes too long),
   * `storage_full` or `unavailable`.
   */
  ingest(request: IngestRequest): Promise<IngestedImage>;
  /**
   * Checks a file as {@link Imaging.ingest} does, and makes a public picture of it: the whole one first, then its smaller copies.
   * Throws as `ingest`, and AppError `too_large` when it cannot be made small enough.
   */
  makePicture(request: IngestRequest & { readonly shape: PictureShape }): Promise<PictureFile[]>;
  /**
   * Gives a photo a look, in a file that may be kept as a photo of its own. Throws as `ingest`.
   */
  stylePhoto(request: IngestRequest & { readonly request: StyleRequest }): Promise<StyledFile>;
  /** A small picture in a look: the bytes of a JPEG or, with transparency, a WebP. Throws as `ingest`. */
  previewStyle(
    request: Omit<IngestRequest, 'outDir'> & { readonly request: Pick<StyleRequest, 'style' | 'strength'> },
  ): Promise<Uint8Array>;
  /**
   * Paints a picture and writes it to `outPath`: one at a time, in a process of its own that uploads never wait for and that gives way to all others. A call that
   * waits its turn has not begun: nothing is told of it.
   * @param options.yields whoever else waits for the painter goes first, and who comes later as well
   * @param options.onTurn called once the turn has come, before anything is painted
   * Throws what {@link Imaging.ingest} throws for the picture to start from, AppError `undecodable` when painting crashes or falls silent,
   * `storage_full` or `unavailable`.
   */
  paint(
    request: PaintRequest,
    tell: (progress: PaintProgress) => void,
    signal?: AbortSignal,
    options?: { readonly yields?: boolean; readonly onTurn?: () => void },
  ): Promise<PaintedFile>;
  /** Process ids of the decoders that run now. */
  pids(): number[];
  /** Ends every process; work at hand fails with `unavailable`. */
  close(): void;
}

/**
 * Decodes pictures in child processes that may crash or hang without harm. They are started with the first picture, and ended
 * when there was none for a while. Work is admitted in the order it came: as many pictures as there are processes, and of those
 * only as many at once as fit the pixel budget.
 */
export function createImaging({
  processes = Math.min(availableParallelism(), 8),
  pixelBudget = 120_000_000,
  timeoutMs = 60_000,
  idleMs = 30_000,
  logger,
}: Dependencies = {}): Imaging {
  const slots = createAdmission(processes);
  const pixels = createAdmission(pixelBudget);
  // Beside the decoders: what it may take of memory is bounded by the size of what it paints.
  const easel = createAdmission(1);
  let painter: Decoder | undefined;
  let painting = false;
  const running = new Set<Decoder>();
  const idle: Decoder[] = [];
  let idleTimer: NodeJS.Timeout | undefined;
  let closed = false;

  function takeDecoder(): Decoder {
    if (closed) throw shuttingDown();
    for (let decoder = idle.pop(); decoder; decoder = idle.pop()) {
      if (decoder.usable) return decoder;
      running.delete(decoder);
    }
    const decoder = startDecoder(logger);
    running.add(decoder);
    return decoder;
  }

  function giveBack(decoder: Decoder) {
    if (decoder.usable && !closed) idle.push(decoder);
    else end(decoder);
    endIdleLater();
  }

  function endIdleLater() {
    idleTimer?.refresh();
    idleTimer ??= setTimeout(() => {
      idleTimer = undefined;
      for (const unused of idle.splice(0)) end(unused);
      if (painter && !painting) end(painter);
    }, idleMs).unref();
  }

  function takePainter(): Decoder {
    if (closed) throw shuttingDown();
    if (painter?.usable) return painter;
    if (painter) running.delete(painter);
    painter = startDecoder(logger, PAINTER_HEAP);
    running.add(painter);
    return painter;
  }

  /** The picture to start from is looked at first: decoding it takes of the same memory as uploads do. */
  async function paintFrom(request: PaintRequest, tell: (progress: PaintProgress) => void, limits: Limits) {
    if (!request.source) return takePainter().paint(request, tell, limits);
    const { path } = request.source;
    await sniffFile(path);
    const { facts } = await takePainter().inspect(path, MAX_PIXELS, limits);
    const giveBackPixels = await pixels.acquire(facts.cost, limits.signal);
    try {
      return await takePainter().paint(request, tell, limits);
    } finally {
      giveBackPixels();
    }
  }

  function end(decoder: Decoder) {
    running.delete(decoder);
    decoder.kill();
  }

  /** Looks at a file's header in a process of its own, and works on it there once there is room for its pixels. */
  async function withDecoder<Result>(
    { path, maxPixels, signal }: { path: string; maxPixels: number; signal: AbortSignal | undefined },
    work: (decoder: Decoder, inspected: Awaited<ReturnType<Decoder['inspect']>>) => Promise<Result>,
    costOf: (facts: ImageFacts) => number = ({ cost }) => cost,
  ): Promise<Result> {
    await sniffFile(path);
    const leaveSlot = await slots.acquire(1, signal);
    let decoder: Decoder | undefined;
    try {
      decoder = takeDecoder();
      const inspected = await decoder.inspect(path, maxPixels, { timeoutMs, signal });
      const giveBackPixels = await pixels.acquire(costOf(inspected.facts), signal);
      try {
        return await work(decoder, inspected);
      } finally {
        giveBackPixels();
      }
    } catch (error) {
      throw closed && !signal?.aborted ? shuttingDown() : error;
    } finally {
      if (decoder) giveBack(decoder);
      leaveSlot();
    }
  }

  return {
    ingest: ({ path, outDir, maxPixels = MAX_PIXELS, signal }) =>
      withDecoder({ path, maxPixels, signal }, async (decoder, { facts, metadata }) => {
        const derived = await decoder.derive({ path, outDir, facts, maxPixels }, { timeoutMs, signal });
        const { format, width, height, animated } = facts;
        return { format, mimeType: mediaTypeOf[format], width, height, animated, ...derived, metadata };
      }),
    makePicture: ({ path, outDir, shape, maxPixels = MAX_PIXELS, signal }) =>
      withDecoder({ path, maxPixels, signal }, (decoder, { facts }) =>
        decoder.picture({ path, outDir, facts, shape, maxPixels }, { timeoutMs, signal }),
      ),
    stylePhoto: ({ path, outDir, request, maxPixels = MAX_PIXELS, signal }) =>
      withDecoder(
        { path, maxPixels, signal },
        (decoder, { facts }) => decoder.style({ path, outDir, facts, request, maxPixels }, { timeoutMs, signal }),
        (facts) => facts.cost + costOfStyling(facts),
      ),
    previewStyle: ({ path, request, maxPixels = MAX_PIXELS, signal }) =>
      withDecoder({ path, maxPixels, signal }, (decoder, { facts }) =>
        decoder.previewStyle(
          {
            path,
            facts,
            request: { ...request, takenAt: null, takenOffset: null, make: null, model: null },
            maxPixels,
          },
          { timeoutMs, signal },
        ),
      ),
    async paint(request, tell, signal, options) {
      const leaveEasel = await easel.acquire(1, signal, options);
      painting = true;
      try {
        options?.onTurn?.();
        return await paintFrom(request, tell, { timeoutMs, signal });
      } catch (error) {
        throw closed && !signal?.aborted ? shuttingDown() : error;
      } finally {
        painting = false;
        endIdleLater();
        leaveEasel();
      }
    },
    pids: () => [...running].map(({ pid }) => pid),
    close() {
      closed = true;
      clearTimeout(idleTimer);
      for (const decoder of running) end(decoder);
    },
  };
}

const shuttingDown = () =>
  new AppError('unavailable', 'The server is shutting down. Send the picture again in a moment.');

async function sniffFile(path: string): Promise<ImageFormat> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFF_BYTES), 0, SNIFF_BYTES, 0);
    if (bytesRead === 0) throw undecodable('This file is empty.');
    const format = sniff(buffer.subarray(0, bytesRead));
    if (format) return format;
    throw new AppError(
      'unsupported_media_type',
      'This kind of file is not supported: send JPEG, PNG, WebP, GIF, AVIF or HEIC.',
    );
  } finally {
    await file.close();
  }
}
