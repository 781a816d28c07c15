import type { Kysely } from 'kysely';
import { recordAudit } from '#features/audit/index.ts';
import { anonymous } from '#platform/database/principal.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { LinkCaller } from '#platform/http/caller.ts';
import type { SharingDeps } from './deps.ts';
import { keyPattern } from './link-keys.ts';
import { type FoundLink, findLink, linkPasswordHash } from './store.ts';
import type { SharingTables } from './tables.ts';

/** What a guest's request shows. */
export interface GuestRequest {
  readonly key: string;
  readonly session?: string | undefined;
  /** Taken in place of a session where views are not counted. */
  readonly password?: string | undefined;
  readonly address: { readonly ip: string; readonly network: string };
}

export interface Guest {
  readonly caller: LinkCaller;
  readonly link: FoundLink;
  /** When the session that was shown ends; null where none was needed. */
  readonly sessionEnds: Date | null;
}

export type AuthorizeDeps = Pick<SharingDeps, 'database' | 'passwords' | 'linkKeys' | 'sessions' | 'limits'>;

/**
 * The one door to all that a link shows: every answer to a guest, bytes, ranges, conditions and zips included, comes after
 * this. Nothing about links is remembered, so what ends one ends it on the next request, on every server.
 * @throws AppError `not_found`, `gone`, `link_locked` (with what it needs, and nothing else), `rate_limited`
 */
export async function authorizeGuest(deps: AuthorizeDeps, request: GuestRequest): Promise<Guest> {
  const link = await requireOpenLink(deps, request.key);
  const sessionEnds = request.session === undefined ? null : deps.sessions.verify(link, request.session);
  const guest = { caller: toCaller(link), link, sessionEnds };
  if (sessionEnds) return guest;
  // A visit that was counted goes on above; nobody new comes in.
  if (isUsedUp(link)) throw gone('This link was opened as often as it may be. Ask whoever sent it for a new one.');
  const needs = neededBy(link);
  if (needs === null) return guest;
  if (needs === 'password' && link.max_views === null && request.password !== undefined) {
    await requireLinkPassword(deps, guest, request.password, request.address);
    return guest;
  }
  throw locked(needs);
}

/**
 * A link by its key, open as far as its owner and its time go.
 * @throws AppError `not_found`, `gone`
 */
export const requireOpenLink = (deps: Pick<AuthorizeDeps, 'database' | 'linkKeys'>, key: string): Promise<FoundLink> =>
  deps.database.as(anonymous, (tx: Kysely<SharingTables>) => requireOpenLinkIn(tx, deps, key));

/** The same, asked in a transaction of whomever's. */
export async function requireOpenLinkIn(
  tx: Kysely<SharingTables>,
  { linkKeys }: Pick<AuthorizeDeps, 'linkKeys'>,
  key: string,
): Promise<FoundLink> {
  const link = keyPattern.test(key) ? await findLink(tx, linkKeys.hash(key)) : undefined;
  if (!link) throw new AppError('not_found', 'There is no such link. Check the address, or ask whoever sent it.');
  if (link.is_closed) throw gone('This link was closed. Ask whoever sent it for a new one.');
  if (link.expires_at && link.expires_at.getTime() <= Date.now()) {
    throw gone('This link has expired. Ask whoever sent it for a new one.');
  }
  return link;
}

/**
 * Holds a password against the link's, slowly, and as often as the limits allow.
 * @throws AppError `link_locked` when it is wrong, `rate_limited`
 */
export async function requireLinkPassword(
  deps: Pick<AuthorizeDeps, 'database' | 'passwords' | 'limits'>,
  { caller, link }: Pick<Guest, 'caller' | 'link'>,
  password: string,
  address: GuestRequest['address'],
): Promise<void> {
  await deps.limits.before(link.id, address.network);
  const hash = await deps.database.as(caller.principal, (tx: Kysely<SharingTables>) => linkPasswordHash(tx));
  if (await deps.passwords.verify(password, hash)) return deps.limits.after(link.id, address.network);
  await deps.database.as(caller.principal, (tx) =>
    recordAudit(tx, { action: 'link_unlock_failed', subject: { kind: 'link', id: link.id }, address: address.ip }),
  );
  throw new AppError('link_locked', 'That is not the password of this link.', { needs: 'password' });
}

export const isUsedUp = ({ max_views: most, views }: Pick<FoundLink, 'max_views' | 'views'>): boolean =>
  most !== null && views >= most;

/** What a guest must do before anything is shown; null where a link is open to whoever has it. */
export function neededBy(link: Pick<FoundLink, 'has_password' | 'max_views'>): 'password' | 'view' | null {
  if (link.has_password) return 'password';
  return link.max_views === null ? null : 'view';
}

export const locked = (needs: 'password' | 'view'): AppError =>
  new AppError(
    'link_locked',
    needs === 'password'
      ? 'This link has a password. Unlock it first.'
      : 'This link counts its visits. Open it with POST …/unlock first.',
    { needs },
  );

export const gone = (message: string): AppError => new AppError('gone', message);

export function toCaller(link: FoundLink): LinkCaller {
  return {
    kind: 'link',
    principal: { kind: 'link', id: link.id },
    linkId: link.id,
    ownerId: link.owner_id,
    target: link.album_id === null ? { photoId: link.photo_id as string } : { albumId: link.album_id },
    allowDownload: link.allow_download,
    allowUpload: link.allow_upload,
    showMetadata: link.show_metadata,
  };
}
