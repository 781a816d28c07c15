import { open } from 'node:fs/promises';
import { z } from 'zod';
import { formWithFile } from '#platform/http/form-with-file.ts';
import { createOutbound, type Outbound, OutboundError, type OutboundRequest } from '#platform/http/outbound.ts';
import { mediaTypeOf, SNIFF_BYTES, sniff } from '#platform/imaging/sniff.ts';
import { type Backend, BackendError, type Batch, type Limits, type Model } from './backend.ts';
import { explainOutbound } from './explain-outbound.ts';
import { followOneByOne, type MadePicture } from './one-by-one.ts';

export interface OpenAiOptions {
  /** Such as `https://api.openai.com/v1`, or where a server stands that speaks as it does. */
  readonly url: string;
  readonly key?: string;
  /** Those that are offered, where the server lists what makes no pictures as well. */
  readonly models?: readonly string[];
  readonly connectMs?: number;
  /** ms; a picture is made before anything is answered. */
  readonly readMs?: number;
  /** On the internet, where its name may lead nowhere within one's own network. */
  readonly isPublic?: boolean;
}

/** Those of OpenAI itself, which lists all kinds of models. They answer with the bytes without being asked to, and refuse to be asked. */
const own = /^(gpt-image|chatgpt-image)/;
const paints = /^(gpt-image|chatgpt-image|dall-e)/;

const host = 'api.openai.com';

/** Neither steps nor a scale can be told; there is one of each. */
const fixed = { minSteps: 1, maxSteps: 1, minCfgScale: 1, maxCfgScale: 1, schedulers: [] };

/** A square, and the same with one side half as long again: no other size keeps to these. */
const ownLimits: Limits = { ...fixed, multipleOf: 512, minSide: 1024, maxSide: 1536, maxPixels: 1024 * 1536 };

const otherLimits: Limits = { ...fixed, multipleOf: 64, minSide: 256, maxSide: 2048, maxPixels: 2048 * 2048 };

const modelList = z.object({ data: z.array(z.object({ id: z.string().min(1) })) });

const answer = z.object({
  data: z.array(z.object({ b64_json: z.string().nullish(), url: z.string().nullish() })).min(1),
});

const said = z.object({ error: z.object({ code: z.string().nullish(), type: z.string().nullish() }) });

/** A picture of 2048 × 2048, as PNG and in base64, several times over. */
const pictureBytes = 64 * 1024 * 1024;

/**
 * A server that speaks OpenAI's image API: OpenAI, LocalAI, vLLM-Omni, sd-server.
 * @throws BackendError when nothing may be sent to that address
 */
export function createOpenAi(options: OpenAiOptions): Backend {
  const { url, key, readMs = 300_000 } = options;
  const isOpenAi = URL.canParse(url) && new URL(url).hostname === host;
  const called = isOpenAi ? 'OpenAI' : 'The image server';
  const outbound = openTo({ ...options, readMs, isPublic: options.isPublic ?? isOpenAi }, called);
  const version = outbound.basePath.endsWith('/v1') ? '' : '/v1';

  async function ask<Answer>(schema: z.ZodType<Answer>, path: string, request: OutboundRequest): Promise<Answer> {
    try {
      const headers: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {};
      const { value } = await outbound.json(version + path, { ...request, headers });
      return schema.parse(value);
    } catch (error) {
      throw explain(error, called);
    }
  }

  async function listModels(signal: AbortSignal): Promise<Model[]> {
    const { data } = await ask(modelList, '/models', { signal, readMs: Math.min(readMs, 30_000) });
    const ids = [...new Set(data.map(({ id }) => id))];
    const offered = options.models ? ids.filter((id) => options.models?.includes(id)) : ids;
    return offered.filter((id) => options.models || !isOpenAi || paints.test(id)).map(toModel);
  }

  async function make(batch: Batch, signal: AbortSignal): Promise<MadePicture> {
    const { width, height } = batch.sampling;
    const asked = {
      model: batch.model.key,
      prompt: batch.prompt,
      size: `${width}x${height}`,
      ...(own.test(batch.model.key) ? {} : { response_format: 'b64_json' }),
    };
    const request = batch.source
      ? { body: await formWithFile({ ...asked, n: '1' }, await imagePart(batch.source.path)) }
      : { json: { ...asked, n: 1 } };
    const path = `/images/${batch.source ? 'edits' : 'generations'}`;
    const { data } = await ask(answer, path, { method: 'POST', ...request, signal, maxBytes: pictureBytes });
    const [{ b64_json: base64, url: where }] = data as [(typeof data)[number]];
    if (base64) return { bytes: Buffer.from(base64.replace(/^data:[^,]*,/, ''), 'base64') };
    return { bytes: await fetchFrom(outbound, where ?? '', called, signal) };
  }

  const followed = followOneByOne({
    make: (batch, _n, _tell, signal) => make(batch, signal),
    lost: 'It may have been made all the same, and be charged for.',
  });
  return {
    ...followed,
    driver: 'openai',
    capabilities: {
      fromPhoto: true,
      progress: false,
      cancelOne: true,
      negativePrompt: false,
      sampling: false,
      seeds: false,
      keepsResults: false,
    },
    destination: new URL(url).host,
    lanes: 1,
    async check(signal) {
      await listModels(signal);
      return null;
    },
    listModels,
    close() {
      followed.close();
      outbound.close();
    },
  };
}

function openTo(options: OpenAiOptions, called: string): Outbound {
  try {
    return createOutbound(options);
  } catch (error) {
    throw explainOutbound(error, called);
  }
}

const toModel = (id: string): Model => {
  const limits = own.test(id) ? ownLimits : otherLimits;
  return {
    ...{ key: id, hash: `name:${id}`, name: id, type: 'main', base: 'unknown', description: null, compatibleVae: [] },
    defaults: { width: 1024, height: 1024, steps: 1, cfg_scale: 1, scheduler: 'default' },
    limits,
  };
};

async function imagePart(path: string) {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(SNIFF_BYTES), 0, SNIFF_BYTES, 0);
    const format = sniff(buffer.subarray(0, bytesRead)) ?? 'png';
    return { name: 'image', path, filename: `source.${format}`, contentType: mediaTypeOf[format] };
  } finally {
    await file.close();
  }
}

/** An address that stands in an answer could lead anywhere; only one of the same server is followed, and no key goes along. */
async function fetchFrom(
  outbound: Outbound,
  address: string,
  called: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const url = URL.canParse(address, outbound.origin) ? new URL(address, outbound.origin) : null;
  if (!address || url?.origin !== outbound.origin || !url.pathname.startsWith(outbound.basePath)) {
    const message = `${called} sends pictures by addresses of other servers, which are not followed. It must be set to send them itself (b64_json).`;
    throw new BackendError('invokeai_retrieval_error', message);
  }
  const path = url.pathname.slice(outbound.basePath.length);
  const query = Object.fromEntries(
    [...new Set(url.searchParams.keys())].map((name) => [name, url.searchParams.getAll(name)]),
  );
  try {
    const { body } = await outbound.request(path, {
      query,
      signal,
      maxBytes: pictureBytes,
      headers: { accept: 'image/*' },
    });
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return Buffer.concat(chunks);
  } catch (error) {
    const { message, isTransient } = explainOutbound(error, called);
    throw new BackendError('invokeai_retrieval_error', message, { isTransient, cause: error });
  }
}

function explain(error: unknown, called: string): BackendError {
  if (!(error instanceof OutboundError) || error.kind !== 'status') return explainOutbound(error, called);
  const { code, type } = readError(error.body);
  const about = `${code} ${type}`;
  if (/content_policy|moderation|safety/.test(about)) {
    const message = `${called} does not make what was asked for. Say it in other words.`;
    return new BackendError('invokeai_generation_error', message, { cause: error });
  }
  if (/insufficient_quota|billing/.test(about) || error.status === 402) {
    const message = `The account at ${called} has nothing left to spend. An administrator must look after it.`;
    return new BackendError('invokeai_connection_error', message, { cause: error });
  }
  if (/model_not_found/.test(about)) {
    const message = `The model is no longer at ${called}. Choose another one.`;
    return new BackendError('invokeai_model_error', message, { cause: error });
  }
  return explainOutbound(error, called);
}

function readError(body: string): { code?: string | null; type?: string | null } {
  try {
    return said.parse(JSON.parse(body)).error;
  } catch {
    return {};
  }
}
