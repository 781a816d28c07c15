import type { BlobStore } from '#platform/blobs/blob-store.ts';
import type { Database } from '#platform/database/database.ts';
import type { Imaging } from '#platform/imaging/index.ts';
import type { Jobs } from '#platform/jobs/jobs.ts';
import type { PhotoLocator } from './locate-photo.ts';
import type { SignedUrls } from './signed-urls.ts';

/** What the use-cases of this feature take; each names the part it uses. */
export interface PhotoDeps {
  readonly database: Database;
  readonly blobs: BlobStore;
  readonly imaging: Imaging;
  readonly signedUrls: SignedUrls;
  readonly locator: PhotoLocator;
  readonly jobs: Jobs;
  readonly maxUploadBytes: number;
  readonly trashDays: number;
}
