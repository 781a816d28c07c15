import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createOutbound, type Outbound, OutboundError, type OutboundRequest } from '#platform/http/outbound.ts';
import { mediaTypeOf, sniff } from '#platform/imaging/sniff.ts';
import { type Backend, BackendError, type Batch, type Limits, type Model } from './backend.ts';
import { explainOutbound } from './explain-outbound.ts';
import { followOneByOne, type MadePicture, type PictureProgress } from './one-by-one.ts';

export interface Automatic1111Options {
  /** Such as `http://127.0.0.1:7860`; it must run with `--api`. */
  readonly url: string;
  /** Of `--api-auth`. */
  readonly username?: string;
  readonly password?: string;
  readonly connectMs?: number;
  /** ms; a picture is made before anything is answered, and others may come before it. */
  readonly readMs?: number;
  readonly isPublic?: boolean;
  /** ms between the questions how far a picture is. */
  readonly progressEveryMs?: number;
}

const called = 'AUTOMATIC1111';
const pictureBytes = 64 * 1024 * 1024;
const previewBytes = 1024 * 1024;

const modelList = z.array(
  z.object({
    title: z.string(),
    model_name: z.string().min(1),
    hash: z.string().nullish(),
    sha256: z.string().nullish(),
  }),
);

const samplerList = z.array(z.object({ name: z.string() }));

const made = z.object({ images: z.array(z.string()).min(1), info: z.string() });

/** What `info` holds, which is JSON within JSON. */
const madeInfo = z.object({ seed: z.number().int() });

const progress = z.object({
  progress: z.number(),
  state: z.object({ sampling_step: z.number(), sampling_steps: z.number() }),
  current_image: z.string().nullish(),
  /** Whose it is; versions without it tell of anybody's. */
  current_task: z.string().nullish(),
});

/** A Stable Diffusion web UI with its API. @throws BackendError when nothing may be sent to that address */
export function createAutomatic1111(options: Automatic1111Options): Backend {
  const { url, username, password, readMs = 900_000, progressEveryMs = 1000 } = options;
  const outbound = openTo({ ...options, readMs, totalMs: 2 * readMs });
  const basic = username && password ? Buffer.from(`${username}:${password}`).toString('base64') : null;
  const headers: Record<string, string> = basic ? { authorization: `Basic ${basic}` } : {};

  async function ask<Answer>(schema: z.ZodType<Answer>, path: string, request: OutboundRequest): Promise<Answer> {
    try {
      const { value } = await outbound.json(`/sdapi/v1${path}`, { readMs: 30_000, ...request, headers });
      return schema.parse(value);
    } catch (error) {
      throw explain(error);
    }
  }

  async function listModels(signal: AbortSignal): Promise<Model[]> {
    const [models, samplers] = await Promise.all([
      ask(modelList, '/sd-models', { signal }),
      ask(samplerList, '/samplers', { signal }),
    ]);
    const schedulers = samplers.map(({ name }) => name);
    const byName = new Map(models.map((model) => [model.model_name, model]));
    return [...byName.values()].map(({ model_name: name, sha256, hash }) =>
      toModel(name, sha256 || hash || `name:${name}`, schedulers),
    );
  }

  async function make(
    batch: Batch,
    n: number,
    tell: (progress: PictureProgress) => void,
    signal: AbortSignal,
  ): Promise<MadePicture> {
    const models = await ask(modelList, '/sd-models', { signal });
    const model = models.find(({ model_name: name }) => name === batch.model.key);
    if (!model) {
      const message = `The model "${batch.model.name}" is no longer at ${called}. Choose another one.`;
      throw new BackendError('invokeai_model_error', message);
    }
    const task = `tintype-${randomUUID()}`;
    const json = { ...(await toRequest(batch, n, model.title)), force_task_id: task };
    const over = new AbortController();
    const watching = watch(task, tell, AbortSignal.any([signal, over.signal]));
    try {
      const request = { method: 'POST', json, signal, readMs, maxBytes: pictureBytes } as const;
      const { images, info } = await ask(made, batch.source ? '/img2img' : '/txt2img', request);
      const seed = readSeed(info);
      const bytes = Buffer.from((images[0] as string).replace(/^data:[^,]*,/, ''), 'base64');
      return { bytes, ...(seed === null || seed === batch.seeds[n] ? {} : { seed }) };
    } catch (error) {
      // It goes on for nobody unless it is told; what it does by now may be somebody else's.
      if (signal.aborted && (await watching.isOurs())) await interrupt();
      throw error;
    } finally {
      over.abort();
    }
  }

  const interrupt = () =>
    ask(z.unknown(), '/interrupt', { method: 'POST', signal: AbortSignal.timeout(10_000) }).catch(() => {});

  /** Tells of a picture for as long as it is the one that is made; a preview of somebody else's is nobody's business. */
  function watch(task: string, tell: (progress: PictureProgress) => void, signal: AbortSignal) {
    const look = (by: AbortSignal) => ask(progress, '/progress', { signal: by, maxBytes: 4 * previewBytes });
    void (async () => {
      for (let furthest = 0; ; ) {
        await sleep(progressEveryMs, undefined, { signal });
        const now = await look(signal).catch(() => null);
        if (now?.current_task !== task || now.progress < furthest) continue;
        furthest = now.progress;
        const { sampling_step: step, sampling_steps: of } = now.state;
        const done = Math.min(1, Math.max(0, now.progress));
        tell({ done, step: Math.min(step, of), of, preview: readPreview(now.current_image) });
      }
    })().catch(() => {});
    return {
      isOurs: () =>
        look(AbortSignal.timeout(10_000)).then(
          ({ current_task: current }) => current === task,
          () => false,
        ),
    };
  }

  const followed = followOneByOne({ make, lost: 'It may have been made all the same.' });
  return {
    ...followed,
    driver: 'automatic1111',
    capabilities: {
      fromPhoto: true,
      progress: true,
      cancelOne: true,
      negativePrompt: true,
      seeds: true,
      keepsResults: false,
    },
    destination: new URL(url).host,
    lanes: 1,
    async check(signal) {
      await ask(modelList, '/sd-models', { signal });
      return null;
    },
    listModels,
    close() {
      followed.close();
      outbound.close();
    },
  };
}

function openTo(options: Parameters<typeof createOutbound>[0]): Outbound {
  try {
    return createOutbound(options);
  } catch (error) {
    throw explainOutbound(error, called);
  }
}

/** It does not say what its models are of; their names often do. */
function toModel(name: string, hash: string, schedulers: readonly string[]): Model {
  const base = /flux/i.test(name) ? 'flux' : /xl|pony|illustrious/i.test(name) ? 'sdxl' : 'unknown';
  const side = base === 'unknown' ? 512 : 1024;
  const limits: Limits = {
    ...{ multipleOf: 8, minSide: 256, maxSide: 2048, maxPixels: 2048 * 2048 },
    ...{ minSteps: 1, maxSteps: 150, minCfgScale: 1, maxCfgScale: 30, schedulers },
  };
  const scheduler = schedulers.find((each) => each === 'Euler') ?? schedulers[0] ?? 'Euler';
  return {
    ...{ key: name, hash, name, type: 'main', base, description: null, compatibleVae: [] },
    defaults: { width: side, height: side, steps: 30, cfg_scale: 7.5, scheduler },
    limits,
  };
}

async function toRequest(batch: Batch, n: number, title: string): Promise<Record<string, unknown>> {
  const { width, height, steps, cfg_scale, scheduler } = batch.sampling;
  return {
    ...{ prompt: batch.prompt, negative_prompt: batch.negativePrompt, seed: batch.seeds[n] },
    ...{ width, height, steps, cfg_scale, sampler_name: scheduler, batch_size: 1, n_iter: 1 },
    // Put back after each picture, the model of whoever sits before it would be loaded every time.
    ...{ override_settings: { sd_model_checkpoint: title }, override_settings_restore_afterwards: false },
    ...{ send_images: true, save_images: false, do_not_save_samples: true, do_not_save_grid: true },
    ...(batch.source ? await sourceOf(batch.source) : {}),
  };
}

async function sourceOf({ path, strength }: NonNullable<Batch['source']>) {
  const bytes = await readFile(path);
  const format = sniff(bytes);
  if (!format) throw new BackendError('invokeai_graph_error', 'What was chosen to start from is no picture.');
  const image = `data:${mediaTypeOf[format]};base64,${bytes.toString('base64')}`;
  // 1 cuts to the proportions that are asked for; 0 would stretch.
  return { init_images: [image], denoising_strength: strength, resize_mode: 1 };
}

function readSeed(info: string): number | null {
  try {
    return madeInfo.parse(JSON.parse(info)).seed;
  } catch {
    return null;
  }
}

function readPreview(base64: string | null | undefined): Uint8Array | null {
  if (!base64 || base64.length > (previewBytes * 4) / 3) return null;
  const bytes = Buffer.from(base64.replace(/^data:[^,]*,/, ''), 'base64');
  return ['png', 'jpeg', 'webp'].includes(sniff(bytes) ?? '') ? bytes : null;
}

function explain(error: unknown): BackendError {
  const answer = error instanceof OutboundError && error.kind === 'status' ? error : null;
  if (answer && answer.status === 500 && /OutOfMemory/i.test(answer.body)) {
    const message = `${called} ran out of memory. Ask for a smaller picture, or for another model.`;
    return new BackendError('invokeai_generation_error', message, { cause: error });
  }
  if (answer?.status === 404) {
    const message = `${called} does not answer as it should. It must be started with --api.`;
    return new BackendError('invokeai_connection_error', message, { isTransient: true, cause: error });
  }
  return explainOutbound(error, called);
}
