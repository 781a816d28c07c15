import type { Database } from '#platform/database/database.ts';

/** What the use-cases of this feature take; each names the part it uses. */
export interface OrganizationDeps {
  readonly database: Database;
  /** Called once an organization is gone, so that a logo nobody else shows can go too. */
  readonly onOrganizationDeleted: () => Promise<void>;
}
