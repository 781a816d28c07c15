import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { recordAudit } from '#features/audit/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller, Scope } from '#platform/http/caller.ts';
import type { AccountDeps, Client } from './deps.ts';
import * as store from './store.ts';
import type { AccountTables } from './tables.ts';
import { apiKeyPrefix, hashSecret, newSecret } from './tokens.ts';

type Deps = Pick<AccountDeps, 'database' | 'credentials'>;

export async function listApiKeys(deps: Deps, caller: Caller, page: { limit: number; offset: number }) {
  const user = requireAllowed(caller, 'api_key.list');
  const { items, total } = await deps.database.as(user.principal, (tx: Kysely<AccountTables>) =>
    store.listApiKeys(tx, user.userId, page),
  );
  return {
    items: items.map((row) => ({
      id: row.id,
      name: row.name,
      prefix: row.prefix,
      scopes: row.scopes as Scope[],
      created_at: row.created_at.toISOString(),
      last_used_at: row.last_used_at?.toISOString() ?? null,
      expires_at: row.expires_at?.toISOString() ?? null,
    })),
    total,
    ...page,
  };
}

/** @returns the key once; only its hash is kept. A key cannot make keys: the action is for people alone. */
export async function createApiKey(
  deps: Deps,
  caller: Caller,
  input: { name: string; scopes: Scope[]; expires_at?: string | undefined },
  client: Client,
) {
  const user = requireAllowed(caller, 'api_key.create');
  const expiresAt = input.expires_at ? new Date(input.expires_at) : null;
  if (expiresAt && expiresAt.getTime() <= Date.now()) {
    throw new AppError('validation_error', 'The key would have expired already. Choose a later day.', {
      field: 'expires_at',
    });
  }
  const key = `${apiKeyPrefix}${newSecret()}`;
  const row = {
    id: uuidv7(),
    user_id: user.userId,
    name: input.name,
    prefix: key.slice(0, apiKeyPrefix.length + 4),
    key_hash: hashSecret(key),
    scopes: [...new Set(input.scopes)],
    expires_at: expiresAt,
  };
  const { created_at } = await deps.database.as(user.principal, async (tx: Kysely<AccountTables>) => {
    const details = { scopes: row.scopes, expires_at: expiresAt?.toISOString() ?? null };
    await recordAudit(tx, {
      action: 'key_created',
      subject: { kind: 'api_key', id: row.id },
      details,
      address: client.ip,
    });
    return store.insertApiKey(tx, row);
  });
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes,
    created_at: created_at.toISOString(),
    last_used_at: null,
    expires_at: expiresAt?.toISOString() ?? null,
    key,
  };
}

export async function revokeApiKey(deps: Deps, caller: Caller, id: string, client: Client): Promise<void> {
  const user = requireAllowed(caller, 'api_key.revoke');
  await deps.database.as(user.principal, async (tx: Kysely<AccountTables>) => {
    await requireAccess(tx, caller, 'api_key.revoke', [id]);
    await store.deleteApiKey(tx, id);
    await recordAudit(tx, { action: 'key_revoked', subject: { kind: 'api_key', id }, address: client.ip });
  });
  deps.credentials.forget({ credentialId: id });
}
