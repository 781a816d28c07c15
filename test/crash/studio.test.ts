import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countPromise } from '../promises.ts';
import { createInvokeAiSimulator, type InvokeAiSimulator, invokeAiDocument } from '../simulators/invokeai.ts';
import { slowness } from '../slowness.ts';
import { type ServerProcess, startProcess } from './server-process.ts';

const account = { username: 'survivor', password: 'a quiet harbour at dawn' };
const patience = { timeout: 90_000 * slowness, interval: 100 };
const pictures = 2;

if (invokeAiDocument) describe('a server that is killed while pictures are made', tryKills);
else test.skip('a server that is killed while pictures are made: shared/data is not beside the checkout', () => {});

function tryKills(): void {
  let temp: string;
  let server: ServerProcess;
  let simulator: InvokeAiSimulator;
  let bearer: string;
  let session: string;
  let model: string;

  const start = async (): Promise<void> => {
    server = await startProcess(temp, { INVOKEAI_LOCAL_URL: simulator.url, TINTYPE_PAINTER: 'off' });
  };
  // biome-ignore lint/suspicious/noExplicitAny: the test says what it expects of it.
  const ask = async (method: string, address: string, json?: unknown): Promise<any> => {
    const answer = await fetch(`${server.url}/api/v1${address}`, {
      method,
      headers: { authorization: `Bearer ${bearer}`, ...(json ? { 'content-type': 'application/json' } : {}) },
      ...(json ? { body: JSON.stringify(json) } : {}),
    });
    if (!answer.ok) throw new Error(`${method} ${address} was answered ${answer.status}: ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  };

  beforeAll(async () => {
    temp = await mkdtemp(path.join(tmpdir(), 'tintype-studio-'));
    simulator = await createInvokeAiSimulator({ paceMs: 200 });
    await start();
    const answer = await fetch(`${server.url}/api/v1/auth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(account),
    });
    bearer = ((await answer.json()) as { access_token: string }).access_token;
    session = (await ask('POST', '/generation/sessions', { entry_type: 'scratch' })).id;
    await ask('POST', '/models/refresh');
    const models: { key: string; base: string }[] = (await ask('GET', '/models')).items;
    model = models.find(({ base }) => base === 'sdxl')?.key ?? '';
  });
  afterAll(async () => {
    await server.stop();
    await simulator.close();
    await rm(temp, { recursive: true, force: true });
  });

  const isOf = (method: string, part: string) => (request: { method: string; path: string }) =>
    request.method === method && request.path.includes(part);
  /** Until then nothing is answered to such a request; when one has come, the server is killed. */
  async function killAt(is: (request: { method: string; path: string }) => boolean): Promise<void> {
    const come = Promise.withResolvers<void>();
    simulator.faults.spoil = (request) => {
      if (!is(request)) return null;
      come.resolve();
      return 'silence';
    };
    await come.promise;
    await server.kill();
    simulator.faults.spoil = () => null;
  }

  const stages: Record<string, () => Promise<void>> = {
    'before the batch is handed in': () => killAt(isOf('POST', '/enqueue_batch')),
    'when the batch was taken and its answer was lost': async () => {
      const before = simulator.items.length;
      simulator.faults.loseAnswers = 1;
      await expect.poll(() => simulator.items.length, patience).toBe(before + pictures);
      await server.kill();
      simulator.faults.loseAnswers = 0;
    },
    'while the pictures are made': async () => {
      simulator.faults.paceMs = 3000;
      await expect.poll(() => simulator.items.some(({ status }) => status === 'in_progress'), patience).toBe(true);
      await server.kill();
      simulator.faults.paceMs = 200;
    },
    'while a picture is fetched': () => killAt(isOf('GET', '/full')),
    'when a picture is kept, and not yet deleted over there': () => killAt(isOf('DELETE', '/images/i/')),
  };

  test.each(Object.keys(stages))(
    '%s: once it is back, every picture comes, each once',
    { timeout: 300_000 * slowness },
    async (stage) => {
      const before = simulator.items.length;
      const photosBefore = (await ask('GET', '/photos')).total;
      const killed = (stages[stage] as () => Promise<void>)();
      const step = await ask('POST', `/generation/sessions/${session}/steps`, {
        prompt: 'a lake',
        parameters: { model_key: model, batch_size: pictures, width: 1024, height: 1024 },
      });
      await killed;
      await start();
      await expect
        .poll(async () => (await ask('GET', `/generation/steps/${step.id}/status`)).status, patience)
        .toBe('completed');
      const { items } = await ask('GET', `/generation/steps/${step.id}/alternatives`);
      expect(
        items.map((item: { retrieval_status: string; photo: unknown }) => [item.retrieval_status, item.photo !== null]),
      ).toEqual(Array.from({ length: pictures }, () => ['completed', true]));
      const made = (await ask('GET', '/photos')).total - photosBefore;
      countPromise({
        promise: 12,
        what: 'pictures of the studio whose server was killed while they were made, at each of five stages',
        tried: pictures,
        held: made === pictures ? pictures : 0,
      });
      expect(made).toBe(pictures);
      // Asked for once, whatever was lost on the way, and nothing of it is left over there.
      expect(simulator.items.length - before).toBe(pictures);
      await expect.poll(() => simulator.images.size, patience).toBe(0);
      expect(simulator.problems).toEqual([]);
    },
  );
}
