import { createHash, randomBytes } from 'node:crypto';
import { readdir, readlink } from 'node:fs/promises';
import { request } from 'node:http';
import { Client } from 'pg';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../app.ts';
import { openStyleAiApp, type StyleAiApp } from './style-ai-client.ts';

// What uploading and downloading whole pictures in JSON takes of a server, and gives back.
const app = await createTestApp();
const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148';
let people = 0;

async function enter(userAgent?: string): Promise<StyleAiApp & { readonly id: string }> {
  people += 1;
  const page = openStyleAiApp(app, { ip: `198.51.100.${people}`, ...(userAgent ? { userAgent } : {}) });
  const username = `somebody-${people}`;
  const form = { username, email: `${username}@people.example`, password: 'walks uphill at noon' };
  const answer = await page.register(form);
  expect(answer.status).toBe(201);
  return Object.defineProperty({ ...page, id: answer.json().user.id }, 'token', { get: () => page.token });
}
const administrator = await enter();

/** Which files of the library this process holds open. */
async function openFiles(): Promise<string[]> {
  const all = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return all.filter((path) => path.startsWith(`${app.dataDir}/originals`));
}

test.runIf(process.platform === 'linux')('a phone that asks with HEAD leaves no file open', async () => {
  const page = await enter(iphone);
  const large = await sharp(randomBytes(800 * 800 * 3), { raw: { width: 800, height: 800, channels: 3 } })
    .png({ compressionLevel: 0 })
    .toBuffer();
  expect(large.length).toBeGreaterThan(1.5 * 2 ** 20);
  const { id } = await app.upload({ bearer: page.token }, large, 'noise.png');
  const path = `/download-image/${id}.png`;
  for (let n = 0; n < 5; n += 1) {
    const head = await page.call('HEAD', path);
    expect([head.status, head.headers['content-type'], head.body.length]).toEqual([200, 'application/json', 0]);
  }
  // Whatever the first of them had begun to read is begun by now.
  const whole = await page.call('GET', path);
  expect(Buffer.from(whole.json().image_data, 'base64').equals(large)).toBe(true);
  await expect.poll(openFiles).toEqual([]);
  expect((await page.call('HEAD', `/download-image/${administrator.id}.png`)).status).toBe(404);
});

test('one person has two uploads on their way at once, and nobody else waits for them', async () => {
  const [page, other] = [await enter(), await enter()];
  const begin = () => {
    const body = '{"image":"data:,"}';
    const headers = { authorization: `Bearer ${page.token}`, 'content-length': body.length };
    const sent = request(`${app.url}/upload`, { method: 'POST', headers });
    sent.write(body.slice(0, 5));
    const status = new Promise((resolve, reject) => {
      sent.on('response', (response) => resolve(response.resume().statusCode));
      sent.on('error', reject);
    });
    return { status, finish: () => sent.end(body.slice(5)) };
  };
  const both = [begin(), begin()];
  const asked = async () => (await page.call('GET', '/rate-limit-status')).json().rate_limits.minute_requests;
  await expect.poll(asked).toBe(2);
  const third = await page.upload(await tinyPhoto(1));
  expect([third.status, third.headers['retry-after'], third.json()]).toEqual([
    429,
    '5',
    { error: expect.stringContaining('at once'), retry_after: 5 },
  ]);
  expect((await other.upload(await tinyPhoto(1))).status).toBe(200);
  for (const { finish } of both) finish();
  // What was sent was no picture.
  expect(await Promise.all(both.map(({ status }) => status))).toEqual([400, 400]);
  expect((await page.upload(await tinyPhoto(1))).status).toBe(200);
});

test('an upload counts before it is read, whatever is in it', async () => {
  const page = await enter();
  for (let n = 0; n < 10; n += 1) expect((await page.call('POST', '/upload', { image: 7 })).status).toBe(400);
  const refused = await page.call('POST', '/upload', { image: 7 });
  expect([refused.status, refused.json().rate_limit_info.minute_remaining]).toEqual([429, 0]);
});

test('an image that cannot be made leaves nothing of what was sent, and everything that was there', async () => {
  const page = await enter();
  const changed = await app.request({ bearer: administrator.token }, 'PATCH', `/api/v1/users/${page.id}`, {
    json: { quota_photos: 3 },
  });
  expect(changed.status).toBe(200);
  const ids = async (list: string): Promise<string[]> =>
    (await app.request({ bearer: page.token }, 'GET', `/api/v1/${list}`))
      .json()
      .items.map((one: { id: string }) => one.id);
  expect((await page.upload(await tinyPhoto(11))).status).toBe(200);
  const before = await ids('photos');
  expect(before).toHaveLength(2);

  // There is room for what is sent, and none for what is made of it.
  const bytes = await tinyPhoto(12);
  const refused = await page.upload(bytes);
  expect([refused.status, refused.json()]).toEqual([
    429,
    { error: expect.stringMatching(/^No image credits remaining/), upgrade_required: true, remaining: 0 },
  ]);
  expect([await ids('photos'), await ids('trash')]).toEqual([before, []]);
  await expect.poll(() => isStored(bytes)).toBe(false);

  // The original of the first image is there already, and is not this upload's to take back.
  expect((await page.upload(await tinyPhoto(11), { style: 'neon' })).status).toBe(200);
  expect((await page.upload(await tinyPhoto(11), { style: 'sketch' })).status).toBe(429);
  expect(await ids('photos')).toHaveLength(3);
  expect(await ids('photos')).toEqual(expect.arrayContaining(before));
});

async function isStored(bytes: Uint8Array): Promise<boolean> {
  const client = new Client(app.database.owner);
  await client.connect();
  try {
    const { rows } = await client.query('select from blobs where hash = $1', [
      createHash('sha256').update(bytes).digest(),
    ]);
    return rows.length > 0;
  } finally {
    await client.end();
  }
}
