import type { LegacyDeps } from '../deps.ts';
import type { LegacySystem } from '../system.ts';
import { accountRoutes } from './account-routes.ts';
import { imageRoutes, servedImages } from './image-routes.ts';
import { storageRoutes } from './storage-routes.ts';
import { refuseImages } from './words.ts';

/** A service of profile pictures, galleries and covers, and the telephone app that shows them. */
export const createPinit = (deps: LegacyDeps): LegacySystem => ({
  name: 'pinit',
  prefixes: ['/api/user_image', '/api/user_images'],
  refuse: refuseImages,
  routes: [...accountRoutes(deps), ...imageRoutes(deps), ...storageRoutes(deps)],
  images: servedImages(deps),
});
