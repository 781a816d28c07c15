import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../app.ts';
import { createGalleryClient, expectShape, type GalleryClient, listOf, photo } from './photo-gallery-client.ts';

const app = await createTestApp({ environment: { TINTYPE_MODE: 'single', TINTYPE_TRUSTED_PROXIES: '' } });
const patience = { timeout: 60_000 };
let client: GalleryClient;
const ids: string[] = [];

// No cookie, no token, no Origin: as that system's clients come.
beforeAll(() => {
  client = createGalleryClient(app, null);
});

test('photos come in, are listed, shown by plain addresses, and go', async () => {
  for (const n of [1, 2]) {
    const answer = await client.upload(await tinyPhoto(n, { width: 320, height: 240 }), `p${n}.jpg`);
    expect(answer.status).toBe(201);
    ids.push(answer.json().id);
  }
  const page = await client.ask(200, 'GET', '/photos');
  expectShape(page, listOf(photo));
  for (const { thumbnail_url: small, full_url: full } of page.items) {
    // Nobody is signed in, so nothing has to be signed.
    expect([small, full].join()).not.toContain('s=');
    expect([(await client.bytes(small)).status, (await client.bytes(full)).status]).toEqual([200, 200]);
  }
  expect((await client.bytes(`/api/v1/photos/thumbnail/${ids[0]}`)).headers['content-type']).toBe('image/webp');
  await client.ask(204, 'DELETE', `/photos/${ids[1]}`);
  expect((await client.ask(200, 'GET', '/photos')).total).toBe(1);
});

test('albums and links work alike', async () => {
  const album = await client.ask(201, 'POST', '/albums', { name: 'All' });
  await client.ask(204, 'POST', `/albums/${album.id}/photos`, { photo_ids: [ids[0]] });
  expect((await client.ask(200, 'GET', `/albums/${album.id}/photos`)).total).toBe(1);
  await client.ask(204, 'DELETE', `/albums/${album.id}/photos`, { photo_ids: [ids[0]] });
  await client.ask(204, 'DELETE', `/albums/${album.id}`);
  const { access_key: key } = await client.ask(201, 'POST', '/share/create', { photo_id: ids[0] });
  expectShape(await client.ask(200, 'GET', `/share/${key}`), photo);
  expect((await client.bytes(`/api/v1/share/${key}`, { accept: 'image/*' })).headers['content-type']).toMatch(
    /^image\//,
  );
});

test('the owner is who administers: machines and costs are in the settings', async () => {
  const { backend, cost_tracking: costs } = await client.ask(200, 'GET', '/settings');
  expect(backend).toMatchObject({ mode: 'local', idle_timeout_minutes: 30 });
  expect(costs).toEqual({ current_session_cost: 0, lifetime_usage_hours: 0, lifetime_cost: 0 });
  expect(
    (await client.ask(200, 'PATCH', '/settings', { generation: { default_steps: 12 } })).generation.default_steps,
  ).toBe(12);
  expect((await client.ask(200, 'GET', '/backend/status')).mode).toBe('local');
});

test('a template becomes a picture', async () => {
  const template = await client.ask(201, 'POST', '/templates', { name: 'Lake', prompt_text: 'a lake' });
  expect((await client.ask(200, 'POST', '/models/refresh')).success).toBe(true);
  const [model] = (await client.ask(200, 'GET', '/models')).items;
  const session = await client.ask(201, 'POST', '/generation/sessions', {
    entry_type: 'refinement',
    source_image_id: ids[0],
  });
  const step = await client.ask(201, 'POST', `/generation/sessions/${session.id}/steps`, {
    prompt: template.prompt_text,
    parameters: {
      model_key: model.key,
      model_hash: model.hash,
      ...model.default_params,
      width: 256,
      height: 256,
      steps: 2,
      batch_size: 1,
    },
    correlation_id: randomUUID(),
  });
  await expect
    .poll(async () => (await client.ask(200, 'GET', `/generation/steps/${step.id}/status`)).status, patience)
    .toBe('completed');
  const { items } = await client.ask(200, 'GET', `/generation/steps/${step.id}/alternatives`);
  await client.ask(200, 'POST', `/generation/steps/${step.id}/select`, { image_id: items[0].image_id });
  expect((await client.bytes(items[0].photo.full_url)).status).toBe(200);
  expect((await client.ask(200, 'GET', '/generation/images')).total).toBe(1);
});

describe('without a sign-in, nobody but this machine comes in', () => {
  test.each([
    '/photos',
    '/albums',
    '/settings',
    '/models',
    '/templates',
    '/generation/sessions',
    '/generation/images',
    '/backend/status',
  ])('%s is refused to another host name and through a proxy', async (path) => {
    for (const [name, value] of [
      ['host', 'evil.example'],
      ['x-forwarded-for', '127.0.0.1'],
    ] as const) {
      expect((await client.send('GET', path, undefined, { [name]: value })).status).toBe(403);
    }
  });

  test('a page of another site writes nothing', async () => {
    for (const [method, path, json] of [
      ['DELETE', `/photos/${ids[0]}`, undefined],
      ['POST', '/albums', { name: 'theirs' }],
      ['PATCH', '/settings', { generation: { default_steps: 1 } }],
    ] as const) {
      expect((await client.send(method, path, json, { origin: 'https://evil.example' })).status).toBe(403);
    }
  });
});
