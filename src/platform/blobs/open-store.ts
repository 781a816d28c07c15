import { join } from 'node:path';
import type { Database } from '#platform/database/database.ts';
import type { BlobStore } from './blob-store.ts';
import { cacheOnDisk } from './disk-cache.ts';
import { createFilesStore } from './files-store.ts';
import type { S3Options } from './s3-store.ts';

/** Where the bytes of a library are. */
export type StorageConfig =
  | { readonly driver: 'files' }
  | { readonly driver: 'postgres' }
  | { readonly driver: 's3'; readonly s3: S3Options };

/**
 * Opens the store that is configured, and holds its settings against what is there.
 * @param deps.cacheBytes what derivatives of a store that is not on this disk may take of it
 * @throws Error with one sentence when it cannot be used, or when strangers could read from it
 */
export async function openBlobStore(
  storage: StorageConfig,
  deps: { readonly dataDir: string; readonly database: Database; readonly cacheBytes: number },
): Promise<BlobStore> {
  if (storage.driver === 'files') return createFilesStore({ dataDir: deps.dataDir });
  const tempDir = join(deps.dataDir, 'tmp');
  const cache = { folder: join(deps.dataDir, 'cache'), maxBytes: deps.cacheBytes };
  // Loaded when they are used: a library of files needs neither.
  if (storage.driver === 'postgres') {
    const { createPostgresStore } = await import('./postgres-store.ts');
    return cacheOnDisk(createPostgresStore({ database: deps.database, tempDir }), cache);
  }
  const { createS3Store, requireBucket } = await import('./s3-store.ts');
  await requireBucket(storage.s3);
  return cacheOnDisk(createS3Store({ ...storage.s3, tempDir }), cache);
}
