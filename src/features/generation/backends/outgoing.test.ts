import { randomUUID } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countPromise } from '../../../../test/promises.ts';
import { slowness } from '../../../../test/slowness.ts';
import { createAutomatic1111 } from './automatic1111.ts';
import type { Backend, Batch } from './backend.ts';
import { createInvokeAi } from './invokeai.ts';
import { createOpenAi } from './openai.ts';

/** Every connection that this process begins. */
const begun: string[] = [];
const note = (message: unknown): void => {
  const { socket } = message as { socket: Socket };
  socket.on('connectionAttempt', (address: string, port: number) => begun.push(`${address}:${port}`));
};

let answer: { status: number; headers?: Record<string, string>; body?: unknown };
let asked = 0;
let server: Server;
let elsewhere: Server;
const arrivals: string[] = [];
let workDir: string;
const portOf = (one: Server): number => (one.address() as AddressInfo).port;

beforeAll(async () => {
  workDir = await mkdtemp(join(tmpdir(), 'tintype-outgoing-'));
  server = createServer((request, response) => {
    asked += 1;
    request.resume().on('end', () => {
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
      response.end(JSON.stringify(answer.body ?? {}));
    });
  });
  elsewhere = createServer((request, response) => {
    arrivals.push(`${request.method} ${request.url}`);
    response.end('{}');
  });
  for (const one of [server, elsewhere]) await new Promise<void>((done) => one.listen(0, '127.0.0.1', done));
  subscribe('net.client.socket', note);
});
afterAll(async () => {
  unsubscribe('net.client.socket', note);
  for (const one of [server, elsewhere]) {
    one.closeAllConnections();
    await new Promise((done) => one.close(done));
  }
  await rm(workDir, { recursive: true });
});

const sampling = { width: 512, height: 512, steps: 1, cfg_scale: 1, scheduler: 'euler' };
const backends: Record<string, (url: string) => Backend> = {
  invokeai: (url) =>
    createInvokeAi({ url, email: 'a@b.test', password: 'secret', connectMs: 2000, readMs: 2000, maintenanceWaits: [] }),
  openai: (url) => createOpenAi({ url, key: 'sk-secret', models: ['dall-e-3'], connectMs: 2000, readMs: 2000 }),
  automatic1111: (url) =>
    createAutomatic1111({ url, username: 'a', password: 'secret', connectMs: 2000, readMs: 2000, progressEveryMs: 20 }),
};

/** What is asked of a backend that answers with addresses of somebody else's. */
function requestsOf(backend: Backend, other: string): Record<string, (signal: AbortSignal) => Promise<unknown>> {
  const batch: Batch = {
    ...{ id: randomUUID(), prompt: `see ${other}`, negativePrompt: '', vae: null, seeds: [1] },
    model: { key: 'm', hash: 'h', name: 'dall-e-3', base: 'sd-1' },
    sampling,
    source: null,
  };
  const follow = async (more: Partial<Batch>, signal: AbortSignal): Promise<void> => {
    const context = { ticket: null, settled: new Set<number>(), workDir, signal };
    for await (const event of backend.follow({ ...batch, ...more }, context)) if (event.kind === 'failed') return;
  };
  const write = async (): Promise<void> => {};
  return {
    check: (signal) => backend.check(signal),
    'list models': (signal) => backend.listModels(signal),
    follow: (signal) => follow({}, signal),
    'follow from a photo': (signal) => follow({ source: { path: join(workDir, 'photo.png'), strength: 0.5 } }, signal),
    fetch: (signal) => backend.fetch('a.png', write, { maxBytes: 1000, signal }),
    'fetch what is called as an address': (signal) =>
      backend.fetch(`${other}/a.png`, write, { maxBytes: 1000, signal }),
    'fetch what is called as a path': (signal) =>
      backend.fetch(`//${other.slice(7)}/a.png`, write, { maxBytes: 1000, signal }),
    forget: (signal) => backend.forget(`${other}/a.png`, signal),
    cancel: (signal) =>
      backend.cancel(batch, { batchId: `${other}/b`, itemIds: [other], session: other }, null, signal),
  };
}

describe.each(Object.keys(backends))('%s goes to its own address alone', (name) => {
  test('whatever addresses it is answered with', { timeout: 60_000 * slowness }, async () => {
    await writeFile(join(workDir, 'photo.png'), Buffer.alloc(100));
    const other = `http://127.0.0.1:${portOf(elsewhere)}`;
    const bare = other.slice('http:'.length);
    const image = (url: string) => ({
      data: [{ url }],
      images: [url],
      url,
      image_url: url,
      items: [{ image_url: url }],
    });
    const answers: (typeof answer)[] = [
      ...[301, 302, 303, 307, 308].flatMap((status) =>
        [`${other}/taken`, `${bare}/taken`].map((location) => ({ status, headers: { location } })),
      ),
      { status: 200, headers: { refresh: `0; url=${other}/`, link: `<${other}/>; rel="next"`, location: `${other}/` } },
      {
        status: 201,
        headers: { location: `${other}/`, 'content-location': `${other}/` },
        body: image(`${other}/i.png`),
      },
      {
        status: 200,
        headers: { 'alt-svc': `h2="${bare.slice(2)}"` },
        body: { batch: { batch_id: other }, item_ids: [1] },
      },
      ...[
        `${other}/i.png`,
        `${bare}/i.png`,
        `http://127.0.0.1:${portOf(server)}@${bare.slice(2)}/i.png`,
        `\\\\${bare.slice(2)}/i.png`,
      ].map((url) => ({ status: 200, body: image(url) })),
      { status: 401, headers: { 'www-authenticate': `Bearer realm="${other}/token"` } },
      {
        status: 200,
        body: {
          token: 'x',
          multiuser_enabled: true,
          setup_required: false,
          version: '6.14.0',
          models: [{ url: other }],
        },
      },
    ];
    const backend = (backends[name] as (url: string) => Backend)(`http://127.0.0.1:${portOf(server)}`);
    let tried = 0;
    asked = 0;
    let held = 0;
    const strayed: string[] = [];
    const own = `127.0.0.1:${portOf(server)}`;
    for (const one of answers) {
      answer = one;
      for (const [what, ask] of Object.entries(requestsOf(backend, other))) {
        [begun.length, arrivals.length] = [0, 0];
        const ending = new AbortController();
        // What is polled for ever would be polled here as well: the connections of its first moments tell enough.
        const patience = setTimeout(() => ending.abort(), 300);
        await ask(ending.signal).catch(() => {});
        clearTimeout(patience);
        const away = [...begun.filter((address) => address !== own), ...arrivals];
        tried += 1;
        if (away.length === 0) held += 1;
        else strayed.push(`${what}, answered ${JSON.stringify(one)}: ${away.join(', ')}`);
      }
    }
    backend.close();
    expect(strayed).toEqual([]);
    expect(asked).toBeGreaterThan(50);
    countPromise({ promise: 6, what: `requests of ${name} that were answered with addresses of others`, tried, held });
  });
});

test('a connection elsewhere would be seen', async () => {
  begun.length = 0;
  await fetch(`http://127.0.0.1:${portOf(elsewhere)}/`);
  expect(begun).toEqual([`127.0.0.1:${portOf(elsewhere)}`]);
});
