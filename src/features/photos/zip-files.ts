import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { BlobReader, BlobStore } from '#platform/blobs/blob-store.ts';
import { markOriginal } from './mark-original.ts';

/** A file on its way into a zip, opened when its turn has come. */
export interface ZipEntry {
  /** A label: made safe and unique in the zip. */
  readonly filename: string;
  readonly modifiedAt: Date;
  /** Closed by the zip. */
  readonly reader: BlobReader;
}

/**
 * Files as a zip, streamed with constant memory: pictures are compressed already, so they are only stored. One file is
 * open at a time. Whoever asked for it must read the stream to its end or destroy it.
 * @param entries each opens one file; what it throws ends the zip
 */
export function zipFiles(entries: Iterable<() => Promise<ZipEntry>>): Readable {
  const zip = new ZipFile();
  const output = zip.outputStream as unknown as Readable;
  const nameOnce = createNamer();
  let current: Readable | undefined;
  zip.on('error', (error: Error) => output.destroy(error));
  // A client that leaves stops the output alone; the file that is being read would stay open.
  output.once('close', () => current?.destroy());

  const add = async ({ filename, modifiedAt, reader }: ZipEntry): Promise<void> => {
    const stream = Readable.from(readWhole(reader));
    // A generator that was never started does not run what it would do in the end.
    const closed = new Promise<void>((resolve) => stream.once('close', resolve)).then(() => reader.close());
    stream.once('error', (error) => output.destroy(error));
    current = stream;
    if (output.destroyed) stream.destroy();
    else {
      const options = { compress: false, size: reader.size, mtime: modifiedAt, mode: 0o100644 };
      zip.addReadStream(stream, nameOnce(filename), options);
    }
    await closed;
  };
  const addAll = async (): Promise<void> => {
    for (const open of entries) {
      if (output.destroyed) return;
      await add(await open());
    }
    zip.end();
  };
  addAll().catch((error: Error) => output.destroy(error));
  return output;
}

/** The originals of a list, each opened when its turn comes. */
export function* originals(
  deps: { readonly blobs: BlobStore },
  files: Iterable<{
    readonly hash: string;
    readonly filename: string;
    readonly sort_at: Date;
    readonly made_source: string | null;
  }>,
): Generator<() => Promise<ZipEntry>> {
  for (const { hash, filename, sort_at: modifiedAt, made_source: madeSource } of files) {
    yield async () => {
      const stored = await deps.blobs.open({ hash, variant: 'original' });
      if (!stored) throw new Error('An original is missing from the store.');
      return { filename, modifiedAt, reader: await markOriginal(stored, madeSource) };
    };
  }
}

/** Of chunks of 256 KiB, twice as much waits for the garbage collector. */
const CHUNK = 64 * 1024;

async function* readWhole(reader: BlobReader): AsyncGenerator<Buffer> {
  for (let position = 0; position < reader.size; ) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, reader.size - position));
    await reader.read(buffer, 0, buffer.length, position);
    position += buffer.length;
    yield buffer;
  }
}

/** Two files of one name get numbers, so that unpacking loses none: `a.jpg`, `a (2).jpg`. */
function createNamer(): (filename: string) => string {
  // By name in lower case, the number that is free next: of ten thousand that a camera calls the same, each is named at once.
  const taken = new Map<string, number>();
  return (filename) => {
    // No path, drive or device of the unpacking system may be meant by a name.
    const safe = filename.replace(/[\\/:*?"<>|]/g, '_').replace(/^\.+/, '_') || 'photo';
    const dot = safe.lastIndexOf('.') > 0 ? safe.lastIndexOf('.') : safe.length;
    const key = safe.toLowerCase();
    for (let n = taken.get(key) ?? 1; ; n += 1) {
      const name = n === 1 ? safe : `${safe.slice(0, dot)} (${n})${safe.slice(dot)}`;
      if (n > 1 && taken.has(name.toLowerCase())) continue;
      taken.set(key, n + 1);
      if (n > 1) taken.set(name.toLowerCase(), 2);
      return name;
    }
  };
}
