import type { Kysely } from 'kysely';
import { requireAllowed } from '#features/access/index.ts';
import { recordAudit } from '#features/audit/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller, UserCaller } from '#platform/http/caller.ts';
import { explainAccountError } from './database-errors.ts';
import type { AccountDeps, Client } from './deps.ts';
import { presentUser } from './present.ts';
import { requirePassword } from './require-password.ts';
import { changeOwnPassword, findUser, updateProfile } from './store.ts';
import type { AccountTables } from './tables.ts';

/** The caller's own account. */
export async function readAccount(deps: Pick<AccountDeps, 'database'>, caller: Caller) {
  const { principal, userId } = requireAllowed(caller, 'account.read');
  const row = await deps.database.as(principal, (tx: Kysely<AccountTables>) => findUser(tx, userId));
  if (!row) throw new AppError('unauthorized', 'This account is gone.');
  return presentUser(row);
}

export interface ProfileChange {
  username?: string | undefined;
  email?: string | null | undefined;
  display_name?: string | null | undefined;
  avatar_by_email?: boolean | undefined;
  current_password?: string | undefined;
}

/**
 * Changes names freely, and the e-mail (to which reset links go) only with the current password.
 * @throws AppError `validation_error`, `forbidden`, `conflict`
 */
export async function changeProfile(
  deps: Pick<AccountDeps, 'database' | 'passwords' | 'limits' | 'credentials'>,
  caller: Caller,
  change: ProfileChange,
  client: Client,
) {
  const user = requireAllowed(caller, 'account.change');
  const { current_password: password, ...fields } = change;
  if (fields.email !== undefined) {
    if (!password) {
      throw new AppError('validation_error', 'Changing the e-mail needs your current password.', {
        field: 'current_password',
      });
    }
    await requirePassword(deps, user, password, client, 'current_password');
  }
  const row = await deps.database
    .as(user.principal, async (tx: Kysely<AccountTables>) => {
      await updateProfile(tx, user.userId, fields);
      const details = { fields: Object.keys(fields) };
      await recordAudit(tx, { action: 'account_changed', subject: subjectOf(user), details, address: client.ip });
      return findUser(tx, user.userId);
    })
    .catch((error) => explainAccountError(error, { username: fields.username }));
  if (fields.username) deps.credentials.forget({ userId: user.userId });
  if (!row) throw new AppError('unauthorized', 'This account is gone.');
  return presentUser(row);
}

/**
 * Sets a new password and ends every other session and open reset link. API keys stay: they are listed beside.
 * @throws AppError `forbidden` when the current one is wrong, `validation_error` when the new one is weak
 */
export async function changePassword(
  deps: Pick<AccountDeps, 'database' | 'passwords' | 'limits' | 'credentials'>,
  caller: Caller,
  input: { current_password: string; new_password: string },
  client: Client,
): Promise<void> {
  const user = requireAllowed(caller, 'account.change');
  await requirePassword(deps, user, input.current_password, client, 'current_password');
  await deps.passwords.requireStrong(input.new_password, { username: user.username });
  const hash = await deps.passwords.hash(input.new_password);
  await deps.database.as(user.principal, async (tx: Kysely<AccountTables>) => {
    await changeOwnPassword(tx, hash, user.credentialId);
    await recordAudit(tx, { action: 'password_changed', subject: subjectOf(user), address: client.ip });
  });
  deps.credentials.forget({ userId: user.userId });
}

const subjectOf = ({ userId: id }: UserCaller) => ({ kind: 'user', id }) as const;
