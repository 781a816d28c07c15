import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Config, LegacyName } from '#config.ts';
import { type BearerTokens, type Credentials, deriveKey } from '#features/accounts/index.ts';
import { createSignedUrls } from '#features/photos/index.ts';
import type { Delivery } from '#platform/delivery/index.ts';
import type { ClientAddress } from '#platform/http/client-address.ts';
import { createAiLibrary } from './ai-library/index.ts';
import { createAuthenticate, requireUser } from './authenticate.ts';
import { createCors } from './cors.ts';
import type { LegacyDeps } from './deps.ts';
import { mountSystems } from './mount.ts';
import { createOrgImages } from './org-images/index.ts';
import { createPinit } from './pinit/index.ts';
import { createImageServer, createViewerFinder, signPath } from './serve-images.ts';
import { createStyleAi } from './style-ai/index.ts';
import type { Health, LegacyContext, LegacySystem } from './system.ts';

/** Each adapter by the name it is switched on by; in this order they are asked. Of `/api/health`, `ai-library` alone says what clients read. */
const adapters: Record<LegacyName, (deps: LegacyDeps) => LegacySystem> = {
  'ai-library': createAiLibrary,
  'org-images': createOrgImages,
  'style-ai': createStyleAi,
  pinit: createPinit,
};

/** The earlier systems that are switched on: their routes, and their pictures. */
export function createLegacy(
  deps: Omit<LegacyDeps, 'images' | 'clientOf'> & {
    readonly config: Config['legacy'];
    readonly secret: Buffer;
    readonly credentials: Credentials;
    readonly tokens: BearerTokens;
    readonly delivery: Delivery;
    readonly logger: Logger;
    readonly addressOf: (c: LegacyContext) => ClientAddress;
    readonly look: () => Promise<Health>;
    readonly answered: (request: IncomingMessage, response: ServerResponse) => void;
  },
) {
  const signedUrls = createSignedUrls({ key: deriveKey(deps.secret, 'addresses of earlier systems') });
  const cors = createCors(deps.config.corsOrigins);
  const authenticate = createAuthenticate(deps);
  const findViewer = createViewerFinder({ ...deps, authenticate, signedUrls });
  const given: LegacyDeps = {
    ...deps,
    images: {
      url: (path, user) => signPath(signedUrls, path, user),
      async viewerOf(c) {
        const { pathname, search } = new URL(c.req.url);
        return requireUser(await findViewer(c.req.header('authorization'), pathname, search.slice(1)));
      },
    },
    clientOf: (c): ReturnType<LegacyDeps['clientOf']> => ({
      ip: c.var.address.ip,
      network: c.var.address.network,
      userAgent: c.req.header('user-agent') ?? null,
      // They are given tokens, from whatever page they come.
      isBrowser: false,
      publicUrl: deps.publicUrl(),
    }),
  };
  const systems = (Object.keys(adapters) as LegacyName[])
    .filter((name) => deps.config.systems.includes(name))
    .flatMap((name) => adapters[name]?.(given) ?? []);
  const router = mountSystems(systems, { ...deps, cors, authenticate });
  return {
    systems,
    router,
    /** How a request is named in the log and in figures, without what its address holds. */
    patterns: new Set(router.routes.map(({ path }) => path)) as ReadonlySet<string>,
    /** What they add to the refusal of a picture for everybody. */
    saysOfPicture: (path: string): Record<string, unknown> =>
      Object.assign({}, ...systems.map(({ pictures }) => pictures?.(path) ?? {})),
    serveImage: createImageServer(systems, { ...deps, ...deps.photos, cors, authenticate, signedUrls }),
  };
}
