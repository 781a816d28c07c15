import type { LegacyDeps } from '../deps.ts';
import type { LegacySystem } from '../system.ts';
import { authRoutes } from './auth-routes.ts';
import { fileImages, mobileDownload } from './files.ts';
import { imageRoutes } from './image-routes.ts';
import { manyRoutes } from './many-routes.ts';
import { createPace } from './pace.ts';
import { toNaiveTime } from './present.ts';
import { promptRoutes } from './prompt-routes.ts';
import { shareRoutes } from './share-routes.ts';
import { uploadRoutes } from './upload-routes.ts';
import { refuse } from './words.ts';

/** A service that gave each picture another look, and an app that took them: https and JSON, a token for seven days. */
export function createStyleAi(deps: LegacyDeps): LegacySystem {
  const pace = createPace();
  return {
    name: 'style-ai',
    routes: [
      ...authRoutes(deps, pace),
      ...uploadRoutes(deps, pace),
      // Before those whose last part is an id, which it would be taken for.
      ...manyRoutes(deps),
      ...imageRoutes(deps),
      ...shareRoutes(deps),
      ...promptRoutes(deps),
      mobileDownload(deps),
    ],
    images: fileImages(deps),
    health: {
      '/health': ({ at, ready }) => ({
        status: ready ? 'healthy' : 'unhealthy',
        timestamp: toNaiveTime(at),
        version: '1.0.0',
      }),
    },
    // The last two showed to everybody what was nobody's business.
    prefixes: ['/auth', '/prompts', '/download-image', '/api-logs', '/test-stripe-config'],
    refuse,
  };
}
