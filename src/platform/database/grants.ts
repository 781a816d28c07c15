/**
 * All that the app login may do, by table: the whole of it, and read next to the policies. What is not named here is
 * refused by PostgreSQL before row-level security is even asked. Columns in brackets bound a privilege to them: hashes
 * of tokens and passwords are never readable, and a role is changed by `set_account_state` alone.
 */
export const grants: Readonly<Record<string, readonly string[]>> = {
  users: ['select', 'update (username, email, display_name, profile_picture, cover_picture, avatar_by_email)'],
  sessions: ['select (id, user_id, kind, user_agent, ip, created_at, last_used_at, expires_at)', 'insert', 'delete'],
  api_keys: ['select (id, user_id, name, prefix, scopes, created_at, last_used_at, expires_at)', 'insert', 'delete'],
  one_time_tokens: ['select (id, kind, user_id, created_by, created_at, expires_at, used_at)', 'insert', 'delete'],
  memberships: ['select'],
  organizations: ['select'],
  organization_invitations: ['select'],
  photos: ['select', 'insert', 'update', 'delete'],
  uploads: ['select', 'insert', 'update', 'delete'],
  downloads: ['select', 'insert', 'delete'],
  timeline_months: ['select'],
  usage: ['select'],
  photo_search: ['select'],
  search_words: ['select'],
  audit_log: ['select'],
  albums: ['select', 'insert', 'update (name, description, cover_photo_id, filter, updated_at)', 'delete'],
  album_photos: ['select', 'insert', 'update (position)', 'delete'],
  album_pins: ['select', 'insert', 'delete'],
  shared_links: [
    'select (id, owner_id, photo_id, album_id, key_sealed, has_password, password_version, allow_download, allow_upload, show_metadata, max_views, views, last_viewed_at, created_at, expires_at, revoked_at)',
    'insert',
    'update (password_hash, password_version, allow_download, allow_upload, show_metadata, max_views, expires_at, revoked_at)',
    'delete',
  ],
  blobs: ['select', 'update (driver)', 'delete'],
  derivatives: ['select'],
  stored_blobs: ['select', 'insert', 'delete'],
  stored_parts: ['select', 'insert'],
  published_pictures: ['select', 'update (unused_since)', 'delete'],
  storage_place: ['select', 'update (driver, source, version, changed_at, keeps_moving)'],
  storage_leftovers: ['select', 'insert', 'delete'],
  storage_checks: ['select', 'insert'],
  storage_faults: ['select', 'insert', 'update (why, tries, tried_at)', 'delete'],
};
