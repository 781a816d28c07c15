import { createHash, randomBytes } from 'node:crypto';
import type { StorageConfig } from './open-store.ts';
import type { PublicBucket } from './public-bucket.ts';
import { StorageError } from './storage-place.ts';

export interface PublicPlaceConfig {
  /** The key that names the bucket, for sentences about it. */
  readonly key: string;
  readonly bucket: string;
  /** Where everybody reads it; without a slash at its end. */
  readonly url: string;
}

/** Whether everybody reads what is put in the public bucket, and nothing else; else why not, in a sentence. */
export interface PublicProbe {
  readonly ok: boolean;
  readonly error: string | null;
}

/** The bucket of public pictures with the address at which everybody reads it. */
export interface PublicPlace {
  readonly bucket: PublicBucket;
  /** The bucket's name alone. */
  readonly name: string;
  readonly url: string;
  /**
   * Whether it was last seen to be read at its address. Until then this server shows the pictures itself: a domain may be connected
   * later than the server starts.
   */
  readonly isRead: boolean;
  urlOf(sha256: string): string;
  /** Puts something there, asks for it as a stranger would, and asks as well for what is private; remembers what it found. */
  probe(): Promise<PublicProbe>;
  close(): void;
}

const waitMs = 5000;
/** How soon a domain that is connected after the start is noticed. */
const lookMs = 60_000;

/**
 * Opens the place that is configured; null where none is.
 * @throws StorageError that begins with the key that is wrong
 */
export async function openPublicPlace(
  { s3, publicPlace: config }: StorageConfig,
  logger: { info(sentence: string): void; warn(sentence: string): void },
): Promise<PublicPlace | null> {
  if (!s3 || !config) return null;
  const { createPublicBucket } = await import('./public-bucket.ts');
  const { requireBucket } = await import('./s3-store.ts');
  const { requirePrivate } = await import('./require-private.ts');
  const options = { ...s3, bucket: config.bucket };
  await requireBucket(options, config.key);
  const bucket = createPublicBucket(options);
  const urlOf = (sha256: string): string => `${config.url}/${bucket.keyOf(sha256)}`;
  let isRead = false;

  const look = async (): Promise<PublicProbe> => {
    try {
      await requirePrivate({ ...s3, publicUrl: config.url });
      await requireReadable(bucket, urlOf, config);
      return { ok: true, error: null };
    } catch (error) {
      return { ok: false, error: (error as Error).message };
    }
  };
  const probe = async (): Promise<PublicProbe> => {
    const found = await look();
    isRead = found.ok;
    return found;
  };
  let said: string | null = null;
  const lookAgain = async (): Promise<void> => {
    const { error } = await probe();
    if (error === said) return;
    if (error) logger.warn(`${error} Until then this server shows public pictures itself.`);
    else logger.info(`Public pictures are read at ${config.url}.`);
    said = error;
  };
  await lookAgain();
  const looking = setInterval(() => {
    if (!isRead) void lookAgain();
  }, lookMs);
  looking.unref();

  return {
    bucket,
    name: config.bucket,
    url: config.url,
    get isRead() {
      return isRead;
    },
    urlOf,
    probe,
    close() {
      clearInterval(looking);
      bucket.close();
    },
  };
}

/** @throws StorageError when what is put there is not what everybody gets */
async function requireReadable(
  bucket: PublicBucket,
  urlOf: (sha256: string) => string,
  { key, bucket: name, url }: PublicPlaceConfig,
): Promise<void> {
  const bytes = randomBytes(32);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await bucket.put(sha256, bytes, { cacheControl: 'no-store' });
  try {
    const found = await fetch(urlOf(sha256), { signal: AbortSignal.timeout(waitMs) }).catch(() => null);
    const body = found && (await found.arrayBuffer().catch(() => null));
    if (body && Buffer.from(body).equals(bytes)) return;
    const what = found ? `answers ${found.status} to what is in` : 'does not answer for';
    throw new StorageError(
      `${key}: ${url} ${what} the bucket "${name}". Connect the two, and let everybody read the bucket.`,
    );
  } finally {
    // What stays behind is swept as any file there that no row knows.
    await bucket.delete(sha256).catch(() => {});
  }
}
