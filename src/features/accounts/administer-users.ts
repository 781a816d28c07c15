import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { requireAllowed } from '#features/access/index.ts';
import { recordAudit } from '#features/audit/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller, UserCaller } from '#platform/http/caller.ts';
import { explainAccountError } from './database-errors.ts';
import type { AccountDeps, Client } from './deps.ts';
import { presentUser } from './present.ts';
import * as store from './store.ts';
import type { AccountTables } from './tables.ts';
import { hashSecret, newSecret } from './tokens.ts';

type Deps = Pick<AccountDeps, 'database' | 'credentials' | 'onAccountDisabled' | 'onAccountDisabled'>;
type Page = { limit: number; offset: number };
type Tx = Kysely<AccountTables>;

const days = 24 * 3600_000;
const noSuchAccount = () => new AppError('not_found', 'There is no such account.');

export interface QuotaChange {
  /** Null for no end. */
  quota_bytes?: number | null | undefined;
  quota_photos?: number | null | undefined;
}

export async function listUsers(deps: Deps, caller: Caller, page: Page) {
  const { principal } = requireAllowed(caller, 'user.administer');
  const { items, total } = await deps.database.as(principal, (tx: Tx) => store.listUsers(tx, page));
  return { items: items.map(presentUser), total, ...page };
}

/**
 * Makes an account for somebody, who sets the password by the link that is answered. Quotas that are not named are those
 * of whoever signs up.
 * @throws AppError `conflict` for a name or an e-mail that is taken
 */
export async function createUser(
  deps: Pick<AccountDeps, 'database' | 'passwords' | 'quota'>,
  caller: Caller,
  input: { username: string; email?: string | undefined; role: 'admin' | 'user' } & QuotaChange,
  client: Client,
) {
  const user = requireAllowed(caller, 'user.administer');
  const id = uuidv7();
  // Nobody knows this one: until the link is used there is no way in.
  const passwordHash = await deps.passwords.hash(newSecret());
  const { username, email = null, role } = input;
  const { quota_bytes = deps.quota.bytes, quota_photos = deps.quota.photos } = input;
  return deps.database
    .as(user.principal, async (tx: Tx) => {
      if (!(await store.createUser(tx, { id, username, email, role, passwordHash }))) {
        throw new AppError('forbidden', 'Only an administrator may do this.');
      }
      await store.setQuota(tx, id, { quota_bytes, quota_photos });
      const subject = { kind: 'user', id } as const;
      const details = { role, quota_bytes, quota_photos };
      await recordAudit(tx, { action: 'user_created', subject, details, address: client.ip });
      const reset_link = await makeResetLink(tx, user, id, 14 * days, client);
      const row = await store.findUser(tx, id);
      if (!row) throw noSuchAccount();
      return { user: presentUser(row), reset_link };
    })
    .catch((error) => explainAccountError(error, { username }));
}

/**
 * Disables an account (its sessions end at once), enables it again, changes its role, or what it may keep.
 * @throws AppError `not_found`, `conflict` when no administrator would be left
 */
export async function changeUser(
  deps: Deps,
  caller: Caller,
  userId: string,
  change: { role?: 'admin' | 'user' | undefined; disabled?: boolean | undefined } & QuotaChange,
  client: Client,
) {
  const { principal } = requireAllowed(caller, 'user.administer');
  const { role, disabled, ...quota } = change;
  const row = await deps.database
    .as(principal, async (tx: Tx) => {
      if (!(await store.setAccountState(tx, userId, { role, disabled }))) throw noSuchAccount();
      if (Object.keys(quota).length > 0) await store.setQuota(tx, userId, quota);
      const entry = { subject: { kind: 'user', id: userId } as const, address: client.ip };
      if (disabled !== undefined) {
        await recordAudit(tx, { action: disabled ? 'user_disabled' : 'user_enabled', ...entry });
      }
      const details = { ...(role ? { role } : {}), ...quota };
      if (Object.keys(details).length > 0) await recordAudit(tx, { action: 'user_changed', details, ...entry });
      return store.findUser(tx, userId);
    })
    .catch((error) => explainAccountError(error));
  deps.credentials.forget({ userId });
  if (disabled !== undefined) await deps.onAccountDisabled();
  if (!row) throw noSuchAccount();
  return presentUser(row);
}

/** A link that lets one person set a new password, once, within a day. */
export async function createResetLink(deps: Deps, caller: Caller, userId: string, client: Client) {
  const user = requireAllowed(caller, 'user.administer');
  return deps.database.as(user.principal, async (tx: Tx) => {
    if (!(await store.findUser(tx, userId))) throw noSuchAccount();
    return makeResetLink(tx, user, userId, days, client);
  });
}

async function makeResetLink(tx: Tx, maker: UserCaller, userId: string, lifetimeMs: number, client: Client) {
  const secret = newSecret();
  const expiresAt = new Date(Date.now() + lifetimeMs);
  await store.insertOneTimeToken(tx, {
    id: uuidv7(),
    kind: 'reset',
    token_hash: hashSecret(secret),
    user_id: userId,
    created_by: maker.userId,
    expires_at: expiresAt,
  });
  await recordAudit(tx, { action: 'reset_link_made', subject: { kind: 'user', id: userId }, address: client.ip });
  return { url: `${client.publicUrl}/reset?token=${secret}`, expires_at: expiresAt.toISOString() };
}
