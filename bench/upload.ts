import { type ChildProcess, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { BenchRow, Contender, Contest } from './harness.ts';
import type { CpuTime, UploadServerReady, UploadWay } from './peers/upload-server.ts';

const BYTES = 4 * 2 ** 20;
/** Distinct bodies, each sent several times in a round by a few senders at once. */
const BODIES = 8;
const UPLOADS = 160;
const SENDERS = 4;

export const rows: BenchRow[] = [
  {
    name: 'upload of 4 MiB with sha256 to a temp file, beside discarding the body',
    unit: 'CPU ms',
    target: 3.2,
    // What discarding costs halves when a busy machine makes the kernel hand over larger pieces; ours stays.
    gate: 5.5,
    prepare: () => prepare('discard'),
  },
  {
    name: 'upload of 4 MiB with sha256 to a temp file, beside @fastify/busboy doing the same',
    unit: 'CPU ms',
    target: 0.7,
    prepare: () => prepare('busboy'),
  },
];

interface Body {
  readonly bytes: Buffer;
  readonly sha256: string;
}

async function prepare(peerWay: UploadWay): Promise<Contest> {
  const bodies = Array.from({ length: BODIES }, (): Body => {
    const bytes = randomBytes(BYTES);
    return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  });
  const folder = await mkdtemp(join(tmpdir(), 'bench-upload-'));
  const ours = await startServer('tintype', folder, bodies);
  const peer = await startServer(peerWay, folder, bodies);
  await ours.measure();
  await peer.measure();
  return {
    ours,
    peer,
    beside: () =>
      `${UPLOADS} uploads a time by ${SENDERS} senders, every answer checked; without the fsync, which costs no CPU`,
    async close() {
      ours.close();
      peer.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function startServer(way: UploadWay, folder: string, bodies: Body[]): Promise<Contender & { close(): void }> {
  const child = fork(fileURLToPath(new URL('./peers/upload-server.ts', import.meta.url)), [way, folder], {
    execArgv: [],
  });
  const [{ port }] = (await once(child, 'message')) as [UploadServerReady];
  const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
  return {
    name: way,
    async measure() {
      const before = await cpuOf(child);
      let next = 0;
      const sendAll = async () => {
        while (next < UPLOADS) await upload(port, agent, way, bodies[next++ % BODIES] as Body);
      };
      await Promise.all(Array.from({ length: SENDERS }, sendAll));
      return ((await cpuOf(child)) - before) / 1000 / UPLOADS;
    },
    close() {
      agent.destroy();
      child.kill();
    },
  };
}

async function cpuOf(child: ChildProcess): Promise<number> {
  child.send('cpu');
  const [{ cpu }] = (await once(child, 'message')) as [CpuTime];
  return cpu;
}

const HEAD =
  '--bench\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n';
const TAIL = '\r\n--bench--\r\n';

async function upload(port: number, agent: Agent, way: UploadWay, { bytes, sha256 }: Body): Promise<void> {
  const parts = way === 'busboy' ? [Buffer.from(HEAD), bytes, Buffer.from(TAIL)] : [bytes];
  const sent = request({
    port,
    agent,
    method: 'POST',
    headers: {
      'content-type': way === 'busboy' ? 'multipart/form-data; boundary=bench' : 'image/jpeg',
      'content-length': parts.reduce((sum, part) => sum + part.length, 0),
    },
  });
  for (const part of parts) sent.write(part);
  sent.end();
  const [response] = await once(sent, 'response');
  const answer = await text(response);
  const expected = way === 'discard' ? String(BYTES) : sha256;
  if (response.statusCode !== 201 || answer !== expected) {
    throw new Error(`${way} answered ${response.statusCode} ${answer}`);
  }
}
