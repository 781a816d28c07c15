import type { BlobKey, BlobReader } from '#platform/blobs/blob-store.ts';

/** Some bytes that the one who asks may have (that was checked before), and how they are to be labelled. */
export interface Deliverable {
  readonly key: BlobKey;
  /** Sent in the place of what is stored: made of it as it is read, and closed with it. The tag must tell the two apart. */
  readonly rewrite?: (stored: BlobReader) => Promise<BlobReader>;
  readonly mimeType: string;
  /** Strong, with its quotes: `"…"`. */
  readonly etag: string;
  readonly cacheControl: string;
  /** For everybody, and for pages of other sites too. */
  readonly isPublic?: true;
  /** Not for everybody, but for pages of other sites: those of clients that show what was given to them. */
  readonly isForOtherSites?: true;
  /** Such as `Content-Disposition` or `Vary`. */
  readonly headers?: Readonly<Record<string, string>>;
}
