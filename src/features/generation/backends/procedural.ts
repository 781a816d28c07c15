import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#platform/http/app-error.ts';
import {
  type Imaging,
  PAINTER_KEY,
  PAINTER_VERSION,
  type PaintProgress,
  paintLimits,
} from '#platform/imaging/index.ts';
import { type Backend, BackendError, type Batch, type BatchEvent, type FollowContext, type Model } from './backend.ts';

interface Dependencies {
  readonly imaging: Pick<Imaging, 'paint'>;
}

/**
 * Names that other backends have for their ways to a picture. The painter takes them, so that what was set for those may be sent here, and they change nothing.
 */
const schedulers = [
  'euler',
  'euler_a',
  'euler_k',
  'ddim',
  'ddpm',
  'deis',
  'dpmpp_2s',
  'dpmpp_2m',
  'dpmpp_2m_k',
  'dpmpp_sde',
  'dpmpp_sde_k',
  'heun',
  'heun_k',
  'kdpm_2',
  'lcm',
  'lms',
  'lms_k',
  'pndm',
  'unipc',
];

export const painter: Model = {
  key: PAINTER_KEY,
  hash: `sha256:${createHash('sha256').update(`the painter ${PAINTER_VERSION}`).digest('hex')}`,
  name: 'The painter',
  type: 'main',
  base: 'painter',
  description:
    'Paints landscapes, towns, flowers and abstract pictures by rules, on this server and without a trained model. It knows a few hundred words, of what is to be seen, the hour, the weather, colours and media such as cut paper, watercolour, ink, oil, gouache, poster, linocut, stained glass and pastel; others decide by chance, always the same. Schedulers change nothing.',
  compatibleVae: [],
  defaults: { width: 1024, height: 1024, steps: 30, cfg_scale: 7.5, scheduler: 'euler' },
  limits: {
    multipleOf: paintLimits.multipleOf,
    minSide: paintLimits.minSide,
    maxSide: paintLimits.maxSide,
    maxPixels: paintLimits.maxPixels,
    minSteps: 1,
    maxSteps: paintLimits.maxSteps,
    minCfgScale: paintLimits.minCfgScale,
    maxCfgScale: paintLimits.maxCfgScale,
    schedulers,
  },
};

/** One who paints within this server. It keeps nothing: of what was not kept when the server died, the same is painted again. */
export function createProceduralBackend({ imaging }: Dependencies): Backend {
  /** What ends a picture that is being painted or waits for it, by batch and place. */
  const atWork = new Map<string, Map<number, AbortController>>();

  async function* follow(batch: Batch, context: FollowContext): AsyncGenerator<BatchEvent> {
    requirePainter(batch);
    const { signal, settled } = context;
    const stops = new Map(batch.seeds.flatMap((_, n) => (settled.has(n) ? [] : [[n, new AbortController()] as const])));
    atWork.set(batch.id, stops);
    try {
      signal.throwIfAborted();
      yield { kind: 'accepted', ticket: {} };
      for (const [n, stop] of stops) {
        signal.throwIfAborted();
        yield* paintOne(batch, n, context, stop.signal);
      }
    } finally {
      // Whoever follows the same batch anew has put his own there.
      if (atWork.get(batch.id) === stops) atWork.delete(batch.id);
    }
  }

  async function* paintOne(
    batch: Batch,
    n: number,
    context: FollowContext,
    stop: AbortSignal,
  ): AsyncGenerator<BatchEvent> {
    const { sampling, prompt, negativePrompt, source } = batch;
    const outPath = join(context.workDir, `${batch.id}-${n}.jpg`);
    const told = createMailbox<PaintProgress>();
    // Whoever stops listening stops the painting as well.
    const left = new AbortController();
    const signal = AbortSignal.any([context.signal, stop, left.signal]);
    const painted = imaging
      .paint(
        {
          prompt,
          negativePrompt,
          seed: batch.seeds[n] as number,
          width: sampling.width,
          height: sampling.height,
          steps: sampling.steps,
          cfgScale: sampling.cfg_scale,
          source,
          outPath,
        },
        told.put,
        signal,
      )
      .finally(told.close);
    painted.catch(() => {});
    try {
      for await (const { done, preview } of told) {
        yield { kind: 'progress', n, done, step: Math.round(done * sampling.steps), of: sampling.steps, preview };
      }
      await painted;
      yield { kind: 'made', n, image: outPath };
    } catch (error) {
      context.signal.throwIfAborted();
      const why = stop.aborted ? cancelled() : describe(error);
      // It says nothing about this picture: all that are left are painted later.
      if (why.isTransient) throw why;
      yield { kind: 'failed', n, error: why };
    } finally {
      left.abort();
    }
  }

  return {
    driver: 'procedural',
    capabilities: {
      fromPhoto: true,
      progress: true,
      cancelOne: true,
      negativePrompt: true,
      seeds: true,
      keepsResults: false,
    },
    destination: null,
    lanes: 1,
    check: async () => String(PAINTER_VERSION),
    listModels: async () => [painter],
    follow,
    async fetch(image, write, { maxBytes, signal }) {
      try {
        if ((await stat(image)).size > maxBytes) throw tooLarge(maxBytes);
        for await (const chunk of createReadStream(image, { signal })) await write(chunk);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof BackendError || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        throw new BackendError('invokeai_retrieval_error', 'The picture is not there any more. Try again.', {
          cause: error,
        });
      }
    },
    forget: (image) => rm(image, { force: true }),
    async cancel({ id }, _ticket, only) {
      for (const [n, stop] of atWork.get(id) ?? []) if (!only || only.includes(n)) stop.abort(cancelled());
    },
    async discard({ id }) {
      for (const stop of atWork.get(id)?.values() ?? []) stop.abort(cancelled());
      return atWork.has(id);
    },
    close() {
      for (const stops of atWork.values()) for (const stop of stops.values()) stop.abort(cancelled());
    },
  };
}

function requirePainter({ model, sampling: { width, height, steps }, seeds }: Batch): void {
  if (model.key !== painter.key) {
    throw new BackendError('invokeai_model_error', 'This model is not one of the painter’s. Choose another model.');
  }
  const { multipleOf, minSide, maxSide, maxPixels } = painter.limits;
  const fits = [width, height].every((side) => side % multipleOf === 0 && side >= minSide && side <= maxSide);
  if (!fits || width * height > maxPixels) {
    throw new BackendError(
      'invokeai_graph_error',
      `The painter’s pictures are ${minSide} to ${maxSide} pixels wide and high, in steps of ${multipleOf}. Choose another size.`,
    );
  }
  if (!(steps >= 1) || seeds.some((seed) => !Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32)) {
    throw new BackendError(
      'invokeai_graph_error',
      'The painter takes one step at least, and seeds from 0 to 4294967295.',
    );
  }
}

const cancelled = () => new BackendError('invokeai_generation_error', 'This picture was cancelled.');

const tooLarge = (maxBytes: number) =>
  new BackendError('invokeai_retrieval_error', `The picture is larger than the ${maxBytes} bytes that are allowed.`);

/** What a person may do about it; the rest is for the log. */
function describe(error: unknown): BackendError {
  const code = error instanceof AppError ? error.code : null;
  if (code === 'unavailable') {
    return new BackendError(
      'invokeai_connection_error',
      'The painter cannot work at the moment. It goes on by itself later.',
      { isTransient: true, cause: error },
    );
  }
  if (code === 'storage_full') {
    return new BackendError('invokeai_generation_error', 'The server has no room left for this picture.', {
      cause: error,
    });
  }
  return new BackendError(
    'invokeai_generation_error',
    'This picture could not be painted. Try again, or start from another photo.',
    { cause: error },
  );
}

/** Keeps what is put in until it is asked for. */
function createMailbox<Letter>() {
  const letters: Letter[] = [];
  let isClosed = false;
  let wake = () => {};
  return {
    put(letter: Letter) {
      letters.push(letter);
      wake();
    },
    close() {
      isClosed = true;
      wake();
    },
    async *[Symbol.asyncIterator](): AsyncGenerator<Letter> {
      for (;;) {
        for (let letter = letters.shift(); letter !== undefined; letter = letters.shift()) yield letter;
        if (isClosed) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
