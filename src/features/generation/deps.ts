import type { Logger } from 'pino';
import type { SignedUrls } from '#features/photos/index.ts';
import type { BlobStore } from '#platform/blobs/blob-store.ts';
import type { Database } from '#platform/database/database.ts';
import type { Notifications } from '#platform/database/notifications.ts';
import type { Imaging } from '#platform/imaging/index.ts';
import type { Jobs } from '#platform/jobs/jobs.ts';
import type { Backends } from './backends/open-backends.ts';

/** What the use-cases of this feature take; each names the part it uses. */
export interface GenerationDeps {
  readonly database: Database;
  readonly notifications: Notifications;
  readonly blobs: BlobStore;
  readonly imaging: Imaging;
  readonly jobs: Jobs;
  readonly signedUrls: SignedUrls;
  readonly logger: Logger;
  readonly backends: Backends;
  /** Where the InvokeAI at hand is, for administrators; null where none is configured. */
  readonly localUrl: string | null;
  /** Bytes that a picture may have, wherever it comes from. */
  readonly maxUploadBytes: number;
  /** Pictures that one step may ask for. */
  readonly maxBatch: number;
  /** How often it is tried to fetch a picture that was made. */
  readonly maxAttempts: number;
}
