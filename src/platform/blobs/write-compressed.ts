import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** A compressed file that was written and fsynced. */
export interface CompressedFile {
  /** Compressed. */
  readonly bytes: number;
  /** Of the file as it lies there; lower-case hex. */
  readonly sha256: string;
}

/** Writes a stream into a gzip file that only its owner can read. */
export async function writeCompressed(source: Readable, path: string): Promise<CompressedFile> {
  const sha256 = createHash('sha256');
  let bytes = 0;
  await pipeline(
    source,
    createGzip(),
    async function* (compressed: AsyncIterable<Buffer>) {
      for await (const chunk of compressed) {
        sha256.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(path, { mode: 0o600, flush: true }),
  );
  return { bytes, sha256: sha256.digest('hex') };
}
