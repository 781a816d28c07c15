/**
 * A process that receives uploads in one of three ways, on a port of its own, and tells its CPU time when asked. Each way is given
 * the same bare node:http, so that what differs is how the body is taken in.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { createTempArea } from '#platform/blobs/temp-area.ts';

export type UploadWay = 'tintype' | 'discard' | 'busboy';

export interface UploadServerReady {
  port: number;
}

/** Microseconds since the process started. */
export interface CpuTime {
  cpu: number;
}

const [way, folder] = process.argv.slice(2) as [UploadWay, string];
const area = createTempArea({ tempDir: folder });
let received = 0;

/** What the sender compares: the sha256, or the number of bytes where nothing is kept. */
const ways: Record<UploadWay, (request: IncomingMessage) => Promise<string>> = {
  async tintype(request) {
    const file = await area.createTemp({ limit: 20 * 2 ** 20 });
    for await (const chunk of request) await file.write(chunk);
    const { sha256 } = await file.finish();
    await file.discard();
    return sha256;
  },
  async discard(request) {
    let bytes = 0;
    for await (const chunk of request) bytes += chunk.length;
    return String(bytes);
  },
  async busboy(request) {
    const path = join(folder, `${++received}.busboy`);
    const sha256 = createHash('sha256');
    let written: Promise<void> | undefined;
    const parser = new Busboy({ headers: request.headers as BusboyHeaders });
    parser.on('file', (_, file) => {
      file.on('data', (chunk: Buffer) => sha256.update(chunk));
      written = pipeline(file, createWriteStream(path));
    });
    await pipeline(request, parser as unknown as NodeJS.WritableStream);
    await written;
    await rm(path);
    return sha256.digest('hex');
  },
};

const server = createServer((request, response) => {
  ways[way](request).then(
    (answer) => response.writeHead(201).end(answer),
    (error) => response.writeHead(500).end(String(error)),
  );
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port } satisfies UploadServerReady);
});
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpu: user + system } satisfies CpuTime);
});
process.on('disconnect', () => process.exit());
