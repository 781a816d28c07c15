import type { BlobStore } from '#platform/blobs/blob-store.ts';
import type { PublicBucket } from '#platform/blobs/public-bucket.ts';
import type { Database } from '#platform/database/database.ts';
import type { Imaging } from '#platform/imaging/index.ts';
import type { Jobs } from '#platform/jobs/jobs.ts';
import type { PictureLocator } from './locate-picture.ts';

/** What the use-cases of this feature take. */
export interface PictureDeps {
  readonly database: Database;
  readonly blobs: BlobStore;
  readonly imaging: Imaging;
  readonly jobs: Jobs;
  readonly locator: PictureLocator;
  /** Where what is shown is put for everybody as well; null where this server alone shows it. */
  readonly publicBucket: PublicBucket | null;
  readonly maxUploadBytes: number;
}
