import type { z } from '@hono/zod-openapi';
import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { createPresenter, findPhotos } from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller, UserCaller } from '#platform/http/caller.ts';
import type { NewSession, Session, SessionQuery } from './contract.ts';
import type { GenerationDeps } from './deps.ts';
import * as store from './session-store.ts';
import { cancelSession } from './step-store.ts';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;
type Deps = Pick<GenerationDeps, 'database' | 'signedUrls'>;
type SessionBody = z.infer<typeof Session>;

/** @throws AppError `not_found` when the photo to start from is not the caller's own, or lies in the trash */
export async function beginSession(
  deps: Deps,
  caller: Caller,
  { entry_type: entryType, source_image_id: source }: z.infer<typeof NewSession>,
): Promise<SessionBody> {
  const user = requireAllowed(caller, 'generation.begin');
  const id = uuidv7();
  return deps.database.as(user.principal, async (tx: Tx) => {
    if (source) await requireLivePhoto(tx, caller, source);
    await store.insertSession(tx, {
      id,
      owner_id: user.userId,
      entry_type: entryType,
      source_photo_id: source ?? null,
    });
    return present(deps, user, tx, id);
  });
}

export async function listSessions(deps: Deps, caller: Caller, query: z.infer<typeof SessionQuery>) {
  const user = requireAllowed(caller, 'generation.list');
  const { limit, offset } = query;
  return deps.database.as(user.principal, async (tx: Tx) => {
    const { items, total } = await store.listSessions(tx, user.userId, query);
    return { items: await presentAll(deps, user, tx, items), total, limit, offset };
  });
}

/** @throws AppError `not_found` */
export async function readSession(deps: Deps, caller: Caller, id: string): Promise<SessionBody> {
  const user = requireAllowed(caller, 'generation.read');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'generation.read', [id]);
    return present(deps, user, tx, id);
  });
}

/** Ends a session, or takes it up again. One that is abandoned has what is not made yet cancelled; what is made stays in the gallery. */
export async function changeSession(
  deps: Deps,
  caller: Caller,
  id: string,
  { status }: { status: store.SessionRow['status'] },
): Promise<SessionBody> {
  const user = requireAllowed(caller, 'generation.change');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'generation.change', [id]);
    await store.lockSession(tx, id);
    if (status === 'abandoned') await cancelSession(tx, id);
    await store.setSessionStatus(tx, id, status);
    return present(deps, user, tx, id);
  });
}

/**
 * Forgets how its pictures came to be thought of; the pictures stay in the gallery, and tell themselves how they were made. What of it is
 * elsewhere is left behind by a trigger, for `sweep-leftover.ts`.
 */
export async function deleteSession(deps: Pick<GenerationDeps, 'database'>, caller: Caller, id: string): Promise<void> {
  const user = requireAllowed(caller, 'generation.change');
  await deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'generation.change', [id]);
    await store.lockSession(tx, id);
    await cancelSession(tx, id);
    await store.deleteSession(tx, id);
  });
}

/** The caller's own, and not in the trash. */
export async function requireLivePhoto(tx: Tx, caller: Caller, id: string) {
  await requireAccess(tx, caller, 'photo.own', [id]);
  const [photo] = await findPhotos(tx, [id]);
  if (!photo || photo.deleted_at) throw new AppError('not_found', 'There is no such photo.', { ids: [id] });
  return photo;
}

async function present(deps: Deps, user: UserCaller, tx: Tx, id: string): Promise<SessionBody> {
  const row = await store.findSession(tx, id);
  if (!row) throw new AppError('not_found', 'There is no such session.');
  const [body] = await presentAll(deps, user, tx, [row]);
  return body as SessionBody;
}

async function presentAll(
  deps: Deps,
  user: UserCaller,
  tx: Tx,
  rows: readonly store.SessionRow[],
): Promise<SessionBody[]> {
  const presenter = createPresenter(deps, user);
  const latest = await findPhotos(
    tx,
    rows.flatMap(({ latest_photo_id: photo }) => photo ?? []),
  );
  const urls = new Map(latest.map((photo) => [photo.id, presenter.url(photo, 'medium')]));
  return rows.map(({ latest_photo_id: photo, source_photo_id: source, ...row }) => ({
    id: row.id,
    entry_type: row.entry_type,
    source_image_id: source,
    status: row.status,
    started_at: row.started_at.toISOString(),
    changed_at: row.changed_at.toISOString(),
    completed_at: row.completed_at?.toISOString() ?? null,
    steps_count: row.steps_count,
    title: row.title,
    latest_image: photo && urls.has(photo) ? { id: photo, thumbnail_url: urls.get(photo) } : {},
  }));
}
