import type { Kysely } from 'kysely';
import { recordAudit } from '#features/audit/index.ts';
import { anonymous } from '#platform/database/principal.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { AccountDeps, Client } from './deps.ts';
import { type Lifetime, startSession } from './start-session.ts';
import { findLogin, rehashOwnPassword } from './store.ts';
import type { AccountTables } from './tables.ts';

/**
 * Signs in by username or e-mail. A wrong name, a wrong password and a disabled account answer alike and take as long.
 * @throws AppError `unauthorized`, `rate_limited`
 */
export async function signIn(
  deps: Pick<AccountDeps, 'database' | 'tokens' | 'passwords' | 'limits' | 'formOf'>,
  input: { username: string; password: string },
  client: Client,
  lifetime?: Lifetime,
) {
  await deps.limits.beforeSignIn(input.username, client.network);
  const account = await deps.database.as(anonymous, (tx: Kysely<AccountTables>) => findLogin(tx, input.username));
  const form = account ? undefined : await deps.formOf(input.username);
  const matches = await deps.passwords.verify(input.password, account?.password_hash ?? null, form);
  if (!account || !matches || account.disabled) {
    // What was typed as a name may be a password: it is kept only where it is the name of an account, which is looked up.
    const details = { reason: !account ? 'no_account' : matches ? 'disabled' : 'password' };
    const subject = account && ({ kind: 'user', id: account.user_id } as const);
    await deps.database.as(anonymous, (tx) =>
      recordAudit(tx, { action: 'sign_in_failed', subject, details, address: client.ip }),
    );
    const refusal = new AppError('unauthorized', 'That username or e-mail and password do not match.');
    // For clients of earlier systems, which told it to whoever knew the password; this library's own answer leaves it out.
    if (account?.disabled && matches) refusal.cause = 'disabled';
    throw refusal;
  }
  await deps.limits.afterSignIn(input.username, client.network);
  if (deps.passwords.isEarlier(account.password_hash)) await renewHash(deps, account, input.password);
  return startSession(deps, account.user_id, client, lifetime);
}

/** Now that the password is here, it is kept as this library keeps passwords. */
async function renewHash(
  deps: Pick<AccountDeps, 'database' | 'passwords'>,
  account: { user_id: string; password_hash: string },
  password: string,
): Promise<void> {
  const hash = await deps.passwords.hash(password);
  await deps.database.as({ kind: 'user', id: account.user_id }, (tx: Kysely<AccountTables>) =>
    rehashOwnPassword(tx, account.password_hash, hash),
  );
}
