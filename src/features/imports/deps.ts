import type { BlobStore } from '#platform/blobs/blob-store.ts';
import type { Database } from '#platform/database/database.ts';
import type { Imaging } from '#platform/imaging/index.ts';
import type { Jobs } from '#platform/jobs/jobs.ts';

export interface ImportDeps {
  readonly database: Database;
  readonly blobs: BlobStore;
  readonly imaging: Imaging;
  readonly jobs: Jobs;
  readonly maxUploadBytes: number;
  /** What whoever is brought along may keep; null for no end. */
  readonly quota: { readonly bytes: number | null; readonly photos: number | null };
}
