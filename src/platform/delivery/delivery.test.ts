import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BlobKey, BlobVariant } from '#platform/blobs/blob-store.ts';
import { createFilesStore } from '#platform/blobs/files-store.ts';
import { AppError } from '#platform/http/app-error.ts';
import { eventually } from '../../../test/eventually.ts';
import { createDelivery, type Delivery } from './delivery.ts';

let dataDir: string;
let store: ReturnType<typeof createFilesStore>;
let delivery: Delivery;
let server: Server;
let port: number;
const warnings: string[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tintype-delivery-'));
  store = createFilesStore({ dataDir });
  delivery = createDelivery({
    store,
    cacheBytes: 1024 * 1024,
    logger: { warn: (_, message) => warnings.push(message) },
  });
  server = createServer((request, response) => {
    const [, hash = '', variant = ''] = (request.url ?? '').split('/');
    delivery
      .serve(request, response, {
        key: { hash, variant: variant as BlobVariant },
        mimeType: 'image/webp',
        etag: `"${hash.slice(0, 8)}"`,
        cacheControl: 'private, max-age=31536000, immutable',
        headers: { Vary: 'Cookie' },
      })
      .catch((error) => {
        response.writeHead(error instanceof AppError ? error.status : 500, { 'content-length': 0 }).end();
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(dataDir, { recursive: true, force: true });
});

interface Placed {
  readonly key: BlobKey;
  readonly bytes: Buffer;
  readonly url: string;
  readonly etag: string;
}

async function place(bytes: Buffer, variant: BlobVariant = 'original'): Promise<Placed> {
  const hash = createHash('sha256').update(bytes).digest('hex');
  const temp = await store.createTemp();
  await temp.write(bytes);
  const key = { hash, variant };
  await store.put(key, (await temp.finish()).path, { synced: true });
  return { key, bytes, url: `http://127.0.0.1:${port}/${hash}/${variant}`, etag: `"${hash.slice(0, 8)}"` };
}

const bodyOf = async (response: Response) => Buffer.from(await response.arrayBuffer());
const blobsHeldOpen = async () => {
  const names = await readdir('/proc/self/fd');
  const { readlink } = await import('node:fs/promises');
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(dataDir)).length;
};

async function untilIdle(): Promise<void> {
  const held = async () => ({ files: await blobsHeldOpen(), buffers: delivery.stats().buffersInUse });
  await eventually(async () => expect(await held()).toEqual({ files: 0, buffers: 0 }));
}

/** What a path leads to: from memory, from a small file, from a large one. */
const kinds = [
  ['a thumbnail', 20_000, 'small'],
  ['a large preview', 400_000, 'preview'],
  ['a small original', 500, 'original'],
  ['a large original', 3_200_000, 'original'],
] as const;

describe.each(kinds)('%s', (_, size, variant) => {
  let blob: Placed;
  beforeAll(async () => {
    blob = await place(randomBytes(size), variant);
  });

  it('is sent whole, labelled, and so that a browser runs none of it', async () => {
    for (const time of ['first', 'second']) {
      const response = await fetch(blob.url);
      expect(response.status, time).toBe(200);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'image/webp',
        'content-length': String(size),
        etag: blob.etag,
        'cache-control': 'private, max-age=31536000, immutable',
        'accept-ranges': 'bytes',
        'x-content-type-options': 'nosniff',
        'content-security-policy': "sandbox; default-src 'none'",
        'cross-origin-resource-policy': 'same-origin',
        vary: 'Cookie',
      });
      expect((await bodyOf(response)).equals(blob.bytes)).toBe(true);
    }
  });

  it('answers HEAD with the same head and no body, whatever range is asked for', async () => {
    const whole = await fetch(blob.url);
    await bodyOf(whole);
    const head = await fetch(blob.url, { method: 'HEAD', headers: { range: 'bytes=0-9' } });
    expect(head.status).toBe(200);
    const labels = ({ headers }: Response) =>
      Object.fromEntries([...headers].filter(([name]) => !/^(date|connection|keep-alive)$/.test(name)));
    expect(labels(head)).toEqual(labels(whole));
    expect(await bodyOf(head)).toHaveLength(0);
  });

  it.each(['%', 'W/%', '"other", %', 'W/"a,b" , W/%', '*'])('answers 304 to If-None-Match: %s', async (template) => {
    for (const method of ['GET', 'HEAD']) {
      const tag = template.replace('%', blob.etag);
      const response = await fetch(blob.url, { method, headers: { 'if-none-match': tag, range: 'bytes=0-1' } });
      expect(response.status).toBe(304);
      expect(response.headers.get('etag')).toBe(blob.etag);
      expect(response.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
      expect(response.headers.get('vary')).toBe('Cookie');
      expect(await bodyOf(response)).toHaveLength(0);
    }
  });

  it.each(['"other"', 'nonsense', '', '"*"'])('sends the whole to If-None-Match: %s', async (tag) => {
    const response = await fetch(blob.url, { headers: { 'if-none-match': tag } });
    expect(response.status).toBe(200);
    expect((await bodyOf(response)).equals(blob.bytes)).toBe(true);
  });

  it('sends any range byte for byte', async () => {
    const position = fc.nat(size - 1);
    const ranges = fc.oneof(
      fc.tuple(position, position).map((pair) => {
        const [start, last] = [Math.min(...pair), Math.max(...pair)];
        return { header: `bytes=${start}-${last}`, start, end: last + 1 };
      }),
      position.map((start) => ({ header: `bytes=${start}-`, start, end: size })),
      position.map((start) => ({ header: `bytes=${start}-${size + 7}`, start, end: size })),
      position.map((length) => ({ header: `bytes=-${length + 1}`, start: size - length - 1, end: size })),
      fc.constant({ header: `bytes=-${size * 3}`, start: 0, end: size }),
    );
    await fc.assert(
      fc.asyncProperty(ranges, async ({ header, start, end }) => {
        const response = await fetch(blob.url, { headers: { range: header } });
        expect(response.status).toBe(206);
        expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/${size}`);
        expect(response.headers.get('content-length')).toBe(String(end - start));
        expect((await bodyOf(response)).equals(blob.bytes.subarray(start, end))).toBe(true);
      }),
      { numRuns: process.env.TINTYPE_TEST_SCALE === 'full' ? 300 : 30 },
    );
  });

  it.each(['bytes=0-1,5-6', 'bytes=5-2', 'bytes=a-b', 'bytes=-', 'items=0-1', 'bytes=0-1, ', ''])(
    'sends the whole when the range is none it takes: %s',
    async (range) => {
      const response = await fetch(blob.url, { headers: { range } });
      expect(response.status).toBe(200);
      expect((await bodyOf(response)).equals(blob.bytes)).toBe(true);
    },
  );

  it.each([`bytes=${size}-`, `bytes=${size}-${size + 9}`, 'bytes=-0', `bytes=${'9'.repeat(40)}-`])(
    'refuses a range that does not exist: %s',
    async (range) => {
      const response = await fetch(blob.url, { headers: { range } });
      expect(response.status).toBe(416);
      expect(response.headers.get('content-range')).toBe(`bytes */${size}`);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(await response.json()).toMatchObject({ error: { code: 'range_not_satisfiable', details: { size } } });
      await untilIdle();
    },
  );

  it('sends a range under If-Range only when the tag is the same, strongly', async () => {
    const ask = (condition: string) => fetch(blob.url, { headers: { range: 'bytes=0-9', 'if-range': condition } });
    const same = await ask(blob.etag);
    expect(same.status).toBe(206);
    expect((await bodyOf(same)).equals(blob.bytes.subarray(0, 10))).toBe(true);
    for (const other of ['"other"', `W/${blob.etag}`, 'Wed, 21 Oct 2026 07:28:00 GMT']) {
      const response = await ask(other);
      expect(response.status).toBe(200);
      expect((await bodyOf(response)).equals(blob.bytes)).toBe(true);
    }
  });

  it('is not found when it is absent, by GET and HEAD', async () => {
    const gone = await place(randomBytes(size), variant);
    await store.delete(gone.key);
    for (const method of ['GET', 'HEAD']) expect((await fetch(gone.url, { method })).status).toBe(404);
  });
});

describe('a large blob', () => {
  it('goes to many at once, each byte for byte', async () => {
    const blob = await place(randomBytes(3_000_001));
    const bodies = await Promise.all(Array.from({ length: 100 }, async () => bodyOf(await fetch(blob.url))));
    expect(bodies.every((body) => body.equals(blob.bytes))).toBe(true);
    await untilIdle();
  });

  it('leaves no file and no buffer behind when its clients go away', async () => {
    const blob = await place(randomBytes(20_000_000));
    const path = new URL(blob.url).pathname;
    // The second request of a connection waits behind the first: it must be let go of just as well.
    const sockets = Array.from({ length: 10 }, () => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(2));
      return socket;
    });
    await Promise.all(sockets.map((socket) => once(socket, 'readable')));
    expect(await blobsHeldOpen()).toBeGreaterThanOrEqual(10);
    expect(delivery.stats().buffersInUse).toBeGreaterThanOrEqual(10);
    for (const socket of sockets) socket.destroy();
    await untilIdle();
    const response = await fetch(blob.url);
    expect((await bodyOf(response)).equals(blob.bytes)).toBe(true);
  });

  it('cuts off a client that takes nothing', async () => {
    const blob = await place(randomBytes(20_000_000));
    const impatient = createDelivery({ store, stallMs: 100, logger: { warn: () => {} } });
    const own = createServer((request, response) => {
      void impatient.serve(request, response, { key: blob.key, mimeType: 'x/y', etag: '"a"', cacheControl: 'private' });
    }).listen(0, '127.0.0.1');
    await once(own, 'listening');
    const socket = connect((own.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'readable');
    // More than lies between the two: until the client is cut off, the file is open.
    await eventually(async () => expect([await blobsHeldOpen(), impatient.stats().buffersInUse]).toEqual([0, 0]));
    let received = 0;
    socket.on('data', (part) => {
      received += part.length;
    });
    await once(socket, 'close');
    expect(received).toBeLessThan(blob.bytes.length);
    own.close();
  });

  it('ends the connection when the file is cut short midway, and never looks whole', async () => {
    const blob = await place(randomBytes(20_000_000));
    const response = await fetch(blob.url);
    expect(response.headers.get('content-length')).toBe('20000000');
    await truncate(store.capabilities.localPath?.(blob.key) ?? '', 15_000_000);
    await expect(bodyOf(response)).rejects.toThrow();
    expect(warnings).toContain('a blob could not be sent whole');
    await untilIdle();
  });

  it('arrives whole or not at all when it is deleted beside', async () => {
    const bytes = randomBytes(1_500_000);
    for (let round = 0; round < 10; round += 1) {
      const blob = await place(bytes);
      const reads = Array.from({ length: 8 }, async () => {
        const response = await fetch(blob.url);
        return response.status === 404 || (await bodyOf(response)).equals(bytes);
      });
      await store.delete(blob.key);
      expect(await Promise.all(reads)).toEqual(Array(8).fill(true));
    }
    await untilIdle();
  });
});

describe('an original that is asked for again', () => {
  const everyByte = async ({ url, bytes }: Placed) => (await bodyOf(await fetch(url))).equals(bytes);

  it('comes out of memory from then on, whole and in parts, until it is forgotten', async () => {
    const blob = await place(randomBytes(700_000));
    // What was held before and is in use has a second chance each time.
    for (let time = 0; time < 4; time += 1) expect(await everyByte(blob)).toBe(true);
    // What lies in the store is gone: only memory can answer now.
    await store.delete(blob.key);
    expect(await everyByte(blob)).toBe(true);
    const part = await fetch(blob.url, { headers: { range: 'bytes=100-299999' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 100-299999/700000']);
    expect((await bodyOf(part)).equals(blob.bytes.subarray(100, 300_000))).toBe(true);
    expect((await fetch(blob.url, { method: 'HEAD' })).headers.get('content-length')).toBe('700000');
    expect((await fetch(blob.url, { headers: { range: 'bytes=700000-' } })).status).toBe(416);
    delivery.forget(blob.key.hash);
    expect((await fetch(blob.url)).status).toBe(404);
    await untilIdle();
  });

  it('is not held the first time, nor ever when it is very large', async () => {
    const once = await place(randomBytes(700_000));
    expect(await everyByte(once)).toBe(true);
    await store.delete(once.key);
    expect((await fetch(once.url)).status).toBe(404);
    const large = await place(randomBytes(8 * 1024 * 1024 + 1));
    for (let time = 0; time < 3; time += 1) expect(await everyByte(large)).toBe(true);
    await store.delete(large.key);
    expect((await fetch(large.url)).status).toBe(404);
  });

  it('takes no more memory than it may, however slow they are who take it', async () => {
    const blob = await place(randomBytes(900_000));
    expect([await everyByte(blob), await everyByte(blob)]).toEqual([true, true]);
    const path = new URL(blob.url).pathname;
    const sockets = Array.from({ length: 12 }, () => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(12));
      return socket;
    });
    await Promise.all(sockets.map((socket) => once(socket, 'readable')));
    await expect.poll(() => delivery.stats().buffersInUse).toBeGreaterThan(0);
    expect(delivery.stats().lentBytes).toBeLessThanOrEqual(1024 * 1024);
    for (const socket of sockets) socket.destroy();
    await untilIdle();
    expect(delivery.stats().lentBytes).toBe(0);
    expect(await everyByte(blob)).toBe(true);
  });
});

describe('what is read into memory', () => {
  /** A server of its own whose store gives bytes once it may. */
  async function serveSlowly(cacheBytes: number, mayRead: Promise<void>) {
    const bufferSizes = new Set<number>();
    const slow = createDelivery({
      store: {
        ...store,
        open: async (key) => {
          const reader = await store.open(key);
          if (!reader) return null;
          const read: typeof reader.read = async (buffer, ...rest) => {
            bufferSizes.add(buffer.byteLength);
            await mayRead;
            await reader.read(buffer, ...rest);
          };
          return { ...reader, read };
        },
      },
      cacheBytes,
      logger: { warn: () => {} },
    });
    const own = createServer((request, response) => {
      const [, hash = '', variant = ''] = (request.url ?? '').split('/');
      const key = { hash, variant: variant as BlobVariant };
      void slow.serve(request, response, { key, mimeType: 'image/webp', etag: '"a"', cacheControl: 'private' });
    }).listen(0, '127.0.0.1');
    await once(own, 'listening');
    const origin = `http://127.0.0.1:${(own.address() as AddressInfo).port}`;
    return {
      stats: slow.stats,
      bufferSizes,
      isSentWhole: async ({ url, bytes }: Placed) =>
        (await bodyOf(await fetch(origin + new URL(url).pathname))).equals(bytes),
      close: () => {
        own.closeAllConnections();
        own.close();
      },
    };
  }

  it('takes no more than the cache may while it is read; the rest streams, and whoever waited for it too', async () => {
    const blobs = await Promise.all(Array.from({ length: 6 }, () => place(randomBytes(600_000))));
    const gate = Promise.withResolvers<void>();
    const { stats, isSentWhole, close } = await serveSlowly(1024 * 1024, gate.promise);
    // The first time each streams; then each is worth holding, and two ask for it.
    const first = blobs.map(isSentWhole);
    await expect.poll(() => stats().buffersInUse).toBe(6);
    const second = [...blobs, ...blobs].map(isSentWhole);
    // One is being read for two; the others stream.
    await expect.poll(() => stats().buffersInUse).toBe(6 + 10);
    gate.resolve();
    expect(await Promise.all([...first, ...second])).toEqual(Array.from({ length: 18 }, () => true));
    // What was read is held as ever, and there is room to read again.
    await expect.poll(() => stats().buffersInUse).toBe(0);
    expect(stats().largeBytes).toBe(600_512);
    for (const blob of blobs) expect(await isSentWhole(blob)).toBe(true);
    expect(stats().largeBytes).toBe(600_512);
    close();
  });

  it('streams thumbnails and originals alike when there is next to no memory for them', async () => {
    const { stats, bufferSizes, isSentWhole, close } = await serveSlowly(1024, Promise.resolve());
    for (const variant of ['small', 'medium', 'picture', 'original'] as const) {
      const blob = await place(randomBytes(100_000), variant);
      const all = Array.from({ length: 10 }, () => isSentWhole(blob));
      expect((await Promise.all(all)).every(Boolean)).toBe(true);
      expect(await isSentWhole(blob)).toBe(true);
    }
    expect(stats()).toMatchObject({ entries: 0, bytes: 0, largeBytes: 0 });
    // Only buffers of the pool were read into.
    expect([...bufferSizes]).toEqual([512 * 1024]);
    close();
  });
});

describe('a connection', () => {
  const ask = ({ url }: Placed, version = '1.1', ...headers: string[]) =>
    [`GET ${new URL(url).pathname} HTTP/${version}`, 'Host: x', ...headers, '', ''].join('\r\n');

  /** Everything that comes back to what is sent at once, until the server ends it or `wanted` bytes of bodies are there. */
  async function exchange(sent: string, wanted: number): Promise<{ received: Buffer; endedByServer: boolean }> {
    const socket = connect(port, '127.0.0.1');
    socket.write(sent);
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of socket) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= wanted) return { received: Buffer.concat(chunks), endedByServer: false };
    }
    return { received: Buffer.concat(chunks), endedByServer: true };
  }

  function split(received: Buffer): { head: string; body: Buffer }[] {
    const answers = [];
    for (let rest = received; rest.length > 0; ) {
      const end = rest.indexOf('\r\n\r\n');
      const head = rest.toString('latin1', 0, end);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      answers.push({ head, body: rest.subarray(end + 4, end + 4 + length) });
      rest = rest.subarray(end + 4 + length);
    }
    return answers;
  }

  it('answers what was asked in one go in its order: from memory, from a file, unchanged, not found', async () => {
    const [small, large] = [await place(randomBytes(20_000), 'small'), await place(randomBytes(900_000))];
    const gone = await place(randomBytes(10));
    await store.delete(gone.key);
    await bodyOf(await fetch(small.url));
    const unchanged = ask(small, '1.1', `If-None-Match: ${small.etag}`);
    const last = ask(small, '1.1', 'Connection: close');
    const round = [ask(small), ask(large), ask(small), unchanged, ask(gone), ask(small)];
    const { received } = await exchange([...round, ...round, ...round, last].join(''), Number.POSITIVE_INFINITY);
    const answers = split(received);
    const expected = [200, 200, 200, 304, 404, 200];
    expect(answers.map(({ head }) => Number(head.slice(9, 12)))).toEqual([...expected, ...expected, ...expected, 200]);
    answers.forEach(({ body }, at) => {
      const which = [small.bytes, large.bytes, small.bytes, Buffer.alloc(0), Buffer.alloc(0), small.bytes][at % 6];
      expect(body.equals(which as Buffer), `answer ${at}`).toBe(true);
    });
    await untilIdle();
  });

  it('bears a client that asks a thousand times before it reads', async () => {
    const small = await place(randomBytes(20_000), 'small');
    const before = process.memoryUsage().arrayBuffers;
    const taken = once(server, 'connection') as Promise<[Socket]>;
    const socket = connect(port, '127.0.0.1').pause();
    socket.write(ask(small).repeat(999) + ask(small, '1.1', 'Connection: close'));
    const [line] = await taken;
    // From then on the line takes no more.
    await expect.poll(() => line.writableLength).toBeGreaterThan(0);
    for (let turns = 0; turns < 200; turns += 1) await turn();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8_000_000);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk);
    const answers = split(Buffer.concat(chunks));
    expect(answers).toHaveLength(1000);
    expect(answers.every(({ body }) => body.equals(small.bytes))).toBe(true);
  });

  it.each([
    ['1.1', 'Connection: close'],
    ['1.0', 'X: y'],
  ])('is ended by the server when the client wants that: HTTP/%s, %s', async (version, header) => {
    const small = await place(randomBytes(20_000), 'small');
    for (let time = 0; time < 2; time += 1) {
      const { received, endedByServer } = await exchange(ask(small, version, header), Number.POSITIVE_INFINITY);
      expect(endedByServer).toBe(true);
      const [answer] = split(received);
      expect(answer?.head).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*connection: close/i);
      expect(answer?.body.equals(small.bytes)).toBe(true);
    }
  });

  it('tells the time and, when it is over, its status', async () => {
    const small = await place(randomBytes(20_000), 'small');
    await bodyOf(await fetch(small.url));
    const closed: number[] = [];
    server.on('request', function note(_, response) {
      response.once('close', () => closed.push(response.statusCode));
      if (closed.length) server.off('request', note);
    });
    const whole = await fetch(small.url);
    await bodyOf(whole);
    const unchanged = await fetch(small.url, { headers: { 'if-none-match': small.etag } });
    for (const { headers } of [whole, unchanged]) {
      expect(Math.abs(Date.parse(headers.get('date') ?? '') - Date.now())).toBeLessThan(60_000);
    }
    expect(closed).toEqual([200, 304]);
  });
});

describe('a thumbnail in memory', () => {
  it('is read once for all who ask at the same time, and then not again', async () => {
    const blob = await place(randomBytes(30_000), 'medium');
    let opened = 0;
    const counted = createDelivery({
      store: {
        ...store,
        open: async (key) => {
          opened += 1;
          return store.open(key);
        },
      },
      logger: { warn: () => {} },
    });
    const own = createServer((request, response) => {
      const what = { key: blob.key, mimeType: 'image/webp', etag: blob.etag, cacheControl: 'private' };
      void counted.serve(request, response, what);
    }).listen(0, '127.0.0.1');
    await once(own, 'listening');
    const url = `http://127.0.0.1:${(own.address() as AddressInfo).port}/`;
    for (let round = 0; round < 2; round += 1) {
      const bodies = await Promise.all(Array.from({ length: 50 }, async () => bodyOf(await fetch(url))));
      expect(bodies.every((body) => body.equals(blob.bytes))).toBe(true);
    }
    expect(opened).toBe(1);
    expect(counted.stats()).toMatchObject({ entries: 1, bytes: 30_512 });
    own.closeAllConnections();
    own.close();
  });

  it('is forgotten with its photo, also while it is being read', async () => {
    const blob = await place(randomBytes(30_000), 'small');
    await bodyOf(await fetch(blob.url));
    await store.delete(blob.key);
    expect((await fetch(blob.url)).status).toBe(200);
    delivery.forget(blob.key.hash);
    expect((await fetch(blob.url)).status).toBe(404);

    const again = await place(blob.bytes, 'small');
    const before = delivery.stats().entries;
    let isAnswered = false;
    const read = fetch(again.url).then((response) => {
      isAnswered = true;
      return response;
    });
    while ((await blobsHeldOpen()) === 0) {
      // The read is short: when it is over already, its entry is there to be forgotten.
      if (isAnswered || delivery.stats().entries > before) break;
    }
    delivery.forget(blob.key.hash);
    await store.delete(again.key);
    expect((await bodyOf(await read)).equals(blob.bytes)).toBe(true);
    expect((await fetch(again.url)).status).toBe(404);
  });

  it('takes no more memory than was given', async () => {
    const blobs = await Promise.all(Array.from({ length: 60 }, () => place(randomBytes(50_000), 'medium')));
    for (const { url } of blobs) await bodyOf(await fetch(url));
    const { bytes, entries } = delivery.stats();
    expect(bytes).toBeLessThanOrEqual(1024 * 1024);
    expect(entries).toBe(Math.floor((1024 * 1024) / 50_512));
    const misses = delivery.stats().misses;
    await bodyOf(await fetch(blobs.at(-1)?.url ?? ''));
    expect(delivery.stats().misses).toBe(misses);
    await bodyOf(await fetch(blobs[0]?.url ?? ''));
    expect(delivery.stats().misses).toBe(misses + 1);
  });
});
