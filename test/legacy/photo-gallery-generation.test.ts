import { beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../app.ts';
import { createGalleryClient, expectShape, type GalleryClient, photo } from './photo-gallery-client.ts';

const app = await createTestApp();
const patience = { timeout: 60_000 };
const session = {
  id: 'uuid',
  entry_type: 'string',
  source_image_id: 'uuid?',
  started_at: 'timestamp',
  completed_at: 'timestamp?',
  status: 'string',
} as const;
const parameters = {
  model_key: 'string',
  model_hash: 'string',
  vae_key: 'string?',
  vae_hash: 'string?',
  width: 'integer',
  height: 'integer',
  steps: 'integer',
  cfg_scale: 'number',
  scheduler: 'string',
  batch_size: 'integer',
  seed: 'integer?',
} as const;
const step = {
  id: 'uuid',
  session_id: 'uuid',
  parent_id: 'uuid?',
  prompt: 'string',
  negative_prompt: 'string?',
  parameters,
  model_key: 'string',
  model_hash: 'string',
  batch_id: 'string',
  correlation_id: 'string?',
  selected_image_id: 'uuid?',
  status: 'string',
  position: 'integer',
  created_at: 'timestamp',
} as const;
const counts = { total: 'integer', completed: 'integer', pending: 'integer', failed: 'integer' } as const;

let client: GalleryClient;
let stranger: GalleryClient;
/** As a client of the contract asks: all that it names, and null for what it has not. */
let asked: Record<string, unknown>;
let sessionId: string;
let first: { id: string; batch_id: string };
const images: string[] = [];

const untilCompleted = (id: string) =>
  expect
    .poll(async () => (await client.ask(200, 'GET', `/generation/steps/${id}/status`)).status, patience)
    .toBe('completed');

beforeAll(async () => {
  client = createGalleryClient(app, await app.signUp());
  stranger = createGalleryClient(app, await app.signUp());
  await client.ask(200, 'POST', '/models/refresh');
  const [model] = (await client.ask(200, 'GET', '/models')).items;
  const { cfg_scale, scheduler } = model.default_params;
  asked = {
    model_key: model.key,
    model_hash: model.hash,
    vae_key: null,
    vae_hash: null,
    width: 256,
    height: 256,
    steps: 2,
    cfg_scale,
    scheduler,
    batch_size: 2,
    seed: 11,
  };
});

describe('a session', () => {
  test('is begun from scratch, and from a photo', async () => {
    const begun = await client.ask(201, 'POST', '/generation/sessions', {
      entry_type: 'scratch',
      source_image_id: null,
    });
    expectShape(begun, session);
    expect(begun).toMatchObject({ entry_type: 'scratch', source_image_id: null, status: 'active', completed_at: null });
    sessionId = begun.id;
    const source = (await client.upload(await tinyPhoto(1, { width: 256, height: 256 }), 'source.jpg')).json().id;
    const refined = await client.ask(201, 'POST', '/generation/sessions', {
      entry_type: 'refinement',
      source_image_id: source,
    });
    expect(refined).toMatchObject({ entry_type: 'refinement', source_image_id: source });
    await client.ask(204, 'DELETE', `/generation/sessions/${refined.id}`);
    expect(await client.refused(404, 'GET', `/generation/sessions/${refined.id}`)).toBe('not_found');
    expect(await client.refused(400, 'POST', '/generation/sessions', { entry_type: 'whim' })).toBe('validation_error');
    expect(
      await stranger.refused(404, 'POST', '/generation/sessions', {
        entry_type: 'refinement',
        source_image_id: source,
      }),
    ).toBe('not_found');
  });

  test('is listed twenty at a time, by status', async () => {
    const page = await client.ask(200, 'GET', '/generation/sessions');
    expectShape(page, {
      items: [{ ...session, steps_count: 'integer', latest_image: { id: 'uuid?', thumbnail_url: 'string?' } }],
      total: 'integer',
      limit: 'integer',
      offset: 'integer',
    });
    expect(page).toMatchObject({ limit: 20, offset: 0, total: 1 });
    expect(page.items[0]).toMatchObject({ id: sessionId, steps_count: 0, latest_image: {} });
    expect((await client.ask(200, 'GET', '/generation/sessions?status=completed')).total).toBe(0);
    expect(await client.refused(400, 'GET', '/generation/sessions?status=asleep')).toBe('validation_error');
  });
});

describe('a step', () => {
  test('is asked for with everything the contract names, and is pending', async () => {
    first = await client.ask(201, 'POST', `/generation/sessions/${sessionId}/steps`, {
      prompt: 'a lake at first light',
      negative_prompt: null,
      parameters: asked,
      parent_id: null,
      correlation_id: 'client-1',
    });
    expectShape(first, step);
    expect(first).toMatchObject({
      session_id: sessionId,
      parent_id: null,
      prompt: 'a lake at first light',
      negative_prompt: null,
      status: 'pending',
      position: 1,
      correlation_id: 'client-1',
      model_key: asked.model_key,
      model_hash: asked.model_hash,
      parameters: { width: 256, height: 256, steps: 2, batch_size: 2, seed: 11 },
    });
  });

  test('tells how far it is until it is completed', async () => {
    const status = await client.ask(200, 'GET', `/generation/steps/${first.id}/status`);
    expectShape(status, {
      id: 'uuid',
      status: 'string',
      batch_id: 'string',
      correlation_id: 'string?',
      progress: 'number?',
      estimated_completion: 'timestamp?',
      error: 'string?',
      retrieval_status: counts,
    });
    expect(['pending', 'processing', 'completed']).toContain(status.status);
    await untilCompleted(first.id);
    expect(await client.ask(200, 'GET', `/generation/steps/${first.id}/status`)).toMatchObject({
      batch_id: first.batch_id,
      error: null,
      retrieval_status: { total: 2, completed: 2, pending: 0, failed: 0 },
    });
  });

  test('has a picture for each that was asked for, with its photo', async () => {
    const alternatives = await client.ask(200, 'GET', `/generation/steps/${first.id}/alternatives`);
    expectShape(alternatives, {
      step_id: 'uuid',
      items: [
        {
          image_id: 'uuid',
          selected: 'boolean',
          created_at: 'timestamp',
          retrieval_status: 'string',
          photo: { id: 'uuid', width: 'integer', height: 'integer', thumbnail_url: 'string', full_url: 'string' },
        },
      ],
    });
    expect(alternatives.items).toHaveLength(2);
    for (const item of alternatives.items) {
      expect(item).toMatchObject({
        selected: false,
        retrieval_status: 'completed',
        photo: { id: item.image_id, width: 256 },
      });
      expect((await client.bytes(item.photo.full_url)).headers['content-type']).toMatch(/^image\//);
      images.push(item.image_id);
    }
  });

  test('has one selected, by each of the two addresses', async () => {
    const selected = await client.ask(200, 'POST', `/generation/steps/${first.id}/select`, { image_id: images[0] });
    expectShape(selected, { step_id: 'uuid', image_id: 'uuid', selected: 'boolean', created_at: 'timestamp' });
    expect(selected).toMatchObject({ step_id: first.id, image_id: images[0], selected: true });
    const patched = await client.ask(200, 'PATCH', `/generation/steps/${first.id}`, { selected_image_id: images[1] });
    expect(patched).toEqual({ id: first.id, selected_image_id: images[1], status: 'completed' });
    expect((await client.ask(200, 'GET', `/generation/steps/${first.id}`)).selected_image_id).toBe(images[1]);
    const { items } = await client.ask(200, 'GET', `/generation/steps/${first.id}/alternatives`);
    expect(items.map(({ selected: is }: { selected: boolean }) => is)).toEqual([false, true]);
    expect(await stranger.refused(404, 'POST', `/generation/steps/${first.id}/select`, { image_id: images[0] })).toBe(
      'not_found',
    );
  });

  test('is gone on from: the next one names it as its parent', async () => {
    const second = await client.ask(201, 'POST', `/generation/sessions/${sessionId}/steps`, {
      prompt: 'warmer',
      negative_prompt: null,
      parameters: { ...asked, batch_size: 1, seed: null },
      parent_id: first.id,
      correlation_id: null,
    });
    expect(second).toMatchObject({ parent_id: first.id, position: 2, status: 'pending' });
    expect(second.correlation_id).toMatch(/^[0-9a-f-]{36}$/);
    await untilCompleted(second.id);
    const listed = await client.ask(200, 'GET', `/generation/sessions/${sessionId}/steps`);
    expectShape(listed, { items: [step], total: 'integer' });
    expect(listed.items.map(({ id }: { id: string }) => id)).toEqual([first.id, second.id]);
    const { items } = await client.ask(200, 'GET', `/generation/steps/${second.id}/alternatives`);
    expect(await client.ask(200, 'GET', `/photos/${items[0].image_id}/metadata`)).toMatchObject({
      source_image_id: images[1],
    });
  });

  test.each([
    ['no prompt', { prompt: '' }, 'validation_error'],
    ['more than ten pictures', { parameters: { batch_size: 11 } }, 'validation_error'],
    ['a model that is not there', { parameters: { model_key: 'none', model_hash: 'none' } }, 'invokeai_model_error'],
    ['a model that has changed', { parameters: { model_hash: 'another' } }, 'invokeai_model_error'],
  ])('is refused with %s', async (_, more, code) => {
    const body = {
      prompt: 'a lake',
      ...more,
      parameters: { ...asked, ...('parameters' in more ? more.parameters : {}) },
    };
    expect(await client.refused(400, 'POST', `/generation/sessions/${sessionId}/steps`, body)).toBe(code);
  });

  test('has nothing to fetch again once all of it is there', async () => {
    expect(await client.ask(200, 'POST', `/generation/steps/${first.id}/retry-retrievals`)).toEqual({
      step_id: first.id,
      batch_id: first.batch_id,
      retrieval_status: { total: 2, completed: 2, pending: 0, failed: 0, retrying: 0 },
    });
    expect(await client.ask(200, 'POST', '/photos/batch/retry', { ids: images })).toMatchObject({
      success_count: 0,
      failed_count: 2,
      details: { retrying: [], failed: expect.arrayContaining(images) },
    });
  });
});

describe('what was made is in the gallery', () => {
  test('by session, by step and as generated, with how it was made', async () => {
    const listed = await client.ask(200, 'GET', `/photos?step_id=${first.id}`);
    expect(listed.items.map(({ id }: { id: string }) => id).toSorted()).toEqual(images.toSorted());
    expectShape(listed.items[0], photo);
    expect(listed.items[0]).toMatchObject({
      is_generated: true,
      retrieval_status: 'completed',
      generation_metadata: { prompt: 'a lake at first light', model_key: asked.model_key, steps: 2 },
    });
    expect((await client.ask(200, 'GET', `/photos?session_id=${sessionId}`)).total).toBe(3);
    expect((await client.ask(200, 'GET', '/photos?generated=true')).total).toBe(3);
    expect(await client.ask(200, 'GET', `/photos/${images[0]}/metadata`)).toMatchObject({
      generation_prompt: 'a lake at first light',
      generation_negative_prompt: null,
      generation_params: {
        model_key: asked.model_key,
        seed: 11,
        steps: 2,
        scheduler: asked.scheduler,
        width: 256,
        height: 256,
      },
    });
  });

  test('and in the draft’s list of what was made last: by batch, correlation and time', async () => {
    const list = async (query = '') => client.ask(200, 'GET', `/generation/images${query}`);
    const all = await list();
    expectShape(all, {
      items: [
        {
          id: 'uuid',
          invoke_id: 'string?',
          batch_id: 'string?',
          correlation_id: 'string?',
          width: 'integer',
          height: 'integer',
          created_at: 'timestamp',
          retrieval_status: 'string',
          thumbnail_url: 'string',
          full_url: 'string',
          generation_metadata: {
            prompt: 'string',
            negative_prompt: 'string?',
            model: { key: 'string', hash: 'string', name: 'string' },
            seed: 'integer',
            steps: 'integer',
            cfg_scale: 'number',
            scheduler: 'string',
          },
        },
      ],
      total: 'integer',
    });
    expect(all.total).toBe(3);
    const times = all.items.map(({ created_at: at }: { created_at: string }) => at);
    expect(times).toEqual(times.toSorted().toReversed());
    const ids = async (query: string) => (await list(query)).items.map(({ id }: { id: string }) => id).toSorted();
    expect(await ids(`?batch_id=${first.batch_id}`)).toEqual(images.toSorted());
    expect(await ids('?correlation_id=client-1')).toEqual(images.toSorted());
    expect(await list('?limit=1')).toMatchObject({ total: 3, items: [{ id: all.items[0].id }] });
    expect((await list('?since=2100-01-01T00:00:00Z')).total).toBe(0);
    expect((await stranger.ask(200, 'GET', '/generation/images')).total).toBe(0);
    expect((await stranger.ask(200, 'GET', `/generation/images?batch_id=${first.batch_id}`)).total).toBe(0);
  });
});

test('a session ends, and shows its latest picture; what it made outlives it', async () => {
  const [listed] = (await client.ask(200, 'GET', '/generation/sessions')).items;
  expect(listed).toMatchObject({
    steps_count: 2,
    latest_image: { id: expect.any(String), thumbnail_url: expect.any(String) },
  });
  const ended = await client.ask(200, 'PATCH', `/generation/sessions/${sessionId}`, { status: 'completed' });
  expectShape(ended, { id: 'uuid', status: 'string', completed_at: 'timestamp' });
  expect(ended.status).toBe('completed');
  expect(await client.ask(200, 'GET', `/generation/sessions/${sessionId}`)).toMatchObject({
    steps_count: 2,
    status: 'completed',
  });
  expect((await client.ask(200, 'GET', '/generation/sessions?status=completed')).total).toBe(1);
  const other = await client.ask(201, 'POST', '/generation/sessions', { entry_type: 'scratch' });
  expect((await client.ask(200, 'PATCH', `/generation/sessions/${other.id}`, { status: 'abandoned' })).status).toBe(
    'abandoned',
  );
  expect(await stranger.refused(404, 'GET', `/generation/sessions/${sessionId}`)).toBe('not_found');
  await client.ask(204, 'DELETE', `/generation/sessions/${sessionId}`);
  expect(await client.refused(404, 'GET', `/generation/steps/${first.id}`)).toBe('not_found');
  expect((await client.ask(200, 'GET', '/photos?generated=true')).total).toBe(3);
});
