import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import * as browsing from './browse-store.ts';
import type { PhotoDeps } from './deps.ts';
import { limitTime } from './filter-store.ts';
import type { PhotoFilter } from './photo-filter.ts';
import { createPresenter, type PhotoBody } from './present-photo.ts';
import { requireFilter } from './require-selection.ts';
import * as store from './store.ts';
import type { PhotoTables } from './tables.ts';

type Deps = Pick<PhotoDeps, 'database' | 'signedUrls'>;
type Tx = Kysely<PhotoTables>;

/** What every page of photos begins with: its album is the caller's to see, and words take as long as a page is worth. */
async function prepareSearch(tx: Tx, caller: Caller, filter: PhotoFilter): Promise<void> {
  await requireFilter(tx, caller, filter);
  if (filter.q) await limitTime(tx);
}

export interface ListRequest extends PhotoFilter {
  limit: number;
  offset: number;
  cursor?: string | undefined;
}

/**
 * A page of the caller's photos, newest first, by offset or from a cursor.
 * @throws AppError `validation_error` for a cursor that is none
 */
export async function listPhotos(deps: Deps, caller: Caller, request: ListRequest) {
  const user = requireAllowed(caller, 'photo.list');
  const { limit, offset, cursor, ...filter } = request;
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const present = createPresenter(deps, user);
  const { items, next, total } = await deps.database.as(user.principal, async (tx: Tx) => {
    await prepareSearch(tx, caller, filter);
    return browsing.listPhotos(tx, user.userId, filter, { limit, offset: after ? 0 : offset, after });
  });
  return {
    items: items.map(present.photo),
    total,
    limit,
    offset,
    next_cursor: next && Buffer.from(`${next.sortAt} ${next.id}`).toString('base64url'),
  };
}

/**
 * The caller's live photos as they came in, newest first and without pages: how the clients of earlier systems know a library. What is
 * archived is among them; of a large library, the newest are.
 * @param request.kind those of one kind alone
 */
export async function listAdded(
  deps: Deps,
  caller: Caller,
  request: { kind?: store.PhotoRow['kind']; limit: number },
): Promise<PhotoBody[]> {
  const user = requireAllowed(caller, 'photo.list');
  const rows = await deps.database.as(user.principal, (tx: Tx) => browsing.listAdded(tx, user.userId, request));
  return rows.map(createPresenter(deps, user).photo);
}

function readCursor(cursor: string): browsing.Position {
  const text = Buffer.from(cursor, 'base64url').toString();
  const match = /^(\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}) ([0-9a-f-]{36})$/.exec(text);
  if (!match) {
    throw new AppError('validation_error', 'This cursor is not one that a page answered.', { field: 'cursor' });
  }
  return { sortAt: match[1] as string, id: match[2] as string };
}

/** How many photos each month has: the frame of a timeline, whatever its length. */
export async function readTimeline(deps: Deps, caller: Caller, filter: PhotoFilter) {
  const user = requireAllowed(caller, 'photo.list');
  const items = await deps.database.as(user.principal, async (tx: Tx) => {
    await prepareSearch(tx, caller, filter);
    return browsing.countMonths(tx, user.userId, filter);
  });
  return { items, total: items.reduce((sum, { count }) => sum + count, 0) };
}

/** One month in columns: what a timeline draws, at a third of the size that objects would take. */
export async function readTimelineMonth(deps: Deps, caller: Caller, month: string, filter: PhotoFilter) {
  const user = requireAllowed(caller, 'photo.list');
  const present = createPresenter(deps, user);
  const rows = await deps.database.as(user.principal, async (tx: Tx) => {
    await prepareSearch(tx, caller, filter);
    return browsing.listMonth(tx, user.userId, month, filter);
  });
  return { month, ...present.columns(rows) };
}

/** Everything that is known of one photo. @throws AppError `not_found` */
export async function readPhoto(deps: Deps, caller: Caller, id: string) {
  const user = requireAllowed(caller, 'photo.read');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'photo.read', [id]);
    const row = await store.findPhotoDetail(tx, id);
    if (!row) throw new AppError('not_found', 'There is no such photo.');
    return createPresenter(deps, user).metadata(row);
  });
}
