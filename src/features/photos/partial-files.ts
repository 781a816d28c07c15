import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asStorageFull } from '#platform/blobs/storage-full.ts';

/** What has partly arrived of resumable uploads: a file each, named by the upload. They outlive the process. */
export type PartialFiles = ReturnType<typeof createPartialFiles>;

/** @param deps.folder made on demand, on the file system of the blobs */
export function createPartialFiles(deps: { folder: string }) {
  const pathOf = (id: string): string => join(deps.folder, id);
  return {
    /** Absolute. */
    pathOf,
    /** Opens the file for writing anywhere in it; a file that is not there is made. The caller closes it. */
    async open(id: string): Promise<FileHandle> {
      try {
        await mkdir(deps.folder, { recursive: true });
        return await open(pathOf(id), constants.O_RDWR | constants.O_CREAT, 0o600);
      } catch (error) {
        throw asStorageFull(error);
      }
    },
    /** Bytes; 0 where there is no file. */
    size: (id: string): Promise<number> =>
      stat(pathOf(id)).then(
        ({ size }) => size,
        () => 0,
      ),
    /** Hex. */
    async sha256(id: string): Promise<string> {
      const hash = createHash('sha256');
      for await (const chunk of createReadStream(pathOf(id), { highWaterMark: 1024 * 1024 })) hash.update(chunk);
      return hash.digest('hex');
    },
    /** Removing what is not there is fine. */
    remove: (id: string): Promise<void> => rm(pathOf(id), { force: true }),
    /** The ids of the uploads that have a file. */
    list: (): Promise<string[]> => readdir(deps.folder).catch(() => []),
  };
}
