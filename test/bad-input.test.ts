import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { createTestApp, type Person, type TestApp } from './app.ts';
import { eventually } from './eventually.ts';
import { jpegClaiming } from './fixtures/bombs.ts';
import { tinyPhoto } from './fixtures/tiny-photo.ts';
import { scale } from './scale.ts';

const limit = 2 * 2 ** 20;
const app = await createTestApp({ environment: { MAX_UPLOAD_SIZE: String(limit) } });
const api = '/api/v1';
const person = await app.signUp();
const { hostname, port } = new URL(app.url);

/** A JPEG's first bytes: what follows them is not looked at before everything has come. */
const jpegHead = Buffer.concat([Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex'), Buffer.alloc(100)]);
const chunk = Buffer.alloc(64 * 1024, 7);
const formHead = Buffer.from('--XbX\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n');
const form = { 'content-type': 'multipart/form-data; boundary=XbX' };

const formOf = (file: Buffer) => Buffer.concat([formHead, file, Buffer.from('\r\n--XbX--\r\n')]);

const ended = await tinyPhoto({ seed: 4 });

const leftovers = async () => {
  const entries = await readdir(app.dataDir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
};

interface Sent {
  status: number;
  headers: IncomingHttpHeaders;
  code: string | undefined;
  /** How much had been sent when the answer came. */
  sentBytes: number;
}

/** Sends in chunks without saying how much there will be, until it is answered. */
function stream(
  path: string,
  {
    headers = {},
    head = Buffer.alloc(0),
    agent,
    as = person,
  }: { headers?: Record<string, string>; head?: Buffer; agent?: Agent; as?: Person | null },
): Promise<Sent> {
  return new Promise((resolve, reject) => {
    let sentBytes = 0;
    const authorization: Record<string, string> = as ? { authorization: `Bearer ${as.bearer}` } : {};
    const sending = request(`${app.url}${api}${path}`, {
      method: 'POST',
      agent,
      headers: { ...authorization, ...headers },
    });
    let answered = false;
    sending.on('response', (response) => {
      answered = true;
      const chunks: Buffer[] = [];
      response.on('data', (part) => chunks.push(part));
      response.on('end', () => {
        const { statusCode = 0, headers: told } = response;
        const { error } = JSON.parse(Buffer.concat(chunks).toString());
        resolve({ status: statusCode, headers: told, code: error?.code, sentBytes });
      });
    });
    sending.on('error', reject);
    void (async () => {
      sending.write(head);
      while (!answered && sentBytes < 40 * limit) {
        sentBytes += chunk.length;
        if (!sending.write(chunk))
          await Promise.race([new Promise((drained) => sending.once('drain', drained)), sleep(500)]);
        else await sleep(0);
      }
      sending.end();
    })();
  });
}

describe('a body that goes on', () => {
  test.each([
    ['a file beyond the limit', '/photos', {}, jpegHead, 413, 'too_large'],
    ['a form’s file beyond the limit', '/photos', form, Buffer.concat([formHead, jpegHead]), 413, 'too_large'],
    ['no picture', '/photos', {}, Buffer.alloc(0), 415, 'unsupported_media_type'],
    ['a form’s file that is no picture', '/photos', form, formHead, 415, 'unsupported_media_type'],
    ['a form without a boundary', '/photos', form, Buffer.alloc(0), 413, 'too_large'],
    ['a form after its end', '/photos', form, formOf(ended), 413, 'too_large'],
    [
      'JSON without an end',
      '/photos/batch/trash',
      { 'content-type': 'application/json' },
      Buffer.from('{"ids":["'),
      413,
      'too_large',
    ],
    ['a wrong query', '/photos?unknown=1', {}, jpegHead, 400, 'validation_error'],
  ] as [string, string, Record<string, string>, Buffer, number, string][])(
    '%s is answered while it is sent, and the connection goes on',
    async (_, path, headers, head, status, code) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const answer = await stream(path, { headers, head, agent });
      expect([answer.status, answer.code]).toEqual([status, code]);
      expect(answer.sentBytes).toBeLessThan(40 * limit);
      // On the same connection, once the rest was read away.
      const next = await stream('/photos?unknown=1', { agent });
      expect(next.status).toBe(400);
      agent.destroy();
    },
  );

  test('of nobody is answered before it is read', async () => {
    const answer = await stream('/photos', { head: jpegHead, as: null });
    expect([answer.status, answer.code]).toEqual([401, 'unauthorized']);
  });

  test('is answered to a client that only listens once it has sent everything', async () => {
    for (const lengthSaid of [true, false]) {
      const size = 8 * limit;
      const answer = await new Promise<string>((resolve, reject) => {
        const socket = connect(Number(port), hostname);
        socket.pause();
        socket.on('error', reject);
        socket.write(
          `POST ${api}/photos HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${person.bearer}\r\n` +
            `${lengthSaid ? `Content-Length: ${size}` : 'Transfer-Encoding: chunked'}\r\nConnection: keep-alive\r\n\r\n`,
        );
        const body = Buffer.concat([jpegHead, Buffer.alloc(size - jpegHead.length, 7)]);
        const payload = lengthSaid
          ? body
          : Buffer.concat([Buffer.from(`${size.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]);
        socket.write(payload, () => {
          let text = '';
          socket.on('data', (part) => {
            text += part;
            if (text.includes('}}')) {
              socket.destroy();
              resolve(text);
            }
          });
          socket.resume();
        });
      });
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
      expect(answer).toContain('"code":"too_large"');
    }
  });

  test('without end is cut off', async () => {
    const cut = await new Promise<number>((resolve) => {
      const socket = connect(Number(port), hostname);
      let sentBytes = 0;
      socket.on('error', () => {});
      socket.on('close', () => resolve(sentBytes));
      socket.resume();
      socket.write(
        `POST ${api}/photos HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${person.bearer}\r\nContent-Length: 9000000000\r\n\r\n`,
      );
      const more = Buffer.alloc(2 ** 20);
      const push = (): void => {
        if (socket.destroyed) return;
        sentBytes += more.length;
        socket.write(more, push);
      };
      push();
    });
    expect(cut).toBeGreaterThan(64 * 2 ** 20);
    expect(cut).toBeLessThan(1000 * 2 ** 20);
  });

  test('slowly is not cut off while bytes come', async () => {
    const bytes = await tinyPhoto({ seed: 1 });
    const pieces = Math.min(scale(10, 45), bytes.length);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sending = request(`${app.url}${api}/photos`, {
        method: 'POST',
        headers: { authorization: `Bearer ${person.bearer}`, 'content-length': bytes.length },
      });
      sending.on('response', (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sending.on('error', reject);
      void (async () => {
        for (let at = 0; at < pieces; at += 1) {
          const [from, to] = [at, at + 1].map((n) => Math.floor((bytes.length * n) / pieces));
          sending.write(bytes.subarray(from, to));
          // Longer in all than a head may take.
          await sleep(scale(50, 800));
        }
        sending.end();
      })();
    });
    expect(status).toBe(201);
  });

  test.each([
    ['a file', 'image/jpeg', jpegHead],
    ['a form', form['content-type'], Buffer.concat([formHead, jpegHead])],
  ])('%s whose client leaves in the middle leaves nothing', async (_, type, head) => {
    const before = await leftovers();
    const sockets = Array.from({ length: 8 }, () => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => {});
      socket.write(
        `POST ${api}/photos HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${person.bearer}\r\n` +
          `Content-Type: ${type}\r\nContent-Length: ${limit}\r\n\r\n`,
      );
      socket.write(head);
      socket.write(chunk);
      return socket;
    });
    await eventually(() => expect(readdirSync(join(app.dataDir, 'tmp')).length).toBe(8));
    for (const [at, socket] of sockets.entries()) at % 2 ? socket.destroy() : socket.resetAndDestroy();
    await eventually(async () => expect(await leftovers()).toEqual(before));
  });
});

test('a client that leaves while its picture is decoded leaves a whole photo or nothing', async () => {
  const someone = await app.signUp();
  const originals = async () =>
    (await leftovers()).filter((path) => path.startsWith(join(app.dataDir, 'originals'))).length;
  const before = await originals();
  for (let seed = 100; seed < 108; seed += 1) {
    const bytes = await tinyPhoto({ seed, width: 2400, height: 1800, format: 'png' });
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.write(
      `POST ${api}/photos HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${someone.bearer}\r\n` +
        `Content-Length: ${bytes.length}\r\n\r\n`,
    );
    await new Promise((sent) => socket.write(bytes, sent));
    await sleep((seed - 100) * 15);
    socket.destroy();
  }
  // One may still be on its way from the temp files into the list.
  const whole = () =>
    eventually(async () => {
      expect(readdirSync(join(app.dataDir, 'tmp'))).toEqual([]);
      const { items } = (await app.request(someone, 'GET', `${api}/photos`)).json();
      expect(await originals()).toBe(before + items.length);
      return items;
    });
  for (const photo of await whole()) {
    for (const variant of ['original', 'preview', 'medium', 'small']) {
      expect((await app.request(someone, 'GET', `${api}/photos/${photo.id}/${variant}`)).status).toBe(200);
    }
  }
  await whole();
});

describe('the envelope', () => {
  const json = (body: string, path = '/photos/batch/trash', type = 'application/json') =>
    app.request(person, 'POST', `${api}${path}`, { body, headers: { 'content-type': type } });
  const id = '0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e';

  test.each([
    ['an unknown field', () => json(`{"ids":["${id}"],"evil":1}`), 400, 'validation_error'],
    ['an unknown key of the query', () => app.request(person, 'GET', `${api}/photos?evil=1`), 400, 'validation_error'],
    ['malformed JSON', () => json('{"ids":['), 400, 'validation_error'],
    ['an empty body', () => json(''), 400, 'validation_error'],
    [
      'JSON called something else',
      () => json(`{"ids":["${id}"]}`, '/photos/batch/trash', 'text/plain'),
      400,
      'validation_error',
    ],
    [
      'JSON called nothing',
      () => app.request(person, 'POST', `${api}/photos/batch/trash`, { body: `{"ids":["${id}"]}` }),
      400,
      'validation_error',
    ],
    ['deep JSON', () => json(`{"ids":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), 400, 'validation_error'],
    ['a prototype for a field', () => json(`{"__proto__":{"ids":["${id}"]}}`), 400, 'validation_error'],
    ['null', () => json('null'), 400, 'validation_error'],
    ['huge JSON', () => json(`{"ids":["${'x'.repeat(300_000)}"]}`), 413, 'too_large'],
    ['nobody', () => app.request(null, 'GET', `${api}/photos`), 401, 'unauthorized'],
    ['an absent photo', () => app.request(person, 'GET', `${api}/photos/${id}/metadata`), 404, 'not_found'],
    ['an address that is none', () => app.request(person, 'GET', `${api}/nowhere`), 404, 'not_found'],
    [
      'an address that cannot be read',
      () => app.request(person, 'GET', `${api}/photos/%E0%A4%A/metadata`),
      404,
      'not_found',
    ],
    [
      'a taken username',
      () => json(JSON.stringify({ username: person.username, password: 'a quiet harbour' }), '/auth/register'),
      409,
      'conflict',
    ],
    [
      'a picture that is too large',
      () => app.request(person, 'POST', `${api}/photos`, { body: Buffer.alloc(limit + 1) }),
      413,
      'too_large',
    ],
    [
      'too many pixels',
      async () => app.request(person, 'POST', `${api}/photos`, { body: await jpegClaiming(20_000, 20_000) }),
      413,
      'too_many_pixels',
    ],
    ['text', () => app.request(person, 'POST', `${api}/photos`, { body: 'hello' }), 415, 'unsupported_media_type'],
    [
      'a damaged picture',
      async () =>
        app.request(person, 'POST', `${api}/photos`, { body: (await tinyPhoto({ seed: 5 })).subarray(0, -100) }),
      422,
      'undecodable',
    ],
    [
      'an empty file',
      () => app.request(person, 'POST', `${api}/photos`, { body: Buffer.alloc(0) }),
      422,
      'undecodable',
    ],
  ] as const)('for %s', async (_, send, status, code) => {
    const answer = await send();
    expect([answer.status, answer.json().error.code]).toEqual([status, code]);
    const { error } = answer.json();
    expect(Object.keys(answer.json())).toEqual(['error']);
    expect(error.message).toMatch(/^.+[.]$/);
    expect(error.details).toBeTypeOf('object');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.text).not.toMatch(/node_modules|at \w+ \(|select |insert /);
  });

  test('is not for JSON that comes in chunks and is fine', async () => {
    const { id: photo } = await app.upload(person, await tinyPhoto({ seed: 7 }));
    const answer = await new Promise<string>((resolve, reject) => {
      const sending = request(`${app.url}${api}/photos/${photo}`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${person.bearer}`, 'content-type': 'application/json' },
      });
      sending.on('error', reject);
      sending.on('response', async (response) => {
        let text = `${response.statusCode} `;
        for await (const part of response) text += part;
        resolve(text);
      });
      sending.write('{"caption":"in ');
      setTimeout(() => sending.end('two pieces"}'), 50);
    });
    expect(answer).toMatch(/^200 .*"caption":"in two pieces"/);
  });

  test('for too many tries says when to come back', async () => {
    const someone = await app.signUp();
    const tryOnce = () =>
      app.request(null, 'POST', `${api}/auth/login`, {
        json: { username: someone.username, password: 'wrong' },
        headers: { 'x-forwarded-for': '203.0.113.9', origin: app.url },
      });
    let answer = await tryOnce();
    for (let tries = 0; answer.status === 401 && tries < 30; tries += 1) answer = await tryOnce();
    expect([answer.status, answer.json().error.code]).toEqual([429, 'rate_limited']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(answer.json().error.details.retry_after).toBe(Number(answer.headers['retry-after']));
  });
});

test('nothing was kept of what was refused', async () => {
  expect((await leftovers()).filter((path) => path.startsWith(join(app.dataDir, 'tmp')))).toEqual([]);
  expect((await app.request(person, 'GET', `${api}/photos`)).json().total).toBe(2);
});

const small = await mkdtemp(join(tmpdir(), 'tintype-full-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', small]).status === 0;
afterAll(async () => {
  if (mounted) spawnSync('umount', ['-l', small]);
  await rm(small, { recursive: true, force: true });
});

// Apps are opened outside of tests, so that they are closed with the file.
const openFull = (dataDir: string) => createTestApp({ dataDir, environment: { MAX_UPLOAD_SIZE: '20MiB' } });
const [fullApp, secondApp] = mounted ? [await openFull(small), await openFull(join(small, 'second'))] : [];

describe.skipIf(!mounted)('a full disk', () => {
  test('is told as such, by every way in, and leaves nothing', async () => {
    const full = fullApp as TestApp;
    const someone = await full.signUp();
    const kept = await full.upload(someone, await tinyPhoto({ seed: 1 }));
    const large = Buffer.concat([await tinyPhoto({ seed: 2 }), Buffer.alloc(6 * 2 ** 20, 1)]);
    const files = () =>
      readdirSync(small, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
    const before = files();

    const raw = await full.request(someone, 'POST', `${api}/photos`, { body: large });
    expect([raw.status, raw.json().error.code]).toEqual([507, 'storage_full']);
    const inForm = await full.request(someone, 'POST', `${api}/photos`, {
      body: formOf(large),
      headers: form,
    });
    expect([inForm.status, inForm.json().error.code]).toEqual([507, 'storage_full']);
    const tus = { 'tus-resumable': '1.0.0' };
    const started = await full.request({ bearer: someone.bearer }, 'POST', `${api}/uploads`, {
      headers: { ...tus, 'upload-length': String(large.length) },
    });
    const resumable = await full.request({ bearer: someone.bearer }, 'PATCH', String(started.headers.location), {
      headers: { ...tus, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
      body: large,
    });
    expect([resumable.status, resumable.json().error.code]).toEqual([507, 'storage_full']);
    await full.request({ bearer: someone.bearer }, 'DELETE', String(started.headers.location), { headers: tus });

    expect(files()).toBe(before);
    // And with room again, it goes on.
    expect((await full.upload(someone, await tinyPhoto({ seed: 3 }))).id).not.toBe(kept.id);
    expect((await full.request(someone, 'GET', kept.full_url)).status).toBe(200);
  });

  test('that fills up between the original and its sizes leaves no photo', async () => {
    const full = secondApp as TestApp;
    const someone = await full.signUp();
    const answers = [];
    for (let seed = 10; seed < 60; seed += 1) {
      const bytes = Buffer.concat([
        await tinyPhoto({ seed, width: 1600, height: 1200, format: 'png' }),
        Buffer.alloc(80_000, seed),
      ]);
      const answer = await full.request(someone, 'POST', `${api}/photos`, { body: bytes });
      answers.push(answer.status);
      if (answers.filter((status) => status === 507).length > 3) break;
    }
    expect(new Set(answers)).toEqual(new Set([201, 507]));
    const list = (await full.request(someone, 'GET', `${api}/photos?limit=100`)).json();
    expect(list.total).toBe(answers.filter((status) => status === 201).length);
    for (const photo of list.items) {
      for (const variant of ['original', 'preview', 'medium', 'small']) {
        expect((await full.request(someone, 'GET', `${api}/photos/${photo.id}/${variant}`)).status).toBe(200);
      }
    }
    expect(readdirSync(join(full.dataDir, 'tmp'))).toEqual([]);
  });
});
