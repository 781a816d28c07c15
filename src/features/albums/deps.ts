import type { SignedUrls } from '#features/photos/index.ts';
import type { Database } from '#platform/database/database.ts';

/** What the use-cases of this feature take. */
export interface AlbumDeps {
  readonly database: Database;
  readonly signedUrls: SignedUrls;
}
