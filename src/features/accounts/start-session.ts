import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { recordAudit } from '#features/audit/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { AccountDeps, Client } from './deps.ts';
import { presentUser } from './present.ts';
import { findUser, insertSession } from './store.ts';
import type { AccountTables } from './tables.ts';
import { hashSecret, newSecret } from './tokens.ts';

/** A session lasts this long at the most, and thirty days without use. */
const lifetimeSeconds = 90 * 24 * 3600;

/** Makes a new session for a person who has just shown who they are; a session is never carried over a sign-in. */
export async function startSession(deps: Pick<AccountDeps, 'database' | 'tokens'>, userId: string, client: Client) {
  const secret = newSecret();
  const expiresAt = new Date(Date.now() + lifetimeSeconds * 1000);
  const id = uuidv7();
  const kind = client.isBrowser ? 'browser' : 'token';
  const user = await deps.database.as({ kind: 'user', id: userId }, async (tx: Kysely<AccountTables>) => {
    await insertSession(tx, {
      id,
      user_id: userId,
      token_hash: hashSecret(secret),
      kind,
      user_agent: client.userAgent?.slice(0, 300) ?? null,
      ip: client.ip || null,
      expires_at: expiresAt,
    });
    const subject = { kind: 'session', id } as const;
    await recordAudit(tx, { action: 'sign_in', subject, details: { kind }, address: client.ip });
    return findUser(tx, userId);
  });
  if (!user) throw new AppError('unauthorized', 'This account is gone.');
  return {
    cookie: { secret, maxAgeSeconds: lifetimeSeconds },
    body: {
      access_token: await deps.tokens.issue({ secret, userId, expiresAt }),
      token_type: 'bearer' as const,
      expires_in: lifetimeSeconds,
      user: presentUser(user),
    },
  };
}
