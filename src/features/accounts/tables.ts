import type { Generated } from 'kysely';

/** The tables of this feature as the app login sees them; hashes are write-only to it. */
export interface AccountTables {
  users: {
    id: string;
    username: string;
    email: string | null;
    display_name: string | null;
    profile_picture: Buffer | null;
    cover_picture: Buffer | null;
    avatar_by_email: boolean;
    role: 'admin' | 'user';
    disabled_at: Date | null;
    created_at: Date;
  };
  sessions: {
    id: string;
    user_id: string;
    token_hash: Buffer;
    kind: 'browser' | 'token';
    user_agent: string | null;
    ip: string | null;
    created_at: Generated<Date>;
    last_used_at: Generated<Date>;
    expires_at: Date;
    idle_seconds: Generated<number>;
    bearer_only: Generated<boolean>;
  };
  renewal_tokens: { token_hash: Buffer; session_id: string; user_id: string };
  api_keys: {
    id: string;
    user_id: string;
    name: string;
    prefix: string;
    key_hash: Buffer;
    scopes: string[];
    created_at: Generated<Date>;
    last_used_at: Date | null;
    expires_at: Date | null;
  };
  one_time_tokens: {
    id: string;
    kind: 'reset' | 'invitation';
    token_hash: Buffer;
    user_id: string | null;
    created_by: string | null;
    created_at: Generated<Date>;
    expires_at: Date;
    used_at: Date | null;
  };
  usage: { owner_id: string; photos: string; bytes: string; quota_bytes: string | null; quota_photos: string | null };
}
