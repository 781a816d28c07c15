import type { PhotoLocator, SignedUrls } from '#features/photos/index.ts';
import type { BlobStore } from '#platform/blobs/blob-store.ts';
import type { Database } from '#platform/database/database.ts';
import type { Imaging } from '#platform/imaging/index.ts';
import type { Jobs } from '#platform/jobs/jobs.ts';
import type { StylePreviews } from './preview-style.ts';

/** What the use-cases of this feature take; each names the part it uses. */
export interface StyleDeps {
  readonly database: Database;
  readonly blobs: BlobStore;
  readonly imaging: Imaging;
  readonly jobs: Jobs;
  readonly signedUrls: SignedUrls;
  readonly locator: PhotoLocator;
  readonly maxUploadBytes: number;
  readonly previews: StylePreviews;
}
