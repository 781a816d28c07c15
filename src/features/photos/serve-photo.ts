import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Deliverable, Delivery } from '#platform/delivery/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { Variant } from './contract.ts';
import { toContentDisposition } from './filename.ts';
import type { Located, PhotoLocator } from './locate-photo.ts';
import { markOriginal } from './mark-original.ts';
import type { SignedUrls } from './signed-urls.ts';

const uuid = '([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})';
const address = new RegExp(`^/api/v1/photos/(?:${uuid}(?:/(original|preview|medium|small))?|thumbnail/${uuid})$`);

// Most addresses carry a content hash alone, which changes nothing about the answer.
const needsParsing = /(^|&)(s|download)=/;

/** What serving bytes needs to know of the accounts: who shows a credential, and whether one is still good. */
export interface Identity {
  remembered(request: IncomingMessage): Caller | undefined;
  resolve(request: IncomingMessage): Promise<Caller>;
  /** The user a signed URL was given to, if the credential it is bound to is still good. */
  fromGrant(grant: { userId: string; credentialId: string }): Promise<Caller>;
}

/**
 * Bytes of photos, ahead of the API's router: who asks and whose the photo is are remembered, so that a thumbnail costs
 * no query and no allocation that matters.
 * @returns a handler that answers true when the request was one for bytes, and was dealt with
 */
export function createPhotoServer(deps: {
  delivery: Delivery;
  locator: PhotoLocator;
  signedUrls: SignedUrls;
  identity: Identity;
  refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void;
  /** Called once an answer has been handed over, whatever it was. */
  answered(request: IncomingMessage, response: ServerResponse): void;
}): (request: IncomingMessage, response: ServerResponse) => boolean {
  /** The common way: who asks, whose it is and the bytes are all remembered, so nothing is waited for. */
  const respondAtOnce = (
    request: IncomingMessage,
    response: ServerResponse,
    photoId: string,
    variant: Variant,
  ): boolean => {
    const caller = deps.identity.remembered(request);
    const located = caller && deps.locator.remembered(caller, photoId);
    return (
      located !== undefined && deps.delivery.serveFromMemory(request, response, toDeliverable(located, variant, null))
    );
  };

  const respondInTime = async (
    request: IncomingMessage,
    response: ServerResponse,
    photoId: string,
    variant: Variant,
    parameters: URLSearchParams | null,
  ): Promise<void> => {
    const caller = parameters?.has('s')
      ? await fromSignature(photoId, variant, parameters)
      : await deps.identity.resolve(request);
    const located = await deps.locator.locate(caller, photoId);
    await deps.delivery.serve(request, response, toDeliverable(located, variant, parameters));
  };

  const respond = async (
    request: IncomingMessage,
    response: ServerResponse,
    photoId: string,
    variant: Variant,
    query: string,
  ): Promise<void> => {
    try {
      const parameters = needsParsing.test(query) ? new URLSearchParams(query) : null;
      if (parameters || !respondAtOnce(request, response, photoId, variant)) {
        await respondInTime(request, response, photoId, variant, parameters);
      }
    } catch (error) {
      deps.refuse(request, response, error);
    }
    deps.answered(request, response);
  };

  const fromSignature = async (photoId: string, variant: Variant, query: URLSearchParams): Promise<Caller> => {
    const grant = deps.signedUrls.verify(photoId, variant, query);
    if (!grant) throw new AppError('unauthorized', 'This address is no longer good. Ask for the photo again.');
    return deps.identity.fromGrant(grant);
  };

  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const url = request.url ?? '';
    const mark = url.indexOf('?');
    const match = address.exec(mark < 0 ? url : url.slice(0, mark));
    if (!match) return false;
    const photoId = (match[1] ?? match[3]) as string;
    const variant = match[3] ? 'small' : ((match[2] ?? 'original') as Variant);
    void respond(request, response, photoId, variant, mark < 0 ? '' : url.slice(mark + 1));
    return true;
  };
}

// What a photo id names never changes, so its bytes may be kept for ever, by the browser of the one they were given to.
const cacheControl = 'private, max-age=31536000, immutable';
const vary = { vary: 'Cookie, Authorization' };

// What is the same for every request is made once for as long as the place is remembered.
const plainDeliverables = new WeakMap<Located, Partial<Record<Variant, Deliverable>>>();

function toDeliverable(located: Located, variant: Variant, query: URLSearchParams | null): Deliverable {
  if (query) return labelBytes(located, variant, query.has('download'));
  const made = plainDeliverables.get(located) ?? {};
  const known = made[variant];
  if (known) return known;
  const deliverable = labelBytes(located, variant, false);
  plainDeliverables.set(located, { ...made, [variant]: deliverable });
  return deliverable;
}

/**
 * One size of a photo, as it goes to its owner's browser.
 * @param isTakenOut to be saved under its name; an original that was made here then tells so
 * @throws AppError `not_found` where there is no such size
 */
export function labelBytes(located: Located, variant: Variant, isTakenOut: boolean): Deliverable {
  const mimeType = located.mimeTypes[variant];
  if (!mimeType) throw new AppError('not_found', 'There is no such photo.');
  const headers = isTakenOut ? { ...vary, 'content-disposition': toContentDisposition(located.filename) } : vary;
  const markedAs = (source: string): Pick<Deliverable, 'etag' | 'rewrite'> => ({
    etag: `"${located.hash.slice(0, 32)}-marked"`,
    rewrite: (stored) => markOriginal(stored, source),
  });
  return {
    etag: `"${located.hash.slice(0, 32)}-${variant}"`,
    key: { hash: located.hash, variant },
    mimeType,
    cacheControl,
    headers,
    ...(isTakenOut && variant === 'original' && located.madeSource ? markedAs(located.madeSource) : {}),
  };
}
