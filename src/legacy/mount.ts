import { type Context, Hono, type Next } from 'hono';
import type { Logger } from 'pino';
import { type ApiEnv, toAppError } from '#platform/http/api.ts';
import { AppError } from '#platform/http/app-error.ts';
import { nobody } from '#platform/http/caller.ts';
import type { ClientAddress } from '#platform/http/client-address.ts';
import { requestContext } from '#platform/observability/request-context.ts';
import { type Authenticate, requireUser } from './authenticate.ts';
import type { Cors } from './cors.ts';
import { createHealth, healthPaths } from './health.ts';
import type { Health, LegacyContext, LegacyRoute, LegacySystem, Refusal, Refuse } from './system.ts';

interface Mounting {
  readonly cors: Cors;
  readonly authenticate: Authenticate;
  readonly addressOf: (c: LegacyContext) => ClientAddress;
  readonly look: () => Promise<Health>;
  readonly logger: Logger;
}

interface Place {
  readonly system: LegacySystem;
  readonly refuse: Refuse;
  readonly isPageToo: boolean;
  readonly methods: Set<string>;
}

/** One router for what all of them answer. What it does not know goes on to the native API and the web app. */
export function mountSystems(systems: readonly LegacySystem[], deps: Mounting): Hono<ApiEnv> {
  const router = new Hono<ApiEnv>();
  const places = new Map<string, Place>();
  const placeOf = (path: string, system: LegacySystem, from: Partial<LegacyRoute> = {}): Place => {
    const place = places.get(path) ?? {
      system,
      refuse: from.refuse ?? system.refuse,
      isPageToo: from.isPageToo === true,
      methods: new Set<string>(),
    };
    places.set(path, place);
    return place;
  };

  for (const system of systems) {
    for (const route of system.routes) {
      for (const path of [route.path].flat()) {
        placeOf(path, system, route).methods.add(route.method);
        router.on(route.method, path, answering(deps, system, route));
      }
    }
    for (const { path } of system.images ?? []) placeOf(path, system).methods.add('GET');
  }
  for (const path of healthPaths) {
    const answer = createHealth(systems, path, deps.look);
    const [system] = systems;
    if (!answer || !system) continue;
    placeOf(path, system).methods.add('GET');
    router.get(path, answering(deps, system, { method: 'GET', path, open: true, handle: answer }));
  }
  for (const [path, place] of places) mountRest(router, path, place, deps);
  for (const system of systems) {
    for (const prefix of system.prefixes) {
      // A page that asks beforehand for what is not here has to hear that it is not, and not that it may not ask.
      router.options(`${prefix}/*`, (c) => preflight(c, deps, methodsOf(allMethods)));
      router.all(`${prefix}/*`, (c) =>
        finish(c, deps, system, toResponse(system.refuse(notFound(), { method: c.req.method, path: c.req.path }))),
      );
    }
  }
  return router;
}

const notFound = () => new AppError('not_found', 'There is nothing at this address.');

function answering(deps: Mounting, system: LegacySystem, route: LegacyRoute) {
  const refuse = route.refuse ?? system.refuse;
  return async (c: LegacyContext, next: Next): Promise<Response | undefined> => {
    if (route.isPageToo && isOpenedInBrowser(c)) {
      await next();
      return;
    }
    return finish(c, deps, system, await answer(deps, route, refuse, c));
  };
}

async function answer(deps: Mounting, route: LegacyRoute, refuse: Refuse, c: LegacyContext): Promise<Response> {
  try {
    c.set('address', deps.addressOf(c));
    const found = await deps.authenticate(c.req.header('authorization'));
    c.set('caller', typeof found === 'string' ? nobody : found);
    const context = requestContext.getStore();
    if (context && typeof found !== 'string') context.userId = found.userId;
    return route.open ? await route.handle(c) : await route.handle(c, requireUser(found));
  } catch (error) {
    const known = toAppError(error, deps.logger);
    const refusal = refuse(known, { method: c.req.method, path: c.req.path });
    const wait = known.details.retry_after;
    return toResponse(refusal, typeof wait === 'number' ? { 'retry-after': String(wait) } : {});
  }
}

const allMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

const methodsOf = (allowed: readonly string[]): string[] => [
  ...allowed.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])),
  'OPTIONS',
];

function preflight(c: LegacyContext, { cors }: Mounting, methods: readonly string[]): Response {
  const [origin, asked] = [c.req.header('origin'), c.req.header('access-control-request-headers')];
  return c.body(null, 204, { allow: methods.join(', '), ...cors.preflight(origin, methods, asked) });
}

/** What the other methods of an address are answered. */
function mountRest(router: Hono<ApiEnv>, path: string, place: Place, deps: Mounting): void {
  const allowed = allMethods.filter((method) => place.methods.has(method));
  const all = methodsOf(allowed);
  router.options(path, (c) => preflight(c, deps, all));
  router.all(path, async (c, next): Promise<Response | undefined> => {
    // Pages, and pictures that are answered ahead of the router.
    if (all.includes(c.req.method) || (place.isPageToo && c.req.method === 'GET')) {
      await next();
      return;
    }
    const error = new AppError('method_not_allowed', `This address answers ${all.join(', ')}.`, { allowed });
    const refusal = place.refuse(error, { method: c.req.method, path: c.req.path });
    return finish(c, deps, place.system, toResponse(refusal, { allow: all.join(', ') }));
  });
}

/** Somebody who goes to a page; scripts ask for JSON or for anything, and show a token. */
const isOpenedInBrowser = (c: Context): boolean =>
  c.req.header('authorization') === undefined && /\btext\/html\b/i.test(c.req.header('accept') ?? '');

const toResponse = ({ status, body, headers }: Refusal, more: Record<string, string> = {}): Response =>
  Response.json(body, { status, headers: { ...more, ...headers } });

function finish(c: LegacyContext, { cors }: Mounting, system: LegacySystem, response: Response): Response {
  const headers = {
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...system.headers,
    ...cors.headersFor(c.req.header('origin')),
  };
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'Vary') response.headers.append(name, value);
    else if (!response.headers.has(name)) response.headers.set(name, value);
  }
  return response;
}
