export { bringMember, bringOrganization, findAlike, leaveBrought } from './bring-organization.ts';
export { listOrganizations, readOrganization } from './browse-organizations.ts';
export type { OrganizationDeps } from './deps.ts';
export { logoUrl } from './present-organization.ts';
export { organizationRoutes } from './routes.ts';
export { setLogo } from './store.ts';
export type { OrganizationTables } from './tables.ts';
