import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asSystem } from '#platform/database/as-system.ts';
import { createTestApp, type Person } from '../../../test/app.ts';
import {
  createInvokeAiSimulator,
  type InvokeAiSimulator,
  invokeAiDocument,
} from '../../../test/simulators/invokeai.ts';
import { createRunpodSimulator, type RunpodSimulator, runpodDocument } from '../../../test/simulators/runpod.ts';
import { slowness } from '../../../test/slowness.ts';
import { createRunpod } from './backends/runpod.ts';
import { createPodLedger, keepPodAlarm } from './claim-pod.ts';
import { leasePod, readPod } from './pod-store.ts';
import type { GenerationTables } from './tables.ts';

const app = await createTestApp();
const { database } = app.database;
const record = {
  ...{ name: 'tintype-x', podId: null, usedAt: 5, countedTo: 7, dollarsPerHour: 0.5 },
  run: { startedAt: 5, ms: 2, dollars: 0.1 },
};
const never = new AbortController().signal;
const asNobody = <Result>(work: (tx: Kysely<GenerationTables>) => Promise<Result>) => asSystem(database, work);

describe('what is known of the rented machine', () => {
  test('is the same for every server, and outlives them', async () => {
    const [one, other] = [createPodLedger(database), createPodLedger(database)];
    expect(await one.read()).toBe(null);
    const day = '2026-01-02';
    await one.exclusively(() => one.write(record, [{ day, ms: 1000.4, dollars: 0.25 }]), never);
    expect(await other.read()).toEqual(record);
    await other.exclusively(() => other.write(record, [{ day, ms: 2000, dollars: 0.5 }]), never);
    expect(await one.useOf('2026-01-02')).toEqual({ ms: 3000, dollars: 0.75 });
    expect(await one.useOf('2026-01-03')).toEqual({ ms: 0, dollars: 0 });
    await one.exclusively(() => one.write(null), never);
  });

  test('is written by nobody who has lost it to somebody else meanwhile', async () => {
    const [one, other] = [createPodLedger(database), createPodLedger(database)];
    await expect(one.write(record)).rejects.toThrow('to itself');
    const lost = one.exclusively(async () => {
      // As if this server had stood still for longer than a lease.
      await asNobody((tx) => sql`update pods set leased_until = now() - interval '1 second'`.execute(tx));
      await other.exclusively(() => other.write(null), never);
      await one.write(record, [{ day: '2026-01-04', ms: 5, dollars: 5 }]);
    }, never);
    await expect(lost).rejects.toThrow('Another server');
    expect([await one.read(), (await one.useOf('2026-01-04')).ms]).toEqual([null, 0]);
  });

  test('is waited for no longer than it is wanted', async () => {
    const [one, other] = [createPodLedger(database), createPodLedger(database)];
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = one.exclusively(() => promise, never);
    const tooLate = async () => {
      throw new Error('its turn came');
    };
    for (const ledger of [one, other]) {
      await expect(ledger.exclusively(tooLate, AbortSignal.timeout(50))).rejects.toThrow(/abort/i);
    }
    resolve();
    await first;
    expect(await one.exclusively(async () => 'goes on', never)).toBe('goes on');
  });

  test('why it is stopped, and why it was not to be had, are known to all', async () => {
    const [one, other] = [createPodLedger(database), createPodLedger(database)];
    await one.pause('Somebody stopped it.');
    expect(await other.paused()).toBe('Somebody stopped it.');
    await other.pause(null);
    expect(await one.paused()).toBe(null);
    await one.noteTrouble('There is none.');
    expect(await asNobody(readPod)).toMatchObject({ trouble: 'There is none.', troubled_at: expect.any(Date) });
    await other.noteTrouble(null);
    expect(await asNobody(readPod)).toMatchObject({ trouble: null, troubled_at: null });
    expect(await one.unfetched('pod1')).toBe(0);
  });

  test('one after the other does something with it, whichever servers they are', async () => {
    const ledgers = [createPodLedger(database), createPodLedger(database)];
    let atIt = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      atIt += 1;
      most = Math.max(most, atIt);
      await sleep(20);
      atIt -= 1;
    };
    await Promise.all(Array.from({ length: 8 }, (_, n) => ledgers[n % 2]?.exclusively(work, never)));
    expect(most).toBe(1);
  });

  test('what fails lets go of it, and so does who dies over it, in time', { timeout: 60_000 * slowness }, async () => {
    const ledger = createPodLedger(database);
    await expect(ledger.exclusively(() => Promise.reject(new Error('it failed')), never)).rejects.toThrow('it failed');
    const lease = () => asNobody((tx) => leasePod(tx, randomUUID(), 600_000));
    expect([await lease(), await lease()]).toEqual([true, false]);
    await asNobody((tx) => sql`update pods set leased_until = now() + interval '1 second'`.execute(tx));
    let isDone = false;
    await ledger.exclusively(async () => {
      isDone = true;
    }, never);
    expect(isDone).toBe(true);
  });

  test('an alarm is news once, and stays until there is nothing left to be told of', async () => {
    const ledger = createPodLedger(database);
    expect(await keepPodAlarm(database, 'It cannot be ended.')).toBe(true);
    expect(await keepPodAlarm(database, 'It cannot be ended.')).toBe(false);
    const alarm = async () => (await asNobody(readPod)).alarm;
    await ledger.exclusively(() => ledger.write(null), never);
    expect(await alarm()).toBe('It cannot be ended.');
    await ledger.endAlarm();
    expect(await alarm()).toBe(null);
  });
});

describe.skipIf(!invokeAiDocument || !runpodDocument)('a machine that two servers rent at once', () => {
  let runpod: RunpodSimulator;
  let invokeai: InvokeAiSimulator;
  beforeAll(async () => {
    invokeai = await createInvokeAiSimulator();
    runpod = await createRunpodSimulator({ machine: invokeai });
  });
  afterAll(() => Promise.all([runpod.close(), invokeai.close()]));

  const connect = () =>
    createRunpod({
      key: 'rp-secret',
      ledger: createPodLedger(database),
      prefix: 'tintype-test-',
      email: 'tintype@example.org',
      password: 'Correct horse 1',
      gpus: ['NVIDIA L4'],
      image: 'invokeai:6',
      volume: { path: '/invokeai', size: 80 },
      idleMs: 600_000,
      maxHoursADay: 4,
      apiUrl: runpod.url,
      addressOf: () => invokeai.url,
      alarm: (message) => void keepPodAlarm(database, message),
      pollMs: 20,
      endWithinMs: 500,
      invokeai: { connectMs: 20_000, readMs: 20_000, poll: [20] },
    });

  test('is one machine, and none is paid for once either of them has stopped it', async () => {
    const [one, other] = [connect(), connect()];
    const { signal } = new AbortController();
    const [first, second] = await Promise.all([one.pod.start(signal), other.pod.start(signal)]);
    expect(first).toBe(second);
    expect(runpod.paid()).toHaveLength(1);
    expect(await other.pod.stop(signal)).toMatchObject({ isStopped: true });
    expect(runpod.paid()).toEqual([]);
    expect((await one.pod.status(signal)).state).toBe('EXITED');
    expect(runpod.problems).toEqual([]);
    one.close();
    other.close();
  });
});

describe('over HTTP', () => {
  let admin: Person;
  let person: Person;
  beforeAll(async () => {
    admin = await app.signUp();
    person = await app.signUp();
  });

  test('everybody sees what makes pictures; addresses and costs are for administrators', async () => {
    const seen = (await app.request(person, 'GET', '/api/v1/backend/status')).json();
    expect(seen).toMatchObject({
      mode: 'local',
      connected: true,
      backends: [{ name: 'painter', driver: 'procedural', connected: true, message: null, steps_waiting: 0 }],
      url: null,
      pod_id: null,
      current_cost: null,
      alarm: null,
    });
  });

  test("and so are the settings of the library, beside each one's own", async () => {
    const own = { default_steps: 30, default_cfg_scale: 7.5, default_scheduler: 'euler', default_batch_size: 4 };
    const [hers, his] = [
      (await app.request(admin, 'GET', '/api/v1/settings')).json(),
      (await app.request(person, 'GET', '/api/v1/settings')).json(),
    ];
    expect(his).toMatchObject({ generation: own, backend: null, cost_tracking: null });
    expect(hers).toMatchObject({
      generation: own,
      backend: { mode: 'local', local_url: null },
      retrieval: { max_attempts: 5, retry_delay: 60 },
      cost_tracking: { lifetime_cost: expect.any(Number) },
    });
  });

  test('where no machine can be rented, that is said with what to set', async () => {
    for (const [method, path, json] of [
      ['POST', 'pod/start', undefined],
      ['POST', 'pod/stop', undefined],
      ['POST', 'mode', { mode: 'remote' }],
    ] as const) {
      const answer = await app.request(admin, method, `/api/v1/backend/${path}`, json ? { json } : {});
      expect([answer.status, answer.json().error.message]).toEqual([409, expect.stringMatching(/RUNPOD_API_KEY/)]);
      expect((await app.request(person, method, `/api/v1/backend/${path}`, json ? { json } : {})).status).toBe(403);
    }
  });

  test('a machine that is left behind when its key is taken away is told of when a server starts', async () => {
    const startOne = () => createTestApp({ database: app.database, dataDir: app.dataDir });
    const alarm = async () => (await app.request(admin, 'GET', '/api/v1/backend/status')).json().alarm;
    const ledger = createPodLedger(database);
    await ledger.exclusively(() => ledger.write(null), never);
    const well = await startOne();
    expect(await alarm()).toBe(null);
    await well.close();
    await ledger.exclusively(() => ledger.write({ ...record, podId: 'pod1' }), never);
    const without = await startOne();
    await expect.poll(alarm).toMatch(/RUNPOD_API_KEY is not set any more.*pod1/);
    await without.close();
    await ledger.exclusively(() => ledger.write(null), never);
    await ledger.endAlarm();
  });
});
