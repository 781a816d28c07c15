import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type Person } from '../../../test/app.ts';
import { createInvokeAiSimulator, invokeAiDocument } from '../../../test/simulators/invokeai.ts';
import { createRunpodSimulator, runpodDocument } from '../../../test/simulators/runpod.ts';
import { slowness } from '../../../test/slowness.ts';

const patience = { timeout: 60_000 * slowness };

if (invokeAiDocument && runpodDocument) await describeRented();
else test.skip('a rented machine: shared/data is not beside the checkout', () => {});

async function describeRented(): Promise<void> {
  const invokeai = await createInvokeAiSimulator();
  const runpod = await createRunpodSimulator({ machine: invokeai });
  afterAll(() => Promise.all([runpod.close(), invokeai.close()]));
  runpod.faults.looksToRun = 1;
  const app = await createTestApp({
    environment: {
      RUNPOD_API_KEY: 'rp-secret',
      RUNPOD_POD_TYPE: 'NVIDIA L4',
      RUNPOD_API_URL: runpod.url,
      // Whichever machine it is, the one simulator answers.
      RUNPOD_POD_URL: `${invokeai.url}/{pod}`,
      RUNPOD_MAX_HOURS: '6',
    },
  });
  let admin: Person;
  let person: Person;
  beforeAll(async () => {
    admin = await app.signUp();
    person = await app.signUp();
  });
  const status = async (who = admin) => (await app.request(who, 'GET', '/api/v1/backend/status')).json();
  const pod = (action: 'start' | 'stop') => app.request(admin, 'POST', `/api/v1/backend/pod/${action}`);

  describe('a rented machine, for its administrator', () => {
    test('is not there at first, and says so', async () => {
      expect(await status()).toMatchObject({
        pod_id: null,
        pod_status: 'none',
        pod: { state: 'none', run: null, most_hours_a_day: 6, idle_minutes: 30, paused: null, trouble: null },
        backends: [
          { name: 'runpod', connected: false, message: expect.stringContaining('No machine is rented'), url: null },
          { name: 'painter', connected: true },
        ],
      });
    });

    test('says why when there is none to be had', async () => {
      runpod.faults.taken = ['NVIDIA L4'];
      const answer = await pod('start');
      expect([answer.status, answer.json().error]).toMatchObject([
        502,
        { code: 'pod_error', message: expect.stringContaining('none of the machines') },
      ]);
      expect((await status()).pod.trouble).toContain('none of the machines');
      runpod.faults.taken = [];
    });

    test('is started, and tells where it is and what it costs', async () => {
      const answer = await pod('start');
      expect([answer.status, answer.json().pod_id]).toEqual([200, runpod.pods[0]?.id]);
      await expect.poll(async () => (await status()).backends[0].connected, patience).toBe(true);
      const seen = await status();
      expect(seen).toMatchObject({
        pod_status: 'RUNNING',
        cost_per_hour: 0.5,
        pod: { state: 'RUNNING', trouble: null, run: { seconds: expect.any(Number) } },
      });
      expect(seen.backends[0].url).toContain(seen.pod_id);
    });

    test('is nothing but a name to others', async () => {
      const { pod: seen, pod_id: id, backends, current_cost: cost } = await status(person);
      expect([seen, id, cost, backends[0].url]).toEqual([null, null, null, null]);
    });

    const ask = async (method: string, path: string, json?: unknown) =>
      (await app.request(person, method, `/api/v1${path}`, json === undefined ? {} : { json })).json();
    async function makeOne(): Promise<string> {
      const { items } = await ask('GET', '/models');
      const model = items.find(({ base }: { base: string }) => base === 'sdxl');
      const session = (await ask('POST', '/generation/sessions', { entry_type: 'scratch' })).id;
      const parameters = { model_key: model.key, batch_size: 1, width: 1024, height: 1024 };
      return (await ask('POST', `/generation/sessions/${session}/steps`, { prompt: 'a lake', parameters })).id;
    }

    test('makes the pictures of everybody, and has deleted them once they are fetched', async () => {
      expect((await ask('POST', '/models/refresh')).success).toBe(true);
      await app.request(admin, 'POST', '/api/v1/backend/mode', { json: { mode: 'remote' } });
      const step = await makeOne();
      await expect
        .poll(async () => (await ask('GET', `/generation/steps/${step}/status`)).status, patience)
        .toBe('completed');
      await expect.poll(() => invokeai.images.size, patience).toBe(0);
      expect((await status()).pod.pictures_waiting).toBe(0);
    });

    test('is not ended for anything as long as somebody waits for a picture on it', async () => {
      invokeai.faults.image = 'truncated';
      await makeOne();
      await expect.poll(async () => (await status()).pod.pictures_waiting, patience).toBe(1);
      expect((await pod('stop')).json().status).toBe('EXITED');
      runpod.faults.restart = 'no capacity';
      const answer = await pod('start');
      expect([answer.status, answer.json().error.message]).toEqual([
        502,
        expect.stringContaining('pictures that were not fetched yet'),
      ]);
      expect(runpod.pods.map(({ status: state }) => state)).toEqual(['EXITED']);
      runpod.faults.restart = 'works';
      invokeai.faults.image = 'whole';
      expect((await pod('start')).status).toBe(200);
    });

    test('is stopped, and stays so until it is started by hand', async () => {
      const answer = await pod('stop');
      expect([answer.status, answer.json()]).toMatchObject([
        200,
        { status: 'EXITED', session_cost: expect.any(Number), session_duration: expect.any(Number) },
      ]);
      const { pod: seen, connected } = await status();
      expect([connected, seen.paused]).toEqual([false, expect.stringContaining('An administrator has stopped')]);
      // Which models it has is known all the same.
      expect(await ask('POST', '/models/refresh')).toMatchObject({ success: true });
      await pod('start');
      expect((await status()).pod.paused).toBe(null);
      expect(runpod.problems).toEqual([]);
    });

    test('that RunPod does not tell of is shown with what is known', async () => {
      runpod.faults.spoil = () => ({ status: 500 });
      const seen = await status();
      expect(seen.pod).toMatchObject({ state: null, message: expect.stringContaining('RunPod'), run: {} });
      expect(seen.backends[0].connected).toBe(false);
      runpod.faults.spoil = () => null;
      await pod('stop');
      expect(runpod.paid()).toEqual([]);
    });
  });
}
