import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { Client, type PoolConfig } from 'pg';
import { inLanes } from '#features/storage/index.ts';
import type { BlobStore } from '#platform/blobs/blob-store.ts';
import { createTempArea } from '#platform/blobs/temp-area.ts';
import { writeCompressed } from '#platform/blobs/write-compressed.ts';
import { type Database, openDatabase } from '#platform/database/database.ts';
import { holdDeletions } from '#platform/database/deletion-hold.ts';
import { type Dump, dumpTables } from '#platform/database/dump-tables.ts';
import { leftOutTables } from '#platform/database/library-tables.ts';
import type { Progress } from '#platform/terminal/progress-bar.ts';
import { BackupError, explain } from './backup-error.ts';
import {
  type BackupFolder,
  completeSnapshot,
  createSnapshotFolder,
  openBackupFolder,
  prepareBackupFolder,
  removeSnapshot,
} from './backup-folder.ts';
import { createLookup, type ListedFile, readListed, readWanted, toLine, wantedFiles } from './file-list.ts';
import { createFilePool } from './file-pool.ts';

import { keepFile } from './keep-file.ts';

import { pruneSnapshots } from './prune-snapshots.ts';
import type { FileFault, SnapshotManifest } from './snapshot-manifest.ts';

export interface BackupDeps {
  /** How the database is reached as its owner. */
  readonly owner: PoolConfig;
  /** Opens the store where the library's bytes are; `database` reaches it as the owner. */
  openBlobs(database: Database): Promise<BlobStore>;
  /** Of the program. */
  readonly version: string;
}

export interface BackupOptions {
  readonly dir: string;
  /** How many snapshots stay; default: all. None goes while files of the newest are not whole. */
  readonly keep?: number;
  readonly onProgress?: Progress;
  readonly signal?: AbortSignal;
}

export interface BackupReport {
  readonly snapshot: string;
  readonly manifest: SnapshotManifest;
  /** Files and bytes that were not in the folder before. */
  readonly copied: { readonly files: number; readonly bytes: number };
  /** Snapshots that had been interrupted; this one took their place. */
  readonly resumed: readonly string[];
  readonly pruned: { readonly snapshots: number; readonly files: number };
}

const lanes = 4;
const otherBackupMs = 15_000;
/** When these are the first, it is not the files that are wrong. */
const enoughFaults = 1000;

/**
 * Writes a snapshot of the library into a folder, while it is served: all rows as they are at one moment, and each file that they refer
 * to under its hash, unless an earlier backup brought it. Nothing that is deleted meanwhile is lost to it: the deletion of bytes waits.
 * What is wrong with single files is told in the report, and the rest is backed up.
 * @throws BackupError, MigrationError or AppError, each with a sentence; the folder's earlier snapshots stay as they are
 */
export async function backupLibrary(deps: BackupDeps, options: BackupOptions): Promise<BackupReport> {
  const client = new Client({ ...deps.owner, keepAlive: true, application_name: 'tintype backup' });
  const database = openDatabase({ ...deps.owner, application_name: 'tintype backup' }, { connections: 2 * lanes });
  let lost: Error | undefined;
  client.on('error', (error) => {
    lost = error;
  });
  await client.connect();
  try {
    const hold = await prepareBackupFolder(options.dir, await identify(client));
    try {
      await client.query('set idle_session_timeout = 0');
      if (!(await holdDeletions(client, otherBackupMs))) {
        throw new BackupError('Another backup of this library is running: wait until it has ended.');
      }
      const check = (): void => {
        if (lost)
          throw new BackupError(
            `The database was lost (${lost.message}): run the backup again; it goes on where it was.`,
          );
        if (options.signal?.aborted)
          throw new BackupError('Interrupted: run the backup again; it goes on where it was.');
      };
      return await writeSnapshot(deps, { ...options, client, database, check });
    } catch (error) {
      throw explain(error, options.dir);
    } finally {
      hold.release();
    }
  } finally {
    await database.close();
    await client.end().catch(() => {});
  }
}

/** A name for the library that outlives restoring it, and tells nothing of its secret. */
async function identify(client: Client): Promise<string> {
  const { rows: known } = await client.query<{ known: boolean }>(
    `select to_regclass('public.instance') is not null as known`,
  );
  const { rows } = known[0]?.known
    ? await client.query<{ secret: Buffer }>('select secret from instance')
    : { rows: [] };
  if (!rows[0]) throw new BackupError('There is no library in this database yet: nothing was backed up.');
  return createHash('sha256').update('the name of a library').update(rows[0].secret).digest('hex');
}

interface Work extends BackupOptions {
  readonly client: Client;
  readonly database: Database;
  /** Throws when the work must not go on. */
  check(): void;
}

async function writeSnapshot(deps: BackupDeps, work: Work): Promise<BackupReport> {
  const startedAt = new Date();
  const folder = await openBackupFolder(work.dir);
  await rm(folder.tmp, { recursive: true, force: true });
  await mkdir(folder.tmp, { mode: 0o700 });
  const blobs = await deps.openBlobs(work.database);
  const name = await createSnapshotFolder(folder, startedAt);
  const dump = await dumpTables(work.client, folder.pathOf(name, 'tables'), { files: wantedFiles });
  const files = await keepFiles({ ...work, blobs, folder, name, of: dump.answers.files?.rows ?? 0 });
  const manifest = toManifest(deps, { startedAt, library: await identify(work.client), dump, files });
  await completeSnapshot(folder, name, manifest);
  for (const unfinished of folder.unfinished) await removeSnapshot(folder, unfinished);
  // Older snapshots may have what this one could not read.
  const mayPrune = work.keep !== undefined && manifest.faults.length === 0;
  const pruned = mayPrune
    ? await pruneSnapshots(await openBackupFolder(work.dir), work.keep ?? 1)
    : { snapshots: 0, files: 0 };
  return { snapshot: name, manifest, copied: files.copied, resumed: folder.unfinished, pruned };
}

interface KeptFiles {
  readonly list: SnapshotManifest['files'];
  readonly faults: readonly FileFault[];
  readonly copied: { readonly files: number; readonly bytes: number };
}

interface KeepWork extends Work {
  readonly blobs: BlobStore;
  readonly folder: BackupFolder;
  readonly name: string;
  readonly of: number;
}

/** Copies what is not there yet, and writes the list of all that the snapshot needs. */
async function keepFiles(work: KeepWork): Promise<KeptFiles> {
  const { blobs, folder, name, onProgress } = work;
  const pool = createFilePool(folder.blobs);
  const temp = createTempArea({ tempDir: folder.tmp });
  // What the last complete snapshot and those that were interrupted since tell of derivatives.
  const last = folder.snapshots.at(-1);
  const earlier = createLookup(
    [...(last ? [last] : []), ...folder.unfinished].map((one) =>
      readListed(folder.pathOf(one, 'files.gz'), { cut: true }),
    ),
  );
  const list = { rows: 0, total_bytes: 0, originals: 0 };
  const copied = { files: 0, bytes: 0 };
  const faults: FileFault[] = [];
  let done = 0;

  const tell = (kept: Awaited<ReturnType<typeof keepFile>>, file: ListedFile['key']): string => {
    done += 1;
    if (kept.fault !== undefined) {
      faults.push({ ...file, what: kept.fault });
    } else {
      list.rows += 1;
      list.total_bytes += kept.file.bytes;
      if (file.variant === 'original') list.originals += 1;
      if (kept.copied) {
        copied.files += 1;
        copied.bytes += kept.file.bytes;
      }
    }
    onProgress?.({ done, of: work.of, bytes: copied.bytes });
    return kept.fault === undefined ? toLine(kept.file) : '';
  };

  const requireSome = (): void => {
    if (list.rows > 0 || faults.length === 0) return;
    throw new BackupError(
      'None of the files of this library is there: TINTYPE_STORAGE and TINTYPE_DATA must be those that its server has. Nothing was backed up.',
    );
  };

  async function* found() {
    for await (const wanted of readWanted(folder.pathOf(name, 'tables', 'files.copy.gz'))) {
      work.check();
      yield { wanted, before: await earlier.find(wanted.key) };
    }
  }
  async function* lines() {
    const kept = inLanes(found(), lanes, async ({ wanted, before }) => ({
      file: wanted.key,
      kept: await keepFile({ blobs, pool, temp }, wanted, before),
    }));
    for await (const { file, kept: one } of kept) {
      const line = tell(one, file);
      if (line) yield line;
      if (faults.length >= enoughFaults) requireSome();
    }
    requireSome();
  }

  const written = await writeCompressed(Readable.from(lines()), folder.pathOf(name, 'files.gz'));
  await earlier.close();
  await pool.flush();
  work.check();
  // It was a note of what to do; the list says what was done.
  await rm(folder.pathOf(name, 'tables', 'files.copy.gz'));
  return { list: { ...written, ...list }, faults, copied };
}

function toManifest(
  deps: BackupDeps,
  made: { readonly startedAt: Date; readonly library: string; readonly dump: Dump; readonly files: KeptFiles },
): SnapshotManifest {
  const { dump, files } = made;
  return {
    format: 1,
    tintype: deps.version,
    library: made.library,
    started_at: made.startedAt.toISOString(),
    finished_at: new Date().toISOString(),
    migrations: [...dump.migrations],
    tables: dump.tables.map(({ name, columns, bytes, sha256, rows }) => ({
      name,
      columns: [...columns],
      bytes,
      sha256,
      rows,
    })),
    counters: dump.counters.map((counter) => ({ ...counter })),
    left_out: leftOutTables,
    files: files.list,
    faults: [...files.faults],
  };
}
