import { createHash, randomBytes } from 'node:crypto';
import type { BlobKey, BlobStore } from '#platform/blobs/blob-store.ts';

/** Times are ms; null for what was not come to. */
export interface Probe {
  readonly ok: boolean;
  readonly write_ms: number | null;
  readonly read_ms: number | null;
  readonly delete_ms: number | null;
  /** What went wrong, in a sentence. */
  readonly error: string | null;
}

/** Writes a few bytes, reads them again and deletes them, as a photo's are: what people would meet now. */
export async function probeStorage(blobs: BlobStore): Promise<Probe> {
  const bytes = randomBytes(64 * 1024);
  const key: BlobKey = { hash: createHash('sha256').update(bytes).digest('hex'), variant: 'original' };
  const times: { write_ms: number | null; read_ms: number | null; delete_ms: number | null } = {
    write_ms: null,
    read_ms: null,
    delete_ms: null,
  };
  const timed = async (name: keyof typeof times, work: () => Promise<void>): Promise<void> => {
    const started = performance.now();
    await work();
    times[name] = Math.round((performance.now() - started) * 10) / 10;
  };
  try {
    await timed('write_ms', () => write(blobs, key, bytes));
    await timed('read_ms', () => read(blobs, key, bytes));
    await timed('delete_ms', () => blobs.delete(key));
    return { ok: true, ...times, error: null };
  } catch (error) {
    // Bytes that no row knows of are swept at night, should this fail as well.
    await blobs.delete(key).catch(() => {});
    return { ok: false, ...times, error: toSentence(error) };
  }
}

async function write(blobs: BlobStore, key: BlobKey, bytes: Buffer): Promise<void> {
  const temp = await blobs.createTemp();
  try {
    await temp.write(bytes);
    const { path } = await temp.finish();
    await blobs.put(key, path);
  } finally {
    await temp.discard();
  }
}

async function read(blobs: BlobStore, key: BlobKey, bytes: Buffer): Promise<void> {
  const reader = await blobs.open(key);
  if (!reader) throw new Error('What was written is not there.');
  try {
    const found = Buffer.alloc(reader.size);
    await reader.read(found, 0, reader.size, 0);
    if (!found.equals(bytes)) throw new Error('What was written came back otherwise.');
  } finally {
    await reader.close();
  }
}

/** Without paths and addresses: where things are is for whoever has the logs. */
function toSentence(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code && /^E[A-Z]+$/.test(code)) return `The server cannot write there (${code}).`;
  return message;
}
