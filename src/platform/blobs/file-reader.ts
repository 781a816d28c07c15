import { close, fstat, open, read } from 'node:fs';
import type { BlobReader } from './blob-store.ts';

/**
 * Opens a file for ranged reads. By the callback API: it costs half of what promises and file handles do, and this runs for every
 * picture that is sent.
 * @returns null when the file is absent
 */
export function openFile(path: string): Promise<BlobReader | null> {
  return new Promise((resolve, reject) => {
    open(path, 'r', (failed, fd) => {
      if (failed) return failed.code === 'ENOENT' ? resolve(null) : reject(failed);
      fstat(fd, (error, stats) => {
        if (!error) return resolve(readerOf(fd, stats.size));
        close(fd, () => reject(error));
      });
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
    close: () =>
      new Promise((resolve, reject) => {
        close(fd, (error) => (error ? reject(error) : resolve()));
      }),
  };
}
