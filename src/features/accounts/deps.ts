import type { Database } from '#platform/database/database.ts';
import type { Mailer } from '#platform/mail/mailer.ts';
import type { Credentials } from './credentials.ts';
import type { FormOf } from './decoy-forms.ts';
import type { Passwords } from './passwords.ts';
import type { SignInLimits } from './sign-in-limits.ts';
import type { BearerTokens } from './tokens.ts';

/** What the use-cases of this feature take; each names the part it uses. */
export interface AccountDeps {
  readonly database: Database;
  readonly credentials: Credentials;
  readonly passwords: Passwords;
  /** What verifying is to cost for a name that no account has. */
  readonly formOf: FormOf;
  readonly tokens: BearerTokens;
  readonly limits: SignInLimits;
  readonly mailer: Mailer | null;
  readonly registration: 'open' | 'invite' | 'closed';
  /** What the first set-up must show when the server listens beyond this machine; null where it need not. */
  readonly setupToken: string | null;
  /** What whoever signs up may keep; null for no end. */
  readonly quota: { readonly bytes: number | null; readonly photos: number | null };
  /** Called once an account is gone, so that bytes nobody refers to any more can go too. */
  readonly onAccountDeleted: () => Promise<void>;
  /** Called once somebody was disabled or enabled again, so that what everybody is shown of them goes and comes back. */
  readonly onAccountDisabled: () => Promise<void>;
}

/** The part of a request that is written down: with sessions, and in the audit log. */
export interface Client {
  readonly ip: string;
  readonly network: string;
  readonly userAgent: string | null;
  readonly isBrowser: boolean;
  /** `https://photos.example.org`: where links that are sent or shown lead. From the configuration, never from Host. */
  readonly publicUrl: string;
}
