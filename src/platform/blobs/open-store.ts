import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '#platform/database/database.ts';
import { type BlobStore, type StorageDriver, storageDrivers } from './blob-store.ts';
import { cacheOnDisk } from './disk-cache.ts';
import { createFilesStore } from './files-store.ts';
import { createMovableStore, type MovableStore } from './movable-store.ts';
import type { PublicBucket } from './public-bucket.ts';
import type { PublicPlaceConfig } from './public-place.ts';
import type { S3Options } from './s3-store.ts';
import { knowsPlace, readPlace, requirePlace, StorageError } from './storage-place.ts';

export interface StorageConfig {
  /** Where the bytes of the library are. */
  readonly driver: StorageDriver;
  /** The bucket, if one is configured: a library may be on its way to it, or from it. */
  readonly s3: S3Options | null;
  /** Another bucket, of public pictures, that is read by anybody; null where there is none. */
  readonly publicPlace: PublicPlaceConfig | null;
}

interface DriverDeps {
  readonly dataDir: string;
  readonly database: Database;
}

/**
 * Opens the store of a library, wherever its bytes are, and holds what is configured against that.
 * @param deps.cacheBytes what derivatives of a store that is not on this disk may take of it; null for no cache
 * @throws StorageError when it cannot be used
 */
export async function openBlobStore(
  storage: StorageConfig,
  deps: DriverDeps & { readonly cacheBytes: number | null },
): Promise<MovableStore> {
  await requirePlace(deps.database, storage.driver);
  const store = await createMovableStore({
    readPlace: () => readPlace(deps.database),
    async open(driver) {
      const far = await openDriver(driver, storage, deps);
      if (driver === 'files' || deps.cacheBytes === null) return far;
      return cacheOnDisk(far, { folder: cacheFolder(deps.dataDir, driver), maxBytes: deps.cacheBytes });
    },
  });
  if (deps.cacheBytes !== null) await dropOtherCaches(store.driver, deps.dataDir);
  return store;
}

/**
 * As {@link openBlobStore}, for commands that read each file once: without a cache. A library whose schema is from before it said where
 * it is, is where its settings say.
 */
export const openPlainStore = async (storage: StorageConfig, deps: DriverDeps): Promise<BlobStore> =>
  (await knowsPlace(deps.database))
    ? openBlobStore(storage, { ...deps, cacheBytes: null })
    : openDriver(storage.driver, storage, deps);

/**
 * Opens one driver as it is, whether or not the library is there.
 * @throws StorageError when it cannot be used
 */
export async function openDriver(
  driver: StorageDriver,
  { s3, publicPlace }: StorageConfig,
  deps: DriverDeps,
): Promise<BlobStore> {
  if (driver === 'files') return createFilesStore({ dataDir: deps.dataDir });
  const tempDir = join(deps.dataDir, 'tmp');
  // Loaded when they are used: a library of files needs neither.
  if (driver === 'postgres') {
    const { createPostgresStore } = await import('./postgres-store.ts');
    return createPostgresStore({ database: deps.database, tempDir });
  }
  if (!s3) throw new StorageError('There is no bucket configured: set S3_BUCKET and its keys, or the R2_ ones.');
  const { createS3Store, requireBucket } = await import('./s3-store.ts');
  await requireBucket(s3);
  const { requirePrivate } = await import('./require-private.ts');
  await requirePrivate({ ...s3, publicUrl: publicPlace?.url ?? null });
  return createS3Store({ ...s3, tempDir });
}

/** Opens a public bucket that rows name, with the credentials that are configured; null where these are of another server. */
export async function openFormerPlace({ s3 }: StorageConfig, place: string): Promise<PublicBucket | null> {
  if (!s3) return null;
  const { openPlace } = await import('./public-bucket.ts');
  return openPlace(s3, place);
}

const cacheFolder = (dataDir: string, driver: StorageDriver): string => join(dataDir, 'cache', driver);

/** What was kept of a store that the library has left takes room for nothing. */
async function dropOtherCaches(driver: StorageDriver, dataDir: string): Promise<void> {
  for (const other of storageDrivers) {
    if (other !== driver) await rm(cacheFolder(dataDir, other), { recursive: true, force: true });
  }
}
