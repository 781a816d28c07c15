import type { Kysely } from 'kysely';
import { requireAllowed } from '#features/access/index.ts';
import { recordAudit } from '#features/audit/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import { explainAccountError } from './database-errors.ts';
import type { AccountDeps, Client } from './deps.ts';
import { requirePassword } from './require-password.ts';
import { deleteAccount as deleteRows, findUser } from './store.ts';
import type { AccountTables } from './tables.ts';

type Deps = Pick<AccountDeps, 'database' | 'passwords' | 'limits' | 'credentials' | 'onAccountDeleted'>;

/**
 * Deletes an account and all that is in it: rows cascade, sessions and signed URLs end at once, and blobs that nobody
 * else refers to go by a job.
 * @param userId the account; null for the caller's own
 * @throws AppError `forbidden` for a wrong password, `validation_error` for a wrong confirmation, `not_found`,
 *   `conflict` for the last administrator of a library that has other people
 */
export async function deleteAccount(
  deps: Deps,
  caller: Caller,
  userId: string | null,
  input: { password: string; confirm: string },
  client: Client,
): Promise<void> {
  const user = requireAllowed(caller, userId === null ? 'account.delete' : 'user.administer');
  const target = userId ?? user.userId;
  const row = await deps.database.as(user.principal, (tx: Kysely<AccountTables>) => findUser(tx, target));
  if (!row) throw new AppError('not_found', 'There is no such account.');
  await requirePassword(deps, user, input.password, client);
  if (input.confirm !== row.username) {
    throw new AppError('validation_error', `Type the username “${row.username}” to confirm.`, { field: 'confirm' });
  }
  await deps.database
    .as(user.principal, async (tx: Kysely<AccountTables>) => {
      // Before it is gone, or the log would know neither of them by name.
      await recordAudit(tx, {
        action: userId === null ? 'account_deleted' : 'user_deleted',
        subject: { kind: 'user', id: target },
        address: client.ip,
      });
      if (!(await deleteRows(tx, target))) throw new AppError('not_found', 'There is no such account.');
    })
    .catch((error) => explainAccountError(error));
  deps.credentials.forget({ userId: target });
  await deps.onAccountDeleted();
}
