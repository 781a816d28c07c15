import type { z } from '@hono/zod-openapi';
import type { Person, User } from './contract.ts';
import { pictureUrl } from './picture-url.ts';
import type { UserRow } from './store.ts';

/** A row as the API shows it. */
export function presentUser(row: UserRow): z.infer<typeof User> {
  return {
    id: row.id,
    username: row.username,
    email: row.email,
    display_name: row.display_name,
    profile_picture_url: pictureUrl(row.id, 'profile', row.profile_version),
    cover_picture_url: pictureUrl(row.id, 'cover', row.cover_version),
    avatar_by_email: row.avatar_by_email,
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

/** Somebody as others meet them. */
export const presentPerson = (row: {
  id: string;
  username: string;
  display_name: string | null;
  /** The version of their profile picture, as `picture_version` in the database has it. */
  picture: string | null;
}): z.infer<typeof Person> => ({
  id: row.id,
  username: row.username,
  display_name: row.display_name,
  profile_picture_url: pictureUrl(row.id, 'profile', row.picture),
});
