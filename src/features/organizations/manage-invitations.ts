import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { findPerson } from '#features/accounts/index.ts';
import { recordAudit } from '#features/audit/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import { readOne } from './browse-organizations.ts';
import type { OrganizationDeps } from './deps.ts';
import { explainError } from './explain-error.ts';
import {
  type OrganizationBody,
  presentOwnInvitation,
  presentSentInvitation,
  type SentInvitationBody,
} from './present-organization.ts';
import * as store from './store.ts';
import type { OrganizationRole, OrganizationTables } from './tables.ts';

type Tx = Kysely<OrganizationTables>;
type Deps = Pick<OrganizationDeps, 'database'>;
type Page = { limit: number; offset: number };

const noInvitation = (): AppError =>
  new AppError('not_found', 'There is no such invitation. It may have been answered.');

/** Who was asked to join and has not answered, newest first. @throws AppError `not_found`, `forbidden` */
export async function listSentInvitations(deps: Deps, caller: Caller, id: string, page: Page) {
  const user = requireAllowed(caller, 'organization.administer');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'organization.administer', [id]);
    const { items, total } = await store.listSentInvitations(tx, id, page);
    return { items: items.map(presentSentInvitation), total, ...page };
  });
}

/**
 * Asks somebody to join, by username. They belong to it once they accept.
 * @param from the caller's address, for the log
 * @throws AppError `not_found` (organization or person), `forbidden`, `conflict` for who belongs to it or is asked already
 */
export async function invite(
  deps: Deps,
  caller: Caller,
  id: string,
  { username, role }: { username: string; role: OrganizationRole },
  from: string,
): Promise<SentInvitationBody> {
  const user = requireAllowed(caller, 'organization.administer');
  const ask = async (tx: Tx): Promise<SentInvitationBody> => {
    await requireAccess(tx, caller, 'organization.administer', [id]);
    const person = await findPerson(tx, username);
    if (!person) throw new AppError('not_found', `Nobody here is called “${username}”. Ask them for their username.`);
    const outcome = await store.invite(tx, id, person.user_id, role);
    if (outcome === 'belongs')
      throw new AppError('conflict', `${person.username} belongs to this organization already.`);
    if (outcome === 'invited')
      throw new AppError('conflict', `${person.username} is asked already. Wait for the answer.`);
    await recordAudit(tx, {
      action: 'organization_invited',
      subject: { kind: 'organization', id },
      details: { user_id: person.user_id, role },
      address: from,
    });
    const { items } = await store.listSentInvitations(tx, id, { limit: 1000, offset: 0 });
    const row = items.find((one) => one.user_id === person.user_id);
    if (!row) throw new AppError('not_found', 'There is no such organization.');
    return presentSentInvitation(row);
  };
  return deps.database.as(user.principal, ask).catch(explainError);
}

/** Takes an invitation back. @throws AppError `not_found`, `forbidden` */
export async function withdrawInvitation(
  deps: Deps,
  caller: Caller,
  id: string,
  userId: string,
  from: string,
): Promise<void> {
  const user = requireAllowed(caller, 'organization.administer');
  await deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'organization.administer', [id]);
    if (!(await store.endInvitation(tx, id, userId))) throw noInvitation();
    await recordAudit(tx, {
      action: 'organization_invitation_withdrawn',
      subject: { kind: 'organization', id },
      details: { user_id: userId },
      address: from,
    });
  });
}

/** What the caller is asked to join, newest first: its name, and who asks. */
export async function listOwnInvitations(deps: Deps, caller: Caller, page: Page) {
  const user = requireAllowed(caller, 'organization.list');
  const { items, total } = await deps.database.as(user.principal, (tx: Tx) => store.listOwnInvitations(tx, page));
  return { items: items.map(presentOwnInvitation), total, ...page };
}

/** @throws AppError `not_found` when nobody asks the caller */
export async function acceptInvitation(
  deps: Deps,
  caller: Caller,
  id: string,
  from: string,
): Promise<OrganizationBody> {
  const user = requireAllowed(caller, 'organization.answer');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'organization.answer', [id]);
    const role = await store.acceptInvitation(tx, id);
    if (!role) throw noInvitation();
    await recordAudit(tx, {
      action: 'organization_joined',
      subject: { kind: 'organization', id },
      details: { role },
      address: from,
    });
    return readOne(tx, user, id);
  });
}

/** @throws AppError `not_found` when nobody asks the caller */
export async function declineInvitation(deps: Deps, caller: Caller, id: string, from: string): Promise<void> {
  const user = requireAllowed(caller, 'organization.answer');
  await deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'organization.answer', [id]);
    if (!(await store.endInvitation(tx, id, user.userId))) throw noInvitation();
    await recordAudit(tx, {
      action: 'organization_invitation_declined',
      subject: { kind: 'organization', id },
      address: from,
    });
  });
}
