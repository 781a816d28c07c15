import { rm } from 'node:fs/promises';
import { AppError } from '#platform/http/app-error.ts';
import type { BlobStore, StorageDriver } from './blob-store.ts';
import type { StoragePlace } from './storage-place.ts';

/** A store whose bytes may be moved to another driver while they are read and written. */
export interface MovableStore extends BlobStore {
  /**
   * Looks where the bytes are by now. Whoever misses a blob looks as well, so nothing depends on hearing of a move.
   * @throws AppError `unavailable` when they are where this server cannot follow; what it has open is read on meanwhile
   */
  refresh(): Promise<void>;
}

interface Arrangement {
  readonly place: StoragePlace;
  /** Where new bytes go. */
  readonly current: BlobStore;
  /** Where a blob may be: where it was first, for what is in the other place may be left from long ago, and is not looked through yet. */
  readonly all: readonly BlobStore[];
}

/** How long a driver that could not be opened is left alone: trying is a probe of several requests, and every upload would. */
const restMs = 5000;

/**
 * Keeps bytes where the library says they are. While they move, new ones go to where they will all be, and each is looked for in
 * both places.
 * @param deps.open opens a driver, once
 */
export async function createMovableStore(deps: {
  readPlace(): Promise<StoragePlace>;
  open(driver: StorageDriver): Promise<BlobStore>;
}): Promise<MovableStore> {
  const opened = new Map<StorageDriver, Promise<BlobStore>>();
  const openOnce = (driver: StorageDriver): Promise<BlobStore> => {
    const opening = opened.get(driver) ?? deps.open(driver);
    if (!opened.has(driver)) {
      opened.set(driver, opening);
      // Until then whoever asks is told of the failure.
      opening.catch(() => setTimeout(() => opened.delete(driver), restMs).unref());
    }
    return opening;
  };
  const arrange = async (place: StoragePlace): Promise<Arrangement> => {
    const current = await openOnce(place.driver);
    const source = place.source && (await openOnce(place.source));
    return { place, current, all: source ? [source, current] : [current] };
  };
  let now = await arrange(await deps.readPlace());

  const refresh = async (): Promise<void> => {
    const place = await deps.readPlace();
    if (place.version === now.place.version) return;
    const next = await arrange(place).catch((error) => {
      throw unreachable(error);
    });
    if (next.place.version > now.place.version) now = next;
  };

  const find = async <Found>(look: (store: BlobStore) => Promise<Found | null>): Promise<Found | null> => {
    for (;;) {
      const seen = now;
      const { found, fault } = await lookIn(seen.all, look);
      if (found !== null) return found;
      await refresh();
      if (now !== seen) continue;
      if (fault) throw fault;
      return null;
    }
  };

  return {
    get driver() {
      return now.place.driver;
    },
    get capabilities() {
      const [only, ...others] = now.all.map((store) => store.capabilities);
      if (only && others.length === 0) return only;
      return { localPath: null, readersOutlive: now.all.every((store) => store.capabilities.readersOutlive) };
    },
    get tempDir() {
      return now.current.tempDir;
    },
    createTemp: (options) => now.current.createTemp(options),
    createTempFolder: () => now.current.createTempFolder(),
    sweepTemp: (foreignOlderThanMs) => now.current.sweepTemp(foreignOlderThanMs),
    async put(key, tempPath, options) {
      // A write misses nothing, so it would not learn of a move that was not heard of.
      await refresh().catch(async (error) => {
        await rm(tempPath, { force: true });
        throw error;
      });
      await now.current.put(key, tempPath, options);
    },
    open: (key) => find((store) => store.open(key)),
    has: async (key) => (await find((store) => store.stat(key))) !== null,
    stat: (key) => find((store) => store.stat(key)),
    async delete(key) {
      for (const store of now.all) await store.delete(key);
    },
    async *list() {
      for (const store of now.all) yield* store.list();
    },
    async sweepParts(olderThanMs) {
      let swept = 0;
      for (const store of now.all) swept += await store.sweepParts(olderThanMs);
      return swept;
    },
    close() {
      for (const opening of opened.values())
        opening.then(
          (store) => store.close(),
          () => {},
        );
    },
    refresh,
  };
}

/** A store that does not answer is no reason to fail while another has the blob. */
async function lookIn<Found>(
  stores: readonly BlobStore[],
  look: (store: BlobStore) => Promise<Found | null>,
): Promise<{ found: Found | null; fault?: unknown }> {
  let fault: unknown;
  for (const store of stores) {
    try {
      const found = await look(store);
      if (found !== null) return { found };
    } catch (error) {
      fault = error;
    }
  }
  return { found: null, fault };
}

function unreachable(cause: unknown): AppError {
  const error = new AppError(
    'unavailable',
    'The library is on its way to a storage that this server cannot reach. Nothing was lost; try again later.',
  );
  error.cause = cause;
  return error;
}
