import type { LegacyDeps } from '../deps.ts';
import type { LegacySystem } from '../system.ts';
import { accountRoutes } from './account-routes.ts';
import { imageRoutes, servedImages } from './image-routes.ts';
import { refuse } from './words.ts';

/** A page that talks and has images made, each person's in a library of their own. */
export const createAiLibrary = (deps: LegacyDeps): LegacySystem => ({
  name: 'ai-library',
  prefixes: ['/api/auth', '/api/ai'],
  refuse,
  health: {
    '/api/health': ({ ready, at, version }) => ({
      status: ready ? 'ok' : 'error',
      timestamp: at,
      version,
      database: ready ? 'connected' : 'disconnected',
      services: { images: ready ? 'available' : 'unavailable' },
    }),
  },
  routes: [...accountRoutes(deps), ...imageRoutes(deps)],
  images: servedImages(deps),
});
