import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { recordAudit } from '#features/audit/index.ts';
import type { Caller, UserCaller } from '#platform/http/caller.ts';
import type { AccountDeps, Client } from './deps.ts';
import * as store from './store.ts';
import type { AccountTables } from './tables.ts';

type Deps = Pick<AccountDeps, 'database' | 'credentials'>;

export async function listSessions(deps: Deps, caller: Caller, page: { limit: number; offset: number }) {
  const user = requireAllowed(caller, 'session.list');
  const { items, total } = await deps.database.as(user.principal, (tx: Kysely<AccountTables>) =>
    store.listSessions(tx, user.userId, page),
  );
  return {
    items: items.map((row) => ({
      id: row.id,
      kind: row.kind,
      created_at: row.created_at.toISOString(),
      last_used_at: row.last_used_at.toISOString(),
      expires_at: row.expires_at.toISOString(),
      user_agent: row.user_agent,
      ip: row.ip,
      current: row.id === user.credentialId,
    })),
    total,
    ...page,
  };
}

/** Ends one session of the caller's; the next request with it is nobody's. */
export async function revokeSession(deps: Deps, caller: Caller, id: string, client: Client): Promise<void> {
  const user = requireAllowed(caller, 'session.revoke');
  await deps.database.as(user.principal, async (tx: Kysely<AccountTables>) => {
    await requireAccess(tx, caller, 'session.revoke', [id]);
    await store.deleteSession(tx, id);
    await recordAudit(tx, { action: 'session_revoked', subject: { kind: 'session', id }, address: client.ip });
  });
  deps.credentials.forget({ credentialId: id });
}

export async function revokeOtherSessions(deps: Deps, caller: Caller, client: Client): Promise<void> {
  const user = requireAllowed(caller, 'session.list');
  const ended = await deps.database.as(user.principal, async (tx: Kysely<AccountTables>) => {
    const ids = await store.deleteOtherSessions(tx, user.userId, user.credentialId);
    await recordAudit(tx, { action: 'session_revoked', details: { count: ids.length }, address: client.ip });
    return ids;
  });
  for (const credentialId of ended) deps.credentials.forget({ credentialId });
}

/** Ends the session that the request itself came with. */
export async function signOut(deps: Deps, caller: UserCaller, client: Client): Promise<void> {
  if (caller.via === 'api_key' || caller.via === 'single') return;
  const { principal, credentialId: id } = caller;
  await deps.database.as(principal, async (tx: Kysely<AccountTables>) => {
    await store.deleteSession(tx, id);
    await recordAudit(tx, { action: 'sign_out', subject: { kind: 'session', id }, address: client.ip });
  });
  deps.credentials.forget({ credentialId: id });
}
