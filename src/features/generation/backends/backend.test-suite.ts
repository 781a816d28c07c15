import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Backend, BackendError, type Batch, type BatchEvent, type FollowContext, type Model } from './backend.ts';

/**
 * What a backend is tried with. `slow` gives one that takes long enough for each picture that whoever cancels a batch of three as soon as
 * it was accepted comes before the last of them is made; one that is never faster than that makes the same of both.
 */
export type MakeBackend = (pace: 'quick' | 'slow') => Promise<Backend>;

const terminal = (event: BatchEvent) => event.kind === 'made' || event.kind === 'failed';
const never = new AbortController().signal;

/** What every backend must do. `make` gives one that can be reached, has a model and nothing to do yet; the suite closes it. */
export function describeBackend(name: string, make: MakeBackend): void {
  describe(`${name} as a backend`, () => {
    let workDir: string;
    beforeEach(async () => {
      workDir = await mkdtemp(join(tmpdir(), 'tintype-backend-'));
    });
    afterEach(() => rm(workDir, { recursive: true, force: true }));

    async function open(pace: 'quick' | 'slow' = 'quick'): Promise<{ backend: Backend; model: Model }> {
      const backend = await make(pace);
      onTestFinished(() => backend.close());
      const [model] = await backend.listModels(never);
      if (!model) throw new Error('the backend lists no model');
      return { backend, model };
    }

    /** Follows a batch to its end. `meanwhile` is called with each event before the next is asked for. */
    async function follow(
      backend: Backend,
      batch: Batch,
      context: Partial<FollowContext> = {},
      meanwhile?: (event: BatchEvent) => Promise<void> | void,
    ): Promise<BatchEvent[]> {
      const events: BatchEvent[] = [];
      const settled = new Set<number>();
      for await (const event of backend.follow(batch, { ticket: null, settled, workDir, signal: never, ...context })) {
        events.push(event);
        await meanwhile?.(event);
      }
      return events;
    }

    async function fetchBytes(backend: Backend, image: string, maxBytes = 64 * 2 ** 20): Promise<Buffer> {
      const chunks: Uint8Array[] = [];
      const write = async (chunk: Uint8Array) => void chunks.push(Uint8Array.from(chunk));
      await backend.fetch(image, write, { maxBytes, signal: never });
      return Buffer.concat(chunks);
    }

    const pixelsOf = async (backend: Backend, image: string) =>
      (
        await sharp(await fetchBytes(backend, image))
          .raw()
          .toBuffer()
      ).toString('base64');

    it('answers a check', async () => {
      const { backend } = await open();
      const version = await backend.check(never);
      expect(version === null || version.length > 0).toBe(true);
      expect(backend.driver).not.toBe('');
      expect(backend.lanes).toBeGreaterThanOrEqual(1);
    });

    it('lists models that can be told apart, whose defaults keep to their own limits', async () => {
      const { backend } = await open();
      const models = await backend.listModels(never);
      expect(new Set(models.map(({ key }) => key)).size).toBe(models.length);
      for (const { key, hash, name: title, base, type, defaults, limits, compatibleVae } of models) {
        for (const text of [key, hash, title, base]) expect(text).not.toBe('');
        expect(type).toBe('main');
        for (const side of [defaults.width, defaults.height]) {
          expect(side % limits.multipleOf).toBe(0);
          expect(side).toBeGreaterThanOrEqual(limits.minSide);
          expect(side).toBeLessThanOrEqual(limits.maxSide);
        }
        expect(limits.minSide % limits.multipleOf).toBe(0);
        expect(limits.minSide ** 2).toBeLessThanOrEqual(limits.maxPixels);
        expect(defaults.width * defaults.height).toBeLessThanOrEqual(limits.maxPixels);
        expect(defaults.steps).toBeGreaterThanOrEqual(limits.minSteps);
        expect(defaults.steps).toBeLessThanOrEqual(limits.maxSteps);
        expect(limits.minSteps).toBeGreaterThanOrEqual(1);
        expect(defaults.cfg_scale).toBeGreaterThanOrEqual(limits.minCfgScale);
        expect(defaults.cfg_scale).toBeLessThanOrEqual(limits.maxCfgScale);
        if (limits.schedulers.length) expect(limits.schedulers).toContain(defaults.scheduler);
        expect(compatibleVae.filter(({ isDefault }) => isDefault).length).toBeLessThanOrEqual(1);
      }
    });

    it('says that a batch was accepted before anything becomes of it, and ends each picture once', async () => {
      const { backend, model } = await open();
      const events = await follow(backend, batchOf(model, { seeds: [1, 2, 3] }));
      const accepted = events.findIndex(({ kind }) => kind === 'accepted');
      expect(accepted).toBeGreaterThanOrEqual(0);
      expect(events.slice(0, accepted).every(({ kind }) => kind === 'waiting')).toBe(true);
      const ended = events.filter(terminal);
      expect(ended.map((event) => 'n' in event && event.n).sort()).toEqual([0, 1, 2]);
      expect(ended.map(({ kind }) => kind)).toEqual(['made', 'made', 'made']);
      expect(new Set(imagesOf(events).values()).size).toBe(3);
    });

    it('gives out tickets that can be written down', async () => {
      const { backend, model } = await open();
      for (const event of await follow(backend, batchOf(model))) {
        if (event.kind === 'accepted') expect(JSON.parse(JSON.stringify(event.ticket))).toEqual(event.ticket);
      }
    });

    it('tells of progress that never goes back, and shows pictures that can be shown', async () => {
      const { backend, model } = await open('slow');
      const events = await follow(backend, batchOf(model, { seeds: [1, 2] }));
      const progress = events.filter((event) => event.kind === 'progress');
      if (backend.capabilities.progress) expect(progress.length).toBeGreaterThan(0);
      for (const n of [0, 1]) {
        const of = progress.filter((event) => event.n === n);
        const done = of.map((event) => event.done);
        expect(done).toEqual([...done].sort((a, b) => a - b));
        for (const each of done) expect(each >= 0 && each <= 1).toBe(true);
        for (const { step, of: total } of of) if (step !== null && total !== null) expect(step <= total).toBe(true);
        const end = events.findIndex((event) => terminal(event) && 'n' in event && event.n === n);
        expect(events.slice(end + 1).some((event) => 'n' in event && event.n === n)).toBe(false);
      }
      for (const { preview } of progress) {
        if (preview) expect((await sharp(preview).metadata()).format).toMatch(/^(webp|jpeg|png)$/);
      }
    });

    it('makes whole pictures of the size that was asked for', async () => {
      const { backend, model } = await open();
      const { multipleOf } = model.limits;
      const height = small(model) + 8 * multipleOf;
      const events = await follow(backend, batchOf(model, { height }));
      for (const image of imagesOf(events).values()) {
        const { info } = await sharp(await fetchBytes(backend, image), { failOn: 'error' })
          .raw()
          .toBuffer({ resolveWithObject: true });
        expect([info.width, info.height]).toEqual([small(model), height]);
      }
    });

    it('makes the same of the same seed, and something else of another', async () => {
      const { backend, model } = await open();
      if (!backend.capabilities.seeds) return;
      const first = imagesOf(await follow(backend, batchOf(model, { seeds: [7, 8] })));
      const again = imagesOf(await follow(backend, batchOf(model, { seeds: [9, 7] })));
      const seven = await pixelsOf(backend, first.get(0) as string);
      expect(await pixelsOf(backend, again.get(1) as string)).toBe(seven);
      expect(await pixelsOf(backend, first.get(1) as string)).not.toBe(seven);
      expect(await pixelsOf(backend, again.get(0) as string)).not.toBe(seven);
    });

    it('gives whoever hands in a batch again the same one', async () => {
      const { backend, model } = await open();
      const batch = batchOf(model, { seeds: [4, 5] });
      const first = await follow(backend, batch);
      const ticket = first.findLast((event) => event.kind === 'accepted')?.ticket ?? null;
      const images = imagesOf(first);
      for (const again of [await follow(backend, batch, { ticket }), await follow(backend, batch)]) {
        expect([...imagesOf(again).keys()].sort()).toEqual([0, 1]);
        if (backend.capabilities.keepsResults) expect(imagesOf(again)).toEqual(images);
      }
    });

    it('does not make what is settled', async () => {
      const { backend, model } = await open();
      const events = await follow(backend, batchOf(model, { seeds: [1, 2, 3] }), { settled: new Set([0, 2]) });
      expect(events.flatMap((event) => ('n' in event && terminal(event) ? [event.n] : []))).toEqual([1]);
      expect([...imagesOf(events).keys()]).toEqual([1]);
      const none = await follow(backend, batchOf(model, { seeds: [1, 2] }), { settled: new Set([0, 1]) });
      expect(none.filter(terminal)).toEqual([]);
    });

    it('starts from a photo', async () => {
      const { backend, model } = await open();
      if (!backend.capabilities.fromPhoto) return;
      const path = join(workDir, 'photo.jpg');
      // Neither the proportions that are asked for nor a size that fits.
      await sharp({ create: { width: 901, height: 403, channels: 3, background: '#c06030' } })
        .jpeg()
        .toFile(path);
      const events = await follow(backend, batchOf(model, { source: { path, strength: 0.5 } }));
      const image = imagesOf(events).get(0) as string;
      const { width, height } = await sharp(await fetchBytes(backend, image)).metadata();
      expect([width, height]).toEqual([small(model), small(model)]);
    });

    it('takes no model that it does not have', async () => {
      const { backend, model } = await open();
      const gone = batchOf({ ...model, key: randomUUID(), hash: 'gone', name: 'Gone' });
      const ended = await follow(backend, gone).catch((error: unknown) => error);
      const errors = Array.isArray(ended)
        ? ended.flatMap((event) => (event.kind === 'failed' ? [event.error] : []))
        : [ended];
      expect(errors).toHaveLength(1);
      expect(errors[0]).toBeInstanceOf(BackendError);
      expect((errors[0] as BackendError).isTransient).toBe(false);
    });

    it('ends one picture without the others', async () => {
      const { backend, model } = await open('slow');
      if (!backend.capabilities.cancelOne) return;
      const batch = batchOf(model, { seeds: [1, 2, 3] });
      const events = await follow(backend, batch, {}, cancelWhenAccepted(backend, batch, [2]));
      expect([...imagesOf(events).keys()].sort()).toEqual([0, 1]);
      expect(failuresOf(events)).toEqual([2]);
    });

    it('ends a batch: what was made by then stays, and the rest has failed', async () => {
      const { backend, model } = await open('slow');
      const batch = batchOf(model, { seeds: [1, 2, 3] });
      const events = await follow(backend, batch, {}, cancelWhenAccepted(backend, batch, null));
      const made = [...imagesOf(events).keys()];
      expect([...made, ...failuresOf(events)].sort()).toEqual([0, 1, 2]);
      expect(made).not.toContain(2);
      for (const image of imagesOf(events).values()) await fetchBytes(backend, image);
    });

    it('cancels what it no longer knows without complaint', async () => {
      const { backend, model } = await open();
      const batch = batchOf(model);
      const events = await follow(backend, batch);
      const ticket = events.findLast((event) => event.kind === 'accepted')?.ticket ?? {};
      await backend.cancel(batch, ticket, null, never);
      await backend.cancel(batch, ticket, [0], never);
    });

    it('takes away all that there is of a batch, but for what is to stay', async () => {
      const { backend, model } = await open();
      const batch = batchOf(model, { seeds: [1, 2] });
      const images = imagesOf(await follow(backend, batch));
      const [kept = '', gone = ''] = [images.get(0), images.get(1)];
      expect(await backend.discard(batch, null, new Set([kept]), never)).toBe(backend.capabilities.keepsResults);
      expect(await backend.discard(batchOf(model), null, new Set(), never)).toBe(false);
      if (!backend.capabilities.keepsResults) return;
      expect((await fetchBytes(backend, kept)).length).toBeGreaterThan(0);
      await expect(fetchBytes(backend, gone)).rejects.toBeInstanceOf(BackendError);
    });

    it('stops following when it is told to, and goes on when it is asked again', async () => {
      const { backend, model } = await open('slow');
      const batch = batchOf(model, { seeds: [1, 2, 3] });
      const leaving = new AbortController();
      const seen: BatchEvent[] = [];
      const followed = follow(backend, batch, { signal: leaving.signal }, (event) => {
        seen.push(event);
        if (event.kind === 'accepted') leaving.abort(new Error('the server goes away'));
      });
      // It may end or throw; it must not wait for the pictures.
      await followed.catch(() => {});
      expect(imagesOf(seen).size).toBeLessThan(3);
      expect(failuresOf(seen)).toEqual([]);
      const ticket = seen.findLast((event) => event.kind === 'accepted')?.ticket ?? null;
      const settled = new Set(imagesOf(seen).keys());
      const rest = await follow(backend, batch, { ticket, settled });
      expect([...settled, ...imagesOf(rest).keys()].sort()).toEqual([0, 1, 2]);
    });

    it('has not even begun when it is told to stop before', async () => {
      const { backend, model } = await open();
      const events: BatchEvent[] = [];
      const signal = AbortSignal.abort(new Error('gone'));
      await follow(backend, batchOf(model), { signal }, (event) => void events.push(event)).catch(() => {});
      expect(events.filter(terminal)).toEqual([]);
    });

    it('writes no more bytes than are allowed', async () => {
      const { backend, model } = await open();
      const image = imagesOf(await follow(backend, batchOf(model))).get(0) as string;
      const whole = await fetchBytes(backend, image);
      expect((await fetchBytes(backend, image, whole.length)).equals(whole)).toBe(true);
      for (const maxBytes of [whole.length - 1, 100]) {
        let written = 0;
        const write = async (chunk: Uint8Array) => void (written += chunk.length);
        await expect(backend.fetch(image, write, { maxBytes, signal: never })).rejects.toBeInstanceOf(BackendError);
        expect(written).toBeLessThanOrEqual(maxBytes);
      }
    });

    it('stops fetching when it is told to', async () => {
      const { backend, model } = await open();
      const image = imagesOf(await follow(backend, batchOf(model))).get(0) as string;
      const signal = AbortSignal.abort(new Error('gone'));
      await expect(backend.fetch(image, async () => {}, { maxBytes: 2 ** 26, signal })).rejects.toThrow();
    });

    it('forgets a picture, and once more', async () => {
      const { backend, model } = await open();
      const image = imagesOf(await follow(backend, batchOf(model))).get(0) as string;
      await backend.forget(image, never);
      await backend.forget(image, never);
      await expect(fetchBytes(backend, image)).rejects.toBeInstanceOf(BackendError);
    });
  });
}

/** The smallest square that a model makes, or of 256 pixels. */
function small({ limits: { minSide, multipleOf } }: Model): number {
  return Math.ceil(Math.max(minSide, 256) / multipleOf) * multipleOf;
}

function batchOf(
  model: Model,
  {
    seeds = [1],
    height = small(model),
    source = null,
  }: { seeds?: number[]; height?: number; source?: Batch['source'] } = {},
): Batch {
  const { key, hash, name, base, limits, defaults } = model;
  return {
    id: randomUUID(),
    prompt: 'a mountain lake at first light, cut paper, few colours',
    negativePrompt: '',
    model: { key, hash, name, base },
    vae: null,
    sampling: {
      ...defaults,
      width: small(model),
      height,
      steps: Math.max(limits.minSteps, Math.min(4, limits.maxSteps)),
    },
    seeds,
    source,
  };
}

const imagesOf = (events: readonly BatchEvent[]) =>
  new Map(events.flatMap((event) => (event.kind === 'made' ? [[event.n, event.image]] : [])));

const failuresOf = (events: readonly BatchEvent[]) =>
  events.flatMap((event) => (event.kind === 'failed' ? [event.n] : [])).sort();

function cancelWhenAccepted(backend: Backend, batch: Batch, only: readonly number[] | null) {
  return async (event: BatchEvent) => {
    if (event.kind === 'accepted') await backend.cancel(batch, event.ticket, only, never);
  };
}
