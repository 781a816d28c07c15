import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller, UserCaller } from '#platform/http/caller.ts';
import type { OrganizationDeps } from './deps.ts';
import { type OrganizationBody, presentMember, presentOrganization } from './present-organization.ts';
import * as store from './store.ts';
import type { OrganizationTables } from './tables.ts';

type Tx = Kysely<OrganizationTables>;
type Deps = Pick<OrganizationDeps, 'database'>;
type Page = { limit: number; offset: number };

/** Those that the caller belongs to, then those that everyone may see; all of them for an administrator of the instance. */
export async function listOrganizations(deps: Deps, caller: Caller, request: store.OrganizationFilter & Page) {
  const user = requireAllowed(caller, 'organization.list');
  const { limit, offset, ...filter } = request;
  const { items, total } = await deps.database.as(user.principal, (tx: Tx) =>
    store.listOrganizations(tx, user.userId, filter, { limit, offset }),
  );
  return { items: items.map((row) => presentOrganization(row, user)), total, limit, offset };
}

/** @throws AppError `not_found`, also for one that the caller is only asked to join */
export async function readOrganization(deps: Deps, caller: Caller, id: string): Promise<OrganizationBody> {
  const user = requireAllowed(caller, 'organization.read');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'organization.read', [id]);
    return readOne(tx, user, id);
  });
}

/** An organization within a transaction that has already asked for access. @throws AppError `not_found` */
export async function readOne(tx: Tx, user: UserCaller, id: string): Promise<OrganizationBody> {
  const row = await store.findOrganization(tx, user.userId, id);
  if (!row) throw new AppError('not_found', 'There is no such organization.');
  return presentOrganization(row, user);
}

/** @throws AppError `not_found`, `forbidden` for who does not belong to it */
export async function listMembers(deps: Deps, caller: Caller, id: string, page: Page) {
  const user = requireAllowed(caller, 'organization.meet');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'organization.meet', [id]);
    const { items, total } = await store.listMembers(tx, id, page);
    return { items: items.map(presentMember), total, ...page };
  });
}
