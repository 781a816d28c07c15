import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { recordAudit } from '#features/audit/index.ts';
import { anonymous } from '#platform/database/principal.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { AccountDeps, Client } from './deps.ts';
import { consumeReset, requestReset as insertReset } from './store.ts';
import type { AccountTables } from './tables.ts';
import { hashSecret, newSecret } from './tokens.ts';

const goodForMinutes = 60;

/**
 * Mails a reset link to an address, if an account has it; what is answered does not tell.
 * @throws AppError `unavailable` where no mail server is configured, `rate_limited`
 */
export async function requestReset(
  deps: Pick<AccountDeps, 'database' | 'mailer' | 'limits'>,
  email: string,
  client: Client,
): Promise<void> {
  if (!deps.mailer) {
    throw new AppError('unavailable', 'This server sends no mail. An administrator can make you a reset link.');
  }
  await deps.limits.beforeReset(client.network);
  const secret = newSecret();
  const token = {
    id: uuidv7(),
    email,
    tokenHash: hashSecret(secret),
    expiresAt: new Date(Date.now() + goodForMinutes * 60_000),
  };
  const found = await deps.database.as(anonymous, async (tx: Kysely<AccountTables>) => {
    const account = await insertReset(tx, token);
    const subject = account && ({ kind: 'user', id: account.user_id } as const);
    const details = { by: 'mail' };
    if (subject) await recordAudit(tx, { action: 'reset_link_made', subject, details, address: client.ip });
    return account;
  });
  if (!found) return;
  deps.mailer.send({
    to: email,
    subject: 'Set a new Tintype password',
    text: [
      `Hello ${found.username},`,
      '',
      `open this address within ${goodForMinutes} minutes to set a new password:`,
      `${client.publicUrl}/reset?token=${secret}`,
      '',
      'If you did not ask for it, nothing needs to be done: your password stays as it is.',
    ].join('\n'),
  });
}

/**
 * Sets a password by a reset link, once, and ends all sessions.
 * @throws AppError `gone` when the link was used or has expired, `validation_error` for a weak password
 */
export async function resetPassword(
  deps: Pick<AccountDeps, 'database' | 'passwords' | 'limits' | 'credentials'>,
  input: { token: string; password: string },
  client: Client,
): Promise<void> {
  await deps.limits.beforeReset(client.network);
  await deps.passwords.requireStrong(input.password, {});
  const hash = await deps.passwords.hash(input.password);
  const userId = await deps.database.as(anonymous, async (tx: Kysely<AccountTables>) => {
    const id = await consumeReset(tx, hashSecret(input.token), hash);
    if (id) await recordAudit(tx, { action: 'password_reset', subject: { kind: 'user', id }, address: client.ip });
    return id;
  });
  if (!userId) throw new AppError('gone', 'This link was used already or is too old. Ask for a new one.');
  deps.credentials.forget({ userId });
}
