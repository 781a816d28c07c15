import { DeleteObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { answering, createClient, done, md5, type S3Options } from './s3-store.ts';

/** A bucket that everybody may read, of pictures that everybody is shown, each under the sha256 of its own bytes. */
export interface PublicBucket {
  /** Server, bucket and folder: what the library calls it by. */
  readonly place: string;
  /** Below the bucket, without a slash at its beginning. */
  keyOf(sha256: string): string;
  /**
   * Puts a WebP there for everybody. The same bytes put again change nothing.
   * @throws AppError `unavailable`
   */
  put(sha256: string, bytes: Uint8Array, options?: { readonly cacheControl?: string }): Promise<void>;
  has(sha256: string): Promise<boolean>;
  /** Deleting what is not there is fine. */
  delete(sha256: string): Promise<void>;
  list(): AsyncIterable<{ readonly sha256: string; readonly bytes: number; readonly modifiedAt: Date }>;
  close(): void;
}

/** Its name tells its bytes, so nothing under it ever changes. */
const forever = 'public, max-age=31536000, immutable';
const folder = 'pictures/';
const name = /^([0-9a-f]{64})\.webp$/;

/** The server's part of a place's name. */
const serverOf = ({ endpoint, region }: S3Options): string => endpoint ?? `https://s3.${region}.amazonaws.com`;

/** @param options of the public bucket, not of the one that photos are in */
export function createPublicBucket(options: S3Options): PublicBucket {
  const { bucket: Bucket, prefix } = options;
  // What is put there is small, and whoever sets a picture waits for it.
  const client = createClient({ silenceMs: 10_000, ...options });
  const keyOf = (sha256: string): string => `${prefix}${folder}${sha256}.webp`;
  return {
    place: `${serverOf(options)}/${Bucket}/${prefix}`,
    keyOf,
    async put(sha256, bytes, { cacheControl = forever } = {}) {
      const object = { Bucket, Key: keyOf(sha256), ContentType: 'image/webp', CacheControl: cacheControl };
      const content = { Body: bytes, ContentMD5: md5(bytes), ContentLength: bytes.length };
      await done(client.send(new PutObjectCommand({ ...object, ...content })));
    },
    has: async (sha256) =>
      (await answering(client.send(new HeadObjectCommand({ Bucket, Key: keyOf(sha256) })))) !== null,
    async delete(sha256) {
      await answering(client.send(new DeleteObjectCommand({ Bucket, Key: keyOf(sha256) })));
    },
    async *list() {
      let after: string | undefined;
      do {
        const page = await done(
          client.send(new ListObjectsV2Command({ Bucket, Prefix: `${prefix}${folder}`, ContinuationToken: after })),
        );
        for (const { Key = '', Size: bytes = 0, LastModified: modifiedAt = new Date() } of page.Contents ?? []) {
          const [, sha256] = name.exec(Key.slice(prefix.length + folder.length)) ?? [];
          if (sha256) yield { sha256, bytes, modifiedAt };
        }
        after = page.NextContinuationToken;
      } while (after);
    },
    close: () => client.destroy(),
  };
}

/**
 * Opens a place that rows name, which may be one that is configured no more, with the credentials that are.
 * @returns null when it is of another server
 */
export function openPlace(options: S3Options, place: string): PublicBucket | null {
  const server = `${serverOf(options)}/`;
  if (!place.startsWith(server)) return null;
  const rest = place.slice(server.length);
  const slash = rest.indexOf('/');
  return createPublicBucket({ ...options, bucket: rest.slice(0, slash), prefix: rest.slice(slash + 1) });
}
