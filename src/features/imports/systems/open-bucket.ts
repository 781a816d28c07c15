import { setTimeout as sleep } from 'node:timers/promises';
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
  /** Of credentials that somebody was given for a while. */
  readonly sessionToken?: string | undefined;
  /** Ends what is under way, which a silent server would hold for long. */
  readonly signal?: AbortSignal;
  /** ms without a byte, after which an answer counts as lost; half a minute unless told otherwise. */
  readonly silenceMs?: number;
  /** ms before a file that broke off is asked for again; longer each time. */
  readonly pauseMs?: number;
}

const tries = 5;

/** What is refused before anything was given: the key may be of no use, or these may be files that are gone. */
const mostDenied = 20;

export const openFilesBelow = (root: string): EarlierFiles => ({
  open: (key) => openBelow(root, key),
  close: () => {},
});

/** A bucket of an S3 server or of Cloudflare R2, from which nothing is asked but to read. */
export async function openBucket(options: BucketOptions): Promise<EarlierFiles> {
  const { GetObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
  const { endpoint, region, bucket, accessKeyId, secretAccessKey, sessionToken } = options;
  const { pauseMs = 1000, silenceMs = 30_000 } = options;
  const client = new S3Client({
    region,
    ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: tries,
    requestHandler: { connectionTimeout: 5000, socketTimeout: silenceMs },
  });
  let hasGiven = false;
  let denied = 0;

  const end = (error: { name?: string; code?: string }): never => {
    throw new ImportError(
      `The bucket “${bucket}” does not give its files (${error.code ?? error.name}). Run the same command again once it does.`,
    );
  };
  /** What is one file's own affair. */
  const explain = (error: { name: string }): never => {
    if (error.name === 'NoSuchKey' || error.name === 'NotFound') throw new Skip('missing');
    if (error.name === 'InvalidObjectState') throw new Skip('unreadable');
    // Who may not list a bucket is not told either that a file of it is gone.
    if (error.name === 'AccessDenied' && (hasGiven || (denied += 1) <= mostDenied)) throw new Skip('unreadable');
    return end(error);
  };

  return {
    async open(key) {
      const stop = new AbortController();
      const abortSignal = options.signal ? AbortSignal.any([stop.signal, options.signal]) : stop.signal;
      const ask = (more: { Range?: string; IfMatch?: string | undefined } = {}) =>
        client.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...more }), { abortSignal });
      const first = await ask().catch(explain);
      hasGiven = true;

      /** Goes on where it broke off, unless the file is another one by then. */
      async function* read(): AsyncGenerator<Uint8Array> {
        let given = 0;
        let answer = first;
        for (let n = 1; ; n += 1) {
          try {
            // Of a server that knows no ranges all comes again.
            let again = n === 1 || answer.ContentRange ? 0 : given;
            for await (const chunk of answer.Body as unknown as AsyncIterable<Uint8Array>) {
              const fresh = chunk.subarray(Math.min(again, chunk.length));
              again -= chunk.length - fresh.length;
              given += fresh.length;
              if (fresh.length > 0) yield fresh;
            }
            return;
          } catch (error) {
            if (n >= tries || abortSignal.aborted) return end(error as Error);
            await sleep(pauseMs * 2 ** (n - 1), null, { signal: abortSignal }).catch(end);
            answer = await ask({ Range: `bytes=${given}-`, IfMatch: first.ETag }).catch((refused: { name: string }) => {
              if (refused.name === 'PreconditionFailed' || refused.name === 'InvalidRange') throw new Skip('altered');
              return explain(refused);
            });
          }
        }
      }

      return {
        bytes: first.ContentLength ?? 0,
        modifiedAt: first.LastModified ?? null,
        body: read(),
        // What is not read to its end would hold one of the few connections.
        close: async () => stop.abort(),
      };
    },
    close: () => client.destroy(),
  };
}
