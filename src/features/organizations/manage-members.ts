import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { recordAudit } from '#features/audit/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { OrganizationDeps } from './deps.ts';
import { explainError } from './explain-error.ts';
import { type MemberBody, presentMember } from './present-organization.ts';
import * as store from './store.ts';
import type { OrganizationRole, OrganizationTables } from './tables.ts';

type Tx = Kysely<OrganizationTables>;
type Deps = Pick<OrganizationDeps, 'database'>;

const noMember = (): AppError => new AppError('not_found', 'This person does not belong to the organization.');

/**
 * @param from the caller's address, for the log
 * @throws AppError `not_found`, `forbidden`, `conflict` when nobody else administers it
 */
export async function changeMember(
  deps: Deps,
  caller: Caller,
  id: string,
  userId: string,
  role: OrganizationRole,
  from: string,
): Promise<MemberBody> {
  const user = requireAllowed(caller, 'organization.administer');
  const change = async (tx: Tx): Promise<MemberBody> => {
    await requireAccess(tx, caller, 'organization.administer', [id]);
    if (!(await store.setRole(tx, id, userId, role))) throw noMember();
    const member = await store.findMember(tx, id, userId);
    if (!member) throw noMember();
    await recordAudit(tx, {
      action: 'organization_member_changed',
      subject: { kind: 'organization', id },
      details: { user_id: userId, role },
      address: from,
    });
    return presentMember(member);
  };
  return deps.database.as(user.principal, change).catch(explainError);
}

/**
 * Takes somebody out of an organization, or lets the caller leave it.
 * @throws AppError as {@link changeMember}
 */
export async function removeMember(
  deps: Deps,
  caller: Caller,
  id: string,
  userId: string,
  from: string,
): Promise<void> {
  const leaving = caller.kind === 'user' && caller.userId === userId;
  const action = leaving ? 'organization.leave' : 'organization.administer';
  const user = requireAllowed(caller, action);
  const remove = async (tx: Tx): Promise<void> => {
    await requireAccess(tx, caller, action, [id]);
    if (!(await store.removeMember(tx, id, userId))) throw noMember();
    await recordAudit(tx, {
      action: leaving ? 'organization_member_left' : 'organization_member_removed',
      subject: { kind: 'organization', id },
      details: { user_id: userId },
      address: from,
    });
  };
  await deps.database.as(user.principal, remove).catch(explainError);
}
