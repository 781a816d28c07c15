import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** One request, as the bytes that go over the line, and what must come back. */
export interface Shot {
  readonly request: Buffer;
  readonly status: number;
  /** Of the body. */
  readonly bytes: number;
  /** Of the body, lower-case hex; compared in one answer of fifty. */
  readonly sha256?: string;
}

const SAMPLE = 50;

/** The bytes of a GET over a connection that stays open. */
export const toRequest = (path: string, headers: Record<string, string> = {}): Buffer =>
  Buffer.from(
    `${[
      `GET ${path} HTTP/1.1`,
      'Host: 127.0.0.1',
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ].join('\r\n')}\r\n\r\n`,
  );

/**
 * Sends `count` requests over a few connections, each the next as soon as the last is answered, the shots in a shuffled order that is
 * the same every time. Speaks just enough HTTP to cost little, so that the server is what limits.
 * @throws Error at the first answer with another status, another length, or (in the samples) other bytes
 */
export async function fire(port: number, shots: readonly Shot[], count: number, connections = 16): Promise<void> {
  let next = 0;
  // A step that shares no factor with a power of two or with small counts visits all shots in a scattered order.
  const take = () =>
    next < count ? { shot: shots[(next * 7919) % shots.length] as Shot, sampled: next++ % SAMPLE === 0 } : null;
  await Promise.all(Array.from({ length: connections }, () => gun(port, take)));
}

function gun(port: number, take: () => { shot: Shot; sampled: boolean } | null): Promise<void> {
  return new Promise((resolve, reject) => {
    let current = take();
    if (!current) return resolve();
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let head: Buffer | null = Buffer.alloc(0);
    let received = 0;
    let digest = createHash('sha256');

    const fail = (reason: string) => {
      socket.destroy();
      reject(new Error(`${current?.shot.request.toString().split('\r\n')[0]}: ${reason}`));
    };
    const receive = (body: Buffer) => {
      received += body.length;
      if (!current) return;
      if (current.sampled && current.shot.sha256) digest.update(body);
      if (received < current.shot.bytes) return;
      if (received > current.shot.bytes) return fail(`${received} bytes of ${current.shot.bytes}`);
      if (current.sampled && current.shot.sha256) {
        if (digest.digest('hex') !== current.shot.sha256) return fail('other bytes than expected');
        digest = createHash('sha256');
      }
      head = Buffer.alloc(0);
      received = 0;
      current = take();
      if (current) socket.write(current.shot.request);
      else {
        socket.end();
        resolve();
      }
    };

    socket.on('connect', () => socket.write(current?.shot.request ?? ''));
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => current && fail('the connection was closed'));
    socket.on('data', (chunk) => {
      if (!head) return receive(chunk);
      const whole: Buffer = head.length ? Buffer.concat([head, chunk]) : chunk;
      const end = whole.indexOf('\r\n\r\n');
      if (end < 0) {
        head = whole;
        return;
      }
      const text = whole.toString('latin1', 0, end);
      const status = Number(text.slice(9, 12));
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (status !== current?.shot.status || length !== current.shot.bytes)
        return fail(`${status} with ${length} bytes`);
      head = null;
      receive(whole.subarray(end + 4));
    });
  });
}
