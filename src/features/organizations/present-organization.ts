import type { z } from '@hono/zod-openapi';
import { presentPerson } from '#features/accounts/index.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { Member, Organization, OwnInvitation, SentInvitation } from './contract.ts';
import type { MemberRow, OrganizationRow, OwnInvitationRow, SentInvitationRow } from './store.ts';

export type OrganizationBody = z.infer<typeof Organization>;
export type MemberBody = z.infer<typeof Member>;
export type SentInvitationBody = z.infer<typeof SentInvitation>;

/**
 * Where a logo is shown to everybody.
 * @param version what the content hash begins with: another logo has another address
 * @returns null where there is none
 */
export const logoUrl = (id: string, version: string | null): string | null =>
  version && `/images/organizations/${id}/logo?v=${version}`;

/** A row as the API shows it to one caller. */
export const presentOrganization = (row: OrganizationRow, { role }: UserCaller): OrganizationBody => ({
  id: row.id,
  name: row.name,
  description: row.description,
  visibility: row.visibility,
  logo_url: logoUrl(row.id, row.logo),
  role: row.role,
  may_administer: row.role === 'admin' || role === 'admin',
  member_count: row.member_count,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
});

export const presentMember = (row: MemberRow): MemberBody => ({
  user: presentPerson({ ...row, id: row.user_id }),
  role: row.role,
  joined_at: row.joined_at.toISOString(),
});

export const presentSentInvitation = (row: SentInvitationRow): SentInvitationBody => ({
  user: presentPerson({ ...row, id: row.user_id }),
  role: row.role,
  invited_by:
    row.inviter_id === null
      ? null
      : presentPerson({
          id: row.inviter_id,
          username: row.inviter_username,
          display_name: row.inviter_display_name,
          picture: row.inviter_picture,
        }),
  created_at: row.created_at.toISOString(),
});

export const presentOwnInvitation = (row: OwnInvitationRow): z.infer<typeof OwnInvitation> => ({
  organization: { id: row.organization_id, name: row.name },
  role: row.role,
  invited_by: row.inviter_id === null ? null : presentPerson({ ...row, id: row.inviter_id }),
  created_at: row.created_at.toISOString(),
});
