import { listOrganizations, readOrganization } from '#features/organizations/index.ts';
import type { LegacyDeps } from '../deps.ts';
import type { LegacyContext, LegacyRoute } from '../system.ts';
import { at } from './at.ts';
import { idOf } from './id-of.ts';
import { presentOrganization } from './present.ts';
import { refusing } from './words.ts';

/** Those that the caller may see. The web app has its pages of organizations at the same addresses. */
export const organizationRoutes = (deps: LegacyDeps): readonly LegacyRoute[] => [
  {
    method: 'GET',
    path: at('/organizations/', '/organizations'),
    isPageToo: true,
    refuse: refusing(),
    async handle(c, user) {
      const [offset, limit] = [wholeOf(c, 'skip', 0, 1_000_000), wholeOf(c, 'limit', 100, 1000)];
      const { items } = await listOrganizations(deps.organizations, user, { limit, offset });
      return c.json(items.map(presentOrganization));
    },
  },
  {
    method: 'GET',
    path: at('/organizations/:id', '/organizations/:id/'),
    isPageToo: true,
    refuse: refusing({ not_found: 'Organization not found', forbidden: 'Not authorized to view this organization' }),
    handle: async (c, user) =>
      c.json(presentOrganization(await readOrganization(deps.organizations, user, idOf(c, 'organization_id')))),
  },
];

/** What cannot be read as a number is left out, as unknown names are. */
function wholeOf(c: LegacyContext, name: string, fallback: number, most: number): number {
  const text = c.req.query(name) ?? '';
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text), most) : fallback;
}
