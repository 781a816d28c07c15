import { createReadStream } from 'node:fs';
import { constants, createGunzip } from 'node:zlib';
import type { BlobKey, BlobVariant } from '#platform/blobs/blob-store.ts';
import { BackupError } from './backup-error.ts';

/** A file that the library should have. */
export interface WantedFile {
  readonly key: BlobKey;
  readonly bytes: number;
}

/** A file of a snapshot, and under which name it lies in the backup. */
export interface ListedFile extends WantedFile {
  readonly sha256: string;
}

/**
 * What {@link readWanted} reads: originals and derivatives, in the order of their hashes. A schema from before public pictures has
 * originals of all.
 */
export const wantedFiles = `
  select hash, variant, bytes from (
    select encode(hash, 'hex') as hash, 'original' as variant, bytes from blobs b where coalesce((to_jsonb(b) ->> 'has_original')::boolean, true)
    union all
    select encode(blob_hash, 'hex'), variant, bytes from derivatives) files
  order by hash collate "C", variant collate "C"`;

const wanted = /^([0-9a-f]{64})\t([a-z]+\d*)\t(\d+)$/;
const listed = /^([0-9a-f]{64})\t([a-z]+\d*)\t(\d+)\t([0-9a-f]{64})$/;

export const toLine = ({ key, bytes, sha256 }: ListedFile): string =>
  `${key.hash}\t${key.variant}\t${bytes}\t${sha256}\n`;

export async function* readWanted(path: string): AsyncGenerator<WantedFile> {
  for await (const line of readLines(path)) {
    const [, hash = '', variant, bytes] = wanted.exec(line) ?? [];
    yield { key: { hash, variant: variant as BlobVariant }, bytes: Number(bytes) };
  }
}

/**
 * @param options.cut takes a list that ends anywhere, as an interrupted backup leaves it, or one that is absent
 * @throws BackupError when a line of it is none
 */
export async function* readListed(path: string, { cut = false } = {}): AsyncGenerator<ListedFile> {
  try {
    for await (const line of readLines(path, cut)) {
      const [, hash = '', variant, bytes, sha256 = ''] = listed.exec(line) ?? [];
      if (hash) yield { key: { hash, variant: variant as BlobVariant }, bytes: Number(bytes), sha256 };
      else if (!cut) throw new BackupError(`The list of files ${path} is damaged.`);
    }
  } catch (error) {
    if (!cut) throw error;
  }
}

async function* readLines(path: string, cut = false): AsyncGenerator<string> {
  const file = createReadStream(path);
  const text = createGunzip(cut ? { finishFlush: constants.Z_SYNC_FLUSH } : {});
  file.on('error', (error) => text.destroy(error));
  try {
    let rest = '';
    for await (const chunk of file.pipe(text).setEncoding('utf8')) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest) yield rest;
  } finally {
    file.destroy();
    text.destroy();
  }
}

/** Looks files up in lists that stand in the same order; must be asked in that order. Holds a line of each at a time. */
export function createLookup(lists: readonly AsyncGenerator<ListedFile>[]) {
  const heads: (ListedFile | undefined)[] = [];
  const nameOf = ({ hash, variant }: BlobKey) => `${hash} ${variant}`;
  const next = async (n: number) => {
    const { value, done } = (await lists[n]?.next()) ?? { done: true };
    heads[n] = done ? undefined : (value as ListedFile);
  };
  let begun = false;

  return {
    async find(key: BlobKey): Promise<ListedFile[]> {
      if (!begun) for (const n of lists.keys()) await next(n);
      begun = true;
      const found: ListedFile[] = [];
      for (const n of lists.keys()) {
        for (let head = heads[n]; head && nameOf(head.key) < nameOf(key); head = heads[n]) await next(n);
        const head = heads[n];
        if (head && nameOf(head.key) === nameOf(key)) found.push(head);
      }
      return found;
    },
    async close(): Promise<void> {
      for (const list of lists) await list.return(undefined);
    },
  };
}
