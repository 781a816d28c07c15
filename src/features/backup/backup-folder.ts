import { chmod, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { lockFile } from '#platform/database/embedded/folder-lock.ts';
import { BackupError, explain } from './backup-error.ts';
import { readManifest, type SnapshotManifest, writeManifest } from './snapshot-manifest.ts';

/**
 * A folder of backups: `tintype-backup.json` says whose, `blobs/ab/cd/<sha256>` are files under the hash of their own bytes, and
 * `snapshots/<time>/` the rows of a moment, with the list of the files they need. Files are only ever added, so that each snapshot
 * stays what it was.
 */
export interface BackupFolder {
  /** Absolute. */
  readonly path: string;
  /** Of snapshots that are complete, the oldest first. */
  readonly snapshots: readonly string[];
  /** Of snapshots that were interrupted. */
  readonly unfinished: readonly string[];
  readonly blobs: string;
  readonly tmp: string;
  /** The path of a snapshot's folder, or of a file in it. */
  pathOf(snapshot: string, ...names: readonly string[]): string;
  /** @throws BackupError when it is damaged */
  manifest(snapshot: string): Promise<SnapshotManifest>;
}

const marker = 'tintype-backup.json';
const Marker = z.object({ format: z.literal(1), library: z.string() });
const own = new Set([marker, 'lock', 'lock-journal', 'blobs', 'snapshots', 'tmp']);
const snapshotName = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(-\d+)?$/;

/** What an interrupted backup or restore left is found by this; nobody else does either in the folder meanwhile. */
export interface FolderHold {
  release(): void;
}

/**
 * Makes or takes a folder for backups of one library, and keeps others out of it.
 * @param library tells libraries apart
 * @throws BackupError
 */
export async function prepareBackupFolder(dir: string, library: string): Promise<FolderHold> {
  const path = resolve(dir);
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const names = await readdir(path);
    const known = await readMarker(path);
    if (known === null && names.some((name) => !own.has(name))) {
      throw new BackupError(`${path} has other files in it: name a folder that is new or empty, or one with backups.`);
    }
    if (known !== null && known !== library) {
      throw new BackupError(`${path} has the backups of another library: name a folder of its own for this one.`);
    }
    const hold = await holdFolder(path, 'exclusive');
    // What is in it is as good as the library: no other account of this machine may look. Some disks (exFAT) know no accounts.
    await chmod(path, 0o700).catch(() => {});
    for (const name of ['blobs', 'snapshots', 'tmp']) await mkdir(join(path, name), { recursive: true, mode: 0o700 });
    if (known === null) await writeDurably(path, marker, `${JSON.stringify({ format: 1, library })}\n`);
    return hold;
  } catch (error) {
    throw explain(error, path);
  }
}

/**
 * One backup writes into a folder at a time, and none takes anything out of it while it is restored from. A folder that cannot be written
 * to, as on a disk that is mounted for reading, changes by nobody's hand.
 * @throws BackupError when somebody else works in it
 */
export async function holdFolder(path: string, mode: 'shared' | 'exclusive'): Promise<FolderHold> {
  const file = join(path, 'lock');
  try {
    // Made here, so that it is nobody else's to read.
    await (await open(file, 'a', 0o600)).close();
  } catch (error) {
    const isReadOnly = /^(EROFS|EACCES|EPERM)$/.test((error as NodeJS.ErrnoException).code ?? '');
    if (mode === 'shared' && isReadOnly) return { release: () => {} };
    throw error;
  }
  const hold = await lockFile(file, mode, 0);
  if (hold) return hold;
  throw new BackupError(`Another backup or restore is working in ${path}: wait until it has ended.`);
}

/** @throws BackupError when there are no backups in it */
export async function openBackupFolder(dir: string): Promise<BackupFolder> {
  const path = resolve(dir);
  try {
    const found = await stat(path).catch(() => null);
    if (!found) throw new BackupError(`There is no folder ${path}.`);
    if ((await readMarker(path)) === null) {
      throw new BackupError(`${path} is no backup of Tintype: name the folder that was given to “tintype backup”.`);
    }
    const pathOf = (snapshot: string, ...names: readonly string[]) => join(path, 'snapshots', snapshot, ...names);
    const names = (await readdir(join(path, 'snapshots'))).filter((name) => snapshotName.test(name)).sort();
    const isComplete = new Map<string, boolean>();
    for (const name of names)
      isComplete.set(name, (await stat(pathOf(name, 'manifest.json')).catch(() => null)) !== null);
    return {
      path,
      snapshots: names.filter((name) => isComplete.get(name)),
      unfinished: names.filter((name) => !isComplete.get(name)),
      blobs: join(path, 'blobs'),
      tmp: join(path, 'tmp'),
      pathOf,
      manifest: async (name) => readManifest(await readFile(pathOf(name, 'manifest.json'), 'utf8'), name),
    };
  } catch (error) {
    throw explain(error, path);
  }
}

async function readMarker(path: string): Promise<string | null> {
  const text = await readFile(join(path, marker), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    return Marker.parse(JSON.parse(text)).library;
  } catch {
    throw new BackupError(`${join(path, marker)} cannot be read: it is damaged, or of a newer Tintype.`);
  }
}

/** A new folder for a snapshot, named by the time. */
export async function createSnapshotFolder(folder: BackupFolder, at: Date): Promise<string> {
  const time = at
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-');
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? time : `${time}-${n}`;
    try {
      await mkdir(folder.pathOf(name), { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw error;
    }
    await mkdir(folder.pathOf(name, 'tables'), { mode: 0o700 });
    return name;
  }
}

/** From now on the snapshot is one. */
export async function completeSnapshot(folder: BackupFolder, name: string, manifest: SnapshotManifest): Promise<void> {
  for (const path of [folder.pathOf(name, 'tables'), join(folder.path, 'snapshots')]) await sync(path);
  await writeDurably(folder.pathOf(name), 'manifest.json', writeManifest(manifest));
}

export const removeSnapshot = async (folder: BackupFolder, name: string): Promise<void> => {
  // Without its manifest it is none, whatever comes between.
  await rm(folder.pathOf(name, 'manifest.json'), { force: true });
  await rm(folder.pathOf(name), { recursive: true, force: true });
};

async function writeDurably(folder: string, name: string, text: string): Promise<void> {
  const temp = join(folder, `${name}.tmp`);
  await writeFile(temp, text, { mode: 0o600, flush: true });
  await rename(temp, join(folder, name));
  await sync(folder);
}

/** What was renamed into a folder survives a loss of power, where the disk can promise that (some network folders cannot). */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (!/^(EINVAL|ENOTSUP|EPERM|EISDIR)$/.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

/** Whether accounts other than its owner's are kept out of it. */
export const isPrivate = async (folder: BackupFolder): Promise<boolean> =>
  ((await stat(folder.path)).mode & 0o077) === 0;
