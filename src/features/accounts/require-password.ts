import type { Kysely } from 'kysely';
import { recordAudit } from '#features/audit/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { AccountDeps, Client } from './deps.ts';
import { ownPasswordHash } from './store.ts';
import type { AccountTables } from './tables.ts';

/**
 * Asks a person who is signed in for their password once more; counted against the same limits as signing in.
 * @throws AppError `forbidden` when it is wrong, `rate_limited`
 */
export async function requirePassword(
  deps: Pick<AccountDeps, 'database' | 'passwords' | 'limits'>,
  caller: UserCaller,
  password: string,
  client: Client,
  field = 'password',
): Promise<void> {
  await deps.limits.beforeSignIn(caller.username, client.network);
  const hash = await deps.database.as(caller.principal, (tx: Kysely<AccountTables>) => ownPasswordHash(tx));
  if (!(await deps.passwords.verify(password, hash))) {
    const subject = { kind: 'user', id: caller.userId } as const;
    const details = { reason: 'current_password' };
    await deps.database.as(caller.principal, (tx) =>
      recordAudit(tx, { action: 'sign_in_failed', subject, details, address: client.ip }),
    );
    throw new AppError('forbidden', 'That is not your current password.', { field });
  }
  await deps.limits.afterSignIn(caller.username, client.network);
}
