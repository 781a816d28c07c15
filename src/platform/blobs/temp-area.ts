import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type TempFile, writeTempFile } from './temp-file.ts';
import { isAlive, thisProcess } from './temp-owner.ts';

export interface TempFolder {
  /** Absolute. */
  readonly path: string;
  /** Removes the folder and whatever is in it. */
  discard(): Promise<void>;
}

/** A folder for what is being written, on the file system that it will be kept on where the driver keeps files. */
export interface TempArea {
  /** Absolute. */
  readonly tempDir: string;
  /**
   * Opens a new file under a name that nobody can guess.
   * @param options.limit the most bytes it may take; one more throws AppError `too_large`
   */
  createTemp(options?: { limit?: number }): Promise<TempFile>;
  /** Makes a new empty folder, for tools that write several files. */
  createTempFolder(): Promise<TempFolder>;
  /**
   * Removes what dead processes of this machine left, at once, and what other machines that share the folder left when it is
   * older than given. What living processes write is let alone.
   * @param foreignOlderThanMs default one hour
   * @returns how many files and folders were removed
   */
  sweepTemp(foreignOlderThanMs?: number): Promise<number>;
}

const HOUR_MS = 3_600_000;

/** Keeps temp files in `tempDir`, which is made on demand. Their names tell which process writes them. */
export function createTempArea({ tempDir }: { tempDir: string }): TempArea {
  const newPath = async (ending: string) => {
    await mkdir(tempDir, { recursive: true });
    return join(tempDir, `${await thisProcess()}.${randomUUID()}${ending}`);
  };

  const isLeftOver = async (name: string, foreignOlderThanMs: number): Promise<boolean> => {
    const alive = await isAlive(name.split('.')[0] ?? '');
    if (alive !== 'unknown') return !alive;
    const found = await stat(join(tempDir, name)).catch(() => null);
    return found !== null && Date.now() - found.mtimeMs > foreignOlderThanMs;
  };

  return {
    tempDir,
    createTemp: async ({ limit = Number.POSITIVE_INFINITY } = {}) => writeTempFile(await newPath('.part'), limit),
    async createTempFolder() {
      const path = await newPath('.parts');
      await mkdir(path);
      return { path, discard: () => rm(path, { recursive: true, force: true }) };
    },
    async sweepTemp(foreignOlderThanMs = HOUR_MS) {
      const names = await readdir(tempDir).catch(() => []);
      let removed = 0;
      for (const name of names) {
        if (!(await isLeftOver(name, foreignOlderThanMs))) continue;
        await rm(join(tempDir, name), { recursive: true, force: true });
        removed += 1;
      }
      return removed;
    },
  };
}
