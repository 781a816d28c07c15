import { beforeEach, describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../app.ts';
import { openStyleAiApp, type StyleAiApp } from './style-ai-client.ts';

// What the earlier system's document names as things to come. Paths are ours, in its manner.
const app = await createTestApp();
let page: StyleAiApp;
let userId: string;
let people = 0;
let seed = 0;
// Somebody new each time: ten images a minute are all that one person may have made.
beforeEach(async () => {
  people += 1;
  page = openStyleAiApp(app, { ip: `198.51.100.${people}` });
  const username = `somebody-${people}`;
  const answer = await page.register({
    username,
    email: `${username}@people.example`,
    password: 'walks uphill at noon',
  });
  userId = answer.json().user.id;
});

const upload = async (style?: string) => {
  seed += 1;
  const answer = await page.upload(await tinyPhoto(seed), style ? { style } : {});
  expect(answer.status).toBe(200);
  return answer.json();
};
const absent = '0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e';
const photoIds = async (): Promise<string[]> =>
  (await app.request({ bearer: page.token }, 'GET', '/api/v1/photos')).json().items.map(({ id }: { id: string }) => id);

describe('one image', () => {
  test('is looked at with what the gallery does not show', async () => {
    const made = await upload('watercolor');
    expect((await page.call('GET', `/images/${made.id}`)).json()).toEqual({
      image: {
        id: made.id,
        user_id: userId,
        filename: made.filename,
        original_filename: made.original_filename,
        url: made.url,
        timestamp: made.timestamp,
        style: 'watercolor',
        download_url: made.download_url,
        original_url: expect.stringMatching(new RegExp(`^/uploads/${made.original_filename}\\?`)),
        caption: null,
        tags: [],
        is_favorite: false,
        place: null,
        taken_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/),
        width: 24,
        height: 18,
        bytes: expect.any(Number),
        mime_type: 'image/jpeg',
      },
    });
  });

  test.each(['PUT', 'PATCH'])('is described by %s', async (method) => {
    const { id } = await upload();
    const change = {
      caption: 'The harbour, late',
      tags: ['harbour', 'evening'],
      is_favorite: true,
      place: 'Porto',
      taken_at: '2024-06-14T21:30:00+02:00',
    };
    const answer = await page.call(method, `/images/${id}`, { ...change, user_id: absent, style: 'neon' });
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({
      message: expect.any(String),
      image: expect.objectContaining({ id, user_id: userId, style: 'cinematic', ...change }),
    });
    expect((await page.call('GET', `/images/${id}`)).json().image).toMatchObject(change);
    for (const wrong of [{}, { caption: 7 }, { style: 'neon' }, { tags: 'harbour' }, { caption: 'x'.repeat(1001) }]) {
      const refused = await page.call(method, `/images/${id}`, wrong);
      expect([refused.status, refused.json()], JSON.stringify(wrong).slice(0, 60)).toEqual([
        400,
        { error: expect.any(String) },
      ]);
    }
  });

  test('is deleted: gone from the gallery and from its address, and for thirty days in the trash', async () => {
    const { id, url, original_filename: original } = await upload();
    expect((await page.image(url)).status).toBe(200);
    const answer = await page.call('DELETE', `/images/${id}`);
    expect([answer.status, answer.json()]).toEqual([200, { message: 'Image deleted successfully', deleted: 1 }]);
    expect((await page.images()).map((image) => image.id)).not.toContain(id);
    expect((await page.image(url)).status).toBe(404);
    expect((await page.call('GET', url)).status).toBe(404);
    const trash = (await app.request({ bearer: page.token }, 'GET', '/api/v1/trash')).json();
    expect(trash.items.map((photo: { id: string }) => photo.id)).toContain(id);
    expect(await photoIds()).toContain(original.slice(0, 36));
    const again = await page.call('DELETE', `/images/${id}`);
    expect([again.status, again.json()]).toEqual([404, { error: 'Image not found' }]);
  });

  test('takes what it was made of along where that is asked for', async () => {
    const { id, original_filename: original } = await upload();
    const answer = await page.call('DELETE', `/images/${id}?original=true`);
    expect(answer.json()).toEqual({ message: 'Image deleted successfully', deleted: 2 });
    expect(await photoIds()).not.toContain(original.slice(0, 36));
  });

  test('is shared by a link that whoever has it can open, until it is closed', async () => {
    const { id } = await upload();
    const answer = await page.call('POST', `/images/${id}/share`, { password: 'tell nobody', expires_in_days: 7 });
    expect(answer.status).toBe(201);
    const { message, share } = answer.json();
    expect(message).toEqual(expect.any(String));
    expect(share).toEqual({
      id: expect.any(String),
      image_id: id,
      url: expect.stringMatching(/^https?:\/\/.+\/s\/[\w-]+$/),
      has_password: true,
      expires_at: expect.any(String),
    });
    const days = (Date.parse(`${share.expires_at}Z`) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThanOrEqual(7);
    const key = new URL(share.url).pathname.slice(3);
    const guest = (password: string) =>
      app.request(null, 'GET', `/api/v1/share/${key}`, { headers: { 'x-share-password': password } });
    expect((await guest('tell nobody')).json().photo.id).toBe(id);
    expect((await guest('tell me')).status).toBe(401);
    expect((await page.call('GET', `/images/${id}/share`)).json()).toEqual({ shares: [share] });
    expect((await page.call('DELETE', `/images/${id}/share`)).json()).toEqual({
      message: expect.any(String),
      closed: 1,
    });
    expect((await guest('tell nobody')).status).toBe(410);
    expect((await page.call('GET', `/images/${id}/share`)).json()).toEqual({ shares: [] });
  });

  test.each([
    ['GET', ''],
    ['PUT', ''],
    ['DELETE', ''],
    ['POST', '/share'],
    ['GET', '/share'],
    ['DELETE', '/share'],
  ])('%s of one that is not there', async (method, more) => {
    for (const id of [absent, 'no-id', (await upload()).original_filename.slice(0, 36)]) {
      const body = method === 'PUT' || method === 'POST' ? { caption: 'x' } : undefined;
      const answer = await page.call(method, `/images/${id}${more}`, body);
      expect([answer.status, answer.json()], id).toEqual([404, { error: 'Image not found' }]);
    }
  });
});

describe('many images', () => {
  test('are deleted together or not at all', async () => {
    const [one, two, three] = [await upload(), await upload(), await upload()];
    const refused = await page.call('POST', '/images/bulk-delete', { ids: [one.id, absent] });
    expect([refused.status, refused.json()]).toEqual([404, { error: 'Image not found' }]);
    const before = (await page.images()).length;
    const answer = await page.call('POST', '/images/bulk-delete', { ids: [one.id, two.id] });
    expect(answer.json()).toEqual({ message: 'Images deleted successfully', deleted: 2 });
    const left = (await page.images()).map(({ id }) => id);
    expect(left).toHaveLength(before - 2);
    expect(left).toContain(three.id);
  });

  test('are marked and tagged together', async () => {
    const ids = [(await upload()).id, (await upload()).id];
    const answer = await page.call('POST', '/images/bulk-update', {
      ids,
      is_favorite: true,
      add_tags: ['harbour'],
    });
    expect(answer.json()).toEqual({ message: 'Images updated successfully', updated: 2 });
    for (const id of ids) {
      expect((await page.call('GET', `/images/${id}`)).json().image).toMatchObject({
        is_favorite: true,
        tags: ['harbour'],
      });
    }
    await page.call('POST', '/images/bulk-update', { ids, remove_tags: ['harbour'] });
    expect((await page.call('GET', `/images/${ids[0]}`)).json().image).toMatchObject({ is_favorite: true, tags: [] });
    const refused = await page.call('POST', '/images/bulk-update', { ids: [...ids, absent], is_favorite: false });
    expect(refused.status).toBe(404);
    expect((await page.call('GET', `/images/${ids[0]}`)).json().image.is_favorite).toBe(true);
  });

  test.each(['/images/bulk-delete', '/images/bulk-update'])('%s says what it lacks', async (path) => {
    for (const body of [{}, { ids: [] }, { ids: 'all' }, { ids: [7] }, { ids: Array(1001).fill(absent) }]) {
      const answer = await page.call('POST', path, { is_favorite: true, ...body });
      expect([answer.status, answer.json()], JSON.stringify(body).slice(0, 40)).toEqual([
        400,
        { error: expect.any(String) },
      ]);
    }
  });
});

test('one’s own images are counted by style and month', async () => {
  expect((await page.call('GET', '/images/stats')).json()).toEqual({
    stats: { total: 0, bytes: 0, first_at: null, last_at: null, by_style: [], by_month: [], favorites: 0 },
  });
  await page.upload(await tinyPhoto(101));
  await page.upload(await tinyPhoto(102));
  await page.upload(await tinyPhoto(102), { style: 'neon' });
  const [newest, , oldest] = await page.images();
  await page.call('PUT', `/images/${newest?.id}`, { is_favorite: true });
  const { stats } = (await page.call('GET', '/images/stats')).json();
  expect(stats).toEqual({
    total: 3,
    bytes: expect.any(Number),
    first_at: oldest?.timestamp,
    last_at: newest?.timestamp,
    favorites: 1,
    by_style: [
      { style: 'cinematic', images: 2 },
      { style: 'neon', images: 1 },
    ],
    by_month: [{ month: newest?.timestamp.slice(0, 7), images: 3 }],
  });
});
