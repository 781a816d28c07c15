import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createOpenAiSimulator, type OpenAiSimulator } from '../../../../test/simulators/openai.ts';
import { paintPng } from '../../../../test/simulators/paint-png.ts';
import { describeBackend } from './backend.test-suite.ts';
import type { Backend, BackendErrorCode, Batch, BatchEvent } from './backend.ts';
import { createOpenAi, type OpenAiOptions } from './openai.ts';

const never = new AbortController().signal;

describe('a server that speaks as OpenAI does', () => {
  let simulator: OpenAiSimulator;
  let workDir: string;
  beforeEach(async () => {
    workDir = await mkdtemp(join(tmpdir(), 'openai-'));
    simulator = await createOpenAiSimulator({ key: 'sk-secret' });
  });
  afterEach(async () => {
    await simulator.close();
    await rm(workDir, { recursive: true });
  });

  function connect(more: Partial<OpenAiOptions> = {}): Backend {
    const backend = createOpenAi({ url: simulator.url, key: 'sk-secret', connectMs: 20_000, readMs: 20_000, ...more });
    onTestFinished(() => backend.close());
    return backend;
  }

  const batchOf = (key: string, more: Partial<Batch> = {}): Batch => ({
    ...{ id: randomUUID(), prompt: 'a lake', negativePrompt: '', vae: null, seeds: [1, 2], source: null },
    model: { key, hash: 'x', name: key, base: 'unknown' },
    sampling: { width: 1024, height: 1024, steps: 1, cfg_scale: 1, scheduler: 'default' },
    ...more,
  });

  async function follow(backend: Backend, batch: Batch): Promise<BatchEvent[]> {
    const events: BatchEvent[] = [];
    const context = { ticket: null, settled: new Set<number>(), workDir, signal: never };
    for await (const event of backend.follow(batch, context)) events.push(event);
    return events;
  }

  const kinds = (events: readonly BatchEvent[]) => events.map(({ kind }) => kind);
  const error = (code: BackendErrorCode, isTransient: boolean) =>
    expect.objectContaining({ name: 'BackendError', code, isTransient });

  it('is asked for the bytes, unless it refuses to be asked and sends them anyway', async () => {
    const backend = connect();
    expect(kinds(await follow(backend, batchOf('flux-dev')))).toEqual(['accepted', 'made', 'made']);
    expect(kinds(await follow(backend, batchOf('gpt-image-1')))).toEqual(['accepted', 'made', 'made']);
    expect(simulator.problems).toEqual([]);
  });

  it('makes a picture of a photo', async () => {
    const path = join(workDir, 'photo.webp');
    await sharp({ create: { width: 300, height: 200, channels: 3, background: '#0f0' } })
      .webp()
      .toFile(path);
    const events = await follow(connect(), batchOf('flux-dev', { seeds: [1], source: { path, strength: 0.5 } }));
    expect(kinds(events)).toEqual(['accepted', 'made']);
    expect(simulator.requests.at(-1)).toBe('POST /v1/images/edits');
    expect(simulator.problems).toEqual([]);
  });

  it('offers what it is told to, or all it has', async () => {
    const names = async (more: Partial<OpenAiOptions> = {}) =>
      (await connect(more).listModels(never)).map(({ name }) => name);
    expect(await names()).toEqual(['flux-dev', 'gpt-image-1', 'gpt-5', 'text-embedding-3']);
    expect(await names({ models: ['flux-dev', 'gone'] })).toEqual(['flux-dev']);
  });

  it('offers the sizes that OpenAI makes, and no other', async () => {
    const [model] = await connect({ models: ['gpt-image-1'] }).listModels(never);
    const { multipleOf, minSide, maxSide, maxPixels } = model?.limits ?? {
      multipleOf: 1,
      minSide: 0,
      maxSide: 0,
      maxPixels: 0,
    };
    const sizes: string[] = [];
    for (let width = minSide; width <= maxSide; width += multipleOf) {
      for (let height = minSide; height <= maxSide; height += multipleOf) {
        if (width * height <= maxPixels) sizes.push(`${width}x${height}`);
      }
    }
    expect(sizes).toEqual(['1024x1024', '1024x1536', '1536x1024']);
  });

  it('stands with or without the version in its address', async () => {
    const backend = connect({ url: simulator.url.replace('/v1', '') });
    expect(kinds(await follow(backend, batchOf('flux-dev')))).toContain('made');
  });

  it.each(['http://169.254.169.254/one.png', 'https://elsewhere.test/one.png', 'file:///etc/passwd', ''])(
    'is not followed to %j',
    async (address) => {
      simulator.faults.address = address;
      const events = await follow(connect(), batchOf('flux-dev', { seeds: [1] }));
      expect(events.at(-1)).toEqual({ kind: 'failed', n: 0, error: error('invokeai_retrieval_error', false) });
      expect(simulator.requests).toHaveLength(1);
    },
  );

  it('is followed to what it has itself, without the key', async () => {
    simulator.faults.bytes = await paintPng({ width: 64, height: 64 }, 1);
    simulator.faults.address = `${new URL(simulator.url).origin}/images/one.png`;
    const backend = connect({ url: simulator.url.replace('/v1', '') });
    expect(kinds(await follow(backend, batchOf('flux-dev', { seeds: [1] })))).toEqual(['accepted', 'made']);
    // What lies beside the path that was configured was not configured.
    expect(kinds(await follow(connect(), batchOf('flux-dev', { seeds: [1] })))).toEqual(['accepted', 'failed']);
  });

  it('fails what is no picture', async () => {
    simulator.faults.bytes = Buffer.from('no picture');
    const events = await follow(connect(), batchOf('flux-dev', { seeds: [1] }));
    expect(events.at(-1)).toEqual({ kind: 'failed', n: 0, error: error('invokeai_retrieval_error', false) });
  });

  const body = (code: string) => ({ error: { code, message: 'x', type: 'x' } });

  it.each([
    [{ status: 401 }, 'invokeai_connection_error', false, 1],
    [{ status: 429, headers: { 'retry-after': '2' } }, 'invokeai_connection_error', true, 1],
    [{ status: 429, body: body('insufficient_quota') }, 'invokeai_connection_error', false, 1],
    [{ status: 400, body: body('billing_hard_limit_reached') }, 'invokeai_connection_error', false, 1],
    [{ status: 404, body: body('model_not_found') }, 'invokeai_model_error', false, 1],
    [{ status: 400, body: body('unknown_parameter') }, 'invokeai_graph_error', false, 1],
    [{ status: 502 }, 'invokeai_connection_error', true, 1],
    [{ status: 500 }, 'invokeai_connection_error', false, 2],
    [{ status: 524 }, 'invokeai_connection_error', false, 2],
    ['drop', 'invokeai_connection_error', false, 2],
    ['silence', 'invokeai_connection_error', false, 2],
  ] as const)('ends a batch when it says %j', async (spoiled, code, isTransient, asked) => {
    simulator.faults.spoil = () => spoiled;
    const backend = connect(spoiled === 'silence' ? { readMs: 100 } : {});
    const failed = await follow(backend, batchOf('flux-dev')).catch((failure: unknown) => failure);
    expect(failed).toEqual(error(code, isTransient));
    if (typeof spoiled === 'object' && 'headers' in spoiled) expect(failed).toMatchObject({ retryAfterMs: 5000 });
    expect(JSON.stringify(failed, Object.getOwnPropertyNames(failed))).not.toContain('sk-secret');
    // What may have been made, and be charged for, is asked for once more and not again and again.
    expect(simulator.requests).toHaveLength(asked);
    if (asked > 1) expect((failed as Error).message).toMatch(/may have been made all the same, and be charged for/);
  });

  it('fails a picture that it does not want to make, and goes on', async () => {
    let left = 1;
    simulator.faults.spoil = () => (left-- > 0 ? { status: 400, body: body('moderation_blocked') } : null);
    const events = await follow(connect(), batchOf('flux-dev'));
    expect(kinds(events)).toEqual(['accepted', 'failed', 'made']);
    expect(events[1]).toMatchObject({ error: error('invokeai_generation_error', false) });
  });

  it('has nothing asked of it twice for what was made before', async () => {
    const backend = connect();
    let left = 1;
    simulator.faults.spoil = ({ path }) => (path.includes('images') && left-- <= 0 ? { status: 503 } : null);
    const made: number[] = [];
    const batch = batchOf('flux-dev');
    const context = { ticket: null, settled: new Set<number>(), workDir, signal: never };
    const interrupted = async () => {
      for await (const event of backend.follow(batch, context)) if (event.kind === 'made') made.push(event.n);
    };
    await expect(interrupted()).rejects.toThrow(error('invokeai_connection_error', true));
    expect(made).toEqual([0]);
    simulator.faults.spoil = () => null;
    const rest: BatchEvent[] = [];
    for await (const event of backend.follow(batch, { ...context, settled: new Set(made) })) rest.push(event);
    expect(rest.map((event) => ('n' in event ? event.n : event.kind))).toEqual(['accepted', 1]);
  });
});

describeBackend('A server that speaks as OpenAI does', async (pace) => {
  const simulator = await createOpenAiSimulator({ paceMs: pace === 'slow' ? 300 : 1 });
  onTestFinished(() => simulator.close());
  onTestFinished(() => expect(simulator.problems).toEqual([]));
  return createOpenAi({ url: simulator.url, connectMs: 20_000, readMs: 20_000 });
});
