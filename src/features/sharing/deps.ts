import type { Passwords } from '#features/accounts/index.ts';
import type { SignedUrls } from '#features/photos/index.ts';
import type { Database } from '#platform/database/database.ts';
import type { CleanOriginals } from './clean-original.ts';
import type { GuestSessions } from './guest-sessions.ts';
import type { LinkKeys } from './link-keys.ts';
import type { UnlockLimits } from './unlock-limits.ts';

/** What the use-cases of this feature take; each names the part it uses. */
export interface SharingDeps {
  readonly database: Database;
  readonly passwords: Passwords;
  readonly signedUrls: SignedUrls;
  readonly linkKeys: LinkKeys;
  readonly sessions: GuestSessions;
  readonly limits: UnlockLimits;
  readonly cleanOriginals: CleanOriginals;
  /** `https://photos.example.org`: where links lead. From the configuration, never from Host. */
  readonly publicUrl: () => string;
}
