import type { z } from '@hono/zod-openapi';
import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { recordAudit } from '#features/audit/index.ts';
import { createPresenter, findPhotos } from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller, UserCaller } from '#platform/http/caller.ts';
import { isUsedUp } from './authorize-guest.ts';
import type { Link, LinkChange, NewLink } from './contract.ts';
import type { SharingDeps } from './deps.ts';
import * as store from './store.ts';
import type { SharingTables } from './tables.ts';

type Tx = Kysely<SharingTables>;
type Deps = Pick<SharingDeps, 'database' | 'passwords' | 'signedUrls' | 'linkKeys' | 'publicUrl'>;

const goodForDays = 30;
const notFound = (): AppError => new AppError('not_found', 'There is no such link.');

/**
 * Makes a link to one of the caller's own photos or albums.
 * @param from the caller's address, for the log
 * @throws AppError `not_found`, `conflict` for a smart album
 */
export async function createLink(deps: Deps, caller: Caller, input: z.infer<typeof NewLink>, from: string) {
  const user = requireAllowed(caller, 'link.create');
  const passwordHash = input.password === undefined ? null : await deps.passwords.hash(input.password);
  const id = uuidv7();
  const { key, hash, sealed } = deps.linkKeys.create(id);
  const expiresAt =
    input.expires_at === undefined ? new Date(Date.now() + goodForDays * 86_400_000) : toDate(input.expires_at);
  await deps.database.as(user.principal, async (tx: Tx) => {
    await requireTarget(tx, caller, input);
    await store.insertLink(tx, {
      id,
      owner_id: user.userId,
      photo_id: input.photo_id ?? null,
      album_id: input.album_id ?? null,
      key_hash: hash,
      key_sealed: sealed,
      password_hash: passwordHash,
      expires_at: expiresAt,
      allow_download: input.allow_download ?? false,
      allow_upload: input.allow_upload ?? false,
      show_metadata: input.show_metadata ?? false,
      max_views: input.max_views ?? null,
    });
    await recordAudit(tx, {
      action: 'link_created',
      subject: { kind: 'link', id },
      details: {
        of: input.photo_id === undefined ? 'album' : 'photo',
        password: passwordHash !== null,
        allow_download: input.allow_download ?? false,
        allow_upload: input.allow_upload ?? false,
        show_metadata: input.show_metadata ?? false,
      },
      address: from,
    });
  });
  return { id, access_key: key, url: urlOf(deps, key), expires_at: expiresAt?.toISOString() ?? null };
}

async function requireTarget(
  tx: Tx,
  caller: Caller,
  { photo_id: photoId, album_id: albumId }: z.infer<typeof NewLink>,
) {
  if (photoId !== undefined) {
    await requireAccess(tx, caller, 'photo.change', [photoId]);
    if (await store.findTarget(tx, { photoId })) return;
    throw new AppError('not_found', 'There is no such photo.', { ids: [photoId] });
  }
  await requireAccess(tx, caller, 'album.change', [albumId as string]);
  const album = await store.findTarget(tx, { albumId: albumId as string });
  if (album && 'is_smart' in album && album.is_smart) {
    throw new AppError(
      'conflict',
      'A smart album cannot be shared. Freeze it to an album first, then make a link to it.',
    );
  }
}

/** The caller's links that are not closed, newest first. */
export async function listLinks(
  deps: Deps,
  caller: Caller,
  request: { limit: number; offset: number; photo_id?: string | undefined; album_id?: string | undefined },
) {
  const user = requireAllowed(caller, 'link.list');
  const { rows, total, present } = await deps.database.as(user.principal, async (tx: Tx) => {
    const { items, total } = await store.listLinks(tx, user.userId, request);
    return { rows: items, total, present: await createLinkPresenter(deps, tx, user, items) };
  });
  return { items: rows.map(present), total, limit: request.limit, offset: request.offset };
}

/** @throws AppError `not_found` */
export async function readLink(deps: Deps, caller: Caller, id: string) {
  const user = requireAllowed(caller, 'link.read');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'link.read', [id]);
    return readOwn(deps, tx, user, id);
  });
}

/**
 * Changes what a link allows. A changed password ends the visits under way.
 * @throws AppError `not_found`, `validation_error`
 */
export async function changeLink(
  deps: Deps,
  caller: Caller,
  id: string,
  { password, expires_at: expiresAt, ...rest }: z.infer<typeof LinkChange>,
  from: string,
) {
  const user = requireAllowed(caller, 'link.change');
  const passwordHash = typeof password === 'string' ? await deps.passwords.hash(password) : null;
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'link.change', [id]);
    const before = await store.findOpenLink(tx, id);
    if (!before) throw notFound();
    if (rest.allow_upload && before.album_id === null) {
      throw new AppError('validation_error', 'allow_upload: Guests can add photos to an album alone.', {
        field: 'allow_upload',
      });
    }
    const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    const change = {
      ...given,
      ...(expiresAt === undefined ? {} : { expires_at: toDate(expiresAt) }),
      ...(password === undefined ? {} : { password_hash: passwordHash }),
    };
    if (!(await store.updateLink(tx, id, change))) throw notFound();
    const changed = Object.keys(change).map((name) => (name === 'password_hash' ? 'password' : name));
    await recordAudit(tx, {
      action: 'link_changed',
      subject: { kind: 'link', id },
      details: { changed },
      address: from,
    });
    return readOwn(deps, tx, user, id);
  });
}

/** Closes a link for good: its guests are answered `gone` from now on. @throws AppError `not_found` */
export async function closeLink(deps: Pick<Deps, 'database'>, caller: Caller, id: string, from: string): Promise<void> {
  const user = requireAllowed(caller, 'link.change');
  await deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'link.change', [id]);
    if (!(await store.revokeLink(tx, id))) throw notFound();
    await recordAudit(tx, { action: 'link_closed', subject: { kind: 'link', id }, address: from });
  });
}

async function readOwn(deps: Deps, tx: Tx, user: UserCaller, id: string) {
  const row = await store.findOpenLink(tx, id);
  if (!row) throw notFound();
  return (await createLinkPresenter(deps, tx, user, [row]))(row);
}

/** Asks for the covers of all these links at once. */
async function createLinkPresenter(deps: Deps, tx: Tx, user: UserCaller, rows: readonly store.LinkRow[]) {
  const present = createPresenter(deps, user);
  const ids = [...new Set(rows.flatMap((row) => row.cover_id ?? []))];
  const covers = new Map((await findPhotos(tx, ids)).map((photo) => [photo.id, photo]));

  return (row: store.LinkRow): z.infer<typeof Link> => {
    const key = deps.linkKeys.unseal(row.id, row.key_sealed);
    const cover = row.cover_id === null ? undefined : covers.get(row.cover_id);
    return {
      id: row.id,
      url: urlOf(deps, key),
      access_key: key,
      photo_id: row.photo_id,
      album_id: row.album_id,
      title: row.title,
      cover: cover
        ? {
            thumbnail_url: present.url(cover, 'medium'),
            placeholder: cover.placeholder?.toString('base64') ?? null,
            is_generated: cover.kind !== 'uploaded',
          }
        : null,
      has_password: row.has_password,
      expires_at: row.expires_at?.toISOString() ?? null,
      allow_download: row.allow_download,
      allow_upload: row.allow_upload,
      show_metadata: row.show_metadata,
      max_views: row.max_views,
      views: row.views,
      last_viewed_at: row.last_viewed_at?.toISOString() ?? null,
      created_at: row.created_at.toISOString(),
      status: statusOf(row),
    };
  };
}

function statusOf(row: store.LinkRow): 'open' | 'expired' | 'used_up' {
  if (row.expires_at && row.expires_at.getTime() <= Date.now()) return 'expired';
  return isUsedUp(row) ? 'used_up' : 'open';
}

const urlOf = (deps: Pick<SharingDeps, 'publicUrl'>, key: string): string => `${deps.publicUrl()}/s/${key}`;

const toDate = (time: string | null): Date | null => (time === null ? null : new Date(time));
