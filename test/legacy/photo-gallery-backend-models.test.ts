import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp } from '../app.ts';
import { createInvokeAiSimulator, invokeAiDocument } from '../simulators/invokeai.ts';
import { createRunpodSimulator, runpodDocument } from '../simulators/runpod.ts';
import { createGalleryClient, expectShape, type GalleryClient } from './photo-gallery-client.ts';

const patience = { timeout: 60_000 };
const status = {
  mode: 'string',
  url: 'string?',
  connected: 'boolean',
  api_version: 'string?',
  pod_id: 'string?',
  pod_status: 'string?',
  last_activity: 'timestamp?',
  uptime: 'integer?',
  current_cost: 'number?',
} as const;
const model = {
  key: 'string',
  hash: 'string',
  name: 'string',
  type: 'string',
  base: 'string',
  description: 'string?',
  compatible_vae: [{ key: 'string', hash: 'string', name: 'string', is_default: 'boolean' }],
  default_params: { width: 'integer', height: 'integer', steps: 'integer', cfg_scale: 'number', scheduler: 'string' },
  is_favorite: 'boolean',
} as const;

const painter = await createTestApp();
// Nobody listens on port 1.
const alone = await createTestApp({
  environment: { INVOKEAI_LOCAL_URL: 'http://127.0.0.1:1', TINTYPE_PAINTER: 'off' },
});

describe('with the painter alone', () => {
  test('the models and the state are answered in the same shapes', async () => {
    const owner = createGalleryClient(painter, await painter.signUp());
    expectShape(await owner.ask(200, 'POST', '/models/refresh'), {
      success: 'boolean',
      models_count: 'integer',
      last_updated: 'timestamp',
    });
    const models = await owner.ask(200, 'GET', '/models');
    expectShape(models, { items: [model], last_updated: 'timestamp' });
    expectShape(await owner.ask(200, 'GET', '/backend/status'), status);
    for (const mode of ['local', 'remote']) {
      expect(await owner.refused(409, 'POST', '/backend/mode', { mode })).toBe('conflict');
    }
    expect(await owner.refused(409, 'POST', '/backend/pod/start')).toBe('conflict');
    expect(await owner.refused(409, 'POST', '/backend/pod/stop')).toBe('conflict');
  });
});
test('an InvokeAI that cannot be reached is an invokeai_connection_error', async () => {
  const owner = createGalleryClient(alone, await alone.signUp());
  expect(await owner.refused(502, 'POST', '/models/refresh')).toBe('invokeai_connection_error');
  expect(await owner.ask(200, 'GET', '/backend/status')).toMatchObject({ mode: 'local', connected: false });
  const session = await owner.ask(201, 'POST', '/generation/sessions', { entry_type: 'scratch' });
  const path = `/generation/sessions/${session.id}/steps`;
  expect(await owner.refused(502, 'POST', path, { prompt: 'a lake' })).toBe('invokeai_connection_error');
});

if (invokeAiDocument && runpodDocument) await describeMachines();
else test.skip('an InvokeAI at hand and a rented one: their documents are not beside the checkout', () => {});

async function describeMachines(): Promise<void> {
  const local = await createInvokeAiSimulator();
  const remote = await createInvokeAiSimulator();
  const runpod = await createRunpodSimulator({ machine: remote });
  afterAll(() => Promise.all([runpod.close(), remote.close(), local.close()]));
  runpod.faults.looksToRun = 1;
  const app = await createTestApp({
    environment: {
      INVOKEAI_LOCAL_URL: local.url,
      RUNPOD_API_KEY: 'rp-secret',
      RUNPOD_POD_TYPE: 'NVIDIA L4',
      RUNPOD_API_URL: runpod.url,
      RUNPOD_POD_URL: `${remote.url}/{pod}`,
      RETRIEVAL_MAX_ATTEMPTS: '1',
      TINTYPE_PAINTER: 'off',
    },
  });
  let owner: GalleryClient;
  let person: GalleryClient;
  beforeAll(async () => {
    owner = createGalleryClient(app, await app.signUp());
    person = createGalleryClient(app, await app.signUp());
  });

  test('the state tells mode, address, connection and version', async () => {
    const answered = await owner.ask(200, 'GET', '/backend/status');
    expectShape(answered, status);
    expect(answered).toMatchObject({ mode: 'local', url: local.url, connected: true, api_version: expect.any(String) });
    expect((await person.ask(200, 'GET', '/backend/status')).url).toBe(null);
  });

  test('models are refreshed, listed, read one by one and made favourites', async () => {
    expectShape(await owner.ask(200, 'POST', '/models/refresh'), {
      success: 'boolean',
      models_count: 'integer',
      last_updated: 'timestamp',
    });
    const { items, last_updated: updated } = await owner.ask(200, 'GET', '/models');
    expectShape({ items, updated }, { items: [model], updated: 'timestamp' });
    const [one] = items;
    expect(await owner.ask(200, 'GET', `/models/${one.key}`)).toEqual(one);
    const last = items.at(-1);
    expect(await owner.ask(200, 'POST', `/models/${last.key}/favorite`, { is_favorite: true })).toEqual({
      key: last.key,
      is_favorite: true,
    });
    expect((await owner.ask(200, 'GET', '/models')).items[0]).toMatchObject({ key: last.key, is_favorite: true });
    expect((await person.ask(200, 'GET', `/models/${last.key}`)).is_favorite).toBe(false);
    expect(await owner.refused(404, 'GET', '/models/none')).toBe('not_found');
    expect(await owner.refused(404, 'POST', '/models/none/favorite', { is_favorite: true })).toBe('not_found');
    expect(await owner.refused(400, 'POST', `/models/${last.key}/favorite`, {})).toBe('validation_error');
  });

  test('what could not be fetched is fetched again: one picture, many, or all of a step', async () => {
    local.faults.image = 'truncated';
    const { items: models } = await owner.ask(200, 'GET', '/models');
    const sdxl = models.find(({ base }: { base: string }) => base === 'sdxl');
    const parameters = { model_key: sdxl.key, model_hash: sdxl.hash, ...sdxl.default_params, batch_size: 3 };
    const session = await owner.ask(201, 'POST', '/generation/sessions', { entry_type: 'scratch' });
    const step = await owner.ask(201, 'POST', `/generation/sessions/${session.id}/steps`, {
      prompt: 'a lake',
      parameters,
    });
    const state = () => owner.ask(200, 'GET', `/generation/steps/${step.id}/status`);
    await expect.poll(async () => (await state()).status, patience).toBe('failed');
    expectShape(await state(), { error: 'string?', status: 'string' });
    expect((await state()).retrieval_status).toEqual({ total: 3, completed: 0, pending: 0, failed: 3 });
    const { items } = await owner.ask(200, 'GET', `/generation/steps/${step.id}/alternatives`);
    const ids: string[] = items.map(({ image_id: id }: { image_id: string }) => id);
    expect(items.map((item: Record<string, unknown>) => [item.retrieval_status, item.photo])).toEqual(
      ids.map(() => ['failed', null]),
    );
    expect(await person.refused(404, 'POST', `/photos/${ids[0]}/retry`)).toBe('not_found');

    // What is tried again may be fetched before the next request arrives: then it fails no more.
    local.faults.lateMs = 2000;
    local.faults.image = 'whole';
    expect(await owner.ask(200, 'POST', `/photos/${ids[0]}/retry`)).toEqual({
      id: ids[0],
      retrieval_status: 'pending',
    });
    expect(await owner.ask(200, 'POST', '/photos/batch/retry', { ids: [ids[0], ids[1]] })).toEqual({
      success_count: 1,
      failed_count: 1,
      details: { retrying: [ids[1]], failed: [ids[0]] },
    });
    const retried = await owner.ask(200, 'POST', `/generation/steps/${step.id}/retry-retrievals`);
    expectShape(retried, {
      step_id: 'uuid',
      batch_id: 'string',
      retrieval_status: { total: 'integer', retrying: 'integer' },
    });
    expect(retried.retrieval_status).toMatchObject({ total: 3, retrying: 1, failed: 0 });
    local.faults.lateMs = 0;
    await expect
      .poll(async () => (await state()).retrieval_status, patience)
      .toMatchObject({ completed: 3, failed: 0 });
    expect((await state()).status).toBe('completed');
    expect((await owner.ask(200, 'GET', `/photos?step_id=${step.id}`)).total).toBe(3);
  });

  test('the mode is switched, by its own address and by the settings', async () => {
    const shape = { mode: 'string', connected: 'boolean', message: 'string' } as const;
    const remoteMode = await owner.ask(200, 'POST', '/backend/mode', { mode: 'remote' });
    expectShape(remoteMode, shape);
    expect(remoteMode).toMatchObject({ mode: 'remote', connected: false });
    expect((await owner.ask(200, 'GET', '/settings')).backend).toMatchObject({ mode: 'remote', local_url: local.url });
    const changed = await owner.ask(200, 'PATCH', '/settings', { backend: { mode: 'local' } });
    expect(changed.backend.mode).toBe('local');
    expect((await owner.ask(200, 'GET', '/backend/status')).mode).toBe('local');
    expect(await owner.refused(400, 'POST', '/backend/mode', { mode: 'elsewhere' })).toBe('validation_error');
    expect(await person.refused(403, 'POST', '/backend/mode', { mode: 'remote' })).toBe('forbidden');
  });

  test('a machine is rented and given back, and what it cost is told', async () => {
    runpod.faults.taken = ['NVIDIA L4'];
    expect(await owner.refused(502, 'POST', '/backend/pod/start')).toBe('pod_error');
    runpod.faults.taken = [];
    const started = await owner.ask(200, 'POST', '/backend/pod/start');
    expectShape(started, { pod_id: 'string', status: 'string', estimated_startup_time: 'integer' });
    await expect
      .poll(async () => (await owner.ask(200, 'GET', '/backend/status')).pod_status, patience)
      .toBe('RUNNING');
    const running = await owner.ask(200, 'GET', '/backend/status');
    expectShape(running, {
      ...status,
      pod_id: 'string',
      pod_status: 'string',
      uptime: 'integer',
      current_cost: 'number',
    });
    expect(await person.refused(403, 'POST', '/backend/pod/stop')).toBe('forbidden');
    const stopped = await owner.ask(200, 'POST', '/backend/pod/stop');
    expectShape(stopped, { pod_id: 'string', status: 'string', session_duration: 'integer', session_cost: 'number' });
    expect(stopped.pod_id).toBe(started.pod_id);
    const { cost_tracking: costs } = await owner.ask(200, 'GET', '/settings');
    expect(costs.lifetime_cost).toBeGreaterThanOrEqual(costs.current_session_cost);
  });
}
