import { z } from '@hono/zod-openapi';
import { dateTime, id } from '#platform/http/contract.ts';

/** Everything that is written down. What is not here cannot be. */
export const actions = [
  'sign_in',
  'sign_in_failed',
  'sign_out',
  'password_changed',
  'password_reset',
  'account_created',
  'account_changed',
  'account_deleted',
  'key_created',
  'key_revoked',
  'session_revoked',
  'user_created',
  'user_changed',
  'user_disabled',
  'user_enabled',
  'user_deleted',
  'reset_link_made',
  'invitation_made',
  'invitation_revoked',
  'album_member_added',
  'album_member_changed',
  'album_member_removed',
  'album_member_left',
  'shared_album_deleted',
  'organization_created',
  'organization_changed',
  'organization_deleted',
  'organization_invited',
  'organization_invitation_withdrawn',
  'organization_joined',
  'organization_invitation_declined',
  'organization_member_changed',
  'organization_member_removed',
  'organization_member_left',
  'link_created',
  'link_changed',
  'link_closed',
  'link_opened',
  'link_unlock_failed',
  'job_retried',
  'job_deleted',
  'storage_move_started',
  'storage_move_paused',
  'studio_mode_changed',
  'pod_started',
  'pod_stopped',
  'try_out_changed',
] as const;

export const subjectKinds = [
  'user',
  'session',
  'api_key',
  'invitation',
  'album',
  'organization',
  'photo',
  'link',
  'job',
] as const;

const Entry = z
  .strictObject({
    id: z.int(),
    at: dateTime,
    action: z.enum(actions),
    actor_kind: z.enum(['user', 'link', 'anonymous', 'system']).openapi({
      description: 'Whether a person did it, the guest of a link, somebody who was not signed in, or the server itself',
    }),
    actor: z.strictObject({ id, username: z.string().nullable() }).nullable().openapi({
      description: 'The person, as they were called then',
    }),
    address: z.string().nullable(),
    subject: z
      .strictObject({
        kind: z.enum(subjectKinds),
        id: id.nullable(),
        name: z.string().nullable().openapi({ description: 'Of accounts alone, as they were called then' }),
      })
      .nullable(),
    details: z.record(z.string(), z.unknown()),
  })
  .openapi('AuditEntry');

export const AuditPage = z
  .strictObject({
    items: z.array(Entry),
    next_cursor: z.string().nullable().openapi({ description: 'What `before` takes to go on; null at the end' }),
  })
  .openapi('AuditPage');

export const AuditQuery = z.strictObject({
  action: z.enum(actions).optional(),
  user_id: id.optional().openapi({ description: 'What this person did, and what was done to them' }),
  before: z
    .string()
    .regex(/^\d{1,15}$/, 'This is not a cursor that the log gave out.')
    .optional(),
  limit: z.coerce.number('This must be a whole number.').int().min(1).max(100).default(50),
});
