import { randomUUID } from 'node:crypto';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { createClient, keysOf, type S3Options, whereIs } from './s3-store.ts';
import { StorageError } from './storage-place.ts';

const waitMs = 5000;

/**
 * Writes an object as photos are written, and asks for it as a stranger would, by every address that the bucket is known to have.
 * @param options.publicUrl where a bucket for public pictures is read; this one must not be
 * @throws StorageError when it can be read, or not be written
 */
export async function requirePrivate(options: S3Options & { readonly publicUrl?: string | null }): Promise<void> {
  const client = createClient(options);
  const Key = `${options.prefix}probe/${randomUUID()}`;
  const object = { Bucket: options.bucket, Key };
  const secret = randomUUID();
  try {
    await client
      .send(new PutObjectCommand({ ...object, Body: secret, ContentLength: secret.length }))
      .catch((error) => {
        throw refusedWrite(options, error);
      });
    try {
      const addresses = addressesOf(options, Key);
      const readable = await Promise.all(addresses.map((address) => isReadable(address, secret)));
      const open = addresses.find((_, n) => readable[n]);
      if (open) {
        throw new StorageError(
          `${keysOf(options).bucket}: anybody can read what is in the bucket "${options.bucket}" (at ${new URL(open).host}), and private photos must not lie there. Make it private, or name another.`,
        );
      }
    } finally {
      await client.send(new DeleteObjectCommand(object)).catch(() => {});
    }
  } finally {
    client.destroy();
  }
}

function refusedWrite(options: S3Options, cause: unknown): StorageError {
  const { name, message, $metadata } = cause as Error & { $metadata?: { httpStatusCode?: number } };
  const [where, keys, status] = [whereIs(options), keysOf(options), $metadata?.httpStatusCode];
  const sentence =
    status === 403 || status === 401
      ? `${keys.accessKeyId}: ${where} does not let these credentials write into the bucket "${options.bucket}". Allow them to put, read and delete objects there, or use others.`
      : `${keys.bucket}: ${where} did not take what was to be written into the bucket "${options.bucket}" (${message || name}).`;
  return new StorageError(sentence, { cause });
}

function addressesOf(
  { endpoint, region, bucket, publicUrl = null }: S3Options & { readonly publicUrl?: string | null },
  key: string,
): string[] {
  const server = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
  const below = server.pathname.replace(/\/+$/, '');
  const path = key.split('/').map(encodeURIComponent).join('/');
  return [
    `${server.origin}${below}/${bucket}/${path}`,
    `${server.protocol}//${bucket}.${server.host}${below}/${path}`,
    // A domain may be connected to the wrong bucket, or stand before all of the server.
    ...(publicUrl ? [`${publicUrl}/${path}`, `${new URL(publicUrl).origin}/${bucket}/${path}`] : []),
  ].filter((address) => URL.canParse(address));
}

/** An address that does not answer shows nothing to anybody. */
async function isReadable(address: string, secret: string): Promise<boolean> {
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(waitMs) });
    return (await answer.text()) === secret;
  } catch {
    return false;
  }
}
