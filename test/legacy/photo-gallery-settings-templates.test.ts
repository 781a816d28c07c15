import { beforeAll, describe, expect, test } from 'vitest';
import { createTestApp } from '../app.ts';
import { createGalleryClient, expectShape, type GalleryClient, listOf } from './photo-gallery-client.ts';

const app = await createTestApp();
const settings = {
  generation: {
    default_steps: 'integer',
    default_cfg_scale: 'number',
    default_scheduler: 'string',
    default_batch_size: 'integer',
    aspect_ratios: [{ name: 'string', width: 'integer', height: 'integer' }],
  },
  backend: { mode: 'string', local_url: 'string?', remote_url: 'string?', idle_timeout_minutes: 'integer' },
  retrieval: { max_attempts: 'integer', retry_delay: 'integer', parallel_retrievals: 'integer' },
  cost_tracking: { current_session_cost: 'number', lifetime_usage_hours: 'number', lifetime_cost: 'number' },
} as const;
const template = {
  id: 'uuid',
  name: 'string',
  description: 'string?',
  prompt_text: 'string',
  negative_prompt: 'string?',
  category: 'string?',
  is_favorite: 'boolean',
  created_at: 'timestamp',
  updated_at: 'timestamp',
} as const;
let owner: GalleryClient;
let other: GalleryClient;

beforeAll(async () => {
  owner = createGalleryClient(app, await app.signUp());
  other = createGalleryClient(app, await app.signUp());
});

describe('the settings', () => {
  test('are at first what the contract says', async () => {
    const answered = await owner.ask(200, 'GET', '/settings');
    expectShape(answered, settings);
    const { generation, backend, retrieval } = answered;
    expect(generation).toMatchObject({
      default_steps: 30,
      default_cfg_scale: 7.5,
      default_scheduler: 'euler',
      default_batch_size: 4,
    });
    const sides = generation.aspect_ratios.map(({ width, height }: Record<string, number>) => `${width}x${height}`);
    expect(sides).toEqual(['1024x1024', '832x1216', '1216x832']);
    expect(backend).toMatchObject({ mode: 'local', idle_timeout_minutes: 30 });
    expect(retrieval).toMatchObject({ max_attempts: 5, retry_delay: 60 });
  });

  test('are changed by any part of them, and answered whole', async () => {
    const changed = await owner.ask(200, 'PATCH', '/settings', {
      generation: { default_steps: 20, default_batch_size: 2 },
    });
    expectShape(changed, settings);
    expect(changed.generation).toMatchObject({ default_steps: 20, default_cfg_scale: 7.5, default_batch_size: 2 });
    const shapes = [{ name: 'Wide', width: 1536, height: 640 }];
    await owner.ask(200, 'PATCH', '/settings', { generation: { aspect_ratios: shapes } });
    expect((await owner.ask(200, 'GET', '/settings')).generation).toMatchObject({
      default_steps: 20,
      aspect_ratios: shapes,
    });
  });

  test('may come back whole with one of them changed', async () => {
    const whole = await owner.ask(200, 'GET', '/settings');
    const sent = { ...whole, generation: { ...whole.generation, default_cfg_scale: 6 } };
    expect((await owner.ask(200, 'PATCH', '/settings', sent)).generation.default_cfg_scale).toBe(6);
    const { generation, retrieval } = await other.ask(200, 'GET', '/settings');
    expect((await other.ask(200, 'PATCH', '/settings', { generation, retrieval })).generation).toEqual(generation);
  });

  test.each([
    ['retrieval.max_attempts', { retrieval: { max_attempts: 9 } }, 'RETRIEVAL_MAX_ATTEMPTS'],
    ['backend.idle_timeout_minutes', { backend: { idle_timeout_minutes: 5 } }, 'RUNPOD_IDLE_TIMEOUT'],
    ['backend.local_url', { backend: { local_url: 'http://127.0.0.1:1' } }, 'INVOKEAI_LOCAL_URL'],
    ['limits.max_batch_size', { limits: { max_batch_size: 99 } }, 'MAX_BATCH_SIZE'],
  ])('are the server’s own in %s, and say what decides', async (field, body, key) => {
    const steps = { default_steps: 99 };
    const answer = await owner.send('PATCH', '/settings', { ...body, generation: steps });
    expect([answer.status, answer.json().error]).toMatchObject([
      400,
      { code: 'validation_error', message: expect.stringContaining(key), details: { field } },
    ]);
    expect((await owner.ask(200, 'GET', '/settings')).generation.default_steps).toBe(20);
  });

  test('refuse what cannot be', async () => {
    for (const body of [
      {},
      { generation: {} },
      { generation: { default_steps: 0 } },
      { generation: { default_batch_size: 11 } },
    ]) {
      expect(await owner.refused(400, 'PATCH', '/settings', body)).toBe('validation_error');
    }
    expect(await owner.refused(409, 'PATCH', '/settings', { backend: { mode: 'remote' } })).toBe('conflict');
  });

  test('are each one’s own; the machines are the administrator’s', async () => {
    const { generation, backend, cost_tracking: costs } = await other.ask(200, 'GET', '/settings');
    expect([generation.default_steps, backend, costs]).toEqual([30, null, null]);
    expect(await other.refused(403, 'PATCH', '/settings', { backend: { mode: 'local' } })).toBe('forbidden');
  });
});

describe('templates', () => {
  let made: { id: string; updated_at: string };

  test('are kept with a name and a prompt, the rest left out or null', async () => {
    made = await owner.ask(201, 'POST', '/templates', {
      name: 'Lake',
      description: 'For mornings',
      prompt_text: 'a lake at first light',
      negative_prompt: 'people',
      category: 'landscape',
      is_favorite: true,
    });
    expectShape(made, template);
    expect(made).toMatchObject({ name: 'Lake', category: 'landscape', is_favorite: true, negative_prompt: 'people' });
    const bare = { name: 'Bare', prompt_text: 'a hut', description: null, negative_prompt: null, category: null };
    expect(await owner.ask(201, 'POST', '/templates', bare)).toMatchObject({ ...bare, is_favorite: false });
    expect(await owner.refused(400, 'POST', '/templates', { name: 'No prompt' })).toBe('validation_error');
  });

  test('are listed by pages, by favourite and by category', async () => {
    const page = await owner.ask(200, 'GET', '/templates');
    expectShape(page, listOf(template));
    expect(page).toMatchObject({ total: 2, limit: 50, offset: 0 });
    for (const [query, total] of [
      ['favorite=true', 1],
      ['favorite=false', 1],
      ['category=landscape', 1],
      ['category=none', 0],
    ]) {
      expect([query, (await owner.ask(200, 'GET', `/templates?${query}`)).total]).toEqual([query, total]);
    }
    expect((await owner.ask(200, 'GET', '/templates?limit=1&offset=1')).items).toHaveLength(1);
    expect((await other.ask(200, 'GET', '/templates')).total).toBe(0);
  });

  test('are changed and deleted by whoever has them', async () => {
    const changed = await owner.ask(200, 'PATCH', `/templates/${made.id}`, { is_favorite: false, category: null });
    expectShape(changed, template);
    expect(changed).toMatchObject({ id: made.id, name: 'Lake', is_favorite: false, category: null });
    expect(await other.refused(404, 'PATCH', `/templates/${made.id}`, { name: 'Mine' })).toBe('not_found');
    expect(await other.refused(404, 'DELETE', `/templates/${made.id}`)).toBe('not_found');
    await owner.ask(204, 'DELETE', `/templates/${made.id}`);
    expect(await owner.refused(404, 'DELETE', `/templates/${made.id}`)).toBe('not_found');
  });
});
