/**
 * A process that serves the files of a folder and knows nobody: `memory` from buffers over bare node:http, the least that Node can
 * do; `delivery` by our own delivery with nothing kept in memory, for what a cold picture costs.
 */
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createFilesStore } from '#platform/blobs/files-store.ts';
import { createDelivery } from '#platform/delivery/index.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export type ByteServerWay = 'memory' | 'delivery';

const [way, folder] = process.argv.slice(2) as [ByteServerWay, string];
const cacheControl = 'private, max-age=31536000, immutable';

async function fromMemory(): Promise<Answer> {
  const files = new Map<string, Buffer>();
  for (const name of await readdir(folder)) files.set(`/${name}`, await readFile(join(folder, name)));
  return (request, response) => {
    const bytes = files.get(request.url ?? '');
    if (!bytes) return response.writeHead(404).end();
    response.writeHead(200, {
      'Content-Type': 'image/webp',
      'Content-Length': bytes.length,
      ETag: `"${request.url?.slice(1, 33)}"`,
      'Cache-Control': cacheControl,
    });
    response.end(bytes);
  };
}

function byDelivery(): Answer {
  const delivery = createDelivery({
    store: createFilesStore({ dataDir: folder }),
    cacheBytes: 0,
    logger: { warn: (fields, message) => console.error(message, fields) },
  });
  return (request, response) => {
    const hash = request.url?.slice(1) ?? '';
    const what = { key: { hash, variant: 'medium' as const }, mimeType: 'image/webp', etag: `"${hash}"`, cacheControl };
    delivery.serve(request, response, what).catch(() => response.writeHead(404).end());
  };
}

const answer = way === 'memory' ? await fromMemory() : byDelivery();
const server = createServer(answer).listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port);
});
process.on('disconnect', () => process.exit());
