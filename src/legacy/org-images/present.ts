import type { readAccount } from '#features/accounts/index.ts';
import type { readOrganization } from '#features/organizations/index.ts';

export type Account = Awaited<ReturnType<typeof readAccount>>;
export type OrganizationBody = Awaited<ReturnType<typeof readOrganization>>;

/** The one kind that there is: what somebody’s own organization was called. */
const organizationType = 'customer';

/** Addresses carry what the content hash begins with: they change with the picture, and with nothing else. */
export const presentOrganization = (one: OrganizationBody) => ({
  id: one.id,
  name: one.name,
  organization_type: organizationType,
  logo_url: one.logo_url,
  is_active: true,
  created_at: one.created_at,
  updated_at: one.updated_at,
});

/** @param own the organization that the person is shown under */
export const presentUser = (user: Account, own: OrganizationBody | undefined, lastLogin: string | null) => ({
  id: user.id,
  username: user.username,
  email: user.email,
  name: user.display_name ?? user.username,
  profile_photo_url: user.profile_picture_url,
  role: roleOf(user, own),
  organization_id: own?.id ?? null,
  user_status: 'active',
  is_active: true,
  last_login: lastLogin,
  created_at: user.created_at,
  updated_at: user.created_at,
  // What guards an account is nobody's to read; the fields are there, as clients look for them.
  failed_login_attempts: 0,
  locked_until: null,
  invitation_token: null,
  invitation_expires_at: null,
  organization: own ? presentOrganization(own) : null,
});

export const presentProfile = (user: Account, own: OrganizationBody | undefined, lastLogin: string | null) => ({
  ...presentUser(user, own, lastLogin),
  organization_name: own?.name ?? null,
  organization_type: own ? organizationType : null,
  // Nothing here is said in words that depend on it.
  preferred_language: 'en',
});

const roleOf = (user: Account, own: OrganizationBody | undefined): 'super_admin' | 'admin' | 'user' => {
  if (user.role === 'admin') return 'super_admin';
  return own?.role === 'admin' ? 'admin' : 'user';
};
