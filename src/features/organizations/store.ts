import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { OrganizationRole, OrganizationTables } from './tables.ts';

type Tx = Kysely<OrganizationTables>;
type Page = { limit: number; offset: number };
type Visibility = OrganizationTables['organizations']['visibility'];

export interface OrganizationRow {
  id: string;
  name: string;
  description: string | null;
  visibility: Visibility;
  /** The version of its logo. */
  logo: string | null;
  /** Null for who does not belong to it. */
  role: OrganizationRole | null;
  member_count: number;
  created_at: Date;
  updated_at: Date;
}

export interface OrganizationFilter {
  q?: string | undefined;
  role?: OrganizationRole | 'any' | undefined;
}

const likePattern = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** Organizations, with what one is in each; the policies and the condition say alike which one may see. */
const seenBy = (userId: string) => sql`
  organizations o left join memberships m on m.user_id = ${userId} and m.resource_kind = 'organization' and m.resource_id = o.id`;
const isSeenBy = (userId: string) => sql`(o.visibility = 'everyone' or m.user_id is not null
  or exists (select from users u where u.id = ${userId} and u.role = 'admin' and u.disabled_at is null))`;
const columns = sql`
  o.id, o.name, o.description, o.visibility, picture_version(o.logo) as logo, m.role, organization_size(o.id) as member_count,
  o.created_at, o.updated_at`;

/** The organizations that one may see, those that one belongs to first. */
export async function listOrganizations(
  tx: Tx,
  userId: string,
  { q, role }: OrganizationFilter,
  page: Page,
): Promise<{ items: OrganizationRow[]; total: number }> {
  const conditions = [isSeenBy(userId)];
  if (q) conditions.push(sql`o.name ilike ${likePattern(q)}`);
  if (role) conditions.push(role === 'any' ? sql`m.user_id is not null` : sql`m.role = ${role}`);
  const found = sql`from ${seenBy(userId)} where ${sql.join(conditions, sql` and `)}`;
  const { rows } = await sql<OrganizationRow>`
    select ${columns} ${found} order by m.user_id is null, lower(o.name), o.id limit ${page.limit} offset ${page.offset}`.execute(
    tx,
  );
  return { items: rows, total: await count(tx, found) };
}

/** An organization that one was found to see. */
export async function findOrganization(tx: Tx, userId: string, id: string): Promise<OrganizationRow | undefined> {
  const { rows } = await sql<OrganizationRow>`
    select ${columns} from ${seenBy(userId)} where o.id = ${id}`.execute(tx);
  return rows[0];
}

/** Its first administrator is whoever makes it. Fails with TT020 beyond what one person may administer. */
export async function createOrganization(
  tx: Tx,
  {
    id,
    name,
    description,
    visibility,
  }: { id: string; name: string; description: string | null; visibility: Visibility },
): Promise<void> {
  await sql`select create_organization(${id}, ${name}, ${description}, ${visibility})`.execute(tx);
}

/** By an administrator, who is its first; beyond what one person may make, since a library that comes along has what it has. */
export const importOrganization = (tx: Tx, { id, name }: { id: string; name: string }): Promise<boolean> =>
  did(tx, sql<{ done: boolean }>`select import_organization(${id}, ${name}) as done`);

/** @returns false when one may not, or it is gone */
export const changeOrganization = (
  tx: Tx,
  id: string,
  change: { name?: string; description?: string | null; visibility?: Visibility },
): Promise<boolean> =>
  did(tx, sql<{ done: boolean }>`select change_organization(${id}, ${JSON.stringify(change)}::jsonb) as done`);

/** Its memberships and invitations go along. @returns false when one may not, or it is gone */
export const deleteOrganization = (tx: Tx, id: string): Promise<boolean> =>
  did(tx, sql<{ done: boolean }>`select delete_organization(${id}) as done`);

/** @param hash content address of a stored picture; null for none. @returns false when one may not, or it is gone */
export const setLogo = (tx: Tx, id: string, hash: Buffer | null): Promise<boolean> =>
  did(tx, sql<{ done: boolean }>`select set_organization_logo(${id}, ${hash}) as done`);

interface PersonRow {
  user_id: string;
  username: string;
  display_name: string | null;
  picture: string | null;
}

export interface MemberRow extends PersonRow {
  role: OrganizationRole;
  joined_at: Date;
}

/** Administrators first, then who came first. Empty for who does not belong to it. */
export async function listMembers(tx: Tx, id: string, page: Page): Promise<{ items: MemberRow[]; total: number }> {
  const found = sql`from organization_people(${id}) with ordinality p`;
  const { rows } = await sql<MemberRow>`
    select p.* ${found} order by p.ordinality limit ${page.limit} offset ${page.offset}`.execute(tx);
  return { items: rows, total: await count(tx, found) };
}

export async function findMember(tx: Tx, id: string, userId: string): Promise<MemberRow | undefined> {
  const { rows } = await sql<MemberRow>`select * from organization_people(${id}) where user_id = ${userId}`.execute(tx);
  return rows[0];
}

/** Fails with TT022 where nobody else administers it. @returns false when they do not belong to it */
export const setRole = (tx: Tx, id: string, userId: string, role: OrganizationRole): Promise<boolean> =>
  did(tx, sql<{ done: boolean }>`select set_organization_role(${id}, ${userId}, ${role}) as done`);

/** As {@link setRole}. */
export const removeMember = (tx: Tx, id: string, userId: string): Promise<boolean> =>
  did(tx, sql<{ done: boolean }>`select remove_organization_member(${id}, ${userId}) as done`);

/** Asks somebody to join. Fails with TT021 where it has as many people as it may. */
export async function invite(
  tx: Tx,
  id: string,
  userId: string,
  role: OrganizationRole,
): Promise<'done' | 'refused' | 'belongs' | 'invited'> {
  const { rows } = await sql<{ outcome: 'done' | 'refused' | 'belongs' | 'invited' }>`
    select invite_to_organization(${id}, ${userId}, ${role}) as outcome`.execute(tx);
  return rows[0]?.outcome ?? 'refused';
}

export interface SentInvitationRow extends PersonRow {
  role: OrganizationRole;
  created_at: Date;
  inviter_id: string | null;
  inviter_username: string;
  inviter_display_name: string | null;
  inviter_picture: string | null;
}

/** Who was asked and has not answered. Empty for who does not administer it. */
export async function listSentInvitations(
  tx: Tx,
  id: string,
  page: Page,
): Promise<{ items: SentInvitationRow[]; total: number }> {
  const found = sql`from open_organization_invitations(${id}) with ordinality i`;
  const { rows } = await sql<SentInvitationRow>`
    select i.* ${found} order by i.ordinality limit ${page.limit} offset ${page.offset}`.execute(tx);
  return { items: rows, total: await count(tx, found) };
}

export interface OwnInvitationRow {
  organization_id: string;
  name: string;
  role: OrganizationRole;
  created_at: Date;
  inviter_id: string | null;
  username: string;
  display_name: string | null;
  picture: string | null;
}

export async function listOwnInvitations(tx: Tx, page: Page): Promise<{ items: OwnInvitationRow[]; total: number }> {
  const found = sql`from own_organization_invitations() with ordinality i`;
  const { rows } = await sql<OwnInvitationRow>`
    select i.* ${found} order by i.ordinality limit ${page.limit} offset ${page.offset}`.execute(tx);
  return { items: rows, total: await count(tx, found) };
}

/** @returns what one is there now; null when nobody asked */
export async function acceptInvitation(tx: Tx, id: string): Promise<OrganizationRole | null> {
  const { rows } = await sql<{ role: OrganizationRole | null }>`
    select accept_organization_invitation(${id}) as role`.execute(tx);
  return rows[0]?.role ?? null;
}

/** By who is asked, or by who administers it. @returns false when nobody asked */
export const endInvitation = (tx: Tx, id: string, userId: string): Promise<boolean> =>
  did(tx, sql<{ done: boolean }>`select end_organization_invitation(${id}, ${userId}) as done`);

async function did(tx: Tx, query: RawBuilder<{ done: boolean }>): Promise<boolean> {
  const { rows } = await query.execute(tx);
  return rows[0]?.done === true;
}

async function count(tx: Tx, found: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n ${found}`.execute(tx);
  return rows[0]?.n ?? 0;
}
