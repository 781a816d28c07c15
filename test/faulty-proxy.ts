import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What goes wrong with an answer; null passes it on as it is. */
export type Fault = 'error' | 'silence' | 'half a body' | 'refused credentials' | 'denied' | 'late' | null;

const refusals: Readonly<Record<string, readonly [number, string]>> = {
  error: [500, 'InternalError'],
  'refused credentials': [403, 'SignatureDoesNotMatch'],
  denied: [403, 'AccessDenied'],
};

/** Stands before a real server and spoils some of its answers. */
export interface FaultyProxy {
  readonly endpoint: string;
  /** Asked for every request that comes. */
  spoil: (request: IncomingMessage) => Fault;
  readonly requests: string[];
  /** Those of them that were not answered yet. */
  unanswered(): string[];
  /** Breaks the connections of all that were not answered yet. */
  drop(): void;
  close(): Promise<void>;
}

export async function createFaultyProxy(target: string): Promise<FaultyProxy> {
  const { hostname, port } = new URL(target);
  const open = new Map<ServerResponse, string>();
  const server = createServer(async (incoming, outgoing) => {
    const name = `${incoming.method} ${incoming.url}`;
    open.set(outgoing, name);
    outgoing.once('close', () => open.delete(outgoing));
    proxy.requests.push(name);
    const fault = proxy.spoil(incoming);
    if (fault === 'silence') return incoming.resume();
    const refusal = refusals[fault ?? ''];
    if (refusal) {
      incoming.resume();
      const [status, code] = refusal;
      outgoing.writeHead(status, { 'content-type': 'application/xml' });
      return outgoing.end(`<Error><Code>${code}</Code></Error>`);
    }
    if (fault === 'late') await sleep(1000);
    const { method, url, headers } = incoming;
    const onward = request({ hostname, port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      if (fault !== 'half a body') return answer.pipe(outgoing);
      let left = Number(answer.headers['content-length']) / 2;
      answer.on('data', (chunk: Buffer) => {
        outgoing.write(chunk.subarray(0, Math.max(0, left)), () => left <= 0 && outgoing.destroy());
        left -= chunk.length;
      });
    });
    onward.on('error', () => outgoing.destroy());
    return incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: FaultyProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spoil: () => null,
    requests: [],
    unanswered: () => [...open.values()],
    drop() {
      for (const outgoing of open.keys()) outgoing.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        for (const outgoing of open.keys()) outgoing.destroy();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return proxy;
}
