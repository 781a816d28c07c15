import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { requireAllowed } from '#features/access/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import { explainAccountError } from './database-errors.ts';
import type { AccountDeps, Client } from './deps.ts';
import { presentUser } from './present.ts';
import * as store from './store.ts';
import type { AccountTables } from './tables.ts';
import { hashSecret, newSecret } from './tokens.ts';

type Deps = Pick<AccountDeps, 'database' | 'credentials'>;
type Page = { limit: number; offset: number };
type Tx = Kysely<AccountTables>;

const days = 24 * 3600_000;
const noSuchAccount = () => new AppError('not_found', 'There is no such account.');

export async function listUsers(deps: Deps, caller: Caller, page: Page) {
  const { principal } = requireAllowed(caller, 'user.administer');
  const { items, total } = await deps.database.as(principal, (tx: Tx) => store.listUsers(tx, page));
  return { items: items.map(presentUser), total, ...page };
}

/**
 * Disables an account (its sessions end at once), enables it again, or changes its role.
 * @throws AppError `not_found`, `conflict` when no administrator would be left
 */
export async function changeUser(
  deps: Deps,
  caller: Caller,
  userId: string,
  state: { role?: 'admin' | 'user' | undefined; disabled?: boolean | undefined },
) {
  const { principal } = requireAllowed(caller, 'user.administer');
  const row = await deps.database
    .as(principal, async (tx: Tx) =>
      (await store.setAccountState(tx, userId, state)) ? store.findUser(tx, userId) : undefined,
    )
    .catch((error) => explainAccountError(error));
  deps.credentials.forget({ userId });
  if (!row) throw noSuchAccount();
  return presentUser(row);
}

/** A link that lets one person set a new password, once, within a day. */
export async function createResetLink(deps: Deps, caller: Caller, userId: string, client: Client) {
  const user = requireAllowed(caller, 'user.administer');
  const secret = newSecret();
  const expiresAt = new Date(Date.now() + days);
  await deps.database.as(user.principal, async (tx: Tx) => {
    if (!(await store.findUser(tx, userId))) throw noSuchAccount();
    await store.insertOneTimeToken(tx, {
      id: uuidv7(),
      kind: 'reset',
      token_hash: hashSecret(secret),
      user_id: userId,
      created_by: user.userId,
      expires_at: expiresAt,
    });
  });
  return { url: `${client.publicUrl}/reset?token=${secret}`, expires_at: expiresAt.toISOString() };
}

export async function listInvitations(deps: Deps, caller: Caller, page: Page) {
  const { principal } = requireAllowed(caller, 'user.administer');
  const { items, total } = await deps.database.as(principal, (tx: Tx) => store.listInvitations(tx, page));
  return {
    items: items.map((row) => ({
      id: row.id,
      created_at: row.created_at.toISOString(),
      expires_at: row.expires_at.toISOString(),
      used: row.used_at !== null,
    })),
    total,
    ...page,
  };
}

/** A link by which one person may sign up, once, within a fortnight. */
export async function createInvitation(deps: Deps, caller: Caller, client: Client) {
  const user = requireAllowed(caller, 'user.administer');
  const secret = newSecret();
  const id = uuidv7();
  const expiresAt = new Date(Date.now() + 14 * days);
  await deps.database.as(user.principal, (tx: Tx) =>
    store.insertOneTimeToken(tx, {
      id,
      kind: 'invitation',
      token_hash: hashSecret(secret),
      user_id: null,
      created_by: user.userId,
      expires_at: expiresAt,
    }),
  );
  return { id, url: `${client.publicUrl}/signup?invitation=${secret}`, expires_at: expiresAt.toISOString() };
}

export async function revokeInvitation(deps: Deps, caller: Caller, id: string): Promise<void> {
  const { principal } = requireAllowed(caller, 'user.administer');
  const deleted = await deps.database.as(principal, (tx: Tx) => store.deleteInvitation(tx, id));
  if (!deleted) throw new AppError('not_found', 'There is no such invitation.');
}
