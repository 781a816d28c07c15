import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { recordAudit } from '#features/audit/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { AccountDeps, Client } from './deps.ts';
import { presentUser } from './present.ts';
import { findUser, insertRenewalToken, insertSession } from './store.ts';
import type { AccountTables } from './tables.ts';
import { hashSecret, newSecret } from './tokens.ts';

/** How long a session goes on, in seconds. What is left out is as it is for this library's own clients. */
export interface Lifetime {
  /** At the most; with {@link Lifetime.accessSeconds}, from the last renewal on. */
  readonly seconds?: number;
  /** Without use. */
  readonly idleSeconds?: number;
  /** What the access token is good for, where it is renewed by another token that is good once. */
  readonly accessSeconds?: number;
}

/** A session lasts this long at the most, and thirty days without use. */
const lifetimeSeconds = 90 * 24 * 3600;

/** Makes a new session for a person who has just shown who they are; a session is never carried over a sign-in. */
export async function startSession(
  deps: Pick<AccountDeps, 'database' | 'tokens'>,
  userId: string,
  client: Client,
  lifetime: Lifetime = {},
) {
  const { seconds = lifetimeSeconds, idleSeconds, accessSeconds } = lifetime;
  const secret = newSecret();
  const renewal = accessSeconds === undefined ? null : newSecret();
  const expiresAt = inSeconds(seconds);
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
      bearer_only: renewal !== null,
      ...(idleSeconds === undefined ? {} : { idle_seconds: idleSeconds }),
    });
    if (renewal) await insertRenewalToken(tx, { token_hash: hashSecret(renewal), session_id: id, user_id: userId });
    const subject = { kind: 'session', id } as const;
    await recordAudit(tx, { action: 'sign_in', subject, details: { kind }, address: client.ip });
    return findUser(tx, userId);
  });
  if (!user) throw new AppError('unauthorized', 'This account is gone.');
  const accessUntil = accessSeconds === undefined ? expiresAt : inSeconds(accessSeconds);
  return {
    cookie: { secret, maxAgeSeconds: seconds },
    sessionId: id,
    /** Shown to `renewSession` once; null where the session is not renewed. */
    renewalToken: renewal && toRenewalToken(secret, renewal),
    body: {
      access_token: await deps.tokens.issue({ secret, userId, expiresAt: accessUntil }),
      token_type: 'bearer' as const,
      expires_in: accessSeconds ?? seconds,
      user: presentUser(user),
    },
  };
}

export const inSeconds = (seconds: number): Date => new Date(Date.now() + seconds * 1000);

/** The session's secret and the renewal's: kept as hashes, the server can make no access token without being shown both. */
export const toRenewalToken = (secret: string, renewal: string): string => `${secret}.${renewal}`;
