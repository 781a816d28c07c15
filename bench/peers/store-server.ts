/**
 * A process that keeps what it is sent in a store and serves it by our own delivery with nothing in memory: `files`, or `bucket` with
 * the cache on disk before it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseConfig } from '#config.ts';
import type { BlobStore } from '#platform/blobs/blob-store.ts';
import { cacheOnDisk } from '#platform/blobs/disk-cache.ts';
import { createFilesStore } from '#platform/blobs/files-store.ts';
import { createS3Store } from '#platform/blobs/s3-store.ts';
import { createDelivery } from '#platform/delivery/index.ts';

export type StoreServerWay = 'files' | 'bucket';

/** What is to be kept; the process answers when it is. */
export interface Kept {
  readonly hash: string;
  /** Base64. */
  readonly bytes: string;
}

const [way, folder] = process.argv.slice(2) as [StoreServerWay, string];
await mkdir(join(folder, 'tmp'), { recursive: true });
const store = await openStore();

async function openStore(): Promise<BlobStore> {
  if (way === 'files') return createFilesStore({ dataDir: folder });
  const { s3 } = parseConfig({ ...process.env, TINTYPE_DATA: folder, TINTYPE_STORAGE: 's3' }).storage;
  if (!s3) throw new Error('no bucket');
  const far = createS3Store({ ...s3, tempDir: join(folder, 'tmp') });
  return cacheOnDisk(far, { folder: join(folder, 'cache'), maxBytes: 1e9 });
}

const delivery = createDelivery({
  store,
  cacheBytes: 0,
  logger: { warn: (fields, message) => console.error(message, fields) },
});
const server = createServer((request, response) => {
  const hash = request.url?.slice(1) ?? '';
  const cacheControl = 'private, max-age=31536000, immutable';
  delivery
    .serve(request, response, {
      key: { hash, variant: 'medium' },
      mimeType: 'image/webp',
      etag: `"${hash}"`,
      cacheControl,
    })
    .catch((error) => {
      console.error(error);
      response.writeHead(500).end();
    });
}).listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));

process.on('message', ({ hash, bytes }: Kept) => {
  const path = join(folder, 'tmp', hash);
  void writeFile(path, Buffer.from(bytes, 'base64'))
    .then(() => store.put({ hash, variant: 'medium' }, path))
    .then(() => process.send?.('kept'));
});
process.on('disconnect', () => process.exit());
