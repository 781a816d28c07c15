import { Agent, createServer, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { bearOwnSilence, lingerAfterAnswer } from './linger.ts';

const silenceMs = 150;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server that bears a silent line for a moment only, as the product does for two minutes; or for ever. */
async function serve(answer: Parameters<typeof createServer>[1], bears: number = silenceMs): Promise<number> {
  const server = createServer((incoming, outgoing) => {
    lingerAfterAnswer(incoming, outgoing);
    bearOwnSilence(incoming, outgoing);
    answer?.(incoming, outgoing);
  });
  server.timeout = bears;
  server.keepAliveTimeout = bears;
  server.keepAliveTimeoutBuffer = 0;
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const post = (port: number, body: Buffer, agent = new Agent({ keepAlive: true })): Promise<number> =>
  new Promise((resolve, reject) => {
    const sending = request({ port, method: 'POST', agent }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sending.on('error', reject);
    sending.end(body);
  });

test('a server that works longer than a client may be silent still answers', async () => {
  const port = await serve(async (incoming, outgoing) => {
    // Not before: what is sent in one piece is here whole, however long it was on its way.
    incoming.socket.setTimeout(silenceMs);
    for await (const _ of incoming) {
      // Reads all of it.
    }
    await sleep(3 * silenceMs);
    outgoing.end('done');
  }, 0);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('it was cut off')));
    socket.once('data', (part) => resolve(part.toString()));
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(1000)}`);
  });
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
});

test('a client that falls silent in the middle is dropped', async () => {
  const port = await serve((incoming) => incoming.resume());
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc');
    });
    socket.on('close', () => resolve());
    socket.on('error', () => {});
  });
});

test('what is left of a body that nobody read does not stand before the next request', async () => {
  const port = await serve((incoming, outgoing) => {
    // Some of it is read, as by a parser that then refuses.
    incoming.once('data', () => {
      incoming.pause();
      outgoing.writeHead(413).end();
    });
  }, 0);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let round = 0; round < 3; round += 1) expect(await post(port, Buffer.alloc(3_000_000), agent)).toBe(413);
  agent.destroy();
});

test('a connection that is idle after a refusal is closed as any', async () => {
  const port = await serve((_, outgoing) => {
    outgoing.writeHead(413).end();
  });
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n');
      socket.once('data', () => socket.write('0123456789'));
    });
    socket.on('close', () => resolve());
    socket.on('error', () => {});
  });
});
