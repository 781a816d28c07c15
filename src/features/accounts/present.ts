import type { z } from '@hono/zod-openapi';
import type { User } from './contract.ts';
import type { UserRow } from './store.ts';

/** A row as the API shows it. */
export function presentUser(row: UserRow): z.infer<typeof User> {
  return {
    id: row.id,
    username: row.username,
    email: row.email,
    display_name: row.display_name,
    role: row.role,
    disabled: row.disabled_at !== null,
    created_at: row.created_at.toISOString(),
    usage: {
      photos: Number(row.photos ?? 0),
      bytes: Number(row.bytes ?? 0),
      quota_bytes: toLimit(row.quota_bytes),
      quota_photos: toLimit(row.quota_photos),
    },
  };
}

const toLimit = (limit: string | null): number | null => (limit === null ? null : Number(limit));
