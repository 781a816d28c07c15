import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  createInvokeAiSimulator,
  type InvokeAiSimulator,
  invokeAiDocument,
} from '../../../../test/simulators/invokeai.ts';
import {
  createRunpodSimulator,
  type RunpodSimulator,
  runpodDocument,
  simulatedVolume,
} from '../../../../test/simulators/runpod.ts';
import { describeBackend } from './backend.test-suite.ts';
import type { Batch, BatchEvent, Ticket } from './backend.ts';
import type { PodLedger, PodRecord, PodUse } from './runpod/pod-ledger.ts';
import { createRunpod, type RunpodBackend, type RunpodOptions } from './runpod.ts';

const never = new AbortController().signal;
const hour = 3_600_000;
const hasDocuments = Boolean(invokeAiDocument && runpodDocument);

/** What is written down, which outlives the backends of a test. */
function createLedger() {
  const days = new Map<string, PodUse>();
  let turn: Promise<unknown> = Promise.resolve();
  const kept = {
    record: null as PodRecord | null,
    paused: null as string | null,
    trouble: null as string | null,
    /** How many pictures lie at a place. */
    unfetched: new Map<string, number>(),
    alarmsEnded: 0,
  };
  const ledger: PodLedger = {
    exclusively(work) {
      const mine = turn.then(work);
      turn = mine.catch(() => {});
      return mine;
    },
    read: async () => structuredClone(kept.record),
    async write(record, spent = []) {
      kept.record = structuredClone(record);
      for (const { day, ms, dollars } of spent) {
        const before = days.get(day) ?? { ms: 0, dollars: 0 };
        days.set(day, { ms: before.ms + ms, dollars: before.dollars + dollars });
      }
    },
    useOf: async (day) => days.get(day) ?? { ms: 0, dollars: 0 },
    paused: async () => kept.paused,
    async pause(why) {
      kept.paused = why;
    },
    async noteTrouble(message) {
      kept.trouble = message;
    },
    async endAlarm() {
      kept.alarmsEnded++;
    },
    unfetched: async (place) => kept.unfetched.get(place) ?? 0,
  };
  return { ledger, kept };
}

const intended = (name: string): PodRecord => ({
  ...{ name, podId: null, usedAt: 0, countedTo: null, dollarsPerHour: 0 },
  run: { startedAt: 0, ms: 0, dollars: 0 },
});

interface Rented {
  readonly runpod: RunpodSimulator;
  readonly invokeai: InvokeAiSimulator;
  readonly kept: ReturnType<typeof createLedger>['kept'];
  readonly alarms: string[];
  /** Lets time pass for the pod's life. */
  pass(ms: number): void;
  connect(more?: Partial<RunpodOptions>): RunpodBackend;
}

async function rent(paceMs?: number): Promise<Rented> {
  const invokeai = await createInvokeAiSimulator({ paceMs });
  const runpod = await createRunpodSimulator({ machine: invokeai });
  onTestFinished(() => Promise.all([runpod.close(), invokeai.close()]).then(() => {}));
  const { ledger, kept } = createLedger();
  const alarms: string[] = [];
  let passed = Date.UTC(2026, 0, 1, 12) - Date.now();
  return {
    ...{ runpod, invokeai, kept, alarms },
    pass(ms) {
      passed += ms;
    },
    connect(more = {}) {
      const backend = createRunpod({
        ...{
          key: 'rp-secret',
          ledger,
          prefix: 'tintype-test-',
          email: 'tintype@example.org',
          password: 'Correct horse 1',
        },
        ...{ gpus: ['NVIDIA L4', 'NVIDIA A40'], image: 'invokeai:6', idleMs: 10 * 60_000, maxHoursADay: 4 },
        volume: { path: '/invokeai', size: 80 },
        ...{ apiUrl: runpod.url, addressOf: () => invokeai.url, alarm: (message: string) => void alarms.push(message) },
        ...{ pollMs: 5, endWithinMs: 60, startWithinMs: 60_000, now: () => Date.now() + passed },
        invokeai: { connectMs: 20_000, readMs: 20_000, poll: [20, 30] },
        ...more,
      });
      onTestFinished(() => backend.close());
      return backend;
    },
  };
}

describe.skipIf(!hasDocuments)('a rented machine', () => {
  let rented: Rented;
  let workDir: string;
  beforeEach(async () => {
    workDir = await mkdtemp(join(tmpdir(), 'runpod-'));
    rented = await rent();
  });
  afterEach(() => rm(workDir, { recursive: true }));

  async function batchOf(backend: RunpodBackend): Promise<Batch> {
    await backend.pod.start(never);
    const [model] = await backend.listModels(never);
    if (!model) throw new Error('no model');
    return {
      ...{ id: randomUUID(), prompt: 'a lake', negativePrompt: '', vae: null, seeds: [1, 2], source: null, model },
      sampling: { ...model.defaults, width: 256, height: 256, steps: 4 },
    };
  }

  async function follow(backend: RunpodBackend, batch: Batch): Promise<string[]> {
    const kinds: string[] = [];
    const context = { ticket: null, settled: new Set<number>(), workDir, signal: never };
    for await (const event of backend.follow(batch, context)) if (event.kind !== 'progress') kinds.push(event.kind);
    return kinds;
  }

  const error = (isTransient: boolean) =>
    expect.objectContaining({ name: 'BackendError', code: 'pod_error', isTransient });
  const creates = () => rented.runpod.requests.filter((request) => request === 'POST /v2/pods').length;

  it('is rented for work, used again while it runs, and stopped when there is none', async () => {
    const { runpod, kept, pass } = rented;
    const backend = rented.connect();
    const batch = await batchOf(backend);
    expect((await follow(backend, batch)).filter((kind) => kind === 'made')).toHaveLength(2);
    expect(creates()).toBe(1);
    expect(await backend.pod.status(never)).toMatchObject({ state: 'RUNNING', dollarsPerHour: 0.5 });
    pass(9 * 60_000);
    await backend.pod.look(never);
    expect(runpod.paid()).toHaveLength(1);
    pass(2 * 60_000);
    await backend.pod.look(never);
    expect(runpod.pods.map(({ status }) => status)).toEqual(['EXITED']);
    const { today } = await backend.pod.status(never);
    expect(today.ms).toBeGreaterThanOrEqual(11 * 60_000);
    expect(today.dollars).toBeCloseTo((today.ms / hour) * 0.5);
    // The same one again: what is on its disk is still there.
    expect(await backend.pod.start(never)).toBe(kept.record?.podId);
    expect(creates()).toBe(1);
    expect(runpod.problems).toEqual([]);
    expect(rented.invokeai.problems).toEqual([]);
  });

  it('has its account made at the first start, and refuses one that stands open', async () => {
    const backend = rented.connect();
    await backend.pod.start(never);
    expect(rented.invokeai.requests).toContain('POST /api/v1/auth/setup');
    const openOne = await createInvokeAiSimulator();
    onTestFinished(() => openOne.close());
    const other = rented.connect({ addressOf: () => openOne.url });
    await expect(other.listModels(never)).rejects.toThrow('stands open to everybody');
  });

  it('is waited for until it answers, which is later than it runs', async () => {
    let left = 4;
    rented.invokeai.faults.spoil = () => (left-- > 0 ? { status: 502 } : null);
    expect(await rented.connect().pod.start(never)).toBe(rented.kept.record?.podId);
    expect(left).toBeLessThan(0);
  });

  it('that never runs, or never answers, is given up and paid no longer', async () => {
    rented.runpod.faults.looksToRun = Infinity;
    await expect(rented.connect({ startWithinMs: 50 }).pod.start(never)).rejects.toThrow(error(true));
    expect(rented.runpod.paid()).toEqual([]);
    rented.runpod.faults.looksToRun = 1;
    rented.invokeai.faults.spoil = () => ({ status: 502 });
    await expect(rented.connect({ startWithinMs: 50 }).pod.start(never)).rejects.toThrow('did not start in time');
    expect(rented.runpod.paid()).toEqual([]);
  });

  it('that never answers is not paid for again and again', async () => {
    rented.invokeai.faults.spoil = () => ({ status: 502 });
    const backend = rented.connect({ startWithinMs: 50 });
    const starts = () => rented.runpod.requests.filter((request) => /pods$|action$/.test(request)).length;
    for (let n = 0; n < 2; n++) await expect(backend.pod.startForWork(never)).rejects.toThrow('did not start in time');
    const paidFor = starts();
    await expect(backend.pod.startForWork(never)).rejects.toThrow('was started twice');
    expect([starts(), rented.runpod.paid()]).toEqual([paidFor, []]);
    rented.invokeai.faults.spoil = () => null;
    await rented.connect().pod.start(never);
  });

  it('is another where the first is not to be had, and none where none is', async () => {
    rented.runpod.faults.taken = ['NVIDIA L4'];
    await rented.connect().pod.start(never);
    expect(rented.runpod.pods.map(({ gpu }) => gpu)).toEqual(['NVIDIA A40']);
    expect(rented.runpod.problems).toEqual([]);
  });

  it('is not to be had at all', async () => {
    rented.runpod.faults.taken = ['NVIDIA L4', 'NVIDIA A40'];
    const none = rented.connect().pod.start(never);
    await expect(none).rejects.toThrow(error(true));
    await expect(none).rejects.toThrow('none of the machines');
    expect(rented.kept.record).toBeNull();
  });

  it.each([
    [402, false, 'nothing left to spend'],
    [422, false, 'check its settings'],
    [401, false, 'RUNPOD_API_KEY'],
    [429, true, '429'],
    [500, true, '500'],
  ])('is refused with %i, with nothing left behind', async (status, isTransient, says) => {
    rented.runpod.faults.spoil = ({ method, path }) =>
      method === 'POST' && path === '/v2/pods' ? { status, headers: { 'retry-after': '3' } } : null;
    const refused = rented.connect().pod.start(never);
    await expect(refused).rejects.toThrow(error(isTransient));
    await expect(refused).rejects.toThrow(says);
    expect(rented.kept.record).toBeNull();
    expect(creates()).toBe(1);
  });

  it('is found by its name when the answer to its making is lost', async () => {
    rented.runpod.faults.loseCreates = 1;
    const podId = await rented.connect().pod.start(never);
    expect(rented.runpod.pods.map(({ id }) => id)).toEqual([podId]);
  });

  it('is found by its name by whoever comes after one that died in between', async () => {
    const { kept, runpod } = rented;
    kept.record = intended('tintype-test-intended');
    const { id } = runpod.add('tintype-test-intended', { INVOKEAI_MULTIUSER: 'true' });
    expect(await rented.connect().pod.start(never)).toBe(id);
    expect(creates()).toBe(0);
  });

  it('that was meant to be and never was is forgotten', async () => {
    rented.kept.record = intended('tintype-test-never');
    await rented.connect().pod.look(never);
    expect(rented.kept.record).toBeNull();
  });

  it('of this library that nobody has written down is ended; those of others are left', async () => {
    const { runpod } = rented;
    runpod.add('tintype-test-lost');
    const other = runpod.add('somebody’s own');
    await rented.connect().pod.look(never);
    expect(runpod.paid()).toEqual([other]);
  });

  it('is looked after, and what nobody has written down, whatever else is in the account', async () => {
    const { runpod, pass } = rented;
    const backend = rented.connect();
    await backend.pod.start(never);
    const lost = runpod.add('tintype-test-lost');
    let listed: { status: number; body?: unknown } = { status: 500 };
    runpod.faults.spoil = ({ method, path }) => (method === 'GET' && path === '/v2/pods' ? listed : null);
    pass(11 * 60_000);
    await expect(backend.pod.look(never)).rejects.toThrow(error(true));
    expect(runpod.paid()).toEqual([lost]);
    const odd = [{ id: 'pod 1', name: null }, null, { id: 'pod2', name: 'tintype-other' }];
    listed = { status: 200, body: { pods: [...odd, { id: lost.id, name: lost.name, status: 'RUNNING' }] } };
    await backend.pod.look(never);
    expect(runpod.paid()).toEqual([]);
  });

  it('is ended when it cannot be stopped', async () => {
    const { runpod, pass, kept, alarms } = rented;
    const backend = rented.connect();
    await backend.pod.start(never);
    for (const stop of ['does nothing', 'fails'] as const) {
      runpod.faults.stop = stop;
      await backend.pod.start(never);
      pass(20 * 60_000);
      await backend.pod.look(never);
      expect(runpod.paid()).toEqual([]);
      expect(kept.record).toBeNull();
    }
    expect(alarms).toEqual([]);
  });

  it('that can be neither stopped nor ended is told of, and tried again', async () => {
    const { runpod, pass, alarms } = rented;
    const backend = rented.connect();
    const podId = await backend.pod.start(never);
    Object.assign(runpod.faults, { stop: 'does nothing', terminate: 'fails' });
    pass(20 * 60_000);
    await backend.pod.look(never);
    expect(alarms).toEqual([expect.stringContaining(podId)]);
    Object.assign(runpod.faults, { stop: 'works', terminate: 'works' });
    await backend.pod.look(never);
    expect(runpod.paid()).toEqual([]);
    expect(alarms).toHaveLength(1);
  });

  it('is not ended for RunPod’s saying nothing: whoever pays is told, and it is seen to when it speaks again', async () => {
    const { runpod, kept, alarms } = rented;
    const backend = rented.connect();
    const podId = await backend.pod.start(never);
    let isAsked = false;
    runpod.faults.spoil = ({ method, path }) => {
      isAsked ||= path.endsWith('/action');
      return isAsked && method === 'GET' && path.endsWith(podId) ? { status: 503 } : null;
    };
    expect(await backend.pod.stop(never)).toMatchObject({ isStopped: false });
    expect(runpod.pods.map(({ status }) => status)).toEqual(['EXITED']);
    expect(alarms).toEqual([expect.stringContaining(`does not say whether the pod ${podId} was stopped`)]);
    runpod.faults.spoil = () => null;
    await backend.pod.look(never);
    expect([kept.alarmsEnded, kept.record?.countedTo]).toEqual([1, null]);
  });

  it('is neither ended nor told of by whoever leaves while it stops', async () => {
    const { runpod, alarms } = rented;
    const backend = rented.connect({ endWithinMs: 60_000 });
    await backend.pod.start(never);
    runpod.faults.stop = 'does nothing';
    const leaving = new AbortController();
    const stopped = backend.pod.stop(leaving.signal).catch(({ name }: Error) => name);
    await expect.poll(() => runpod.requests.some((request) => request.endsWith('/action'))).toBe(true);
    leaving.abort();
    expect(await stopped).toBe('AbortError');
    expect([alarms, runpod.requests.filter((request) => request.startsWith('DELETE'))]).toEqual([[], []]);
  });

  it('whose machine went to somebody else is replaced', async () => {
    const { runpod } = rented;
    const backend = rented.connect();
    const first = await backend.pod.start(never);
    expect(await backend.pod.stop(never)).toMatchObject({ isStopped: true });
    runpod.faults.restart = 'no capacity';
    const second = await backend.pod.start(never);
    expect(second).not.toBe(first);
    expect(runpod.pods.map(({ status }) => status)).toEqual(['TERMINATED', 'RUNNING']);
  });

  it('runs no longer than it may in a day', async () => {
    const { pass, runpod } = rented;
    const backend = rented.connect({ idleMs: 24 * hour });
    await backend.pod.start(never);
    pass(4 * hour);
    await backend.pod.look(never);
    expect(runpod.paid()).toEqual([]);
    const over = backend.pod.start(never);
    await expect(over).rejects.toThrow('4 hours');
    // At noon: it goes on by itself at midnight.
    const { isTransient, retryAfterMs } = await over.catch((failed) => failed);
    expect([isTransient, Math.round(retryAfterMs / hour)]).toEqual([true, 8]);
    pass(retryAfterMs);
    await backend.pod.start(never);
    expect(runpod.paid()).toHaveLength(1);
  });

  it('is one, however many ask for it at once', async () => {
    const [a, b] = [rented.connect(), rented.connect()];
    const ids = await Promise.all([a.pod.start(never), b.pod.start(never), a.pod.start(never)]);
    expect(new Set(ids).size).toBe(1);
    expect(creates()).toBe(1);
  });

  it('is told to have accounts, and keeps its disk while it is stopped', async () => {
    const { runpod, kept, invokeai } = rented;
    const backend = rented.connect();
    await backend.pod.start(never);
    expect(runpod.pods[0]).toMatchObject({
      env: { INVOKEAI_MULTIUSER: 'true', INVOKEAI_ROOT: '/invokeai' },
      mounts: { persistent: { size: 80, path: '/invokeai' } },
    });
    const accounts = () => invokeai.requests.filter((request) => request === 'POST /api/v1/auth/setup').length;
    await backend.pod.stop(never);
    expect(await backend.pod.start(never)).toBe(kept.record?.podId);
    expect(accounts()).toBe(1);
  });

  it('that stands open all the same is paid no longer, and not started again for work', async () => {
    const { runpod, kept } = rented;
    kept.record = intended('tintype-test-open');
    runpod.add('tintype-test-open');
    const backend = rented.connect();
    await expect(backend.pod.startForWork(never)).rejects.toThrow('stands open to everybody');
    expect([runpod.paid(), creates()]).toEqual([[], 0]);
    await expect(backend.pod.startForWork(never)).rejects.toThrow('stands open to everybody');
    expect([runpod.paid(), creates()]).toEqual([[], 0]);
    expect((await backend.pod.status(never)).paused).toContain('stands open');
  });

  async function makeImages(backend: RunpodBackend): Promise<string[]> {
    const images: string[] = [];
    const context = { ticket: null, settled: new Set<number>(), workDir, signal: never };
    for await (const event of backend.follow(await batchOf(backend), context)) {
      if (event.kind === 'made') images.push(event.image);
    }
    return images;
  }

  const fetchFrom = (backend: RunpodBackend, image = '') =>
    backend.fetch(image, async () => {}, { maxBytes: 2 ** 26, signal: never });

  async function idle(backend: RunpodBackend): Promise<void> {
    rented.pass(11 * 60_000);
    await backend.pod.look(never);
    expect(rented.runpod.paid()).toEqual([]);
  }

  it('keeps its pictures while it is stopped, and is started to hand them out, not to delete them', async () => {
    const backend = rented.connect();
    const [image = ''] = await makeImages(backend);
    await idle(backend);
    const forgotten = await backend.forget(image, never).catch((failed) => failed);
    expect(forgotten).toMatchObject({ code: 'pod_error', isTransient: true, retryAfterMs: expect.any(Number) });
    expect(rented.runpod.paid()).toEqual([]);
    let bytes = 0;
    const keep = async (chunk: Uint8Array) => void (bytes += chunk.length);
    await backend.fetch(image, keep, { maxBytes: 2 ** 26, signal: never });
    expect(bytes).toBeGreaterThan(0);
    await backend.forget(image, never);
    expect(rented.invokeai.images.has(image.split('/')[1] ?? '')).toBe(false);
  });

  it('is not ended for a picture that cannot be fetched now, and no other is rented for it', async () => {
    const { runpod } = rented;
    const backend = rented.connect();
    const [image] = await makeImages(backend);
    await idle(backend);
    runpod.faults.restart = 'no capacity';
    await expect(fetchFrom(backend, image)).rejects.toThrow(error(true));
    expect([creates(), runpod.pods.map(({ status }) => status)]).toEqual([1, ['EXITED']]);
    runpod.faults.restart = 'works';
    await fetchFrom(backend, image);
  });

  it('is not ended for new work either, as long as pictures on it are waited for', async () => {
    const { runpod, kept } = rented;
    const backend = rented.connect();
    await makeImages(backend);
    await idle(backend);
    runpod.faults.restart = 'no capacity';
    kept.unfetched.set(kept.record?.podId ?? '', 1);
    await expect(backend.pod.startForWork(never)).rejects.toThrow('pictures that were not fetched yet');
    expect(runpod.pods.map(({ status }) => status)).toEqual(['EXITED']);
    kept.unfetched.clear();
    await backend.pod.startForWork(never);
    expect(runpod.pods.map(({ status }) => status)).toEqual(['TERMINATED', 'RUNNING']);
  });

  it('that an administrator has stopped stays so, whatever there is to do', async () => {
    const { runpod } = rented;
    const backend = rented.connect();
    const [image] = await makeImages(backend);
    await backend.pod.stop(never);
    const batch = { ...(await batchOf(rented.connect())), id: randomUUID() };
    await backend.pod.stop(never);
    await expect(follow(backend, batch)).rejects.toThrow('An administrator has stopped');
    await expect(fetchFrom(backend, image)).rejects.toThrow(error(true));
    await expect(backend.check(never)).rejects.toThrow('An administrator has stopped');
    expect(runpod.paid()).toEqual([]);
    await backend.pod.start(never);
    await fetchFrom(backend, image);
  });

  it('that an administrator stops while it starts is waited for no longer', async () => {
    const { runpod } = rented;
    runpod.faults.looksToRun = Infinity;
    const backend = rented.connect({ startWithinMs: 60_000 });
    const started = backend.pod.startForWork(never).catch((failed) => failed);
    await expect.poll(() => runpod.paid().length).toBe(1);
    await backend.pod.stop(never);
    expect(await started).toMatchObject({ message: expect.stringContaining('An administrator has stopped') });
    expect(runpod.paid()).toEqual([]);
  });

  it('that stops while it starts is waited for no longer, nor kept in use', async () => {
    const { runpod } = rented;
    runpod.faults.looksToRun = 1000;
    const backend = rented.connect({ startWithinMs: 60_000 });
    const started = backend.pod.startForWork(never).catch((failed) => failed);
    await expect.poll(() => runpod.pods[0]?.status).toBe('STARTING');
    await expect.poll(() => rented.kept.record?.podId).toBe(runpod.pods[0]?.id);
    for (const pod of runpod.pods) runpod.stop(pod);
    expect(await started).toMatchObject({ message: expect.stringContaining('stopped while it was started') });
    expect(rented.kept.trouble).toContain('stopped while it was started');
  });

  it('that was rented in the place of one that is gone is not stopped by who waited for that', async () => {
    const { runpod, kept } = rented;
    runpod.faults.looksToRun = Infinity;
    const slow = rented.connect({ startWithinMs: 60_000, pollMs: 1000 });
    const waits = slow.pod.startForWork(never).catch((failed) => failed);
    const isRead = (request: string) => request.startsWith('GET /v2/pods/');
    await expect.poll(() => runpod.requests.filter(isRead).length).toBe(1);
    Object.assign(runpod.pods[0] ?? {}, { status: 'TERMINATED' });
    runpod.faults.looksToRun = 1;
    const next = await rented.connect().pod.startForWork(never);
    expect(await waits).toMatchObject({ message: expect.stringContaining('was given up') });
    expect([runpod.paid().map(({ id }) => id), kept.record?.podId]).toEqual([[next], next]);
  });

  it('that an administrator stops in vain is tried again each minute', async () => {
    const { runpod, kept } = rented;
    const backend = rented.connect();
    await backend.pod.start(never);
    Object.assign(runpod.faults, { stop: 'does nothing', terminate: 'fails' });
    expect(await backend.pod.stop(never)).toMatchObject({ isStopped: false });
    expect(rented.alarms).toHaveLength(1);
    await backend.pod.look(never);
    expect(kept.alarmsEnded).toBe(0);
    Object.assign(runpod.faults, { stop: 'works', terminate: 'works' });
    await backend.pod.look(never);
    expect([runpod.paid(), kept.alarmsEnded]).toEqual([[], 1]);
  });

  it('shares a network volume with the one after it: what is there is not lost with a machine', async () => {
    const { runpod } = rented;
    const volume = { path: '/invokeai', size: 80, networkId: simulatedVolume.id };
    const backend = rented.connect({ volume });
    const [image = ''] = await makeImages(backend);
    expect(image.startsWith('vol7/')).toBe(true);
    await idle(backend);
    runpod.faults.restart = 'no capacity';
    await fetchFrom(backend, image);
    expect(runpod.pods.map(({ status }) => status)).toEqual(['TERMINATED', 'RUNNING']);
    runpod.faults.stop = 'fails';
    await backend.pod.stop(never);
    await expect(backend.forget(image, never)).rejects.toThrow(error(true));
    runpod.faults.stop = 'works';
    await backend.pod.start(never);
    await backend.forget(image, never);
    expect(rented.invokeai.images.has(image.split('/')[1] ?? '')).toBe(false);
    expect(runpod.problems).toEqual([]);
    const wrong = rented.connect({ volume: { ...volume, networkId: 'vol8' }, prefix: 'tintype-other-' });
    await backend.pod.stop(never);
    rented.kept.record = null;
    await expect(wrong.pod.start(never)).rejects.toThrow('RUNPOD_NETWORK_VOLUME');
  });

  /** All that is told of a batch, with the ticket that is kept of it in the end. */
  async function followWhole(backend: RunpodBackend, batch: Batch): Promise<{ images: string[]; ticket: Ticket }> {
    const images: string[] = [];
    let ticket: Ticket = {};
    const context = { ticket: null, settled: new Set<number>(), workDir, signal: never };
    for await (const event of backend.follow(batch, context)) {
      if (event.kind === 'accepted') ticket = event.ticket;
      if (event.kind === 'made') images.push(event.image);
    }
    return { images, ticket };
  }

  const there = (images: readonly string[]) =>
    images.map((image) => rented.invokeai.images.has(image.split('/')[1] ?? ''));

  it.each([
    ['its own disk', undefined],
    ['a network volume', simulatedVolume.id],
  ])('takes away what nobody waits for on %s once it runs again, and nothing else', async (_, networkId) => {
    const backend = rented.connect({ volume: { path: '/invokeai', size: 80, networkId } });
    const batch = await batchOf(backend);
    const { images, ticket } = await followWhole(backend, batch);
    await backend.pod.stop(never);
    await expect(backend.discard(batch, ticket, new Set(), never)).rejects.toThrow(error(true));
    await backend.pod.start(never);
    expect(await backend.discard(batch, ticket, new Set(images.slice(0, 1)), never)).toBe(true);
    expect(there(images)).toEqual([true, false]);
  });

  it('has nothing left to take away once it is gone, unless that is on a network volume', async () => {
    const { runpod, kept } = rented;
    const backend = rented.connect();
    const batch = await batchOf(backend);
    const { ticket } = await followWhole(backend, batch);
    runpod.faults.stop = 'fails';
    await backend.pod.stop(never);
    expect(kept.record).toBeNull();
    runpod.faults.stop = 'works';
    expect(await backend.discard(batch, null, new Set(), never)).toBe(true);
    const volume = { path: '/invokeai', size: 80, networkId: simulatedVolume.id };
    await expect(rented.connect({ volume }).discard(batch, null, new Set(), never)).rejects.toThrow(error(true));
    const next = await batchOf(backend);
    const { images } = await followWhole(backend, next);
    expect(await backend.discard(batch, ticket, new Set(), never)).toBe(true);
    expect(there(images)).toEqual([true, true]);
  });

  it('ends nothing of others by what is known of a machine before it', async () => {
    const { runpod, invokeai } = rented;
    const backend = rented.connect();
    const { ticket } = await followWhole(backend, await batchOf(backend));
    runpod.faults.stop = 'fails';
    await backend.pod.stop(never);
    runpod.faults.stop = 'works';
    await backend.pod.start(never);
    await backend.cancel({ id: randomUUID() }, ticket, [0], never);
    expect(invokeai.requests.filter((request) => /\/i\/\d+\/cancel$/.test(request))).toEqual([]);
  });

  it('counts the hours of one that stopped while nobody looked, and each day its own', async () => {
    const { runpod, pass, kept } = rented;
    const backend = rented.connect({ idleMs: 24 * hour, maxHoursADay: 24 });
    await backend.pod.start(never);
    pass(5 * 60_000);
    await backend.pod.use();
    for (const pod of runpod.pods) runpod.stop(pod);
    pass(3 * hour);
    await backend.pod.look(never);
    const { today, run } = await backend.pod.status(never);
    // Five minutes that it was used, and the one until it would have been seen.
    expect(Math.round(today.ms / 60_000)).toBe(6);
    expect(today.dollars).toBeCloseTo((today.ms / hour) * 0.5);
    expect(run).toMatchObject(today);
    await backend.pod.start(never);
    expect(kept.record?.run.ms).toBe(0);
    // From about three in the afternoon to three at night.
    pass(12 * hour);
    await backend.pod.look(never);
    const next = await backend.pod.status(never);
    expect(Math.round(next.today.ms / hour)).toBe(3);
    expect(Math.round((next.run?.ms ?? 0) / hour)).toBe(12);
  });

  it('that is gone took its pictures with it: none is started for them, and what was under way is made anew', async () => {
    const { runpod } = rented;
    const backend = rented.connect();
    const batch = await batchOf(backend);
    const events: BatchEvent[] = [];
    const context = { ticket: null, settled: new Set<number>(), workDir, signal: never };
    for await (const event of backend.follow(batch, context)) events.push(event);
    const images = events.flatMap((event) => (event.kind === 'made' ? [event.image] : []));
    runpod.faults.stop = 'fails';
    await idle(backend);
    runpod.faults.stop = 'works';
    await expect(fetchFrom(backend, images[0])).rejects.toThrow('is gone');
    await backend.forget(images[0] ?? '', never);
    expect(runpod.paid()).toEqual([]);
    const ticket = events.findLast((event) => event.kind === 'accepted')?.ticket ?? null;
    const again: string[] = [];
    for await (const { kind } of backend.follow(batch, { ...context, ticket })) again.push(kind);
    expect(again.filter((kind) => kind === 'made')).toHaveLength(2);
    expect(again).not.toContain('failed');
  });

  it('that has broken down is ended', async () => {
    const { runpod } = rented;
    const backend = rented.connect();
    await backend.pod.start(never);
    Object.assign(runpod.pods[0] ?? {}, { status: 'ERROR' });
    await backend.pod.look(never);
    expect(runpod.pods.map(({ status }) => status)).toEqual(['TERMINATED']);
    expect(rented.kept.record).toBeNull();
  });
});

describe.skipIf(!hasDocuments)('as every backend', () => {
  describeBackend('A rented machine', async (pace) => {
    const rented = await rent(pace === 'slow' ? 300 : 5);
    onTestFinished(() => expect([...rented.runpod.problems, ...rented.invokeai.problems]).toEqual([]));
    const backend = rented.connect();
    await backend.pod.start(never);
    return backend;
  });
});
