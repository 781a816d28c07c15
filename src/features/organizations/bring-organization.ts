import type { Kysely } from 'kysely';
import { recordAudit } from '#features/audit/index.ts';
import type { Database } from '#platform/database/database.ts';
import { AppError } from '#platform/http/app-error.ts';
import { explainError } from './explain-error.ts';
import * as store from './store.ts';
import type { OrganizationRole, OrganizationTables } from './tables.ts';

type Tx = Kysely<OrganizationTables>;

/**
 * Makes an organization that comes from an earlier system. In the administrator's transaction, so that what remembers where it came
 * from is committed with it; they are its first member, until {@link leaveBrought}, however many they administer already.
 * @throws AppError `forbidden`
 */
export async function bringOrganization(
  tx: Tx,
  { id, name }: { readonly id: string; readonly name: string },
  system: string,
): Promise<void> {
  const visibility = 'members';
  if (!(await store.importOrganization(tx, { id, name }))) {
    throw new AppError('forbidden', 'Only an administrator may do this.');
  }
  const details = { visibility, by: 'import', system };
  await recordAudit(tx, { action: 'organization_created', subject: { kind: 'organization', id }, details });
}

/**
 * Has somebody belong to an organization as they did before: asked by the administrator, and joined in their own name.
 * @throws AppError `conflict` where it has as many people as it may
 */
export async function bringMember(
  deps: { readonly database: Database },
  adminId: string,
  member: { readonly organizationId: string; readonly userId: string; readonly role: OrganizationRole },
): Promise<void> {
  const { organizationId, userId, role } = member;
  const ask = (tx: Tx) => store.invite(tx, organizationId, userId, role);
  const asked = await deps.database.as({ kind: 'user', id: adminId }, ask).catch(explainError);
  if (asked !== 'done' && asked !== 'invited') return;
  await deps.database.as({ kind: 'user', id: userId }, async (tx: Tx) => {
    await store.acceptInvitation(tx, organizationId);
    const subject = { kind: 'organization', id: organizationId } as const;
    await recordAudit(tx, { action: 'organization_joined', subject, details: { role, by: 'import' } });
  });
}

/**
 * Has the administrator be what they were there, where there is somebody else to administer it.
 * @param own what they were; null for nothing
 * @returns whether somebody administers it who did
 */
export async function leaveBrought(
  tx: Tx,
  id: string,
  { adminId, own }: { readonly adminId: string; readonly own: OrganizationRole | null },
): Promise<boolean> {
  if (own === 'admin') return true;
  const { items } = await store.listMembers(tx, id, { limit: 2, offset: 0 });
  // Administrators come first.
  if (!items.some(({ user_id: userId, role }) => userId !== adminId && role === 'admin')) return false;
  if (own) await store.setRole(tx, id, adminId, own);
  else await store.removeMember(tx, id, adminId);
  return true;
}

const nobodys = '00000000-0000-0000-0000-000000000000';

/** What is here under an id, and whether something has the name: never taken for what comes. */
export async function findAlike(tx: Tx, { id, name }: { id: string | null; name: string }) {
  const rows = await tx
    .selectFrom('organizations')
    .select(['id', 'name'])
    .where((where) =>
      where.or([where('id', '=', id ?? nobodys), where(where.fn('lower', ['name']), '=', name.toLowerCase())]),
    )
    .execute();
  return { hasId: rows.some((row) => row.id === id), hasName: rows.some((row) => row.id !== id) };
}
