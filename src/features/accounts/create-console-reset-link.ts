import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { recordAudit } from '#features/audit/index.ts';
import type { Database } from '#platform/database/database.ts';
import { anonymous } from '#platform/database/principal.ts';
import { AppError } from '#platform/http/app-error.ts';
import { findSoleOwner, findUserByName, insertOneTimeToken } from './store.ts';
import type { AccountTables } from './tables.ts';
import { hashSecret, newSecret } from './tokens.ts';

type Tx = Kysely<AccountTables>;

/**
 * A reset link for whoever sits at the machine the library is on: the way back in for an administrator who forgot the
 * password and has no mail server. Acts as the first administrator.
 * @returns the path with the token, to be opened at the server's address within an hour
 * @throws AppError `not_found`
 */
export async function createConsoleResetLink(deps: { database: Database }, username: string): Promise<string> {
  const admin = await deps.database.as(anonymous, (tx: Tx) => findSoleOwner(tx));
  if (!admin) throw new AppError('not_found', 'This library has no account yet: open it and sign up.');
  const secret = newSecret();
  await deps.database.as({ kind: 'user', id: admin.user_id }, async (tx: Tx) => {
    const user = await findUserByName(tx, username);
    if (!user) throw new AppError('not_found', `There is no account called “${username}”.`);
    await insertOneTimeToken(tx, {
      id: uuidv7(),
      kind: 'reset',
      token_hash: hashSecret(secret),
      user_id: user.id,
      created_by: admin.user_id,
      expires_at: new Date(Date.now() + 3600_000),
    });
    const subject = { kind: 'user', id: user.id } as const;
    await recordAudit(tx, { action: 'reset_link_made', subject, details: { by: 'console' } });
  });
  return `/reset?token=${secret}`;
}
