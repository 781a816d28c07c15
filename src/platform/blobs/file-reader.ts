import { closeSync, fstatSync, open, read } from 'node:fs';
import type { BlobReader } from './blob-store.ts';

/**
 * Opens a file for ranged reads. By the callback API, and asynchronously only where the disk may have to be waited for: a trip to
 * the thread pool costs more than all the rest. An open file's size is in memory, and closing what was only read waits for nothing.
 * @returns null when the file is absent
 */
export function openFile(path: string): Promise<BlobReader | null> {
  return new Promise((resolve, reject) => {
    open(path, 'r', (failed, fd) => {
      if (failed) return failed.code === 'ENOENT' ? resolve(null) : reject(failed);
      try {
        resolve(readerOf(fd, fstatSync(fd).size));
      } catch (error) {
        closeSync(fd);
        reject(error);
      }
    });
  });
}

function readerOf(fd: number, size: number): BlobReader {
  return {
    size,
    read: (buffer, offset, length, position) =>
      new Promise((resolve, reject) => {
        const fill = (done: number) => {
          if (done === length) return resolve();
          read(fd, buffer, offset + done, length - done, position + done, (error, bytesRead) => {
            if (error) return reject(error);
            if (bytesRead === 0) {
              return reject(new Error(`The blob ends at byte ${position + done} of ${size}: it was cut short.`));
            }
            fill(done + bytesRead);
          });
        };
        fill(0);
      }),
    close: async () => closeSync(fd),
  };
}
