import { z } from '@hono/zod-openapi';
import { Person } from '#features/accounts/index.ts';
import { dateTime, id, line, listOf, page } from '#platform/http/contract.ts';

const roles = ['admin', 'member'] as const;
const visibilities = ['members', 'everyone'] as const;

export const Organization = z
  .strictObject({
    id,
    name: z.string(),
    description: z.string().nullable(),
    visibility: z.enum(visibilities).openapi({
      description: 'Who finds it: its members, or everyone with an account. Who belongs to it, members alone see.',
    }),
    logo_url: z.string().nullable().openapi({ description: 'Shown to everybody; another logo has another address' }),
    role: z
      .enum(roles)
      .nullable()
      .openapi({ description: 'What the caller is here; null for who does not belong to it' }),
    may_administer: z.boolean().openapi({ description: 'True for its administrators and for those of the instance' }),
    member_count: z.int(),
    created_at: dateTime,
    updated_at: dateTime,
  })
  .openapi('Organization');
export const OrganizationList = listOf(Organization).openapi('OrganizationList');

const name = line(100, 'A name can be 100 characters at the most.')
  .refine((text) => text !== '', 'An organization needs a name.')
  .openapi({ maxLength: 100 });
const description = z
  .string()
  .trim()
  .refine((text) => [...text].length <= 2000, 'A description can be 2000 characters at the most.')
  .openapi({ maxLength: 2000 });
const role = z.enum(roles, 'A role is admin or member.');
const visibility = z.enum(visibilities, 'A visibility is members or everyone.');

export const OrganizationQuery = z.strictObject({
  ...page,
  q: z.string().trim().max(100).optional().openapi({ description: 'Part of the name' }),
  role: z
    .enum([...roles, 'any'])
    .optional()
    .openapi({ description: 'Only where the caller is this; any: belongs' }),
});
export const NewOrganization = z.strictObject({
  name,
  description: description.nullable().optional(),
  visibility: visibility.default('members'),
});
export const OrganizationChange = z
  .strictObject({
    name: name.optional(),
    description: description.nullable().optional(),
    visibility: visibility.optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'Name something to change: name, description or visibility.');

export const Member = z
  .strictObject({ user: Person, role: z.enum(roles), joined_at: dateTime })
  .openapi('OrganizationMember');
export const MemberList = listOf(Member).openapi('OrganizationMemberList');
export const RoleChange = z.strictObject({ role });

export const NewInvitation = z.strictObject({
  username: z.string().trim().min(1, 'Say who: a username.').max(100),
  role: role.default('member'),
});
export const SentInvitation = z
  .strictObject({ user: Person, role: z.enum(roles), invited_by: Person.nullable(), created_at: dateTime })
  .openapi('OrganizationInvitation');
export const SentInvitationList = listOf(SentInvitation).openapi('OrganizationInvitationList');

/** All that somebody learns who is asked to join: what it is called, and who asks. */
export const OwnInvitation = z
  .strictObject({
    organization: z.strictObject({ id, name: z.string() }),
    role: z.enum(roles),
    invited_by: Person.nullable().openapi({ description: 'Null where that account is gone' }),
    created_at: dateTime,
  })
  .openapi('OwnOrganizationInvitation');
export const OwnInvitationList = listOf(OwnInvitation).openapi('OwnOrganizationInvitationList');
