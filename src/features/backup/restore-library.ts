import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Client, type PoolConfig } from 'pg';
import { inLanes } from '#features/storage/index.ts';
import type { BlobStore, StorageDriver } from '#platform/blobs/blob-store.ts';
import { type Database, openDatabase } from '#platform/database/database.ts';
import { loadTables } from '#platform/database/load-tables.ts';
import { migrate } from '#platform/database/migrate.ts';
import { migrations } from '#platform/database/migrations/index.ts';
import { requireRowLevelSecurity } from '#platform/database/row-level-security.ts';
import { migrateTo, migrationLock, readMigrated } from '#platform/database/run-migrations.ts';
import type { Progress } from '#platform/terminal/progress-bar.ts';
import { BackupError } from './backup-error.ts';
import { type BackupFolder, holdFolder, openBackupFolder } from './backup-folder.ts';
import { type ListedFile, readListed } from './file-list.ts';
import { createFilePool, type FilePool } from './file-pool.ts';

import { putFile } from './put-file.ts';
import type { SnapshotManifest } from './snapshot-manifest.ts';

export interface RestoreDeps {
  /** How the database is reached as its owner. */
  readonly owner: PoolConfig;
  /** The login that servers work under, where one is named. */
  readonly app?: PoolConfig;
  /** Opens the store that bytes are to go to; `database` reaches it as the owner. */
  openBlobs(database: Database): Promise<BlobStore>;
}

export interface RestoreOptions {
  readonly dir: string;
  /** Default: the latest that is complete. */
  readonly snapshot?: string;
  readonly onProgress?: Progress;
  readonly signal?: AbortSignal;
}

export interface RestoreReport {
  readonly snapshot: string;
  readonly manifest: SnapshotManifest;
  /** Where the bytes are now. */
  readonly driver: string;
  /** What was there from a restore that was interrupted. */
  readonly kept: number;
}

const lanes = 4;

/**
 * Makes an empty library what one was when a snapshot was taken, on whichever database and driver are configured. The snapshot is held
 * against its manifest before anything is written; files come first, each held against its hash; the rows come last and all at once, so
 * that what is interrupted leaves an empty library, and can be run again.
 * @throws BackupError, LoadError, MigrationError, IsolationError or AppError, each with a sentence
 */
export async function restoreLibrary(deps: RestoreDeps, options: RestoreOptions): Promise<RestoreReport> {
  const folder = await openBackupFolder(options.dir);
  const hold = await holdFolder(folder.path, 'shared');
  try {
    const name = chooseSnapshot(folder, options.snapshot);
    const manifest = await folder.manifest(name);
    requireKnownMigrations(manifest, name);
    const pool = createFilePool(folder.blobs);
    await verifySnapshot(folder, name, manifest, pool);
    const report = await fillLibrary(deps, { ...options, folder, name, manifest, pool });
    await bringUpToDate(deps);
    return report;
  } catch (error) {
    throw explainFull(error);
  } finally {
    hold.release();
  }
}

function chooseSnapshot(folder: BackupFolder, wanted: string | undefined): string {
  const name = wanted ?? folder.snapshots.at(-1);
  if (name !== undefined && folder.snapshots.includes(name)) return name;
  if (wanted === undefined)
    throw new BackupError(`${folder.path} has no complete snapshot: no backup into it has ended yet.`);
  throw new BackupError(
    folder.unfinished.includes(wanted)
      ? `The snapshot ${wanted} was interrupted and cannot be restored; --list names those that can.`
      : `There is no snapshot ${wanted} in ${folder.path}; --list names those there are.`,
  );
}

function requireKnownMigrations(manifest: SnapshotManifest, name: string): void {
  if (manifest.migrations.every((migration) => migrations[migration])) return;
  throw new BackupError(
    `The snapshot ${name} was made by a newer Tintype (${manifest.tintype}): restore it with that version or one after it.`,
  );
}

/** Every file of the snapshot's own is read; of the others, which are read when they are restored, it is seen that they are there. */
async function verifySnapshot(
  folder: BackupFolder,
  name: string,
  manifest: SnapshotManifest,
  pool: FilePool,
): Promise<void> {
  const files = manifest.tables.map((table) => ({
    path: folder.pathOf(name, 'tables', `${table.name}.copy.gz`),
    ...table,
  }));
  for (const { path, bytes, sha256 } of [...files, { path: folder.pathOf(name, 'files.gz'), ...manifest.files }]) {
    const found = await stat(path).catch(() => null);
    if (found?.size === bytes && (await hashFile(path)) === sha256) continue;
    throw new BackupError(
      `${path} is ${found ? 'damaged' : 'missing'}: nothing was restored. Choose another snapshot; --list names them.`,
    );
  }
  const lost: string[] = [];
  for await (const { bytes, sha256 } of readListed(folder.pathOf(name, 'files.gz'))) {
    if (!(await pool.has(sha256, bytes))) lost.push(sha256);
  }
  if (lost.length === 0) return;
  throw new BackupError(
    `${lost.length} of the files that the snapshot ${name} needs are missing or short in ${folder.blobs}, such as ${lost[0]}: nothing was restored. Back the library up again if it is there yet, or choose another snapshot.`,
  );
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

interface Work extends RestoreOptions {
  readonly folder: BackupFolder;
  readonly name: string;
  readonly manifest: SnapshotManifest;
  readonly pool: FilePool;
}

async function fillLibrary(deps: RestoreDeps, work: Work): Promise<RestoreReport> {
  const { folder, name, manifest } = work;
  const client = new Client({ ...deps.owner, keepAlive: true, application_name: 'tintype restore' });
  const database = openDatabase({ ...deps.owner, application_name: 'tintype restore' }, { connections: 2 * lanes });
  client.on('error', () => {});
  await client.connect();
  try {
    // Servers that start meanwhile wait here until the library is what it is to be.
    await client.query(`set idle_session_timeout = 0; select pg_advisory_lock(${migrationLock})`);
    await requireLogin(client, deps);
    await requireEmpty(client, deps, manifest);
    await migrateTo(deps.owner, manifest.migrations.at(-1) as string);
    const blobs = await deps.openBlobs(database);
    await settle(client, blobs.driver);
    const kept = await putFiles(blobs, work);
    await loadTables(client, {
      tables: manifest.tables.map((table) => ({
        ...table,
        file: folder.pathOf(name, 'tables', `${table.name}.copy.gz`),
      })),
      counters: manifest.counters,
      constants: { blobs: { driver: blobs.driver } },
    });
    return { snapshot: name, manifest, driver: blobs.driver, kept };
  } finally {
    await database.close();
    await client.end().catch(() => {});
  }
}

/** Where the library is from now on; a server that was started on it while it was empty may have said otherwise. */
async function settle(client: Client, driver: StorageDriver): Promise<void> {
  const { rowCount } = await client.query(`select where to_regclass('public.storage_place') is not null`);
  // The schema of an older snapshot has none; it comes with the migration, and looks at the rows.
  if (rowCount === 0) return;
  await client.query(
    `insert into storage_place (driver) values ($1)
     on conflict (id) do update set driver = $1, source = null, keeps_moving = false, version = storage_place.version + 1`,
    [driver],
  );
  // What is restored is nothing that a move left behind.
  await client.query('delete from storage_leftovers where driver = $1', [driver]);
}

/** Otherwise it would be said after all was restored. */
async function requireLogin(client: Client, deps: RestoreDeps): Promise<void> {
  const { rows } = await client.query<{ may: boolean }>(
    'select rolsuper or rolcreaterole as may from pg_roles where rolname = current_user',
  );
  if (deps.app || rows[0]?.may) return;
  throw new BackupError(
    'The owner in DATABASE_URL may not create the login the server works under. Give it CREATEROLE, or create a login without privileges and name it in APP_DATABASE_URL; nothing was restored.',
  );
}

/** Seen before hours of copying; that it still holds is asked again where the rows are loaded. */
async function requireEmpty(client: Client, deps: RestoreDeps, manifest: SnapshotManifest): Promise<void> {
  const migrated = await readMigrated(client);
  if (migrated.length === 0) return;
  const { rows } = await client.query<{ taken: boolean; role: string | null }>(
    'select exists (select from users) as taken, (select app_role from instance) as role',
  );
  const [found] = rows;
  if (found?.taken) {
    throw new BackupError(
      'There are people in this library already: a backup is restored into an empty one. Set TINTYPE_DATA to a new folder, or DATABASE_URL to a new database.',
    );
  }
  const served = await client.query<{ n: number }>(
    'select count(*)::int as n from pg_stat_activity where datname = current_database() and usename = any ($1)',
    [[found?.role, deps.app?.user].filter(Boolean)],
  );
  if ((served.rows[0]?.n ?? 0) > 0) {
    throw new BackupError('A server is running on this library: stop it, restore, and start it again.');
  }
  const beyond = migrated.filter((migration) => !manifest.migrations.includes(migration));
  if (beyond.length === 0) return;
  throw new BackupError(
    'This library is empty, but its database was set up for a newer version than the snapshot is of. Set TINTYPE_DATA to a new folder, or DATABASE_URL to a new database: restoring sets it up and brings it up to date.',
  );
}

/** @returns how many were there already */
async function putFiles(blobs: BlobStore, { folder, name, manifest, pool, onProgress, signal }: Work): Promise<number> {
  let done = 0;
  let kept = 0;
  let bytes = 0;
  async function* found(): AsyncGenerator<ListedFile> {
    for await (const file of readListed(folder.pathOf(name, 'files.gz'))) {
      if (signal?.aborted)
        throw new BackupError('Interrupted: the library is empty yet. Run the restore again; it goes on where it was.');
      yield file;
    }
  }
  for await (const put of inLanes(found(), lanes, async (file) => ({
    file,
    isNew: await putFile(blobs, pool, file),
  }))) {
    done += 1;
    if (put.isNew) bytes += put.file.bytes;
    else kept += 1;
    onProgress?.({ done, of: manifest.files.rows, bytes });
  }
  return kept;
}

/** From the snapshot's schema to this program's, with the login that servers work under; and seen to that it keeps people apart. */
async function bringUpToDate(deps: RestoreDeps): Promise<void> {
  const { app } = await migrate({ owner: deps.owner, ...(deps.app ? { app: deps.app } : {}) });
  const database = openDatabase(app, { connections: 1 });
  await requireRowLevelSecurity(database.pool).finally(database.close);
}

function explainFull(error: unknown): unknown {
  const diskFull = ['storage_full', 'ENOSPC', 'EDQUOT', '53100'];
  if (!diskFull.includes((error as { code?: string } | undefined)?.code ?? '')) return error;
  return new BackupError(
    'There is no room left for the library that is restored; it is empty yet. Free some space and run the restore again; it goes on where it was.',
  );
}
