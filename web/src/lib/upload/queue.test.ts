import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../../../../test/eventually.ts';
import { createQueue, type QueueDeps, type Upload, UploadProblem } from './queue.ts';

/** A real server that keeps what it was sent, and fails the way it is told to. */
let server: Server;
let address: string;
let kept: Map<string, string>;
let atOnce: number;
let mostAtOnce: number;
let answer: (name: string, tries: number) => number;
const tries = new Map<string, number>();

beforeEach(async () => {
  kept = new Map();
  atOnce = 0;
  mostAtOnce = 0;
  tries.clear();
  answer = () => 201;
  server = createServer(async (request, response) => {
    mostAtOnce = Math.max(mostAtOnce, ++atOnce);
    const hash = createHash('sha256');
    try {
      for await (const chunk of request) hash.update(chunk);
      await new Promise((resolve) => setTimeout(resolve, 15));
      const name = request.url?.slice(1) ?? '';
      tries.set(name, (tries.get(name) ?? 0) + 1);
      const status = answer(name, tries.get(name) as number);
      if (status === 0) return request.socket.destroy();
      const digest = hash.digest('hex');
      const isKnown = [...kept.values()].includes(digest);
      if (status === 201) kept.set(name, digest);
      response.writeHead(isKnown && status === 201 ? 200 : status).end(digest);
    } catch {
      // The client went away.
    } finally {
      atOnce--;
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const send: QueueDeps<string>['send'] = async ({ name, file }, { signal, onProgress }) => {
  let response: Response;
  try {
    response = await fetch(address + name, { method: 'POST', body: file, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new UploadProblem('network', 'Connection lost');
  }
  onProgress(file.size);
  if (response.status === 429) throw new UploadProblem('later', 'Later', 0.01);
  if (response.status === 415) throw new UploadProblem('refused', 'No picture');
  if (response.status === 401) throw new UploadProblem('signed-out', 'Signed out');
  if (!response.ok) throw new UploadProblem('failed', `Answered ${response.status}`);
  return { result: await response.text(), duplicate: response.status === 200 };
};

function start(options: Partial<QueueDeps<string>> = {}) {
  const queue = createQueue<string>({ send, onChange: () => {}, patience: 20, ...options });
  const add = (name: string, text = name): Upload<string> => {
    const file = new Blob([text.repeat(2000)]);
    return queue.add({ key: name, name, size: file.size, file, modifiedAt: '2024-06-14T07:30:00.000Z' });
  };
  return { queue, add };
}
const states = (queue: { uploads: ReadonlyMap<string, Upload<string>> }) =>
  [...queue.uploads.values()].map((u) => u.state);

test('sends everything, three at a time', async () => {
  const { queue, add } = start();
  for (let i = 0; i < 10; i++) add(`photo-${i}`);
  await eventually(() => expect(queue.busy).toBe(false));
  expect(states(queue)).toEqual(Array(10).fill('done'));
  expect([kept.size, mostAtOnce]).toEqual([10, 3]);
});

test('tells a duplicate from a new photo', async () => {
  const { queue, add } = start({ parallel: 1 });
  add('a', 'same');
  add('b', 'same');
  await eventually(() => expect(states(queue)).toEqual(['done', 'duplicate']));
});

test('one failure does not stop the others; retry all sends just the failed', async () => {
  answer = (name, n) => (name !== 'ok' && n === 1 ? 500 : 201);
  const { queue, add } = start();
  for (const name of ['bad-1', 'ok', 'bad-2']) add(name);
  await eventually(() => expect(states(queue)).toEqual(['failed', 'done', 'failed']));
  queue.retry('bad-1');
  await eventually(() => expect(states(queue)).toEqual(['done', 'done', 'failed']));
  queue.retryAll();
  await eventually(() => expect(states(queue)).toEqual(['done', 'done', 'done']));
  expect(tries.get('ok')).toBe(1);
});

test('a lost connection waits for the network, what was refused does not', async () => {
  answer = (name, n) => (n > 1 ? 201 : name === 'cut' ? 0 : 415);
  const { queue, add } = start();
  add('cut');
  add('pdf');
  await eventually(() => expect(states(queue)).toEqual(['failed', 'refused']));
  queue.retryNetwork();
  queue.retryAll();
  await eventually(() => expect(states(queue)).toEqual(['done', 'refused']));
  expect(tries.get('pdf')).toBe(1);
});

test('when the server asks for patience, the queue waits and nobody has to do anything', async () => {
  answer = (_, n) => (n === 1 ? 429 : 201);
  const { queue, add } = start();
  for (const name of ['a', 'b', 'c', 'd']) add(name);
  await eventually(() => expect(states(queue)).toEqual(Array(4).fill('done')));
});

test('pause takes back what is on its way, resume sends it again', async () => {
  const { queue, add } = start();
  for (const name of ['a', 'b', 'c', 'd']) add(name);
  queue.pause();
  expect(states(queue)).toEqual(Array(4).fill('waiting'));
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect(states(queue)).toEqual(Array(4).fill('waiting'));
  queue.resume();
  await eventually(() => expect(states(queue)).toEqual(Array(4).fill('done')));
});

test('a file removed while it is being sent is gone, and its place goes to the next', async () => {
  const { queue, add } = start({ parallel: 1 });
  add('a');
  add('b');
  queue.remove('a');
  await eventually(() => expect(states(queue)).toEqual(['done']));
});

test('signed out: the queue stops instead of failing every file', async () => {
  answer = (_, n) => (n === 1 ? 401 : 201);
  const { queue, add } = start({ parallel: 1 });
  add('a');
  add('b');
  await eventually(() => expect(queue.paused).toBe(true));
  expect(states(queue)).toEqual(['failed', 'waiting']);
  answer = () => 201;
  queue.retryAll();
  await eventually(() => expect(states(queue)).toEqual(['done', 'done']));
});

test('what is refused before sending is never sent', async () => {
  const { queue } = start();
  queue.add({ key: 'x', name: 'x', size: 9, file: new Blob(['x']), modifiedAt: '', problem: 'Too large' });
  expect(states(queue)).toEqual(['refused']);
  expect(queue.busy).toBe(false);
  expect(tries.size).toBe(0);
});
