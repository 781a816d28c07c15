import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Kysely } from 'kysely';
import { requireGuestAccess } from '#features/access/index.ts';
import {
  findServable,
  markOriginal,
  type PhotoTables,
  toContentDisposition,
  type Variant,
} from '#features/photos/index.ts';
import type { BlobReader } from '#platform/blobs/blob-store.ts';
import type { Deliverable, Delivery } from '#platform/delivery/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { LinkCaller } from '#platform/http/caller.ts';
import { type AuthorizeDeps, authorizeGuest, type GuestRequest } from './authorize-guest.ts';
import type { SharingDeps } from './deps.ts';
import { guestCookie, guestHeaders, readPasswordHeader } from './guest-cookie.ts';
import { chooseForm } from './negotiate.ts';

const mount = '/(?:s|api/v1/share)';
const key = '([A-Za-z0-9_-]{43})';
const uuid = '([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})';
const address = new RegExp(`^${mount}/${key}(?:/photos/${uuid}/(original|preview|medium|small))?$`);

// A browser asks anew each time: what it keeps is good only as long as the link is, and a 304 passes the same door.
const cacheControl = 'private, no-cache';
const inline = { ...guestHeaders, vary: 'Cookie, X-Share-Session, X-Share-Password, Accept' };

type Deps = AuthorizeDeps &
  Pick<SharingDeps, 'cleanOriginals'> & {
    readonly delivery: Delivery;
    /** 32 bytes: guests get tags of their own, as an owner's would tell the hash of an original that they never had. */
    readonly tagKey: Buffer;
    readonly addressOf: (request: IncomingMessage) => GuestRequest['address'];
    readonly refuse: (request: IncomingMessage, response: ServerResponse, error: unknown) => void;
    /** Called once an answer has been handed over, whatever it was. */
    readonly answered: (request: IncomingMessage, response: ServerResponse) => void;
  };

/**
 * Bytes for guests, ahead of the routers: photos within a link, and the one photo of a link at the link's own address.
 * @returns a handler that answers true when the request was one for bytes, and was dealt with
 */
export function createGuestPhotoServer(deps: Deps): (request: IncomingMessage, response: ServerResponse) => boolean {
  const tagOf = (hash: string, variant: string): string =>
    `"${createHmac('sha256', deps.tagKey).update(`${hash} ${variant}`).digest('base64url').slice(0, 22)}"`;

  const locate = (caller: LinkCaller, photoId: string, variant: Variant) =>
    deps.database.as(caller.principal, async (tx: Kysely<PhotoTables>) => {
      await requireGuestAccess(tx, caller, variant === 'original' ? 'guest.download' : 'guest.look', [photoId]);
      const found = await findServable(tx, photoId);
      if (!found) throw new AppError('not_found', 'There is no such photo.');
      return found;
    });

  const toDeliverable = async (
    caller: LinkCaller,
    photoId: string,
    variant: Variant,
    asDownload: boolean,
  ): Promise<Deliverable> => {
    const { derivatives, ...file } = await locate(caller, photoId, variant);
    const { hash, filename } = file;
    const given =
      variant === 'original'
        ? await deps.cleanOriginals.given(caller, file)
        : { variant, mimeType: derivatives?.[variant], filename, source: null };
    const { source } = given;
    if (!given.mimeType) throw new AppError('not_found', 'There is no such photo.');
    return {
      key: { hash, variant: given.variant },
      mimeType: given.mimeType,
      etag: tagOf(hash, source === null ? given.variant : `${given.variant} ${source}`),
      cacheControl,
      headers: asDownload ? { ...inline, 'content-disposition': toContentDisposition(given.filename) } : inline,
      ...(source === null ? {} : { rewrite: (stored: BlobReader) => markOriginal(stored, source) }),
    };
  };

  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
    named: { key: string; photoId?: string | undefined; variant?: Variant | undefined; query: string },
  ): Promise<void> => {
    const { caller } = await authorizeGuest(deps, {
      key: named.key,
      session: headerOf(request, 'x-share-session') ?? cookieOf(request),
      password: readPasswordHeader(headerOf(request, 'x-share-password')),
      address: deps.addressOf(request),
    });
    const photoId = named.photoId ?? requirePhoto(caller);
    const variant = named.variant ?? (caller.allowDownload ? 'original' : 'preview');
    const asDownload = /(^|&)download=1/.test(named.query);
    await deps.delivery.serve(request, response, await toDeliverable(caller, photoId, variant, asDownload));
  };

  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const url = request.url ?? '';
    if (!url.startsWith('/s/') && !url.startsWith('/api/v1/share/')) return false;
    const mark = url.indexOf('?');
    const match = address.exec(mark < 0 ? url : url.slice(0, mark));
    if (!match) return false;
    const [, key = '', photoId, variant] = match;
    if (photoId === undefined && chooseForm(request.headers.accept) !== 'image') return false;
    const named = { key, photoId, variant: variant as Variant | undefined, query: mark < 0 ? '' : url.slice(mark + 1) };
    answer(request, response, named)
      .catch((error: unknown) => deps.refuse(request, response, error))
      .finally(() => deps.answered(request, response));
    return true;
  };
}

function requirePhoto({ target }: LinkCaller): string {
  if ('photoId' in target) return target.photoId;
  throw new AppError(
    'not_found',
    'This link shows an album, which is no picture. Ask for JSON, or for one of its photos.',
  );
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function cookieOf(request: IncomingMessage): string | undefined {
  const pair = request.headers.cookie?.split('; ').find((text) => text.startsWith(`${guestCookie}=`));
  return pair?.slice(guestCookie.length + 1);
}
