import type { Kysely } from 'kysely';
import { anonymous } from '#platform/database/principal.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { AccountDeps } from './deps.ts';
import { inSeconds, type Lifetime, toRenewalToken } from './start-session.ts';
import { renewSession as renew } from './store.ts';
import type { AccountTables } from './tables.ts';
import { hashSecret, newSecret } from './tokens.ts';

/**
 * Carries a session on by its renewal token, which is good once: who shows one that was used up ends the session, since
 * two have it then. Access tokens given out before go on to their own end.
 * @param lifetime as the session was started with
 * @throws AppError `unauthorized` when it is none, was used, or its session has ended
 */
export async function renewSession(
  deps: Pick<AccountDeps, 'database' | 'tokens' | 'credentials'>,
  token: string,
  lifetime: Required<Pick<Lifetime, 'seconds' | 'accessSeconds'>>,
) {
  const [secret = '', renewal = ''] = token.length > 200 ? [] : token.split('.');
  const next = newSecret();
  const session = await deps.database.as(anonymous, (tx: Kysely<AccountTables>) =>
    renew(tx, {
      hash: hashSecret(renewal),
      secretHash: hashSecret(secret),
      nextHash: hashSecret(next),
      seconds: lifetime.seconds,
    }),
  );
  if (session && !session.user_id) deps.credentials.forget({ credentialId: session.session_id });
  if (!session?.user_id) throw new AppError('unauthorized', 'This session is over. Sign in again.');
  const expiresAt = inSeconds(lifetime.accessSeconds);
  return {
    userId: session.user_id,
    sessionId: session.session_id,
    renewalToken: toRenewalToken(secret, next),
    access_token: await deps.tokens.issue({ secret, userId: session.user_id, expiresAt }),
    expires_in: lifetime.accessSeconds,
  };
}
