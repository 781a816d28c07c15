import { timingSafeEqual } from 'node:crypto';
import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { recordAudit } from '#features/audit/index.ts';
import { anonymous } from '#platform/database/principal.ts';
import { explainAccountError } from './database-errors.ts';
import type { AccountDeps, Client } from './deps.ts';
import { type Lifetime, startSession } from './start-session.ts';
import { registerUser as insertUser } from './store.ts';
import type { AccountTables } from './tables.ts';
import { hashSecret } from './tokens.ts';

export interface Registration {
  username: string;
  email?: string | undefined;
  password: string;
  invitation?: string | undefined;
  setup_token?: string | undefined;
}

type Deps = Pick<AccountDeps, 'database' | 'tokens' | 'passwords' | 'limits' | 'registration' | 'setupToken' | 'quota'>;

/**
 * Signs a new person up and in. The first account of a library, by whatever way it comes, becomes its administrator.
 * @throws AppError `validation_error` for a weak password, `conflict` for a taken name, `forbidden` where sign-up is
 *   not open to them, `rate_limited`
 */
export async function registerUser(deps: Deps, input: Registration, client: Client, lifetime?: Lifetime) {
  await deps.limits.beforeSignUp(client.network);
  await deps.passwords.requireStrong(input.password, input);
  const passwordHash = await deps.passwords.hash(input.password);
  const id = uuidv7();
  await deps.database
    .as(anonymous, async (tx: Kysely<AccountTables>) => {
      const role = await insertUser(
        tx,
        { id, username: input.username, email: input.email ?? null, passwordHash },
        {
          firstAllowed: deps.setupToken === null || isSame(input.setup_token ?? '', deps.setupToken),
          open: deps.registration === 'open',
          invitationHash: deps.registration === 'invite' && input.invitation ? hashSecret(input.invitation) : null,
          quota: deps.quota,
        },
      );
      const subject = { kind: 'user', id } as const;
      await recordAudit(tx, { action: 'account_created', subject, details: { role }, address: client.ip });
    })
    .catch((error) => explainAccountError(error, { username: input.username }));
  return startSession(deps, id, client, lifetime);
}

// Both are hashed first, so that their lengths are equal and neither is timed.
const isSame = (given: string, expected: string): boolean => timingSafeEqual(hashSecret(given), hashSecret(expected));
