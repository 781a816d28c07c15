import { join } from 'node:path';
import type { Config } from './config.ts';
import { createPartialFiles } from './features/photos/index.ts';
import {
  checkStorage,
  collectGarbage,
  type Fault,
  moveStorage,
  readMoveProgress,
  readPublishedTotals,
} from './features/storage/index.ts';
import type { BlobStore, StorageDriver } from './platform/blobs/blob-store.ts';
import { openDriver, openFormerPlace, openPlainStore } from './platform/blobs/open-store.ts';
import { openPublicPlace } from './platform/blobs/public-place.ts';
import { settlePlace } from './platform/blobs/storage-place.ts';
import type { Database } from './platform/database/database.ts';
import { openLibrary } from './platform/database/open-library.ts';
import { createLogger } from './platform/observability/logger.ts';
import { createProgressBar, toSize } from './platform/terminal/progress-bar.ts';

/** Prints where the bytes are, and how many. */
export const printStatus = (config: Config): Promise<void> =>
  withLibrary(config, async ({ database }) => {
    const { driver, source, totals } = await readMoveProgress(database);
    say(source ? `On its way from ${source} to ${driver}.` : `The bytes of this library are in ${driver}.`);
    for (const one of totals) {
      const originals = `${one.blobs} originals, ${toSize(one.bytes)}`;
      say(`  ${one.driver}: ${originals}; ${one.derivatives} thumbnails, ${toSize(one.derivative_bytes)}`);
    }
    await printPublicPlace(config, database);
  });

/** Nothing where there is no public bucket and never was. */
async function printPublicPlace({ storage }: Config, database: Database): Promise<void> {
  const sentences: string[] = [];
  const note = (sentence: string) => sentences.push(sentence);
  const place = await openPublicPlace(storage, { info: () => {}, warn: note }).catch(({ message }: Error) => {
    note(message);
    return null;
  });
  const { files, bytes, missing, elsewhere } = await readPublishedTotals(database, place?.bucket.place ?? null);
  if (place) {
    say(`Public pictures are in s3://${place.name}, read at ${place.url}: ${files} files, ${toSize(bytes)}.`);
    if (missing > 0) say(`  ${missing} more are shown by the server alone until a job has put them there.`);
    place.close();
  }
  if (elsewhere > 0)
    say(`${elsewhere} files of public pictures lie in a bucket that is not the one that is configured.`);
  for (const sentence of sentences) say(`  ${sentence}`);
}

/** Moves the library, and says how to go on where it could not. Ctrl+C ends it in good order. */
export const migrateStorage = (
  config: Config,
  { to, maxRate, leaveDamaged }: { to: StorageDriver; maxRate?: number; leaveDamaged?: true },
): Promise<void> =>
  withLibrary(config, async ({ database, open, signal }) => {
    const progress = createProgressBar(process.stderr, 'Moving');
    const options = { to, bytesPerSecond: maxRate ?? null, leaveDamaged: leaveDamaged === true, signal };
    const move = await moveStorage({ database, open }, { ...options, onProgress: progress.update }).finally(
      progress.end,
    );
    if (move.from === null) return say(`All of this library is in ${to}.`);
    const moved = `${move.blobs} blobs (${toSize(move.bytes)}) were moved from ${move.from} to ${to}`;
    for (const { key, why } of move.damaged) say(`  ${key.hash} (${key.variant}): ${why}`);
    if (move.finished) {
      say(`${moved}. Set TINTYPE_STORAGE=${to} before the next start.`);
      say(`What is left in ${move.from} is deleted by: tintype storage gc (a day from now; --grace 0 for now)`);
      return;
    }
    process.exitCode = 1;
    say(
      signal.aborted
        ? `${moved} so far. Both places are read until the rest is; go on with the same command, or back with --to ${move.from}.`
        : `${moved}; ${move.damaged.length} could not be, and are still read where they are. Put them back from a backup and go on, or go on without them: --leave-damaged.`,
    );
  });

/** Holds the storage against the library and prints what is wrong; the result is kept for whoever administers the library. */
export const printVerification = (config: Config, { readData = false }: { readData?: boolean }): Promise<void> =>
  withLibrary(config, async ({ database, openPlace, signal }) => {
    const progress = createProgressBar(process.stderr, 'Checking');
    const found = await checkStorage(
      { database, blobs: await openPlace() },
      { readData, signal, onProgress: (done, of) => progress.update({ done, of }) },
    ).finally(progress.end);
    for (const fault of found.faults) say(`  ${tell(fault)}`);
    const wrong = found.faults.length === 0 ? 'nothing is wrong' : `${found.faults.length} are wrong`;
    say(`${found.files} files were looked at${readData ? ` and ${found.read} read` : ''}: ${wrong}.`);
    if (found.orphans > 0) say(`${found.orphans} more belong to nothing; a day old, they are deleted at night.`);
    if (found.faults.length > 0) process.exitCode = 1;
  });

/** Deletes what nothing refers to, and prints how much that was. */
export const printGarbage = (config: Config, { grace }: { grace: number }): Promise<void> =>
  withLibrary(config, async ({ database, open, openPlace, signal }) => {
    const partials = createPartialFiles({ folder: join(config.dataDir, 'uploads') });
    // What a server has in memory goes as it is not asked for: no photo leads to it any more.
    const delivery = { forget: () => {} };
    const place = await openPublicPlace(config.storage, { info: () => {}, warn: () => {} });
    const gone = await collectGarbage(
      {
        database,
        blobs: await openPlace(),
        partials,
        open,
        delivery,
        published: { bucket: place?.bucket ?? null, openFormer: (former) => openFormerPlace(config.storage, former) },
      },
      { graceMs: grace * 3600_000, signal },
    ).finally(() => place?.close());
    say(`Deleted: ${gone.unused} blobs that no photo refers to, ${gone.orphans} that no row knows,`);
    say(`${gone.partials} unfinished uploads, ${gone.parts} that came to the bucket in parts and never whole,`);
    say(`${gone.published} in the bucket of public pictures that nobody shows,`);
    say(`${gone.leftovers} files of where the library was before.`);
  });

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const sentences: Record<Fault['what'], string> = {
  missing: 'it is missing',
  short: 'it has another size',
  changed: 'its bytes are not those that its name tells',
  unreadable: 'it cannot be read',
};

const tell = ({ key, what }: Fault): string => `${key.hash} (${key.variant}): ${sentences[what]}`;

interface Opened {
  readonly database: Database;
  /** Aborts with Ctrl+C. */
  readonly signal: AbortSignal;
  open(driver: StorageDriver): Promise<BlobStore>;
  /** Wherever the library is. */
  openPlace(): Promise<BlobStore>;
}

async function withLibrary(config: Config, work: (opened: Opened) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const library = await openLibrary(config, await createLogger({ ...config, logLevel: 'warn' }));
  const { database } = library;
  const { dataDir, storage } = config;
  const opened: BlobStore[] = [];
  const keep = (store: BlobStore): BlobStore => {
    opened.push(store);
    return store;
  };
  try {
    await settlePlace(database, storage.driver);
    await work({
      database,
      signal: stop.signal,
      open: async (driver) => keep(await openDriver(driver, storage, { dataDir, database })),
      openPlace: async () => keep(await openPlainStore(storage, { dataDir, database })),
    });
  } finally {
    for (const store of opened) store.close();
    await library.close();
  }
}
