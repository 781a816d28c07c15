import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { AppError } from '#platform/http/app-error.ts';
import { fromName, roots, toAddress } from './blob-address.ts';
import type { BlobKey, BlobReader, BlobStore, StoredBlob } from './blob-store.ts';
import { StorageError } from './storage-place.ts';
import { createTempArea } from './temp-area.ts';

export interface S3Options {
  /** Null for Amazon's own of the region. */
  readonly endpoint: string | null;
  readonly region: string;
  readonly bucket: string;
  /** Put before every key, such as `tintype/`; may be empty. */
  readonly prefix: string;
  /** `endpoint/bucket/key` in place of `bucket.endpoint/key`. */
  readonly forcePathStyle: boolean;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Which keys of the configuration this is from, for sentences about it; S3_* unless told otherwise. */
  readonly keys?: 'S3' | 'R2';
  /** ms without a byte, after which an answer counts as lost; half a minute unless told otherwise. */
  readonly silenceMs?: number;
}

/** One request's worth: of larger files each part is sent and checked by itself. */
const PART_BYTES = 8 * 1024 * 1024;

/**
 * How much a request asks for at the least. It comes whole before any of it is handed on: a client that dawdles keeps this much memory,
 * and none of the sockets that everybody shares.
 */
const WINDOW_BYTES = 1024 * 1024;

const attempts = 4;
const maxSockets = 64;

/**
 * Keeps blobs in a bucket of an S3 server: Amazon's, Cloudflare R2, MinIO, Ceph. What is sent goes with its MD5, which the server
 * holds it against; what is read is held against the size and the ETag that the blob was opened with.
 * @param deps.tempDir where files lie on their way in
 */
export function createS3Store(deps: S3Options & { readonly tempDir: string }): BlobStore {
  const { bucket, prefix } = deps;
  const client = createClient(deps);
  const keyOf = (key: BlobKey): string => prefix + toAddress(key);

  const head = async (key: BlobKey) => {
    const found = await answering(client.send(new HeadObjectCommand({ Bucket: bucket, Key: keyOf(key) })));
    return (
      found && { bytes: found.ContentLength ?? 0, modifiedAt: found.LastModified ?? new Date(0), etag: found.ETag }
    );
  };
  const statOf = async (key: BlobKey): Promise<StoredBlob | null> => {
    const found = await head(key);
    return found && { bytes: found.bytes, modifiedAt: found.modifiedAt };
  };

  return {
    ...createTempArea({ tempDir: deps.tempDir }),
    driver: 's3',
    capabilities: { localPath: null, readersOutlive: false },
    async put(key, tempPath) {
      const to = { Bucket: bucket, Key: keyOf(key) };
      try {
        await sendFile(client, to, tempPath);
      } finally {
        await rm(tempPath, { force: true });
      }
    },
    async open(key) {
      const found = await head(key);
      return found && readerOf(client, { Bucket: bucket, Key: keyOf(key) }, found);
    },
    has: async (key) => (await statOf(key)) !== null,
    stat: statOf,
    async delete(key) {
      await answering(client.send(new DeleteObjectCommand({ Bucket: bucket, Key: keyOf(key) })));
    },
    async *list() {
      for (const root of roots) {
        let after: string | undefined;
        do {
          const page = await answering(
            client.send(
              new ListObjectsV2Command({ Bucket: bucket, Prefix: `${prefix}${root}/`, ContinuationToken: after }),
            ),
          );
          if (!page) throw new AppError('unavailable', `The bucket "${bucket}" is gone.`);
          for (const { Key = '', Size = 0, LastModified = new Date(0) } of page.Contents ?? []) {
            const key = fromName(root, Key.slice(Key.lastIndexOf('/') + 1));
            if (key && Key === keyOf(key)) yield { key, bytes: Size, modifiedAt: LastModified };
          }
          after = page.NextContinuationToken;
        } while (after);
      }
    },
    async sweepParts(olderThanMs) {
      let swept = 0;
      for (const root of roots) {
        for await (const { Key, UploadId, Initiated } of listUploads(client, bucket, `${prefix}${root}/`)) {
          const key = fromName(root, Key.slice(Key.lastIndexOf('/') + 1));
          const isOurs = key && Key === keyOf(key);
          if (!isOurs || Date.now() - Initiated.getTime() < olderThanMs) continue;
          await answering(client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId })));
          swept += 1;
        }
      }
      return swept;
    },
    close: () => client.destroy(),
  };
}

/** Files that are sent in parts and were not put together yet. */
async function* listUploads(client: S3Client, Bucket: string, Prefix: string) {
  let after: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (;;) {
    const page = await done(client.send(new ListMultipartUploadsCommand({ Bucket, Prefix, ...after })));
    for (const { Key = '', UploadId = '', Initiated = new Date() } of page.Uploads ?? [])
      yield { Key, UploadId, Initiated };
    if (!page.IsTruncated || !page.NextKeyMarker) return;
    after = {
      KeyMarker: page.NextKeyMarker,
      ...(page.NextUploadIdMarker ? { UploadIdMarker: page.NextUploadIdMarker } : {}),
    };
  }
}

/** What the keys are called that whoever runs the server wrote these settings in. */
export const keysOf = ({ keys }: S3Options) =>
  keys === 'R2'
    ? { bucket: 'R2_BUCKET_NAME', accessKeyId: 'R2_ACCESS_KEY_ID', region: 'R2_ACCOUNT_ID', endpoint: 'R2_ACCOUNT_ID' }
    : { bucket: 'S3_BUCKET', accessKeyId: 'S3_ACCESS_KEY_ID', region: 'S3_REGION', endpoint: 'S3_ENDPOINT' };

export const whereIs = ({ endpoint, region }: S3Options): string => endpoint ?? `Amazon S3 in ${region}`;

/**
 * Holds the settings against the server.
 * @param key the one that names the bucket, where it is not the library's own
 * @throws StorageError that says which of them is wrong
 */
export async function requireBucket(options: S3Options, key?: string): Promise<void> {
  const client = createClient(options);
  const [where, keys] = [whereIs(options), keysOf(options)];
  try {
    await client.send(new HeadBucketCommand({ Bucket: options.bucket }));
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    const sentence =
      status === 404
        ? `${key ?? keys.bucket}: ${where} has no bucket "${options.bucket}". Make it, or name another.`
        : status === 403 || status === 401
          ? `${key ?? keys.accessKeyId}: ${where} does not let these credentials use the bucket "${options.bucket}".`
          : status === 301 || status === 400
            ? `${key ?? keys.region}: ${where} does not have the bucket "${options.bucket}" in the region "${options.region}".`
            : `${keys.endpoint}: ${where} does not answer (${(error as Error).message || (error as Error).name}).`;
    throw new StorageError(sentence, { cause: error });
  } finally {
    client.destroy();
  }
}

export function createClient(options: S3Options): S3Client {
  return new S3Client({
    ...(options.endpoint ? { endpoint: options.endpoint } : {}),
    region: options.region,
    forcePathStyle: options.forcePathStyle,
    credentials: { accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey },
    // Servers that do not know the newer checksums refuse them; MD5 is known to all.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: attempts,
    requestHandler: {
      connectionTimeout: 5000,
      socketTimeout: options.silenceMs ?? 30_000,
      httpAgent: { maxSockets },
      httpsAgent: { maxSockets },
    },
  });
}

interface ObjectName {
  readonly Bucket: string;
  readonly Key: string;
}

export const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('base64');

/** For requests that no absence answers. */
export async function done<Answer>(request: Promise<Answer>): Promise<Answer> {
  const answer = await answering(request);
  if (!answer) throw unavailable(new Error('The server did not know what was sent to it.'));
  return answer;
}

/** In one piece or, when it is larger than one, in several that are put together at the end. */
async function sendFile(client: S3Client, to: ObjectName, path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const readPart = async (at: number): Promise<Buffer> => {
      const part = Buffer.allocUnsafe(Math.min(PART_BYTES, size - at));
      const { bytesRead } = await file.read(part, 0, part.length, at);
      if (bytesRead !== part.length) throw new Error('The file that was to be stored has changed.');
      return part;
    };
    if (size <= PART_BYTES) {
      const Body = await readPart(0);
      await done(client.send(new PutObjectCommand({ ...to, Body, ContentMD5: md5(Body), ContentLength: size })));
      return;
    }
    const { UploadId } = await done(client.send(new CreateMultipartUploadCommand(to)));
    try {
      const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
      for (let at = 0; at < size; at += PART_BYTES) {
        const Body = await readPart(at);
        const part = {
          ...to,
          UploadId,
          PartNumber: Parts.length + 1,
          Body,
          ContentMD5: md5(Body),
          ContentLength: Body.length,
        };
        const { ETag } = await done(client.send(new UploadPartCommand(part)));
        Parts.push({ PartNumber: part.PartNumber, ETag });
      }
      await done(client.send(new CompleteMultipartUploadCommand({ ...to, UploadId, MultipartUpload: { Parts } })));
    } catch (error) {
      // Parts that belong to nothing would be paid for until somebody finds them.
      await client.send(new AbortMultipartUploadCommand({ ...to, UploadId })).catch(() => {});
      throw error;
    }
  } finally {
    await file.close();
  }
}

/** Small reads come out of a window that is kept until it is left; what is as large as one goes to where it is wanted at once. */
function readerOf(
  client: S3Client,
  from: ObjectName,
  { bytes: size, etag }: { bytes: number; etag: string | undefined },
): BlobReader {
  let window: { readonly at: number; readonly bytes: Uint8Array } | null = null;

  const fetchInto = async (target: Uint8Array, position: number): Promise<void> => {
    const Range = `bytes=${position}-${position + target.length - 1}`;
    const answer = await answering(
      client.send(new GetObjectCommand({ ...from, Range, ...(etag ? { IfMatch: etag } : {}) })),
    );
    if (!answer?.Body) throw new Error('The blob was deleted while it was read: it was cut short.');
    let came = 0;
    for await (const chunk of answer.Body as AsyncIterable<Uint8Array>) {
      if (came + chunk.length > target.length) throw new Error(`More came than the ${target.length} bytes asked for.`);
      target.set(chunk, came);
      came += chunk.length;
    }
    if (came < target.length)
      throw new Error(`The answer ended at byte ${came} of ${target.length}: it was cut short.`);
  };
  const fill = async (target: Uint8Array, position: number): Promise<void> => {
    for (let done = 0; done < target.length; ) {
      const at = position + done;
      if (window && at >= window.at && at < window.at + window.bytes.length) {
        const taken = window.bytes.subarray(at - window.at, at - window.at + target.length - done);
        target.set(taken, done);
        done += taken.length;
        continue;
      }
      window = null;
      if (target.length - done >= WINDOW_BYTES) return fetchInto(target.subarray(done), at);
      const bytes = Buffer.allocUnsafe(Math.min(WINDOW_BYTES, size - at));
      await fetchInto(bytes, at);
      window = { at, bytes };
    }
  };

  return {
    size,
    async read(buffer, offset, length, position) {
      if (position + length > size) {
        throw new Error(`The blob ends at byte ${size}, before ${position + length}: it was cut short.`);
      }
      for (let attempt = 1; ; attempt += 1) {
        try {
          await fill(buffer.subarray(offset, offset + length), position);
          return;
        } catch (error) {
          // Requests were tried again by the client; what is tried again here are lines that broke in the middle of an answer.
          if (error instanceof AppError || isDeleted(error)) throw error;
          if (attempt === attempts) throw unavailable(error);
          await sleep(100 * 2 ** attempt);
        }
      }
    },
    async close() {
      window = null;
    },
  };
}

const isDeleted = (error: unknown): boolean => (error as Error).message.startsWith('The blob was deleted');

/**
 * @returns null when the object is absent, or is another than was asked for
 * @throws AppError `unavailable` when the server does not answer, answers with an error, or refuses the credentials
 */
export async function answering<Answer>(request: Promise<Answer>): Promise<Answer | null> {
  try {
    return await request;
  } catch (error) {
    const { $metadata, name } = error as { $metadata?: { httpStatusCode?: number }; name?: string };
    if (name === 'NoSuchBucket') throw unavailable(error);
    if ($metadata?.httpStatusCode === 404 || $metadata?.httpStatusCode === 412) return null;
    if ($metadata || isNetworkError(error)) throw unavailable(error);
    throw error;
  }
}

const isNetworkError = (error: unknown): boolean =>
  error instanceof Error && ('code' in error || error.name === 'TimeoutError' || error.name === 'AbortError');

function unavailable(cause: unknown): AppError {
  const error = new AppError(
    'unavailable',
    'The storage of pictures does not answer. Nothing was lost; try again in a moment.',
  );
  error.cause = cause;
  return error;
}
