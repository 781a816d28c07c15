import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { Config } from '#config.ts';
import { recordAudit } from '#features/audit/index.ts';
import { anonymous } from '#platform/database/principal.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { AccountDeps } from './deps.ts';
import { findSoleOwner, hasUsers, registerUser } from './store.ts';
import type { AccountTables } from './tables.ts';
import { newSecret } from './tokens.ts';

type Tx = Kysely<AccountTables>;

/**
 * Before serving: makes the account that the configuration names, or the owner of single mode, in an empty library.
 * @returns who everybody is in single mode, else null
 */
export async function ensureFirstAccount(
  deps: Pick<AccountDeps, 'database' | 'passwords'> & { config: Pick<Config, 'mode' | 'firstAdmin'> },
): Promise<UserCaller | null> {
  const { mode, firstAdmin } = deps.config;
  const first = firstAdmin ?? (mode === 'single' ? { username: 'owner', password: newSecret() } : null);
  if (first && !(await deps.database.as(anonymous, (tx: Tx) => hasUsers(tx)))) {
    await deps.passwords.requireStrong(first.password, { username: first.username });
    const passwordHash = await deps.passwords.hash(first.password);
    const id = uuidv7();
    await deps.database
      .as(anonymous, async (tx: Tx) => {
        const quota = { bytes: null, photos: null };
        const terms = { firstAllowed: true, open: false, invitationHash: null, quota };
        const role = await registerUser(tx, { id, username: first.username, email: null, passwordHash }, terms);
        const subject = { kind: 'user', id } as const;
        await recordAudit(tx, { action: 'account_created', subject, details: { role, by: 'configuration' } });
      })
      // Another server of the same library was quicker: then its account is the first, and that is as good.
      .catch((error: { code?: string }) => {
        if (error.code !== 'TT002') throw error;
      });
  }
  if (mode !== 'single') return null;
  const owner = await deps.database.as(anonymous, (tx: Tx) => findSoleOwner(tx));
  if (!owner) throw new Error('TINTYPE_MODE: single mode needs an administrator, and this library has none.');
  return {
    kind: 'user',
    principal: { kind: 'user', id: owner.user_id },
    userId: owner.user_id,
    username: owner.username,
    role: 'admin',
    via: 'single',
    credentialId: owner.user_id,
    scopes: null,
    expiresAt: null,
  };
}
