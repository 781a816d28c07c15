import { z } from '@hono/zod-openapi';
import { scopes } from '#platform/http/caller.ts';
import { dateTime, id, listOf } from '#platform/http/contract.ts';

export const username = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,38}$/, 'A username has 2 to 39 letters, digits, dots, dashes or underscores.')
  .openapi({ example: 'ines' });
const email = z.email('This is not an e-mail address.').max(254);
const password = z.string().min(1, 'A password is needed.').max(1024);

/** Somebody as others meet them. */
export const Person = z
  .strictObject({
    id,
    username: z.string(),
    display_name: z.string().nullable(),
    profile_picture_url: z
      .string()
      .nullable()
      .openapi({ description: 'Shown to everybody; another picture has another address' }),
  })
  .openapi('PersonName');

export const User = z
  .strictObject({
    id,
    username: z.string(),
    email: z.string().nullable(),
    display_name: z.string().nullable(),
    profile_picture_url: z.string().nullable(),
    cover_picture_url: z.string().nullable(),
    avatar_by_email: z.boolean().openapi({
      description: 'Whether whoever knows the e-mail finds the profile picture at /avatar/{sha256 of the e-mail}',
    }),
    role: z.enum(['admin', 'user']),
    disabled: z.boolean(),
    created_at: dateTime,
    usage: z
      .strictObject({
        photos: z.int(),
        bytes: z.int(),
        quota_bytes: z.int().nullable(),
        quota_photos: z.int().nullable(),
      })
      .openapi({ description: 'The trash counts as well. A quota of null has no end.' }),
  })
  .openapi('User');

export const AuthStatus = z
  .strictObject({
    mode: z.enum(['multi', 'single']),
    registration: z.enum(['open', 'invite', 'closed']),
    setup_required: z.boolean(),
    setup_token_required: z.boolean(),
    mail_reset: z.boolean(),
    version: z.string(),
    max_upload_bytes: z.int(),
  })
  .openapi('AuthStatus');

export const SignedIn = z
  .strictObject({
    access_token: z.string(),
    token_type: z.literal('bearer'),
    expires_in: z.int().openapi({ description: 'Seconds' }),
    user: User,
  })
  .openapi('SignedIn');

export const Registration = z.strictObject({
  username,
  email: email.optional(),
  password,
  invitation: z.string().max(100).optional(),
  setup_token: z.string().max(100).optional(),
});
export const Login = z.strictObject({
  username: z.string().min(1, 'A username or e-mail is needed.').max(254),
  password,
});
export const ResetRequest = z.strictObject({ email });
export const Reset = z.strictObject({ token: z.string().min(1).max(100), password });

export const ProfileChange = z.strictObject({
  username: username.optional(),
  email: email.nullable().optional(),
  display_name: z.string().trim().min(1).max(80).nullable().optional(),
  avatar_by_email: z.boolean().optional(),
  current_password: password.optional(),
});
export const PasswordChange = z.strictObject({ current_password: password, new_password: password });
export const AccountDeletion = z.strictObject({
  password,
  confirm: z.string().openapi({ description: 'The username of the account, typed to confirm' }),
});

export const Session = z
  .strictObject({
    id,
    kind: z.enum(['browser', 'token']),
    created_at: dateTime,
    last_used_at: dateTime,
    expires_at: dateTime,
    user_agent: z.string().nullable(),
    ip: z.string().nullable(),
    current: z.boolean(),
  })
  .openapi('Session');
export const SessionList = listOf(Session).openapi('SessionList');

export const ApiKey = z
  .strictObject({
    id,
    name: z.string(),
    prefix: z.string().openapi({ description: 'The first characters, to tell keys apart' }),
    scopes: z.array(z.enum(scopes)),
    created_at: dateTime,
    last_used_at: dateTime.nullable(),
    expires_at: dateTime.nullable(),
  })
  .openapi('ApiKey');
export const ApiKeyList = listOf(ApiKey).openapi('ApiKeyList');
export const NewApiKey = z.strictObject({
  name: z.string().trim().min(1, 'A key needs a name.').max(80),
  scopes: z.array(z.enum(scopes)).min(1, 'A key needs at least one scope.').max(scopes.length),
  expires_at: dateTime.optional(),
});
export const CreatedApiKey = ApiKey.extend({
  key: z.string().openapi({ description: 'The key itself. It is shown this once.' }),
}).openapi('CreatedApiKey');

export const UserList = listOf(User).openapi('UserList');
const role = z.enum(['admin', 'user']);
const quota = {
  quota_bytes: z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullable().optional(),
  quota_photos: z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullable().optional(),
};
export const AccountState = z.strictObject({ role: role.optional(), disabled: z.boolean().optional(), ...quota });
export const NewUser = z.strictObject({ username, email: email.optional(), role: role.default('user'), ...quota });
export const ResetLink = z.strictObject({ url: z.string(), expires_at: dateTime }).openapi('ResetLink');
export const CreatedUser = z.strictObject({ user: User, reset_link: ResetLink }).openapi('CreatedUser');
export const Invitation = z
  .strictObject({ id, created_at: dateTime, expires_at: dateTime, used: z.boolean() })
  .openapi('Invitation');
export const InvitationList = listOf(Invitation).openapi('InvitationList');
export const CreatedInvitation = z
  .strictObject({ id, url: z.string(), expires_at: dateTime })
  .openapi('CreatedInvitation');
