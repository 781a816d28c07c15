import { type OpenFile, Skip } from '../earlier-system.ts';
import { ImportError } from '../import-error.ts';
import { openBelow } from '../walk-files.ts';

/** Where an earlier system has its files, by their keys. */
export interface EarlierFiles {
  /** @throws Skip */
  open(key: string): Promise<OpenFile>;
  close(): void;
}

export interface BucketOptions {
  /** Null for Amazon's own of the region. */
  readonly endpoint: string | null;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export const openFilesBelow = (root: string): EarlierFiles => ({
  open: (key) => openBelow(root, key),
  close: () => {},
});

/** A bucket of an S3 server or of Cloudflare R2, from which nothing is asked but to read. */
export async function openBucket(options: BucketOptions): Promise<EarlierFiles> {
  const { GetObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = options;
  const client = new S3Client({
    region,
    ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
    credentials: { accessKeyId, secretAccessKey },
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  return {
    async open(key) {
      const abort = new AbortController();
      const found = await client
        .send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: abort.signal })
        .catch((error: { name: string }) => {
          if (error.name === 'NoSuchKey' || error.name === 'NotFound') throw new Skip('missing');
          throw new ImportError(
            `The bucket “${bucket}” does not give its files (${error.name}). Run the same command again once it does.`,
          );
        });
      return {
        bytes: found.ContentLength ?? 0,
        modifiedAt: found.LastModified ?? null,
        body: found.Body as unknown as AsyncIterable<Uint8Array>,
        // What is not read to its end would hold one of the few connections.
        close: async () => abort.abort(),
      };
    },
    close: () => client.destroy(),
  };
}
