import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  createInvokeAiSimulator,
  type InvokeAiSimulator,
  invokeAiDocument,
  type SimulatorOptions,
} from '../../../../test/simulators/invokeai.ts';
import { describeBackend } from './backend.test-suite.ts';
import {
  type Backend,
  BackendError,
  type BackendErrorCode,
  type Batch,
  type BatchEvent,
  type Model,
} from './backend.ts';
import { fluxSchedulers, schedulers } from './invokeai/models.ts';
import { createInvokeAi, type InvokeAiOptions } from './invokeai.ts';

const never = new AbortController().signal;
const quick = { connectMs: 20_000, readMs: 20_000, poll: [20, 30, 40], maintenanceWaits: [10, 10, 10] };
const account = { email: 'tintype@example.org', password: 'correct horse' };
const user = { id: 'u1', ...account, isActive: true };

describe.skipIf(!invokeAiDocument)('with the simulator', () => {
  let simulator: InvokeAiSimulator;
  let workDir: string;
  beforeEach(async () => {
    workDir = await mkdtemp(join(tmpdir(), 'invokeai-'));
  });
  afterEach(async () => {
    await simulator.close();
    await rm(workDir, { recursive: true });
  });

  async function open(options: SimulatorOptions = {}, more: Partial<InvokeAiOptions> = {}): Promise<Backend> {
    simulator = await createInvokeAiSimulator(options);
    return connect(more);
  }

  function connect(more: Partial<InvokeAiOptions> = {}): Backend {
    const backend = createInvokeAi({ url: simulator.url, ...quick, ...more });
    onTestFinished(() => backend.close());
    return backend;
  }

  const modelOf = async (backend: Backend, base: string): Promise<Model> => {
    const found = (await backend.listModels(never)).find((model) => model.base === base);
    if (!found) throw new Error(`no model of ${base}`);
    return found;
  };

  async function batchOf(backend: Backend, more: Partial<Batch> & { base?: string } = {}): Promise<Batch> {
    const { base = 'sd-1', ...rest } = more;
    const { defaults, ...model } = await modelOf(backend, base);
    return {
      ...{
        id: randomUUID(),
        prompt: 'a lake — at “dawn” 🌅',
        negativePrompt: 'blurry',
        model,
        vae: null,
        source: null,
      },
      ...{ sampling: { ...defaults, width: 256, height: 256, steps: 8 }, seeds: [11, 12, 13], ...rest },
    };
  }

  type Hearing = (event: BatchEvent) => unknown;

  async function follow(
    backend: Backend,
    batch: Batch,
    context: Partial<Parameters<Backend['follow']>[1]> = {},
    hear: Hearing = () => {},
  ): Promise<BatchEvent[]> {
    const events: BatchEvent[] = [];
    const settled = new Set<number>();
    for await (const event of backend.follow(batch, { ticket: null, settled, workDir, signal: never, ...context })) {
      events.push(event);
      await hear(event);
    }
    return events;
  }

  const imagesOf = (events: readonly BatchEvent[]) =>
    events.flatMap((event) => (event.kind === 'made' ? [event.image] : []));
  const ends = (events: readonly BatchEvent[]) =>
    events.flatMap((event) => {
      if (event.kind === 'made') return [`${event.n} made`];
      return event.kind === 'failed' ? [`${event.n} ${event.error.code}`] : [];
    });
  const ticketOf = (events: readonly BatchEvent[]) =>
    events.findLast((event) => event.kind === 'accepted')?.ticket ?? null;

  const error = (code: BackendErrorCode, isTransient: boolean) =>
    expect.objectContaining({ name: 'BackendError', code, isTransient });

  async function fetchAll(backend: Backend, image: string, maxBytes = 64 * 2 ** 20): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    await backend.fetch(image, async (chunk) => void chunks.push(Uint8Array.from(chunk)), { maxBytes, signal: never });
    return Buffer.concat(chunks);
  }

  const startOf = () => simulator.items.at(-1)?.graph.nodes?.denoise?.denoising_start;

  /** Each picture is in the queue once, whatever was sent how often. */
  function expectEachOnce(batch: Batch): void {
    const seeds = simulator.items
      .filter(({ batchId, status }) => batchId === batch.id && status !== 'canceled')
      .map(({ fieldValues }) => fieldValues[0]?.value);
    expect(seeds.sort()).toEqual([...batch.seeds].sort());
  }

  describe('models', () => {
    it('are those that paint, as the document has them', async () => {
      const models = await (await open()).listModels(never);
      expect(models.map(({ name }) => name)).toEqual([
        ...['Dreamshaper 8', 'Juggernaut XL', 'Of a newer version', 'FLUX schnell'],
      ]);
      const [dreamshaper, , newer, schnell] = models;
      expect(dreamshaper?.defaults).toEqual({
        width: 512,
        height: 768,
        steps: 25,
        cfg_scale: 6,
        scheduler: 'dpmpp_2m_k',
      });
      expect(dreamshaper?.compatibleVae.map(({ name, isDefault }) => [name, isDefault])).toEqual([
        ['vae-ft-mse', true],
      ]);
      // What it says of itself and cannot be kept to is left.
      expect(newer?.defaults).toEqual({ width: 1024, height: 1024, steps: 30, cfg_scale: 7.5, scheduler: 'euler' });
      expect(schnell?.defaults).toMatchObject({ steps: 4, cfg_scale: 4, scheduler: 'euler' });
      expect(schnell?.limits.multipleOf).toBe(16);
      expect(simulator.problems).toEqual([]);
    });

    it('take the schedulers that the document has', () => {
      const schemas = invokeAiDocument?.components.schemas;
      const of = (name: string) => (schemas?.[name]?.properties?.scheduler as { enum?: string[] } | undefined)?.enum;
      expect(schedulers).toEqual(of('DenoiseLatentsInvocation'));
      expect(fluxSchedulers).toEqual(of('FluxDenoiseInvocation'));
    });

    it('of FLUX are not offered without what they need', async () => {
      const backend = await open();
      simulator.models.splice(
        simulator.models.findIndex(({ type }) => type === 't5_encoder'),
        1,
      );
      expect((await backend.listModels(never)).some(({ base }) => base === 'flux')).toBe(false);
    });
  });

  describe('pictures', () => {
    it.each(['sd-1', 'sdxl', 'flux'])('of %s come from words, and nothing is left of them there', async (base) => {
      const backend = await open();
      const batch = await batchOf(backend, { base });
      const events = await follow(backend, batch);
      expect(ends(events).sort()).toEqual(['0 made', '1 made', '2 made']);
      const whole = await fetchAll(backend, imagesOf(events)[0] ?? '');
      expect(await sharp(whole).metadata()).toMatchObject({ width: 256, height: 256, format: 'png' });
      const metadata = JSON.parse(textOf(whole, 'invokeai_metadata'));
      expect(metadata).toMatchObject({ positive_prompt: batch.prompt, width: 256, steps: 8 });
      expect(batch.seeds).toContain(metadata.seed);
      for (const image of imagesOf(events)) await backend.forget(image, never);
      expect([...simulator.images.keys()]).toEqual([]);
      expectEachOnce(batch);
      expect(simulator.problems).toEqual([]);
    });

    it.each(['sd-1', 'sdxl', 'flux'])('of %s come from a photo, cut and not stretched', async (base) => {
      const backend = await open();
      const path = join(workDir, 'photo.png');
      // Three parts beside each other, of which the one in the middle is asked for.
      const part = (left: number, background: string) => ({
        input: { create: { width: 300, height: 300, channels: 3 as const, background } },
        ...{ left, top: 0 },
      });
      const parts = [part(0, '#ff0000'), part(300, '#00ff00'), part(600, '#0000ff')];
      await sharp({ create: { width: 900, height: 300, channels: 3, background: '#000' } })
        .composite(parts)
        .png()
        .toFile(path);
      const batch = await batchOf(backend, { base, seeds: [5], source: { path, strength: 0.4 } });
      const events = await follow(backend, batch, {}, (event) => {
        if (event.kind !== 'made') return;
        const kept = [...simulator.images.values()].map(({ isIntermediate, owner: _, bytes: _b, ...size }) => ({
          ...size,
          isIntermediate,
        }));
        expect(kept).toContainEqual({ width: 900, height: 300, isIntermediate: true });
        expect(kept).toContainEqual({ width: 300, height: 300, isIntermediate: true });
      });
      expect(ends(events)).toEqual(['0 made']);
      const [image = ''] = imagesOf(events);
      // The photo, and what was cut out of it, are gone again.
      expect([...simulator.images.keys()]).toEqual([image]);
      const { data } = await sharp(await fetchAll(backend, image))
        .raw()
        .toBuffer({ resolveWithObject: true });
      // Half of the colour of the seed over the green of the middle, at the left edge and at the right one.
      const at = (x: number) => [...data.subarray((128 * 256 + x) * 3, (128 * 256 + x) * 3 + 3)];
      expect(at(8)).toEqual(at(247));
      expect(at(8)[1]).toBeGreaterThan(120);
      expect(startOf()).toBeCloseTo(0.6);
      expect(simulator.problems).toEqual([]);
    });

    it('of another strength begin elsewhere, and always do something', async () => {
      const backend = await open();
      const path = join(workDir, 'photo.jpg');
      await sharp({ create: { width: 64, height: 64, channels: 3, background: '#123' } })
        .jpeg()
        .toFile(path);
      const startAt = async (strength: number) => {
        await follow(backend, await batchOf(backend, { seeds: [1], source: { path, strength } }));
        return startOf();
      };
      expect(await startAt(1)).toBe(0);
      expect(await startAt(0)).toBeCloseTo(1 - 1 / 8);
      expect(simulator.problems).toEqual([]);
    });

    it('are made with the VAE that was chosen', async () => {
      const backend = await open();
      const { compatibleVae } = await modelOf(backend, 'sd-1');
      const batch = await batchOf(backend, { vae: compatibleVae[0] ?? null });
      expect(ends(await follow(backend, batch))).toHaveLength(3);
      expect(simulator.items.at(-1)?.graph.nodes?.vae).toMatchObject({
        vae_model: { name: 'vae-ft-mse', type: 'vae' },
      });
      const foreign = (await modelOf(backend, 'sdxl')).compatibleVae[0] ?? null;
      const wrong = follow(backend, await batchOf(backend, { vae: foreign }));
      await expect(wrong).rejects.toThrow(error('invokeai_model_error', false));
      expect(simulator.problems).toEqual([]);
    });

    it('with the same seed twice are two', async () => {
      const backend = await open();
      const batch = await batchOf(backend, { seeds: [7, 7] });
      const images = imagesOf(await follow(backend, batch));
      expect(new Set(images).size).toBe(2);
      expectEachOnce(batch);
    });

    it('are told of as they sharpen, with what is heard alone', async () => {
      const backend = await open({ paceMs: 300 });
      const events = await follow(backend, await batchOf(backend, { seeds: [1] }));
      const progress = events.filter((event) => event.kind === 'progress');
      expect(progress.length).toBeGreaterThan(1);
      expect(progress.at(-1)).toMatchObject({ n: 0, of: 8 });
      expect((await sharp(progress[0]?.preview ?? undefined).metadata()).format).toBe('jpeg');
      await expect.poll(() => simulator.listeners()).toBe(0);
    });

    it.each([
      ['no picture', `data:image/png;base64,${Buffer.from('<svg/>').toString('base64')}`],
      ['of a kind that is not shown', 'data:image/svg+xml;base64,PHN2Zy8+'],
      ['elsewhere', 'https://elsewhere.test/preview.png'],
      ['far too large', `data:image/png;base64,iVBORw0KGgo${'A'.repeat(2 ** 21)}`],
    ])('are not shown by a preview that is %s', async (_what, preview) => {
      const backend = await open({ paceMs: 100 });
      simulator.faults.preview = preview;
      const events = await follow(backend, await batchOf(backend, { seeds: [1] }));
      const progress = events.filter((event) => event.kind === 'progress');
      expect(progress.length).toBeGreaterThan(0);
      expect(progress.every((event) => event.preview === null)).toBe(true);
    });

    it('that start from a file which is no photo are refused before anything is sent', async () => {
      const backend = await open();
      const path = join(workDir, 'photo.gif');
      await writeFile(path, 'GIF89a');
      const refused = follow(backend, await batchOf(backend, { source: { path, strength: 0.5 } }));
      await expect(refused).rejects.toThrow(error('invokeai_graph_error', false));
      await sharp({ create: { width: 8, height: 8, channels: 3, background: '#123' } })
        .jpeg()
        .toFile(path);
      await writeFile(path, 'x', { flag: 'r+' });
      await expect(follow(backend, await batchOf(backend, { source: { path, strength: 0.5 } }))).rejects.toThrow(
        BackendError,
      );
      expect(simulator.items).toEqual([]);
    });
  });

  describe('handed in once', () => {
    it('when the answer is lost', async () => {
      const backend = await open();
      simulator.faults.loseAnswers = 1;
      const batch = await batchOf(backend);
      expect(ends(await follow(backend, batch)).sort()).toEqual(['0 made', '1 made', '2 made']);
      expectEachOnce(batch);
      expect(simulator.requests.filter((request) => request.endsWith('enqueue_batch'))).toHaveLength(1);
    });

    it('when the answer never comes', async () => {
      const backend = await open({}, { readMs: 2000 });
      const batch = await batchOf(backend);
      let silent = 1;
      simulator.faults.spoil = ({ path }) => (path.endsWith('enqueue_batch') && silent-- > 0 ? 'silence' : null);
      expect(ends(await follow(backend, batch))).toHaveLength(3);
      expectEachOnce(batch);
      expect(simulator.requests.filter((request) => request.endsWith('enqueue_batch'))).toHaveLength(2);
    });

    it('when it is slow rather than lost: what is there twice is ended', async () => {
      const backend = await open({ paceMs: 400 }, { poll: [10, 10, 10] });
      Object.assign(simulator.faults, { loseAnswers: 1, lateMs: 200 });
      const batch = await batchOf(backend);
      const events = await follow(backend, batch);
      expect(ends(events).sort()).toEqual(['0 made', '1 made', '2 made']);
      await expect.poll(() => simulator.items.filter(({ status }) => status === 'completed').length).toBe(3);
      expectEachOnce(batch);
    });

    it('by whoever died before the answer could be noted down', async () => {
      const backend = await open({ paceMs: 50 });
      const batch = await batchOf(backend);
      const leaving = new AbortController();
      const hear: Hearing = ({ kind }) => kind === 'accepted' && leaving.abort();
      await expect(follow(backend, batch, { signal: leaving.signal }, hear)).rejects.toThrow(BackendError);
      expect(ends(await follow(connect(), batch))).toHaveLength(3);
      expectEachOnce(batch);
    });

    it.each([null, { items: { x: 'y' } }, { nonsense: 1 }])('with a ticket that says nothing: %j', async (ticket) => {
      const backend = await open();
      const batch = await batchOf(backend);
      const first = imagesOf(await follow(backend, batch)).sort();
      expect(imagesOf(await follow(backend, batch, { ticket })).sort()).toEqual(first);
      expectEachOnce(batch);
    });

    it('without item_ids', async () => {
      const backend = await open();
      simulator.faults.hasItemIds = false;
      const batch = await batchOf(backend);
      expect(ends(await follow(backend, batch))).toHaveLength(3);
      expectEachOnce(batch);
      expect(simulator.problems).toEqual([]);
    });

    it('to an old version, which lists its queue in pages', async () => {
      const backend = await open({ isOld: true });
      for (let n = 0; n < 5; n++) simulator.addForeign(null);
      const batch = await batchOf(backend);
      expect(await backend.check(never)).toBe('6.0.0');
      expect(ends(await follow(backend, batch))).toHaveLength(3);
      expectEachOnce(batch);
      expect(simulator.problems).toEqual([]);
    });

    it('in the order of its seeds, whatever order the items are in', async () => {
      const backend = await open();
      const batch = await batchOf(backend, { seeds: [3, 1, 2] });
      for (const event of await follow(backend, batch)) {
        if (event.kind !== 'made') continue;
        const bytes = await fetchAll(backend, event.image);
        const seed = Number(/"seed":(\d+)/.exec(bytes.toString('latin1'))?.[1]);
        expect(seed).toBe(batch.seeds[event.n]);
      }
    });

    it('as far as there is room, and the rest when there is', async () => {
      const backend = await open();
      simulator.faults.room = 2;
      const batch = await batchOf(backend, { seeds: [1, 2, 3, 4, 5] });
      expect(ends(await follow(backend, batch))).toHaveLength(5);
      expectEachOnce(batch);
      expect(simulator.requests.filter((request) => request.endsWith('enqueue_batch'))).toHaveLength(3);
    });

    it('not at all where there is no room', async () => {
      const backend = await open();
      simulator.faults.room = 0;
      const path = join(workDir, 'photo.jpg');
      await sharp({ create: { width: 64, height: 64, channels: 3, background: '#123' } })
        .jpeg()
        .toFile(path);
      const batch = await batchOf(backend, { source: { path, strength: 0.5 } });
      const full = follow(backend, batch);
      await expect(full).rejects.toThrow(error('invokeai_connection_error', true));
      await expect(full).rejects.toThrow('is full');
      expect(simulator.items).toEqual([]);
      expect(simulator.images.size).toBe(0);
      simulator.faults.room = 100;
      expect(ends(await follow(backend, batch))).toHaveLength(3);
    });
  });

  describe('ends', () => {
    it('for each picture by itself', async () => {
      const backend = await open();
      simulator.faults.failItem = (seed) =>
        seed === 12 ? { type: 'OutOfMemoryError', message: 'CUDA out of memory. Tried to allocate 20 GiB' } : null;
      const events = await follow(backend, await batchOf(backend));
      expect(ends(events).sort()).toEqual(['0 made', '1 invokeai_generation_error', '2 made']);
      const [failed] = events.filter((event) => event.kind === 'failed');
      expect(failed?.error.message).toBe(
        'InvokeAI ran out of memory. Ask for a smaller picture, or for another model.',
      );
    });

    it('with what InvokeAI says, and without where it says it', async () => {
      const backend = await open();
      const message = 'cannot read /opt/invokeai/models/sd-1/secret.safetensors: it is damaged.\nTraceback';
      simulator.faults.failItem = () => ({ type: 'ValueError', message });
      const [event] = (await follow(backend, await batchOf(backend, { seeds: [1] }))).filter(
        ({ kind }) => kind === 'failed',
      );
      const { error: failure } = event as Extract<BatchEvent, { kind: 'failed' }>;
      expect(failure.message).toBe('InvokeAI could not make the picture: cannot read … it is damaged.');
      expect(failure.isTransient).toBe(false);
      expect(String(failure.cause)).toContain('/opt/invokeai');
    });

    it('when InvokeAI is restarted: what was in progress is cancelled, the rest goes on', async () => {
      const backend = await open({ paceMs: 60 });
      const batch = await batchOf(backend);
      const events = await follow(backend, batch, {}, (event) => {
        if (event.kind !== 'accepted') return;
        return expect
          .poll(() => simulator.items.some(({ status }) => status === 'in_progress'))
          .toBe(true)
          .then(() => simulator.restart());
      });
      expect(ends(events).sort()).toEqual(
        [
          expect.stringContaining(' invokeai_generation_error'),
          expect.stringContaining(' made'),
          expect.stringContaining(' made'),
        ].sort(),
      );
      expect(ends(await follow(backend, batch, { ticket: ticketOf(events) })).sort()).toEqual(ends(events).sort());
      expectNoTwice(batch);
    });

    const expectNoTwice = (batch: Batch) =>
      expect(simulator.items.filter(({ batchId }) => batchId === batch.id)).toHaveLength(batch.seeds.length);

    it('when its history was cleared', async () => {
      const backend = await open();
      const batch = await batchOf(backend);
      const ticket = ticketOf(await follow(backend, batch));
      simulator.prune();
      const again = await follow(backend, batch, { ticket });
      expect(ends(again).sort()).toEqual([0, 1, 2].map((n) => `${n} invokeai_generation_error`));
      expect(simulator.items).toEqual([]);
    });

    it('when the picture was deleted over there', async () => {
      const backend = await open();
      const batch = await batchOf(backend, { seeds: [1] });
      const events = await follow(backend, batch);
      for (const image of imagesOf(events)) await backend.forget(image, never);
      expect(ends(await follow(backend, batch, { ticket: ticketOf(events) }))).toEqual(['0 invokeai_generation_error']);
    });

    it('when the model goes before it is asked for', async () => {
      const backend = await open();
      const batch = await batchOf(backend);
      simulator.models.splice(0, 1);
      const gone = follow(backend, batch);
      await expect(gone).rejects.toThrow(error('invokeai_model_error', false));
      await expect(gone).rejects.toThrow('Dreamshaper 8');
      expect(simulator.items).toEqual([]);
    });

    it('when the model goes while it waits', async () => {
      const backend = await open({ paceMs: 60 });
      const events = await follow(backend, await batchOf(backend), {}, ({ kind }) => {
        if (kind === 'accepted') simulator.models.splice(0, 1);
      });
      expect(ends(events).sort()).toEqual([0, 1, 2].map((n) => `${n} invokeai_model_error`));
    });

    it('when what is sent is refused, with nothing left behind', async () => {
      const backend = await open();
      const path = join(workDir, 'photo.jpg');
      await sharp({ create: { width: 64, height: 64, channels: 3, background: '#123' } })
        .jpeg()
        .toFile(path);
      simulator.faults.spoil = ({ path }) => (path.endsWith('enqueue_batch') ? { status: 422 } : null);
      const refused = follow(backend, await batchOf(backend, { source: { path, strength: 0.5 } }));
      await expect(refused).rejects.toThrow(error('invokeai_graph_error', false));
      expect(simulator.images.size).toBe(0);
      expect(simulator.items).toEqual([]);
    });

    it('for those that are cancelled, one or all, queued or in progress', async () => {
      const backend = await open({ paceMs: 100 });
      const one = await batchOf(backend);
      const events = await follow(backend, one, {}, async (event) => {
        if (event.kind === 'accepted') await backend.cancel(one, event.ticket, [1], never);
      });
      expect(ends(events).sort()).toEqual(['0 made', '1 invokeai_generation_error', '2 made']);
      const all = await batchOf(backend);
      const none = await follow(backend, all, {}, async (event) => {
        if (event.kind === 'accepted') await backend.cancel(all, event.ticket, null, never);
      });
      expect(ends(none).sort()).toEqual([0, 1, 2].map((n) => `${n} invokeai_generation_error`));
    });
  });

  it('keeps nothing of a photo whose batch is cancelled, whoever followed it', async () => {
    const backend = await open({ paceMs: 60 });
    const path = join(workDir, 'photo.jpg');
    await sharp({ create: { width: 99, height: 64, channels: 3, background: '#123' } })
      .jpeg()
      .toFile(path);
    const batch = await batchOf(backend, { source: { path, strength: 0.5 } });
    const leaving = new AbortController();
    let images: string[] = [];
    const hear: Hearing = async (event) => {
      if (event.kind !== 'made') return;
      images = [event.image];
      leaving.abort();
    };
    const events: BatchEvent[] = [];
    const followed = follow(backend, batch, { signal: leaving.signal }, (event) => {
      events.push(event);
      return hear(event);
    });
    await expect(followed).rejects.toThrow(BackendError);
    expect(simulator.images.size).toBeGreaterThan(1);
    await backend.cancel(batch, ticketOf(events) ?? {}, null, never);
    await expect.poll(() => simulator.items.some(({ status }) => status === 'in_progress')).toBe(false);
    expect([...simulator.images.keys()]).toEqual(images);
  });

  describe('when InvokeAI is not there', () => {
    it.each([
      [502, true],
      [503, true],
      [524, true],
      [500, true],
      [409, true],
      [429, true],
      [404, true],
      [403, false],
      [302, false],
    ])('and %i comes in its place, which passes: %s', async (status, isTransient) => {
      const backend = await open();
      const batch = await batchOf(backend);
      simulator.faults.spoil = () => ({ status, body: '<html>', headers: { location: 'http://127.0.0.1/' } });
      const failed = error('invokeai_connection_error', isTransient);
      await expect(backend.check(never)).rejects.toThrow(failed);
      await expect(backend.listModels(never)).rejects.toThrow(failed);
      await expect(follow(backend, batch)).rejects.toThrow(failed);
      simulator.faults.spoil = () => null;
      expect(ends(await follow(backend, batch))).toHaveLength(3);
      expectEachOnce(batch);
    });

    it('for a moment while it works, it is waited for', async () => {
      const backend = await open();
      const batch = await batchOf(backend);
      let left = 3;
      const events = await follow(backend, batch, {}, ({ kind }) => {
        if (kind === 'accepted') simulator.faults.spoil = () => (left-- > 0 ? { status: 524 } : null);
      });
      expect(ends(events)).toHaveLength(3);
      expectEachOnce(batch);
    });

    it('for long while it works, whoever asks again goes on', async () => {
      const backend = await open();
      const batch = await batchOf(backend);
      let ticket = null;
      const hear: Hearing = (event) => {
        if (event.kind !== 'accepted') return;
        ticket = event.ticket;
        simulator.faults.spoil = () => 'drop';
      };
      await expect(follow(backend, batch, {}, hear)).rejects.toThrow(error('invokeai_connection_error', true));
      simulator.faults.spoil = () => null;
      expect(ends(await follow(backend, batch, { ticket }))).toHaveLength(3);
      expectEachOnce(batch);
    });

    it('and a gateway says that nothing is, nothing is lost', async () => {
      const backend = await open();
      const batch = await batchOf(backend);
      const events = await follow(backend, batch, {}, ({ kind }) => {
        if (kind !== 'accepted') return;
        let left = 2;
        simulator.faults.spoil = ({ path }) =>
          /\/i\/\d+$/.test(path) && left-- > 0 ? { status: 404, body: 'no such pod' } : null;
      });
      expect(ends(events).sort()).toEqual(['0 made', '1 made', '2 made']);
    });

    it('nobody listens', async () => {
      const backend = await open();
      const { url } = simulator;
      const batch = await batchOf(backend);
      await simulator.close();
      await expect(backend.check(never)).rejects.toThrow(error('invokeai_connection_error', true));
      await expect(follow(backend, batch)).rejects.toThrow('nothing listens there');
      expect(backend.destination).toBe(new URL(url).host);
      expect(() => createInvokeAi({ url: 'http://169.254.169.254/' })).toThrow(
        error('invokeai_connection_error', false),
      );
      simulator = await createInvokeAiSimulator();
    });
  });

  describe('fetching', () => {
    const made = async (backend: Backend) =>
      imagesOf(await follow(backend, await batchOf(backend, { seeds: [1] })))[0] ?? '';

    it.each([
      ['truncated', true],
      ['broken off', true],
      ['not an image', true],
      ['a page', true],
      ['oversized', false],
    ] as const)('refuses what is %s', async (image, isTransient) => {
      const backend = await open();
      const name = await made(backend);
      simulator.faults.image = image;
      await expect(fetchAll(backend, name, 4 * 2 ** 20)).rejects.toThrow(
        error('invokeai_retrieval_error', isTransient),
      );
      simulator.faults.image = 'whole';
      expect((await fetchAll(backend, name)).equals(simulator.images.get(name)?.bytes as Buffer)).toBe(true);
    });

    it('waits while InvokeAI is maintained, as one attempt', async () => {
      const backend = await open();
      const name = await made(backend);
      let left = 3;
      simulator.faults.spoil = ({ path }) => (path.endsWith('/full') && left-- > 0 ? { status: 409 } : null);
      expect((await fetchAll(backend, name)).length).toBeGreaterThan(100);
      simulator.faults.spoil = () => ({ status: 409 });
      const lasting = await fetchAll(backend, name).catch((failure: unknown) => failure);
      expect(lasting).toEqual(error('invokeai_retrieval_error', true));
      expect((lasting as BackendError).retryAfterMs).toBeGreaterThan(0);
    });

    it.each(['524', 'silence', 'drop'])('tells of %s as of what passes', async (what) => {
      const backend = await open({}, what === 'silence' ? { readMs: 2000 } : {});
      const name = await made(backend);
      simulator.faults.spoil = () => (what === '524' ? { status: 524 } : (what as 'silence' | 'drop'));
      await expect(fetchAll(backend, name)).rejects.toThrow(error('invokeai_retrieval_error', true));
    });

    it.each(['gone.png', '../../etc/passwd', 'a/b.png', '..', ''])('finds no %j', async (name) => {
      const backend = await open();
      await expect(fetchAll(backend, name)).rejects.toThrow(error('invokeai_retrieval_error', false));
      expect(simulator.requests.filter((request) => request.includes('/images/')).length).toBeLessThanOrEqual(1);
    });

    it('passes on what the writer fails with', async () => {
      const backend = await open();
      const full = new Error('the disk is full');
      const write = async () => Promise.reject(full);
      await expect(backend.fetch(await made(backend), write, { maxBytes: 2 ** 26, signal: never })).rejects.toBe(full);
    });
  });

  describe('with accounts', () => {
    it('signs in, keeps the token that it is given, and signs in again when that is over', async () => {
      const backend = await open({ users: [user] }, account);
      const logins = () => simulator.requests.filter((request) => request.endsWith('/auth/login')).length;
      expect(await backend.check(never)).toBe('6.14.0');
      const batch = await batchOf(backend);
      const events = await follow(backend, batch);
      expect(ends(events)).toHaveLength(3);
      expect(logins()).toBe(1);
      simulator.expireTokens();
      const [image = ''] = imagesOf(events);
      await fetchAll(backend, image);
      expect(logins()).toBe(2);
      await backend.forget(image, never);
      expect(simulator.images.has(image)).toBe(false);
      expect(simulator.problems).toEqual([]);
    });

    it('hears of its own pictures there', async () => {
      const backend = await open({ users: [user], paceMs: 200 }, account);
      const events = await follow(backend, await batchOf(backend, { seeds: [1] }));
      expect(events.some(({ kind }) => kind === 'progress')).toBe(true);
    });

    it.each([
      ['none is set', {}, 'asks for a sign-in'],
      ['the password is wrong', { ...account, password: 'wrong' }, 'refuses the email address or the password'],
      [
        'the account is another',
        { ...account, email: 'nobody@example.org' },
        'refuses the email address or the password',
      ],
    ])('says that %s', async (_what, given, says) => {
      const backend = await open({ users: [user] }, given);
      const failed = await backend.check(never).catch((failure: unknown) => failure);
      expect(failed).toEqual(error('invokeai_connection_error', false));
      expect((failed as BackendError).message).toContain(says);
      const all = JSON.stringify(failed, Object.getOwnPropertyNames(failed)) + String((failed as BackendError).cause);
      expect(all).not.toContain(('password' in given && given.password) || account.password);
    });

    it('says that the account is switched off', async () => {
      const backend = await open({ users: [{ ...user, isActive: false }] }, account);
      await expect(backend.check(never)).rejects.toThrow('switched off');
    });

    it('refuses one without, where that is required', async () => {
      const backend = await open({}, { requireSignIn: true, ...account });
      await expect(backend.check(never)).rejects.toThrow('stands open to everybody');
    });

    it('notices when they are switched on', async () => {
      const users: { id: string; email: string; password: string; isActive: boolean }[] = [];
      const backend = await open({ users }, account);
      await backend.listModels(never);
      users.push(user);
      expect((await backend.listModels(never)).length).toBeGreaterThan(0);
    });

    it('is not confused by what belongs to others', async () => {
      const backend = await open({ users: [user] }, account);
      simulator.faults.hasItemIds = false;
      const batch = await batchOf(backend);
      for (const destination of [null, `tintype:${batch.id}`, 'elsewhere']) simulator.addForeign(destination);
      const events = await follow(backend, batch);
      expect(ends(events).sort()).toEqual(['0 made', '1 made', '2 made']);
      // A ticket whose items are somebody else's by now: those of a new database begin anew.
      const [foreign] = simulator.items;
      const ticket = { items: { 0: foreign?.id ?? 0, 1: foreign?.id ?? 0, 2: foreign?.id ?? 0 } };
      const lost = await follow(backend, batch, { ticket });
      expect(ends(lost).sort()).toEqual([0, 1, 2].map((n) => `${n} invokeai_generation_error`));
      expect(simulator.problems).toEqual([]);
    });
  });
});

/** What stands in a PNG's text under a key. */
function textOf(png: Buffer, key: string): string {
  const at = png.indexOf(`tEXt${key}\0`);
  return png.toString('latin1', at + 4 + key.length + 1, at + 4 + png.readUInt32BE(at - 4));
}

describe.skipIf(!invokeAiDocument)('as every backend', () => {
  describeBackend('InvokeAI', async (pace) => {
    const simulator = await createInvokeAiSimulator({ paceMs: pace === 'slow' ? 300 : 5 });
    onTestFinished(() => simulator.close());
    onTestFinished(() => expect(simulator.problems).toEqual([]));
    return createInvokeAi({ url: simulator.url, ...quick });
  });
});
