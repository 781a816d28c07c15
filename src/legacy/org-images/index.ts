import type { LegacyDeps } from '../deps.ts';
import type { LegacySystem } from '../system.ts';
import { imageRoutes, noPicture } from './images.ts';
import { organizationRoutes } from './organizations.ts';
import { peopleRoutes } from './people.ts';
import { signInRoutes } from './sign-in.ts';
import { uploadRoutes } from './uploads.ts';
import { refusing } from './words.ts';

const isUp = ({ ready }: { ready: boolean }) => {
  const link = ready ? 'connected' : 'disconnected';
  // What it kept in Redis, sessions, is in the database here.
  return { status: ready ? 'healthy' : 'unhealthy', database: link, redis: link };
};

/** Profile photos and logos of organizations: seed 003, before it put the pictures into its answers. */
export const createOrgImages = (deps: LegacyDeps): LegacySystem => ({
  name: 'org-images',
  prefixes: ['/users', '/parts', '/images/parts', '/api/users', '/api/parts'],
  routes: [
    ...signInRoutes(deps),
    ...peopleRoutes(deps),
    ...organizationRoutes(deps),
    ...uploadRoutes(deps),
    ...imageRoutes(),
  ],
  pictures: (path) => {
    const detail = noPicture(path);
    return detail ? { detail } : {};
  },
  health: { '/health': isUp, '/api/health': isUp },
  headers: {
    'X-Frame-Options': 'DENY',
    'X-XSS-Protection': '1; mode=block',
    'Referrer-Policy': 'strict-origin-when-cross-origin',
    'Content-Security-Policy': "default-src 'self'",
  },
  refuse: refusing(),
});
