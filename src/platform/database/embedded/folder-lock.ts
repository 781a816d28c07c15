import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

export interface FolderLock {
  release(): void;
}

/**
 * A lock between processes on `file` that the kernel drops when its holder dies, however it dies. Node has no flock;
 * SQLite's file locks are exactly that, on every platform, so an empty SQLite file serves. A lock file with a pid in it
 * would be believed after a crash once the pid belongs to somebody else, which is common in containers.
 * @param mode `shared`: many may hold it at once; `exclusive`: one, while nobody shares it
 * @param patience milliseconds to wait; 0 tries once
 * @returns undefined when others kept it that long
 */
export async function lockFile(
  file: string,
  mode: 'shared' | 'exclusive',
  patience: number,
): Promise<FolderLock | undefined> {
  const database = new DatabaseSync(file, { timeout: 0 });
  const deadline = Date.now() + patience;
  for (;;) {
    if (tryLock(database, mode)) return { release: () => database.close() };
    if (Date.now() >= deadline) break;
    await sleep(25);
  }
  database.close();
  return undefined;
}

function tryLock(database: DatabaseSync, mode: 'shared' | 'exclusive'): boolean {
  try {
    database.exec(mode === 'shared' ? 'begin' : 'begin exclusive');
    // A deferred transaction takes its shared lock with the first read.
    database.exec('select count(*) from sqlite_schema');
    return true;
  } catch (error) {
    if (database.isTransaction) database.exec('rollback');
    const busy = 5;
    if ((error as { errcode?: number }).errcode === busy) return false;
    throw error;
  }
}
