import type { Kysely } from 'kysely';
import { recordAudit } from '#features/audit/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import { readEarlierPassword } from './earlier-passwords.ts';
import { importPerson as insertPerson, type Quota, setAccountState, setQuota } from './store.ts';
import type { AccountTables } from './tables.ts';

export interface ImportedPerson {
  /** A UUID that no account here has. */
  readonly id: string;
  readonly username: string;
  readonly email: string | null;
  readonly displayName: string | null;
  /** As the earlier system kept it, or as this one does. */
  readonly passwordHash: string;
  readonly createdAt: Date | null;
  readonly isDisabled?: boolean;
}

/** Whether a hash can be taken along: of a form that is known, and no dearer to verify than a sign-in may be. */
export const isUsableHash = (hash: string): boolean => readEarlierPassword(hash) !== null;

/**
 * Makes the account of somebody who comes from an earlier system; their password goes on. In the administrator's
 * transaction, so that what remembers where they came from is committed with it.
 * @throws AppError `forbidden`, `validation_error` for a hash that cannot be verified here; PostgreSQL's 23505 for a name
 *   or an e-mail that is taken
 */
export async function importPerson(
  tx: Kysely<AccountTables>,
  person: ImportedPerson,
  terms: { readonly system: string; readonly quota: Quota },
): Promise<void> {
  if (!isUsableHash(person.passwordHash)) {
    throw new AppError('validation_error', 'This password is kept in a form that cannot be verified here.');
  }
  if (!(await insertPerson(tx, person))) throw new AppError('forbidden', 'Only an administrator may do this.');
  await setQuota(tx, person.id, { quota_bytes: terms.quota.bytes, quota_photos: terms.quota.photos });
  if (person.isDisabled) await setAccountState(tx, person.id, { disabled: true });
  const subject = { kind: 'user', id: person.id } as const;
  await recordAudit(tx, { action: 'user_created', subject, details: { by: 'import', system: terms.system } });
}
