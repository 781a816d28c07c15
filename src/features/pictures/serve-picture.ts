import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PictureVariant } from '#platform/blobs/blob-store.ts';
import type { PublicPlace } from '#platform/blobs/public-place.ts';
import type { Database } from '#platform/database/database.ts';
import { anonymous } from '#platform/database/principal.ts';
import { type Deliverable, type Delivery, namesTag } from '#platform/delivery/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import { sizes } from './contract.ts';
import { drawStandIn, type StandIn, toInitials } from './draw-stand-in.ts';
import { type PictureLocator, type ShownPicture, toShown } from './locate-picture.ts';
import { findAvatar, type PictureKind } from './store.ts';

const uuid = '([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})';
const imageAddress = new RegExp(`^/images/(?:users/${uuid}/(profile|cover)|organizations/${uuid}/logo)$`);
/** Clients of Gravatar put an ending behind it at times. MD5 is an older way of theirs, by which nobody is found here. */
const avatarAddress = /^\/avatar\/([0-9a-f]{64}|[0-9a-f]{32})(?:\.(?:jpe?g|png|gif|webp))?$/i;
/** What the addresses of the API's own answers carry. */
const plainQuery = /^v=([0-9a-f]{16})(?:&size=([1-9]\d{1,3}))?$/;

const forever = 'public, max-age=31536000, immutable';
/** Short enough that another picture is soon seen by who does not know its address, and conditional requests cost little. */
const shortly = 'public, max-age=60';
/** Where a picture is read elsewhere: the domain may become another one, so this is not for ever. */
const forADay = 'public, max-age=86400';

interface Asked {
  readonly version: string | null;
  readonly size: string | null;
  readonly parameters: URLSearchParams | null;
}

/**
 * Pictures that everybody is shown, ahead of the API's router: where they lie is remembered, so that one costs no query.
 * @returns a handler that answers true when the request was one for a picture, and was dealt with
 */
export function createPictureServer(deps: {
  database: Database;
  delivery: Delivery;
  locator: PictureLocator;
  publicPlace: Pick<PublicPlace, 'isRead' | 'urlOf'> | null;
  /** Whose pictures are asked for by an id that they had in an earlier system. */
  findEarlier(kind: 'person' | 'organization', id: string): Promise<string | undefined>;
  refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void;
  /** Called once an answer has been handed over, whatever it was. */
  answered(request: IncomingMessage, response: ServerResponse): void;
}): (request: IncomingMessage, response: ServerResponse) => boolean {
  /** The common way: where it lies and the bytes are remembered, so nothing is waited for. */
  const serveAtOnce = (
    request: IncomingMessage,
    response: ServerResponse,
    kind: PictureKind,
    id: string,
    query: string,
  ): boolean => {
    const [, version, size = null] = plainQuery.exec(query) ?? [];
    const known = version === undefined ? undefined : deps.locator.remembered(kind, id);
    if (!known || !version || (size !== null && !isSize(size))) return false;
    if (sendElsewhere(response, known, toVariant(size), version)) return true;
    return deps.delivery.serveFromMemory(request, response, label(known, `${kind}_${id}`, toVariant(size), version));
  };

  /** Sends whoever has the current address on to the public bucket; others get the bytes, which no address of theirs names. */
  const sendElsewhere = (
    response: ServerResponse,
    shown: ShownPicture,
    variant: PictureVariant,
    version: string | null,
  ): boolean => {
    const sha256 = version === shown.version ? shown.published.get(variant) : undefined;
    if (!sha256 || !deps.publicPlace?.isRead) return false;
    response.writeHead(302, {
      Location: deps.publicPlace.urlOf(sha256),
      'Content-Length': 0,
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Resource-Policy': 'cross-origin',
      'Cache-Control': forADay,
    });
    response.end();
    return true;
  };

  const locateEarlier = async (kind: PictureKind, id: string): Promise<ShownPicture | null> => {
    const now = await deps.findEarlier(kind === 'logo' ? 'organization' : 'person', id);
    return now === undefined || now === id ? null : deps.locator.locate(kind, now);
  };

  const serveImage = async (
    request: IncomingMessage,
    response: ServerResponse,
    kind: PictureKind,
    id: string,
    query: string,
  ): Promise<void> => {
    const asked = read(query);
    const variant = toVariant(asked.size);
    const known = deps.locator.remembered(kind, id);
    if (known && sendElsewhere(response, known, variant, asked.version)) return;
    if (known) {
      try {
        return await deps.delivery.serve(request, response, label(known, `${kind}_${id}`, variant, asked.version));
      } catch (error) {
        // Replaced and swept a moment ago, and this server has not heard of it yet.
        if (!(error instanceof AppError) || error.code !== 'not_found') throw error;
      }
    }
    const shown = (await deps.locator.locate(kind, id)) ?? (await locateEarlier(kind, id));
    if (shown && sendElsewhere(response, shown, variant, asked.version)) return;
    if (shown) return deps.delivery.serve(request, response, label(shown, `${kind}_${id}`, variant, asked.version));
    const { parameters } = asked;
    const fallback = parameters?.get('fallback');
    if (fallback === undefined || fallback === null) throw new AppError('not_found', 'There is no such picture.');
    if (fallback !== 'initials') {
      throw new AppError('validation_error', 'fallback: Only initials can stand in. Leave it out for a 404.', {
        field: 'fallback',
        allowed: ['initials'],
      });
    }
    const initials = toInitials(parameters?.get('initials') ?? null, parameters?.get('name') ?? null);
    // A colour for each person and organization, whichever of their pictures it stands in for.
    sendDrawing(request, response, drawStandIn('initials', id, Number(asked.size ?? sizes.at(-1)), initials));
  };

  const serveAvatar = async (request: IncomingMessage, response: ServerResponse, hash: string, query: string) => {
    const parameters = new URLSearchParams(query);
    const side = toSide(parameters.get('s') ?? parameters.get('size'));
    const forced = /^y(es)?$/i.test(parameters.get('f') ?? parameters.get('forcedefault') ?? '');
    // Asked for each time, forced or not: who is found, who is not and who does not exist differ by nothing but the picture.
    const found = await deps.database.as(anonymous, (tx) => findAvatar(tx, Buffer.from(hash, 'hex')));
    if (found && !forced) {
      const size = sizes.find((one) => one >= side);
      return deps.delivery.serve(
        request,
        response,
        label(toShown(found), 'avatar', toVariant(size ? String(size) : null), null),
      );
    }
    const kind = toStandIn(parameters.get('d') ?? parameters.get('default'));
    if (kind === null) throw new AppError('not_found', 'There is no such picture.');
    const initials = toInitials(parameters.get('initials'), parameters.get('name'));
    sendDrawing(request, response, drawStandIn(kind, hash, side, initials));
  };

  const respond = async (request: IncomingMessage, response: ServerResponse, work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      deps.refuse(request, response, error);
    }
    deps.answered(request, response);
  };

  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const url = request.url ?? '';
    const isImage = url.startsWith('/images/');
    if (!isImage && !url.startsWith('/avatar/')) return false;
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const query = mark < 0 ? '' : url.slice(mark + 1);
    const match = (isImage ? imageAddress : avatarAddress).exec(path);
    if (!match) return false;
    if (!isImage) {
      void respond(request, response, serveAvatar(request, response, (match[1] as string).toLowerCase(), query));
      return true;
    }
    const kind = (match[2] as PictureKind | undefined) ?? 'logo';
    const id = (match[1] ?? match[3]) as string;
    if (serveAtOnce(request, response, kind, id, query)) deps.answered(request, response);
    else void respond(request, response, serveImage(request, response, kind, id, query));
    return true;
  };
}

function read(query: string): Asked {
  const plain = plainQuery.exec(query);
  if (plain) return { version: plain[1] as string, size: plain[2] ?? null, parameters: null };
  const parameters = new URLSearchParams(query);
  return { version: parameters.get('v'), size: parameters.get('size'), parameters };
}

const isSize = (text: string): boolean => sizes.some((one) => String(one) === text);

/** @throws AppError `validation_error` with what may be asked for */
function toVariant(size: string | null): PictureVariant {
  if (size === null) return 'picture';
  if (isSize(size)) return `picture${size}` as PictureVariant;
  throw new AppError(
    'validation_error',
    `size: Ask for ${sizes.slice(0, -1).join(', ')} or ${sizes.at(-1)}, or leave it out for the whole picture.`,
    { field: 'size', allowed: sizes },
  );
}

/** @param filename without its ending: what a browser proposes to save it as */
function label(shown: ShownPicture, filename: string, variant: PictureVariant, version: string | null): Deliverable {
  const isCurrent = version === shown.version;
  const name = isCurrent ? `${variant} v` : variant;
  const known = shown.labels.get(name);
  if (known) return known;
  const what: Deliverable = {
    key: { hash: shown.hash, variant },
    mimeType: 'image/webp',
    etag: `"${shown.hash.slice(0, 32)}-${variant}"`,
    cacheControl: isCurrent ? forever : shortly,
    isPublic: true,
    headers: { 'Content-Disposition': `inline; filename="${filename}.webp"` },
  };
  shown.labels.set(name, what);
  return what;
}

/** Gravatar's default is 80, and 1 to 2048 can be asked for. */
function toSide(text: string | null): number {
  const side = /^\d{1,6}$/.test(text ?? '') ? Number(text) : 0;
  return side < 1 ? 80 : Math.min(side, 2048);
}

/** Null for a 404. An address of somewhere else is never looked at. */
function toStandIn(text: string | null): StandIn | null {
  const known: Record<string, StandIn | null> = {
    '404': null,
    mp: 'silhouette',
    mm: 'silhouette',
    identicon: 'identicon',
    initials: 'initials',
    blank: 'blank',
    // Drawings of others, which are not drawn here.
    monsterid: 'identicon',
    wavatar: 'identicon',
    retro: 'identicon',
    robohash: 'identicon',
    pagan: 'identicon',
    color: 'identicon',
  };
  const kind = known[(text ?? 'mp').toLowerCase()];
  return kind === undefined ? 'silhouette' : kind;
}

function sendDrawing(request: IncomingMessage, response: ServerResponse, drawing: Buffer): void {
  const etag = `"${createHash('sha256').update(drawing).digest('hex').slice(0, 32)}"`;
  const labels = { ETag: etag, 'Cache-Control': shortly };
  const known = request.headers['if-none-match'];
  if (known !== undefined && namesTag(known, etag)) {
    response.writeHead(304, labels).end();
    return;
  }
  response.writeHead(200, {
    'Content-Type': 'image/svg+xml',
    'Content-Length': drawing.length,
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'Cross-Origin-Resource-Policy': 'cross-origin',
    ...labels,
  });
  response.end(request.method === 'HEAD' ? undefined : drawing);
}
