import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { requireAllowed } from '#features/access/index.ts';
import { recordAudit } from '#features/audit/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { AccountDeps, Client } from './deps.ts';
import * as store from './store.ts';
import type { AccountTables } from './tables.ts';
import { hashSecret, newSecret } from './tokens.ts';

type Deps = Pick<AccountDeps, 'database'>;
type Tx = Kysely<AccountTables>;

const lifetimeMs = 14 * 24 * 3600_000;

export async function listInvitations(deps: Deps, caller: Caller, page: { limit: number; offset: number }) {
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
  const expiresAt = new Date(Date.now() + lifetimeMs);
  await deps.database.as(user.principal, async (tx: Tx) => {
    await store.insertOneTimeToken(tx, {
      id,
      kind: 'invitation',
      token_hash: hashSecret(secret),
      user_id: null,
      created_by: user.userId,
      expires_at: expiresAt,
    });
    await recordAudit(tx, { action: 'invitation_made', subject: { kind: 'invitation', id }, address: client.ip });
  });
  return { id, url: `${client.publicUrl}/signup?invitation=${secret}`, expires_at: expiresAt.toISOString() };
}

/** @throws AppError `not_found` */
export async function revokeInvitation(deps: Deps, caller: Caller, id: string, client: Client): Promise<void> {
  const { principal } = requireAllowed(caller, 'user.administer');
  await deps.database.as(principal, async (tx: Tx) => {
    if (!(await store.deleteInvitation(tx, id))) throw new AppError('not_found', 'There is no such invitation.');
    await recordAudit(tx, { action: 'invitation_revoked', subject: { kind: 'invitation', id }, address: client.ip });
  });
}
