import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Credentials } from '#features/accounts/index.ts';
import { labelBytes, type PhotoLocator, type SignedUrls } from '#features/photos/index.ts';
import type { Delivery } from '#platform/delivery/index.ts';
import { toAppError } from '#platform/http/api.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import { type Authenticate, type Missing, requireUser } from './authenticate.ts';
import type { Cors } from './cors.ts';
import type { ImageTarget, LegacyImages, LegacySystem } from './system.ts';

interface Serving {
  readonly delivery: Delivery;
  readonly locator: PhotoLocator;
  readonly credentials: Credentials;
  readonly authenticate: Authenticate;
  readonly signedUrls: SignedUrls;
  readonly cors: Cors;
  readonly logger: Logger;
  /** Called once an answer has been handed over, whatever it was. */
  answered(request: IncomingMessage, response: ServerResponse): void;
}

interface Address {
  readonly system: LegacySystem;
  readonly images: LegacyImages;
  readonly pattern: RegExp;
}

// The address is another the day after; what a person was shown stays in their own browser no longer than that.
const cacheControl = 'private, max-age=86400';

/** Signs what a path means, however it is escaped. */
export const signPath = (signedUrls: SignedUrls, path: string, { userId, credentialId }: UserCaller): string =>
  `${path}${path.includes('?') ? '&' : '?'}${signedUrls.sign(meaningOf(path), 'original', { userId, credentialId })}`;

/** Who opens an address of a picture: whoever shows a token, else the one to whom the signature in its query was given. */
export function createViewerFinder(deps: Pick<Serving, 'authenticate' | 'signedUrls' | 'credentials'>) {
  return async (authorization: string | undefined, path: string, query: string): Promise<UserCaller | Missing> => {
    const shown = await deps.authenticate(authorization);
    // A token is as good as a signature that has run out.
    if (typeof shown !== 'string' || !/(^|[&?])s=/.test(query)) return shown;
    // Some clients put their own `?t=…` behind whatever address they were given.
    const grant = deps.signedUrls.verify(meaningOf(path), 'original', new URLSearchParams(query.replaceAll('?', '&')));
    const caller = grant && (await deps.credentials.resolveGrant(grant));
    return caller?.kind === 'user' ? caller : 'signature';
  };
}

/**
 * Pictures at the addresses of earlier systems, ahead of the router as those of the native API are. A signature in the address
 * counts, and else a bearer token: clients show these in plain `<img>` tags, where no header can be set.
 * @returns a handler that answers true when the request was one for such a picture, and was dealt with
 */
export function createImageServer(
  systems: readonly LegacySystem[],
  deps: Serving,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const addresses: Address[] = systems.flatMap((system) =>
    (system.images ?? []).map((images) => ({ system, images, pattern: toPattern(images.path) })),
  );

  const identify = createViewerFinder(deps);

  const send = async (
    request: IncomingMessage,
    response: ServerResponse,
    caller: UserCaller,
    target: ImageTarget,
  ): Promise<void> => {
    const located = await deps.locator.locate(caller, target.photoId);
    // What somebody else shares is in the web app: nobody's image was another's by any address of these systems.
    if (located.isTrashed || located.ownerId !== caller.userId) throw absent();
    const plain = labelBytes(located, target.variant ?? 'original', target.isTakenOut === true);
    const cors = deps.cors.headersFor(request.headers.origin);
    await deps.delivery.serve(request, response, {
      ...plain,
      cacheControl,
      isForOtherSites: true,
      headers: {
        ...cors,
        ...(plain.headers?.['content-disposition']
          ? { 'Content-Disposition': plain.headers['content-disposition'] }
          : {}),
        ...(typeof target.headers === 'function' ? target.headers(plain) : target.headers),
        Vary: cors.Vary ? `Authorization, ${cors.Vary}` : 'Authorization',
      },
    });
  };

  const respond = async (
    request: IncomingMessage,
    response: ServerResponse,
    { images, system }: Address,
    names: Record<string, string> | null,
    [path, query]: readonly [string, string],
  ): Promise<void> => {
    try {
      const caller = requireUser(await identify(request.headers.authorization, path, query));
      const target = names && (await images.photoOf(names, caller));
      if (!target) throw absent();
      await send(request, response, caller, target);
    } catch (error) {
      refuse(request, response, system, path, toAppError(error, deps.logger));
    }
    deps.answered(request, response);
  };

  const refuse = (
    request: IncomingMessage,
    response: ServerResponse,
    system: LegacySystem,
    path: string,
    error: AppError,
  ): void => {
    if (response.headersSent) return void response.destroy();
    const { status, body, headers } = system.refuse(error, { method: request.method ?? 'GET', path });
    const text = JSON.stringify(body);
    response.writeHead(status, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Resource-Policy': 'cross-origin',
      ...system.headers,
      ...deps.cors.headersFor(request.headers.origin),
      ...headers,
    });
    response.end(request.method === 'HEAD' ? undefined : text);
  };

  return (request, response) => {
    if (addresses.length === 0 || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
    const url = request.url ?? '';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    for (const address of addresses) {
      const match = address.pattern.exec(path);
      if (!match || address.images.serves?.(request) === false) continue;
      void respond(request, response, address, toPlain(match.groups ?? {}), [
        path,
        mark < 0 ? '' : url.slice(mark + 1),
      ]);
      return true;
    }
    return false;
  };
}

const absent = () => new AppError('not_found', 'There is no such picture.');

const toPattern = (path: string): RegExp =>
  new RegExp(`^${path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`);

/** @returns null where it is escaped in no way that means anything */
function toPlain(groups: Record<string, string>): Record<string, string> | null {
  try {
    return Object.fromEntries(Object.entries(groups).map(([name, text]) => [name, decodeURIComponent(text)]));
  } catch {
    return null;
  }
}

function meaningOf(path: string): string {
  const [bare = ''] = path.split('?');
  try {
    return decodeURIComponent(bare);
  } catch {
    return bare;
  }
}
