import { opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError } from './backup-error.ts';
import { type BackupFolder, removeSnapshot } from './backup-folder.ts';
import { readListed } from './file-list.ts';

/** So many names are held in memory at a time, some 100 bytes each. */
const atOnce = 500_000;

/**
 * Removes the oldest snapshots but `keep`, and then the files that no other refers to. The lists of those that stay are read whole
 * before anything goes, so that a list that cannot be read costs no file.
 * @throws BackupError when one of them is damaged
 */
export async function pruneSnapshots(
  folder: BackupFolder,
  keep: number,
): Promise<{ readonly snapshots: number; readonly files: number }> {
  const gone = folder.snapshots.slice(0, -keep);
  if (gone.length === 0) return { snapshots: 0, files: 0 };
  const stay = folder.snapshots.slice(-keep);
  let listed = 0;
  for (const name of stay) {
    const { files } = await folder.manifest(name);
    let lines = 0;
    for await (const _ of readListed(folder.pathOf(name, 'files.gz'))) lines += 1;
    if (lines !== files.rows)
      throw new BackupError(`The list of files of the snapshot ${name} is short: nothing was removed.`);
    listed += lines;
  }
  for (const name of gone) await removeSnapshot(folder, name);

  let files = 0;
  // A library of millions is gone through sixteen times, by the first digit of the names, for the sake of memory.
  const parts = listed > atOnce ? [...'0123456789abcdef'] : [''];
  for (const part of parts) {
    const needed = new Set<string>();
    for (const name of stay) {
      for await (const { sha256 } of readListed(folder.pathOf(name, 'files.gz'))) {
        if (sha256.startsWith(part)) needed.add(sha256);
      }
    }
    for await (const { path, name } of filesBelow(folder.blobs, part)) {
      if (needed.has(name)) continue;
      await rm(path, { force: true });
      files += 1;
    }
  }
  return { snapshots: gone.length, files };
}

async function* filesBelow(root: string, part: string): AsyncGenerator<{ path: string; name: string }> {
  for await (const entry of await opendir(root)) {
    const path = join(root, entry.name);
    if (entry.isDirectory() && (part === '' || entry.name.startsWith(part))) yield* filesBelow(path, '');
    else if (/^[0-9a-f]{64}$/.test(entry.name)) yield { path, name: entry.name };
  }
}
