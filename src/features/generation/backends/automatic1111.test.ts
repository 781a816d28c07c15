import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  type Automatic1111Simulator,
  createAutomatic1111Simulator,
} from '../../../../test/simulators/automatic1111.ts';
import { type Automatic1111Options, createAutomatic1111 } from './automatic1111.ts';
import { describeBackend } from './backend.test-suite.ts';
import type { Backend, BackendErrorCode, Batch, BatchEvent } from './backend.ts';

const never = new AbortController().signal;
const quick = { connectMs: 20_000, readMs: 20_000, progressEveryMs: 20 };

describe('AUTOMATIC1111', () => {
  let simulator: Automatic1111Simulator;
  let workDir: string;
  beforeEach(async () => {
    workDir = await mkdtemp(join(tmpdir(), 'automatic-'));
    simulator = await createAutomatic1111Simulator({ account: 'tintype:secret' });
  });
  afterEach(async () => {
    await simulator.close();
    await rm(workDir, { recursive: true });
  });

  function connect(more: Partial<Automatic1111Options> = {}): Backend {
    const account = { username: 'tintype', password: 'secret' };
    const backend = createAutomatic1111({ url: simulator.url, ...account, ...quick, ...more });
    onTestFinished(() => backend.close());
    return backend;
  }

  const batchOf = (more: Partial<Batch> = {}): Batch => ({
    ...{ id: randomUUID(), prompt: 'a lake', negativePrompt: 'blurry', vae: null, seeds: [1, 2], source: null },
    model: { key: 'dreamshaper_8', hash: 'x', name: 'dreamshaper_8', base: 'unknown' },
    sampling: { width: 256, height: 256, steps: 8, cfg_scale: 7.5, scheduler: 'Euler' },
    ...more,
  });

  async function follow(
    backend: Backend,
    batch: Batch,
    hear = (_event: BatchEvent): unknown => null,
  ): Promise<BatchEvent[]> {
    const events: BatchEvent[] = [];
    const context = { ticket: null, settled: new Set<number>(), workDir, signal: never };
    for await (const event of backend.follow(batch, context)) {
      events.push(event);
      await hear(event);
    }
    return events;
  }

  const kinds = (events: readonly BatchEvent[]) => events.map(({ kind }) => kind);
  const error = (code: BackendErrorCode, isTransient: boolean) =>
    expect.objectContaining({ name: 'BackendError', code, isTransient });

  it('lists its models with its samplers, and sizes by their names', async () => {
    const models = await connect().listModels(never);
    expect(models.map(({ name, base, defaults }) => [name, base, defaults.width])).toEqual([
      ['dreamshaper_8', 'unknown', 512],
      ['juggernautXL_v9', 'sdxl', 1024],
    ]);
    expect(models[0]?.limits.schedulers).toEqual(['DPM++ 2M', 'Euler']);
  });

  it('cuts a photo and does not stretch it', async () => {
    const path = join(workDir, 'photo.png');
    const side = { create: { width: 100, height: 100, channels: 3 as const, background: '#f00' } };
    await sharp({ create: { width: 300, height: 100, channels: 3, background: '#0f0' } })
      .composite([{ input: side, left: 0, top: 0 }])
      .png()
      .toFile(path);
    const events = await follow(connect(), batchOf({ seeds: [1], source: { path, strength: 0.5 } }));
    const [event] = events.filter(({ kind }) => kind === 'made');
    const { data } = await sharp((event as { image: string }).image)
      .raw()
      .toBuffer({ resolveWithObject: true });
    const at = (x: number) => [...data.subarray((128 * 256 + x) * 3, (128 * 256 + x) * 3 + 3)];
    expect(at(32)).toEqual(at(223));
    expect(simulator.problems).toEqual([]);
  });

  it('says which seed it took', async () => {
    simulator.faults.seed = 77;
    const events = await follow(connect(), batchOf({ seeds: [1] }));
    expect(events.at(-1)).toMatchObject({ kind: 'made', seed: 77 });
  });

  it.each([
    ['own', true],
    ['of somebody else', false],
    ['not told', false],
  ] as const)('tells how far a picture is that is %s: %s', async (currentTask, isTold) => {
    Object.assign(simulator.faults, { currentTask, paceMs: 1500 });
    const events = await follow(connect(), batchOf({ seeds: [1] }));
    const progress = events.filter((event) => event.kind === 'progress');
    expect(progress.length > 0).toBe(isTold);
    for (const { preview } of progress) expect((await sharp(preview ?? undefined).metadata()).format).toBe('png');
  });

  it('stops what is cancelled, unless it makes somebody else’s by then', async () => {
    // Not made before it is cancelled.
    simulator.faults.paceMs = 10_000;
    const backend = connect();
    const cancelling = (batch: Batch) => (event: BatchEvent) => {
      if (event.kind !== 'accepted') return;
      const making = () => simulator.requests;
      return void expect
        .poll(making)
        .toContain('POST /sdapi/v1/txt2img')
        .then(() => backend.cancel(batch, {}, null, never));
    };
    simulator.faults.currentTask = 'not told';
    const unknown = batchOf();
    expect(kinds(await follow(backend, unknown, cancelling(unknown)))).toEqual(['accepted', 'failed', 'failed']);
    expect(simulator.interrupts).toEqual([]);
  });

  it('interrupts its own picture', async () => {
    simulator.faults.paceMs = 5000;
    const backend = connect();
    const batch = batchOf({ seeds: [1] });
    const events = await follow(backend, batch, ({ kind }) => {
      if (kind === 'progress') return backend.cancel(batch, {}, [0], never);
    });
    expect(events.at(-1)).toMatchObject({ kind: 'failed', n: 0 });
    await expect.poll(() => simulator.interrupts).toEqual([expect.stringMatching(/^tintype-/)]);
  });

  it('needs its model, its account, and its interface', async () => {
    const gone = { key: 'gone', hash: 'x', name: 'Gone', base: 'unknown' };
    await expect(follow(connect(), batchOf({ model: gone }))).rejects.toThrow(error('invokeai_model_error', false));
    await expect(connect({ password: 'wrong' }).check(never)).rejects.toThrow(
      error('invokeai_connection_error', false),
    );
    simulator.faults.spoil = () => ({ status: 404 });
    await expect(connect().check(never)).rejects.toThrow('--api');
  });

  it.each([
    [{ status: 500, body: { error: 'OutOfMemoryError', detail: '' } }, ['accepted', 'failed', 'failed']],
    [{ status: 502 }, error('invokeai_connection_error', true)],
    [{ status: 422 }, error('invokeai_graph_error', false)],
    ['drop', error('invokeai_connection_error', false)],
    ['silence', error('invokeai_connection_error', false)],
  ] as const)('ends when it says %j', async (spoiled, ends) => {
    simulator.faults.spoil = ({ path }) => (path.endsWith('2img') ? spoiled : null);
    const backend = connect(spoiled === 'silence' ? { readMs: 1000 } : {});
    const found = await follow(backend, batchOf()).then(kinds, (failure: unknown) => failure);
    expect(found).toEqual(ends);
  });

  it('fails what is no picture', async () => {
    simulator.faults.image = Buffer.from('no picture');
    const events = await follow(connect(), batchOf({ seeds: [1] }));
    expect(events.at(-1)).toMatchObject({ error: error('invokeai_retrieval_error', false) });
  });
});

describeBackend('AUTOMATIC1111', async (pace) => {
  const simulator = await createAutomatic1111Simulator({ paceMs: pace === 'slow' ? 300 : 1 });
  onTestFinished(() => simulator.close());
  onTestFinished(() => expect(simulator.problems).toEqual([]));
  return createAutomatic1111({ url: simulator.url, ...quick });
});
