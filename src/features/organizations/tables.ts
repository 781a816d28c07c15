import type { AccountTables } from '#features/accounts/index.ts';

export type OrganizationRole = 'admin' | 'member';

export interface OrganizationTables extends AccountTables {
  organizations: {
    id: string;
    name: string;
    description: string | null;
    visibility: 'members' | 'everyone';
    logo: Buffer | null;
    created_at: Date;
    updated_at: Date;
  };
  organization_invitations: {
    user_id: string;
    organization_id: string;
    role: OrganizationRole;
    invited_by: string | null;
    created_at: Date;
  };
  memberships: { user_id: string; resource_kind: string; resource_id: string; role: string; created_at: Date };
}
