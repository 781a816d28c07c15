import type { TempArea } from './temp-area.ts';

/** What public pictures consist of, whole and by the most pixels of their long side. Nothing of a photo is ever in one of these. */
export const pictureVariants = ['picture', 'picture512', 'picture256', 'picture128', 'picture64'] as const;

/** Of a photo: as it was sent, the sizes made from it, and as it was sent without its metadata, made when a guest asks for it. */
export const variants = ['original', 'preview', 'medium', 'small', 'cleaned', ...pictureVariants] as const;

export type BlobVariant = (typeof variants)[number];
export type PictureVariant = (typeof pictureVariants)[number];

/** The address of some bytes. Derivatives stand under the hash of what they were made from, not under their own. */
export interface BlobKey {
  /** sha256 of the original, or of the whole public picture; 64 lower-case hex digits. */
  readonly hash: string;
  readonly variant: BlobVariant;
}

export interface StoredBlob {
  readonly bytes: number;
  readonly modifiedAt: Date;
}

/**
 * One blob held open: what it reads is always of the same blob. When that is deleted or replaced meanwhile, a file is read to its
 * end (`capabilities.readersOutlive`); elsewhere the next read fails, and no mixture is ever passed on.
 */
export interface BlobReader {
  /** Bytes. */
  readonly size: number;
  /**
   * Fills `buffer` from `offset` on with exactly `length` bytes, taken from `position` in the blob.
   * @throws Error when the blob ends earlier than it should: a short read is never passed on as a whole one
   */
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<void>;
  /** Must be called once, after the last read has settled. */
  close(): Promise<void>;
}

export const storageDrivers = ['files', 's3', 'postgres'] as const;
export type StorageDriver = (typeof storageDrivers)[number];

/** What a driver can do beyond the interface; `null` where it cannot. */
export interface BlobCapabilities {
  /** The blobs are files on this machine, for tools that read paths. */
  readonly localPath: ((key: BlobKey) => string) | null;
  /** Readers go on to the end when their blob is deleted or replaced. */
  readonly readersOutlive: boolean;
}

/**
 * Keeps bytes by content address. Knows nothing of who they belong to. Absent is an answer (`null`, `false`), never an error.
 * One conformance suite runs over every driver: `conformance.test-suite.ts`.
 */
export interface BlobStore extends TempArea {
  readonly driver: StorageDriver;
  readonly capabilities: BlobCapabilities;
  /**
   * Takes over a complete file from the temp area: afterwards it is gone from there, and the blob survives a loss of power.
   * Bytes that already are at the address are replaced at once, so that no reader sees a mixture.
   * @param options.synced the file's own bytes were already fsynced
   * @throws AppError `storage_full`; the temp file is gone then too
   */
  put(key: BlobKey, tempPath: string, options?: { synced?: boolean }): Promise<void>;
  /** @returns null when there is no such blob */
  open(key: BlobKey): Promise<BlobReader | null>;
  has(key: BlobKey): Promise<boolean>;
  stat(key: BlobKey): Promise<StoredBlob | null>;
  /** Deleting what is not there is fine. */
  delete(key: BlobKey): Promise<void>;
  /** Every blob, in no order. One that comes or goes meanwhile may be seen or not. */
  list(): AsyncIterable<StoredBlob & { readonly key: BlobKey }>;
  /**
   * Deletes what came of files that never came whole, where the store keeps it apart from blobs: parts in a bucket are paid for until
   * somebody does.
   * @param olderThanMs since the first of it came; what is on its way is younger
   * @returns of how many files
   */
  sweepParts(olderThanMs: number): Promise<number>;
  /** Ends connections of its own. */
  close(): void;
}
