import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../app.ts';

const app = await createTestApp();
const [owner, stranger] = [await app.signUp(), await app.signUp()];
const tus = { 'tus-resumable': '1.0.0' };

test('a stranger can neither stop nor notice an upload that is under way', async () => {
  const bytes = await tinyPhoto(1);
  const { headers } = await app.request(owner, 'POST', '/api/v1/uploads', {
    headers: { ...tus, 'upload-length': String(bytes.length) },
  });
  const path = String(headers.location);
  const sent = request(`${app.url}${path}`, {
    method: 'PATCH',
    headers: {
      ...tus,
      authorization: `Bearer ${owner.bearer}`,
      'upload-offset': '0',
      'content-type': 'application/offset+octet-stream',
      'content-length': bytes.length,
    },
  });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  sent.write(bytes.subarray(0, 100));
  // Long enough for the server to hold the upload's lock.
  await expect.poll(async () => (await app.request(owner, 'GET', path)).json().offset).toBeGreaterThan(0);

  for (const [method, extra] of [
    ['HEAD', {}],
    ['PATCH', { 'upload-offset': '100', 'content-type': 'application/offset+octet-stream' }],
    ['DELETE', {}],
    ['GET', {}],
  ] as const) {
    const answer = await app.request(stranger, method, path, { headers: { ...tus, ...extra } });
    expect([method, answer.status]).toEqual([method, 404]);
  }

  // Whoever waits for the lock makes its holder let go: this would be refused.
  sent.end(bytes.subarray(100));
  const [response] = await answered;
  response.resume();
  expect(response.statusCode).toBe(204);
  expect((await app.request(owner, 'GET', path)).json()).toMatchObject({ status: 'complete', duplicate: false });
});

test('an upload that has ended takes no more, and does not fall over', async () => {
  const bytes = await tinyPhoto(2);
  const send = (path: string, offset: number, body: Uint8Array) =>
    app.request(owner, 'PATCH', path, {
      body,
      headers: { ...tus, 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' },
    });
  const { headers } = await app.request(owner, 'POST', '/api/v1/uploads', {
    headers: { ...tus, 'upload-length': String(bytes.length) },
  });
  const path = String(headers.location);
  expect((await send(path, 0, bytes)).status).toBe(204);
  const photo = (await app.request(owner, 'GET', path)).json().photo;
  expect((await send(path, bytes.length, Buffer.alloc(0))).status).toBe(204);
  expect((await app.request(owner, 'GET', path)).json().photo.id).toBe(photo.id);
  expect((await app.request(owner, 'GET', '/api/v1/photos')).json().total).toBe(2);
});

test('no other site’s page is invited', async () => {
  for (const method of ['OPTIONS', 'POST']) {
    const answer = await app.request(owner, method, '/api/v1/uploads', {
      headers: { ...tus, 'upload-length': '10', origin: method === 'POST' ? app.url : 'https://elsewhere.example' },
    });
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  }
});
