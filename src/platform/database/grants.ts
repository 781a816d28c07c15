/**
 * All that the app login may do, by table: the whole of it, and read next to the policies. What is not named here is
 * refused by PostgreSQL before row-level security is even asked. Columns in brackets bound a privilege to them: hashes
 * of tokens and passwords are never readable, and a role is changed by `set_account_state` alone.
 */
export const grants: Readonly<Record<string, readonly string[]>> = {
  users: ['select', 'update (username, email, display_name)'],
  sessions: ['select (id, user_id, kind, user_agent, ip, created_at, last_used_at, expires_at)', 'insert', 'delete'],
  api_keys: ['select (id, user_id, name, prefix, scopes, created_at, last_used_at, expires_at)', 'insert', 'delete'],
  one_time_tokens: ['select (id, kind, user_id, created_by, created_at, expires_at, used_at)', 'insert', 'delete'],
  memberships: ['select'],
  photos: ['select', 'insert', 'update', 'delete'],
  uploads: ['select', 'insert', 'update', 'delete'],
  downloads: ['select', 'insert', 'delete'],
  timeline_months: ['select'],
  usage: ['select'],
  blobs: ['select', 'delete'],
  derivatives: ['select'],
};
