import { type Kysely, type QueryExecutorProvider, type SelectQueryBuilder, sql } from 'kysely';
import type { Scope } from '#platform/http/caller.ts';
import type { AccountTables } from './tables.ts';

type Tx = Kysely<AccountTables>;
type Page = { limit: number; offset: number };

/** A page of what a query finds, in the query's order, and how many it finds in all. */
async function pageOf<Tables, Name extends keyof Tables, Row>(
  query: SelectQueryBuilder<Tables, Name, Row>,
  page: Page,
): Promise<{ items: Row[]; total: number }> {
  const items = await query.limit(page.limit).offset(page.offset).execute();
  const all = query.clearSelect().clearOrderBy();
  const { n } = (await all.select((eb) => eb.fn.countAll<string>().as('n')).executeTakeFirstOrThrow()) as { n: string };
  return { items: items as Row[], total: Number(n) };
}

export interface UserRow {
  id: string;
  username: string;
  email: string | null;
  display_name: string | null;
  profile_version: string | null;
  cover_version: string | null;
  avatar_by_email: boolean;
  role: 'admin' | 'user';
  disabled_at: Date | null;
  created_at: Date;
  photos: string | null;
  bytes: string | null;
  quota_bytes: string | null;
  quota_photos: string | null;
}

const selectUsers = (tx: Tx) =>
  tx
    .selectFrom('users')
    .leftJoin('usage', 'usage.owner_id', 'users.id')
    .select([
      'users.id',
      'users.username',
      'users.email',
      'users.display_name',
      'users.role',
      'users.disabled_at',
      'users.created_at',
      'users.avatar_by_email',
      sql<string | null>`picture_version(users.profile_picture)`.as('profile_version'),
      sql<string | null>`picture_version(users.cover_picture)`.as('cover_version'),
      'usage.photos',
      'usage.bytes',
      'usage.quota_bytes',
      'usage.quota_photos',
    ]);

export const findUser = (tx: Tx, id: string): Promise<UserRow | undefined> =>
  selectUsers(tx).where('users.id', '=', id).executeTakeFirst();

export const findUserByName = (tx: Tx, username: string): Promise<{ id: string } | undefined> =>
  tx
    .selectFrom('users')
    .select('id')
    .where((eb) => eb(eb.fn('lower', ['username']), '=', username.toLowerCase()))
    .executeTakeFirst();

/** By an administrator; others find themselves. */
export const findUserByEmail = (tx: Tx, email: string): Promise<{ id: string } | undefined> =>
  tx
    .selectFrom('users')
    .select('id')
    .where((eb) => eb(eb.fn('lower', ['email']), '=', email.toLowerCase()))
    .executeTakeFirst();

export const listUsers = (tx: Tx, page: Page) =>
  pageOf(selectUsers(tx).orderBy('users.created_at').orderBy('users.id'), page);

export async function updateProfile(
  tx: Tx,
  userId: string,
  change: { username?: string; email?: string | null; display_name?: string | null; avatar_by_email?: boolean },
): Promise<void> {
  if (Object.keys(change).length === 0) return;
  await tx.updateTable('users').set(change).where('id', '=', userId).execute();
}

/** @param hash content address of a stored picture; null for none */
export async function setPicture(
  tx: Tx,
  userId: string,
  kind: 'profile' | 'cover',
  hash: Buffer | null,
): Promise<void> {
  await tx
    .updateTable('users')
    .set(kind === 'profile' ? { profile_picture: hash } : { cover_picture: hash })
    .where('id', '=', userId)
    .execute();
}

/** Somebody by their username; disabled people are not found. */
export async function findPerson(
  tx: QueryExecutorProvider,
  username: string,
): Promise<{ user_id: string; username: string } | undefined> {
  const { rows } = await sql<{ user_id: string; username: string }>`select * from find_person(${username})`.execute(tx);
  return rows[0];
}

/** What an account may keep; null for no end. */
export interface Quota {
  readonly bytes: number | null;
  readonly photos: number | null;
}

/** @returns the role the new account got; the first account of a library becomes its administrator */
export async function registerUser(
  tx: Tx,
  user: { id: string; username: string; email: string | null; passwordHash: string },
  terms: { firstAllowed: boolean; open: boolean; invitationHash: Buffer | null; quota: Quota },
): Promise<'admin' | 'user'> {
  const { rows } = await sql<{ role: 'admin' | 'user' }>`
    select register_user(${user.id}, ${user.username}, ${user.email}, ${user.passwordHash},
      ${terms.firstAllowed}, ${terms.open}, ${terms.invitationHash},
      ${terms.quota.bytes}, ${terms.quota.photos}) as role`.execute(tx);
  return rows[0]?.role ?? 'user';
}

export async function hasUsers(tx: Tx): Promise<boolean> {
  const { rows } = await sql<{ has: boolean }>`select has_users() as has`.execute(tx);
  return rows[0]?.has === true;
}

/** The administrator made first: who single mode acts as. */
export async function findSoleOwner(tx: Tx): Promise<{ user_id: string; username: string } | undefined> {
  const { rows } = await sql<{ user_id: string; username: string }>`select * from sole_owner()`.execute(tx);
  return rows[0];
}

export async function findLogin(tx: Tx, login: string) {
  const { rows } = await sql<{ user_id: string; password_hash: string; disabled: boolean }>`
    select * from find_login(${login})`.execute(tx);
  return rows[0];
}

/** In which forms passwords are kept, and how many in each. */
export async function listPasswordForms(tx: Tx): Promise<{ form: string; accounts: number }[]> {
  const { rows } = await sql<{ form: string; accounts: number }>`
    select form, accounts::int from password_forms() where form is not null order by form`.execute(tx);
  return rows;
}

/** Replaces the caller's own hash, if it still is `former`. Nothing else changes: it is the same password. */
export async function rehashOwnPassword(tx: Tx, former: string, hash: string): Promise<void> {
  await sql`select rehash_own_password(${former}, ${hash})`.execute(tx);
}

export interface SessionGrant {
  session_id: string;
  session_kind: 'browser' | 'token';
  session_expires_at: Date;
  session_last_used_at: Date;
  /** As a cookie its secret is none. */
  bearer_only: boolean;
  user_id: string;
  username: string;
  user_role: 'admin' | 'user';
}

export async function findSession(tx: Tx, tokenHash: Buffer): Promise<SessionGrant | undefined> {
  const { rows } = await sql<SessionGrant>`select * from find_session(${tokenHash})`.execute(tx);
  return rows[0];
}

export interface KeyGrant {
  key_id: string;
  scopes: Scope[];
  key_expires_at: Date | null;
  user_id: string;
  username: string;
  user_role: 'admin' | 'user';
}

export async function findApiKey(tx: Tx, keyHash: Buffer): Promise<KeyGrant | undefined> {
  const { rows } = await sql<KeyGrant>`select * from find_api_key(${keyHash})`.execute(tx);
  return rows[0];
}

export interface UrlGrant {
  /** Null for a session, which no scope bounds. */
  scopes: Scope[] | null;
  grant_expires_at: Date | null;
}

/** What the credential that a signed URL was given to still allows; nothing when it ended or is another user's. */
export async function findGrant(tx: Tx, credentialId: string, userId: string): Promise<UrlGrant | undefined> {
  const { rows } = await sql<UrlGrant>`select * from find_grant(${credentialId}, ${userId})`.execute(tx);
  return rows[0];
}

export async function insertSession(
  tx: Tx,
  session: {
    id: string;
    user_id: string;
    token_hash: Buffer;
    kind: 'browser' | 'token';
    user_agent: string | null;
    ip: string | null;
    expires_at: Date;
    idle_seconds?: number;
    bearer_only?: boolean;
  },
): Promise<void> {
  await tx.insertInto('sessions').values(session).execute();
}

export const listSessions = (tx: Tx, userId: string, page: Page) =>
  pageOf(
    tx
      .selectFrom('sessions')
      .where('user_id', '=', userId)
      .where('expires_at', '>', new Date())
      .where(sql<boolean>`last_used_at > now() - make_interval(secs => idle_seconds)`)
      .select(['id', 'kind', 'user_agent', 'ip', 'created_at', 'last_used_at', 'expires_at'])
      .orderBy('last_used_at', 'desc')
      .orderBy('id'),
    page,
  );

export async function insertRenewalToken(
  tx: Tx,
  token: { token_hash: Buffer; session_id: string; user_id: string },
): Promise<void> {
  await tx.insertInto('renewal_tokens').values(token).execute();
}

/**
 * Uses a renewal token up for the next one. A token that was used up before ends its session, and names nobody.
 * @returns nothing when it is none, or its session has ended
 */
export async function renewSession(
  tx: Tx,
  token: { hash: Buffer; secretHash: Buffer; nextHash: Buffer; seconds: number },
): Promise<{ session_id: string; user_id: string | null } | undefined> {
  const { rows } = await sql<{ session_id: string; user_id: string | null }>`
    select * from renew_session(${token.hash}, ${token.secretHash}, ${token.nextHash}, ${token.seconds})`.execute(tx);
  return rows[0];
}

export async function deleteSession(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('sessions').where('id', '=', id).execute();
}

/** @returns the ids of the sessions that ended */
export async function deleteOtherSessions(tx: Tx, userId: string, keep: string): Promise<string[]> {
  const rows = await tx
    .deleteFrom('sessions')
    .where('user_id', '=', userId)
    .where('id', '<>', keep)
    .returning('id')
    .execute();
  return rows.map((row) => row.id);
}

export async function insertApiKey(
  tx: Tx,
  key: {
    id: string;
    user_id: string;
    name: string;
    prefix: string;
    key_hash: Buffer;
    scopes: Scope[];
    expires_at: Date | null;
  },
) {
  return tx.insertInto('api_keys').values(key).returning(['created_at']).executeTakeFirstOrThrow();
}

export const listApiKeys = (tx: Tx, userId: string, page: Page) =>
  pageOf(
    tx
      .selectFrom('api_keys')
      .where('user_id', '=', userId)
      .select(['id', 'name', 'prefix', 'scopes', 'created_at', 'last_used_at', 'expires_at'])
      .orderBy('created_at', 'desc')
      .orderBy('id'),
    page,
  );

export async function deleteApiKey(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('api_keys').where('id', '=', id).execute();
}

export async function ownPasswordHash(tx: Tx): Promise<string | null> {
  const { rows } = await sql<{ hash: string | null }>`select own_password_hash() as hash`.execute(tx);
  return rows[0]?.hash ?? null;
}

/** Also ends every session but `keepSession` and every open reset link. */
export async function changeOwnPassword(tx: Tx, hash: string, keepSession: string | null): Promise<void> {
  await sql`select change_own_password(${hash}, ${keepSession})`.execute(tx);
}

/** By an administrator. @returns false when whoever asks is none */
export async function createUser(
  tx: Tx,
  user: { id: string; username: string; email: string | null; role: 'admin' | 'user'; passwordHash: string },
): Promise<boolean> {
  const { rows } = await sql<{ done: boolean }>`
    select create_user(${user.id}, ${user.username}, ${user.email}, ${user.role}, ${user.passwordHash}) as done`.execute(
    tx,
  );
  return rows[0]?.done === true;
}

/**
 * By an administrator: somebody who comes from an earlier system, with the hash of their password as it was kept there.
 * @returns false when whoever asks is none
 */
export async function importPerson(
  tx: Tx,
  person: {
    id: string;
    username: string;
    email: string | null;
    displayName: string | null;
    passwordHash: string;
    createdAt: Date | null;
  },
): Promise<boolean> {
  const { rows } = await sql<{ done: boolean }>`
    select import_person(${person.id}, ${person.username}, ${person.email}, ${person.displayName},
      ${person.passwordHash}, ${person.createdAt}) as done`.execute(tx);
  return rows[0]?.done === true;
}

/** By an administrator. What is left out stays as it is. @returns false when there is no such account */
export async function setQuota(
  tx: Tx,
  userId: string,
  quota: { quota_bytes?: number | null; quota_photos?: number | null },
): Promise<boolean> {
  const { rows } = await sql<{ done: boolean }>`
    select set_quota(${userId}, ${JSON.stringify(quota)}::jsonb) as done`.execute(tx);
  return rows[0]?.done === true;
}

export async function setAccountState(
  tx: Tx,
  userId: string,
  state: { role?: 'admin' | 'user'; disabled?: boolean },
): Promise<boolean> {
  const { rows } = await sql<{ done: boolean }>`
    select set_account_state(${userId}, ${state.role ?? null}, ${state.disabled ?? null}) as done`.execute(tx);
  return rows[0]?.done === true;
}

export async function deleteAccount(tx: Tx, userId: string): Promise<boolean> {
  const { rows } = await sql<{ done: boolean }>`select delete_account(${userId}) as done`.execute(tx);
  return rows[0]?.done === true;
}

export async function insertOneTimeToken(
  tx: Tx,
  token: {
    id: string;
    kind: 'reset' | 'invitation';
    token_hash: Buffer;
    user_id: string | null;
    created_by: string;
    expires_at: Date;
  },
): Promise<void> {
  await tx.insertInto('one_time_tokens').values(token).execute();
}

export const listInvitations = (tx: Tx, page: Page) =>
  pageOf(
    tx
      .selectFrom('one_time_tokens')
      .where('kind', '=', 'invitation')
      .where('expires_at', '>', new Date())
      .select(['id', 'created_at', 'expires_at', 'used_at'])
      .orderBy('created_at', 'desc')
      .orderBy('id'),
    page,
  );

export async function deleteInvitation(tx: Tx, id: string): Promise<boolean> {
  const row = await tx
    .deleteFrom('one_time_tokens')
    .where('id', '=', id)
    .where('kind', '=', 'invitation')
    .executeTakeFirst();
  return row.numDeletedRows > 0n;
}

/** Stores a reset token for the account of that e-mail, if there is one. */
export async function requestReset(
  tx: Tx,
  token: { id: string; email: string; tokenHash: Buffer; expiresAt: Date },
): Promise<{ user_id: string; username: string } | undefined> {
  const { rows } = await sql<{ user_id: string; username: string }>`
    select user_id, username from request_reset(${token.id}, ${token.email}, ${token.tokenHash}, ${token.expiresAt})`.execute(
    tx,
  );
  return rows[0];
}

/** Uses a reset token up: sets the password and ends all sessions. */
export async function consumeReset(tx: Tx, tokenHash: Buffer, passwordHash: string): Promise<string | null> {
  const { rows } = await sql<{ user_id: string | null }>`
    select consume_reset(${tokenHash}, ${passwordHash}) as user_id`.execute(tx);
  return rows[0]?.user_id ?? null;
}

export async function touchCredentials(tx: Tx, hashes: readonly Buffer[]): Promise<void> {
  await sql`select touch_credentials(${hashes}::bytea[])`.execute(tx);
}
