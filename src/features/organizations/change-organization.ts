import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { recordAudit } from '#features/audit/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import { readOne } from './browse-organizations.ts';
import type { OrganizationDeps } from './deps.ts';
import { explainError } from './explain-error.ts';
import type { OrganizationBody } from './present-organization.ts';
import * as store from './store.ts';
import type { OrganizationTables } from './tables.ts';

type Tx = Kysely<OrganizationTables>;
type Deps = Pick<OrganizationDeps, 'database'>;
type Visibility = OrganizationTables['organizations']['visibility'];

const gone = (): AppError => new AppError('not_found', 'There is no such organization.');

/**
 * Makes an organization whose first administrator is the caller. Names need not be one of a kind: that would tell which others there are.
 * @param from the caller's address, for the log
 * @throws AppError `conflict` beyond the 50 that one person may administer
 */
export async function createOrganization(
  deps: Deps,
  caller: Caller,
  input: { name: string; description?: string | null | undefined; visibility: Visibility },
  from: string,
): Promise<OrganizationBody> {
  const user = requireAllowed(caller, 'organization.create');
  const { name, description, visibility } = input;
  const id = uuidv7();
  const create = async (tx: Tx): Promise<OrganizationBody> => {
    await store.createOrganization(tx, { id, name, description: description || null, visibility });
    const details = { visibility };
    await recordAudit(tx, {
      action: 'organization_created',
      subject: { kind: 'organization', id },
      details,
      address: from,
    });
    return readOne(tx, user, id);
  };
  return deps.database.as(user.principal, create).catch(explainError);
}

/** @throws AppError `not_found`, `forbidden` for who does not administer it */
export async function changeOrganization(
  deps: Deps,
  caller: Caller,
  id: string,
  change: {
    name?: string | undefined;
    description?: string | null | undefined;
    visibility?: Visibility | undefined;
  },
  from: string,
): Promise<OrganizationBody> {
  const user = requireAllowed(caller, 'organization.administer');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'organization.administer', [id]);
    const { name, description, visibility } = change;
    const done = await store.changeOrganization(tx, id, {
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description: description || null }),
      ...(visibility === undefined ? {} : { visibility }),
    });
    if (!done) throw gone();
    await recordAudit(tx, {
      action: 'organization_changed',
      subject: { kind: 'organization', id },
      details: { fields: Object.keys(change), ...(visibility === undefined ? {} : { visibility }) },
      address: from,
    });
    return readOne(tx, user, id);
  });
}

/** Deletes an organization, its memberships, invitations and logo. What its members have stays theirs. @throws AppError as {@link changeOrganization} */
export async function deleteOrganization(
  deps: OrganizationDeps,
  caller: Caller,
  id: string,
  from: string,
): Promise<void> {
  const user = requireAllowed(caller, 'organization.administer');
  await deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'organization.administer', [id]);
    if (!(await store.deleteOrganization(tx, id))) throw gone();
    await recordAudit(tx, {
      action: 'organization_deleted',
      subject: { kind: 'organization', id },
      address: from,
    });
  });
  await deps.onOrganizationDeleted();
}
