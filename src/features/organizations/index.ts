export { logoUrl } from './present-organization.ts';
export { organizationRoutes } from './routes.ts';
export { setLogo } from './store.ts';
export type { OrganizationTables } from './tables.ts';
