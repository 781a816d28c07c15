import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from './config.ts';
import {
  BackupError,
  type BackupReport,
  backupLibrary,
  isPrivate,
  openBackupFolder,
  type RestoreReport,
  restoreLibrary,
} from './features/backup/index.ts';
import { openDriver, openPlainStore } from './platform/blobs/open-store.ts';
import type { Database } from './platform/database/database.ts';
import { namedLogin, openOwner } from './platform/database/open-owner.ts';
import { createLogger } from './platform/observability/logger.ts';
import { createProgressBar, toSize } from './platform/terminal/progress-bar.ts';

/** `tintype backup DIR`, whether or not a server runs on the library meanwhile. */
export async function backup(config: Config, options: { dir: string; keep?: number; version: string }): Promise<void> {
  // Otherwise a data folder that was named wrong would become a new library, and that be backed up.
  if (!config.databaseUrl && !existsSync(join(config.dataDir, 'postgres', 'PG_VERSION'))) {
    throw new BackupError(`There is no library in ${config.dataDir}: TINTYPE_DATA names the folder.`);
  }
  const begun = performance.now();
  const report = await withOwner(config, (owner, signal) => {
    const bar = createProgressBar(process.stderr, 'Backing up');
    return backupLibrary(
      { owner, version: options.version, openBlobs: (database) => openPlace(config, database) },
      { dir: options.dir, keep: options.keep, onProgress: bar.update, signal },
    ).finally(bar.end);
  });
  const isClosed = await isPrivate(await openBackupFolder(options.dir));
  process.stdout.write(tellBackup(report, (performance.now() - begun) / 1000) + tellSecrets(options.dir, isClosed));
  for (const line of tellFaults(report.manifest, 'could not be backed up')) process.stderr.write(line);
  if (report.manifest.faults.length > 0) process.exitCode = 1;
}

/** `tintype restore DIR`. */
export async function restore(config: Config, options: { dir: string; snapshot?: string }): Promise<void> {
  // Said before a database is made for it.
  await openBackupFolder(options.dir);
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const begun = performance.now();
  const report = await withOwner(config, (owner, signal) => {
    const bar = createProgressBar(process.stderr, 'Restoring');
    const app = namedLogin(config);
    return restoreLibrary(
      { owner, ...(app ? { app } : {}), openBlobs: (database) => openConfigured(config, database) },
      { dir: options.dir, snapshot: options.snapshot, onProgress: bar.update, signal },
    ).finally(bar.end);
  });
  process.stdout.write(tellRestore(report, (performance.now() - begun) / 1000));
  for (const line of tellFaults(report.manifest, 'were no longer whole when the snapshot was taken')) {
    process.stderr.write(line);
  }
}

/** `tintype restore DIR --list`: reads nothing but the backup. */
export async function listSnapshots(dir: string): Promise<void> {
  const folder = await openBackupFolder(dir);
  for (const name of folder.snapshots) {
    const line = await folder.manifest(name).then(
      ({ files, tintype, faults }) =>
        `${files.originals} photos, ${toSize(files.total_bytes)}, by Tintype ${tintype}${faults.length > 0 ? `, without ${faults.length} files that were not whole` : ''}`,
      (error: Error) => error.message,
    );
    process.stdout.write(`${name}  ${line}\n`);
  }
  for (const name of folder.unfinished) process.stdout.write(`${name}  interrupted: the next backup takes its place\n`);
  if (folder.snapshots.length + folder.unfinished.length === 0) process.stdout.write('There is no snapshot yet.\n');
}

/** Ends what is under way in order when it is interrupted, so that no PostgreSQL is left running. */
async function withOwner<Result>(
  config: Config,
  work: (owner: Awaited<ReturnType<typeof openOwner>>['login'], signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort());
  const owner = await openOwner(config, await createLogger({ ...config, logLevel: 'warn' }));
  try {
    return await work(owner.login, interrupted.signal);
  } finally {
    await owner.close();
  }
}

/** Wherever the library is, past the cache: each file is asked for once, and what people look at stays in it. */
const openPlace = ({ storage, dataDir }: Config, database: Database) => openPlainStore(storage, { dataDir, database });

/** Where a restored library is to be: its database is not that far yet that it could say so. */
const openConfigured = ({ storage, dataDir }: Config, database: Database) =>
  openDriver(storage.driver, storage, { dataDir, database });

function tellBackup({ snapshot, manifest, copied, resumed, pruned }: BackupReport, seconds: number): string {
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  const lines = [
    ...resumed.map((name) => `The backup of ${name} had been interrupted; this one took its place.`),
    `Backed up as ${snapshot}: ${manifest.files.originals} photos, ${rows} rows, ${manifest.files.rows} files (${toSize(manifest.files.total_bytes)}), ${copied.files} of them new (${toSize(copied.bytes)}), in ${seconds.toFixed(1)} s.`,
    ...(pruned.snapshots > 0
      ? [`Removed ${pruned.snapshots} older snapshots and ${pruned.files} files of theirs.`]
      : []),
  ];
  return `${lines.join('\n')}\n`;
}

const tellSecrets = (dir: string, isClosed: boolean): string =>
  `${dir} has the library's secret key and everybody's photos in it, not encrypted: ${
    isClosed
      ? 'only this account can read it (0700), and it should stay so'
      : 'this disk does not keep other accounts of the machine out of it'
  }.\n`;

function tellRestore({ snapshot, manifest, driver, kept }: RestoreReport, seconds: number): string {
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  const there = kept > 0 ? `, ${kept} of them there already` : '';
  return (
    `Restored ${snapshot}: ${manifest.files.originals} photos, ${rows} rows, ${manifest.files.rows} files (${toSize(manifest.files.total_bytes)})${there} into ${driver}, in ${seconds.toFixed(1)} s.\n` +
    `Passwords, links and API keys are those of ${manifest.started_at}: what was revoked since works again. People sign in anew.\n`
  );
}

const shownFaults = 20;

function* tellFaults({ faults }: RestoreReport['manifest'], what: string): Generator<string> {
  if (faults.length === 0) return;
  yield `${faults.length} files ${what}, the rest is whole:\n`;
  for (const { hash, variant, what: how } of faults.slice(0, shownFaults)) yield `  ${hash} ${variant}: ${how}\n`;
  if (faults.length > shownFaults) yield '  … manifest.json names all of them\n';
}
