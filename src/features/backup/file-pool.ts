import { mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobReader } from '#platform/blobs/blob-store.ts';
import { openFile } from '#platform/blobs/file-reader.ts';
import { sync } from './backup-folder.ts';

/** Files under the sha256 of their bytes: what is there once serves every snapshot that has it, and any tool can check it. */
export interface FilePool {
  /** Whether it is there in this size. */
  has(sha256: string, bytes: number): Promise<boolean>;
  /** @returns null when it is not there */
  open(sha256: string): Promise<BlobReader | null>;
  /** Takes over a file that is whole. It survives a loss of power once {@link flush} has ended. */
  keep(sha256: string, path: string): Promise<void>;
  flush(): Promise<void>;
}

export function createFilePool(root: string): FilePool {
  const changed = new Set<string>();
  const pathOf = (sha256: string) => {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Error('A file is named by its sha256 in lower-case hex.');
    return join(root, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  };

  return {
    has: async (sha256, bytes) => (await stat(pathOf(sha256)).catch(() => null))?.size === bytes,
    open: (sha256) => openFile(pathOf(sha256)),
    async keep(sha256, path) {
      const to = pathOf(sha256);
      const file = await open(path, 'r');
      await file.sync().finally(() => file.close());
      await mkdir(dirname(to), { recursive: true, mode: 0o700 });
      await rename(path, to);
      for (const folder of [dirname(to), dirname(dirname(to))]) changed.add(folder);
    },
    async flush() {
      for (const folder of changed) await sync(folder);
      await sync(root);
      changed.clear();
    },
  };
}
