import { beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '#config.ts';
import { createTestApp, tinyPhoto } from '../app.ts';
import { createGalleryClient, expectShape, type GalleryClient, refusal } from './photo-gallery-client.ts';

// The README that photo-gallery started from, promise by promise, in its order. What the installation of a Python program has in it
// (virtual environments, alembic, pytest) is in `docs/migrating/photo-gallery.md`.
const app = await createTestApp({ environment: { TINTYPE_MODE: 'single', TINTYPE_TRUSTED_PROXIES: '' } });
const narrow = await createTestApp({
  environment: {
    TINTYPE_MODE: 'single',
    TINTYPE_TRUSTED_PROXIES: '',
    MAX_BATCH_SIZE: '8',
    RETRIEVAL_MAX_ATTEMPTS: '4',
  },
});
const client: GalleryClient = createGalleryClient(app, null);
const patience = { timeout: 60_000 };
let photoId: string;

beforeAll(async () => {
  photoId = (await client.upload(await tinyPhoto(1, { width: 200, height: 150 }), 'one.jpg')).json().id;
});

describe('overview: a REST API for', () => {
  test('photo management: upload, retrieval, organization', async () => {
    expect((await client.bytes(`/api/v1/photos/${photoId}`)).status).toBe(200);
    expect((await client.ask(200, 'GET', '/photos')).items.map(({ id }: { id: string }) => id)).toEqual([photoId]);
  });

  test('album creation and management', async () => {
    const album = await client.ask(201, 'POST', '/albums', { name: 'A' });
    await client.ask(204, 'POST', `/albums/${album.id}/photos`, { photo_ids: [photoId] });
    expect((await client.ask(200, 'PATCH', `/albums/${album.id}`, { name: 'B' })).photo_count).toBe(1);
    await client.ask(204, 'DELETE', `/albums/${album.id}`);
  });

  test('generation workflows, also without an InvokeAI', async () => {
    await client.ask(200, 'POST', '/models/refresh');
    const session = await client.ask(201, 'POST', '/generation/sessions', { entry_type: 'scratch' });
    const step = await client.ask(201, 'POST', `/generation/sessions/${session.id}/steps`, {
      prompt: 'a lake',
      parameters: { width: 256, height: 256, steps: 1, batch_size: 1 },
    });
    await expect
      .poll(async () => (await client.ask(200, 'GET', `/generation/steps/${step.id}/status`)).status, patience)
      .toBe('completed');
  });

  test('sharing by links that cannot be guessed', async () => {
    const { access_key: key } = await client.ask(201, 'POST', '/share/create', { photo_id: photoId });
    expect(Buffer.from(key, 'base64url')).toHaveLength(32);
    expect((await client.ask(200, 'GET', `/share/${key}`)).id).toBe(photoId);
  });
});

describe('configuration: the keys of its .env mean the same', () => {
  const configured = parseConfig({
    DATABASE_URL: 'postgresql://postgres:postgres@localhost/photo_gallery_dev',
    INVOKEAI_LOCAL_URL: 'http://localhost:9090',
    INVOKEAI_CONNECTION_TIMEOUT: '12',
    INVOKEAI_READ_TIMEOUT: '31',
    RUNPOD_API_KEY: 'a key',
    RUNPOD_POD_TYPE: 'NVIDIA A5000',
    RUNPOD_IDLE_TIMEOUT: '25',
    MAX_UPLOAD_SIZE: '10485760',
    MAX_BATCH_SIZE: '8',
    RETRIEVAL_MAX_ATTEMPTS: '4',
  });
  const unset = parseConfig({});

  test('DATABASE_URL, and the address that it listens at', () => {
    expect(configured.databaseUrl).toBe('postgresql://postgres:postgres@localhost/photo_gallery_dev');
    expect([unset.host, unset.port]).toEqual(['127.0.0.1', 8000]);
  });

  test('INVOKEAI_LOCAL_URL, INVOKEAI_CONNECTION_TIMEOUT and INVOKEAI_READ_TIMEOUT, in seconds', () => {
    expect(configured.studio.invokeai).toMatchObject({ connectMs: 12_000, readMs: 31_000 });
    expect(configured.studio.invokeai?.url).toMatch(/^http:\/\/localhost:9090\/?$/);
    const usual = parseConfig({ INVOKEAI_LOCAL_URL: 'http://localhost:9090' });
    expect(usual.studio.invokeai).toMatchObject({ connectMs: 10_000, readMs: 30_000 });
  });
  test('RUNPOD_API_KEY, RUNPOD_POD_TYPE and RUNPOD_IDLE_TIMEOUT, in minutes', () => {
    expect(configured.studio.runpod).toMatchObject({ key: 'a key', gpus: ['NVIDIA A5000'], idleMs: 25 * 60_000 });
  });
  test('MAX_UPLOAD_SIZE in bytes, which is 20 MB unless it is set', () => {
    expect([configured.maxUploadBytes, unset.maxUploadBytes]).toEqual([10_485_760, 20_971_520]);
  });
  test('MAX_BATCH_SIZE and RETRIEVAL_MAX_ATTEMPTS are shown by the settings', async () => {
    expect(configured.studio).toMatchObject({ maxBatch: 8, maxAttempts: 4 });
    for (const [one, expected] of [
      [client, [10, 5]],
      [createGalleryClient(narrow, null), [8, 4]],
    ] as const) {
      const { limits, retrieval } = await one.ask(200, 'GET', '/settings');
      expect([limits.max_batch_size, retrieval.max_attempts]).toEqual(expected);
    }
  });
});

describe('models: what its data was is there', () => {
  test('a photo, with metadata and retrieval status', async () => {
    const [photo] = (await client.ask(200, 'GET', '/photos?generated=true')).items;
    expect(photo.retrieval_status).toBe('completed');
    expect((await client.ask(200, 'GET', `/photos/${photo.id}/metadata`)).generation_prompt).toBe('a lake');
  });
  test('an album, a session, and a step with its alternatives', async () => {
    const album = await client.ask(201, 'POST', '/albums', { name: 'Lakes', description: 'Of the north' });
    expect((await client.ask(200, 'GET', '/albums')).items).toMatchObject([
      { id: album.id, name: 'Lakes', description: 'Of the north', photo_count: 0 },
    ]);
    const [session] = (await client.ask(200, 'GET', '/generation/sessions')).items;
    const [step] = (await client.ask(200, 'GET', `/generation/sessions/${session.id}/steps`)).items;
    expect((await client.ask(200, 'GET', `/generation/steps/${step.id}/alternatives`)).items).toHaveLength(1);
  });
});

describe('endpoints', () => {
  test.each([
    ['/photos', 'items'],
    ['/albums', 'items'],
    ['/generation/sessions', 'items'],
    ['/models', 'items'],
    ['/settings', 'generation'],
    ['/templates', 'items'],
    ['/backend/status', 'mode'],
  ])('/api/v1%s answers', async (path, field) => {
    expect(await client.ask(200, 'GET', path)).toHaveProperty(field);
  });

  test('/api/v1/share answers under a key', async () => {
    expect(await client.refused(404, 'GET', `/share/${'A'.repeat(43)}`)).toBe('not_found');
  });

  test('whatever is refused is refused in one form', async () => {
    for (const [method, path] of [
      ['GET', '/nothing'],
      ['GET', '/photos?limit=1000'],
      ['POST', '/albums'],
    ] as const) {
      const answer = await client.send(method, path);
      expect(answer.status).toBeOneOf([400, 404]);
      expectShape(answer.json(), refusal);
    }
  });
});

describe('pitfalls: what it left to its deployment is here', () => {
  test('no sign-in on this machine, and none from elsewhere', async () => {
    expect((await client.send('GET', '/photos')).status).toBe(200);
    expect((await client.send('GET', '/photos', undefined, { host: 'gallery.example' })).status).toBe(403);
  });
  test('what generates is asked for only what it can', async () => {
    const session = await client.ask(201, 'POST', '/generation/sessions', { entry_type: 'scratch' });
    for (const parameters of [{ width: 3 }, { steps: 100_000 }, { width: 'wide' }]) {
      const body = { prompt: 'a lake', parameters };
      expect(await client.refused(400, 'POST', `/generation/sessions/${session.id}/steps`, body)).toBe(
        'validation_error',
      );
    }
  });
  test('lists come in pages, and pictures in a size for lists', async () => {
    const page = await client.ask(200, 'GET', '/photos?limit=1');
    expect(page.items).toHaveLength(1);
    const [thumbnail, whole] = [
      await client.bytes(page.items[0].thumbnail_url),
      await client.bytes(`/api/v1/photos/${page.items[0].id}`),
    ];
    expect([thumbnail.status, whole.status]).toEqual([200, 200]);
    expect(thumbnail.headers['content-type']).toBe('image/webp');
  });
  test('ten pictures a step at the most', async () => {
    const session = await client.ask(201, 'POST', '/generation/sessions', { entry_type: 'scratch' });
    const body = { prompt: 'a lake', parameters: { batch_size: 11 } };
    expect(await client.refused(400, 'POST', `/generation/sessions/${session.id}/steps`, body)).toBe(
      'validation_error',
    );
  });
});
