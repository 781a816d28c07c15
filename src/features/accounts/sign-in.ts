import type { Kysely } from 'kysely';
import { recordAudit } from '#features/audit/index.ts';
import { anonymous } from '#platform/database/principal.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { AccountDeps, Client } from './deps.ts';
import { startSession } from './start-session.ts';
import { findLogin } from './store.ts';
import type { AccountTables } from './tables.ts';

/**
 * Signs in by username or e-mail. A wrong name, a wrong password and a disabled account answer alike and take as long.
 * @throws AppError `unauthorized`, `rate_limited`
 */
export async function signIn(
  deps: Pick<AccountDeps, 'database' | 'tokens' | 'passwords' | 'limits'>,
  input: { username: string; password: string },
  client: Client,
) {
  await deps.limits.beforeSignIn(input.username, client.network);
  const account = await deps.database.as(anonymous, (tx: Kysely<AccountTables>) => findLogin(tx, input.username));
  const matches = await deps.passwords.verify(input.password, account?.password_hash ?? null);
  if (!account || !matches || account.disabled) {
    // What was typed as a name may be a password: it is kept only where it is the name of an account, which is looked up.
    const details = { reason: !account ? 'no_account' : matches ? 'disabled' : 'password' };
    const subject = account && ({ kind: 'user', id: account.user_id } as const);
    await deps.database.as(anonymous, (tx) =>
      recordAudit(tx, { action: 'sign_in_failed', subject, details, address: client.ip }),
    );
    throw new AppError('unauthorized', 'That username or e-mail and password do not match.');
  }
  await deps.limits.afterSignIn(input.username, client.network);
  return startSession(deps, account.user_id, client);
}
