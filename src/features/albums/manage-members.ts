import type { z } from '@hono/zod-openapi';
import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { findPerson, presentPerson } from '#features/accounts/index.ts';
import { recordAudit } from '#features/audit/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { Member } from './contract.ts';
import type { AlbumDeps } from './deps.ts';
import * as store from './store.ts';
import type { AlbumTables } from './tables.ts';

type Tx = Kysely<AlbumTables>;
type Deps = Pick<AlbumDeps, 'database'>;
type MemberBody = z.infer<typeof Member>;

const toMember = (row: store.MemberRow): MemberBody => ({
  user: presentPerson({ ...row, id: row.user_id }),
  role: row.role,
  photo_count: Number(row.photos),
  joined_at: row.joined_at.toISOString(),
});

const noMember = (): AppError => new AppError('not_found', 'This person does not belong to the album.');

/** The owner, then the members as they came. @throws AppError `not_found` */
export async function listMembers(deps: Deps, caller: Caller, albumId: string): Promise<{ items: MemberBody[] }> {
  const user = requireAllowed(caller, 'album.read');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'album.read', [albumId]);
    return { items: (await store.listMembers(tx, albumId)).map(toMember) };
  });
}

/**
 * Lets somebody into an album, by username.
 * @param from the caller's address, for the log
 * @throws AppError `not_found` (album or person), `conflict` for a smart album, the owner, or who belongs to it already
 */
export async function addMember(
  deps: Deps,
  caller: Caller,
  albumId: string,
  member: { username: string; role: string },
  from: string,
): Promise<MemberBody> {
  const user = requireAllowed(caller, 'album.share');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'album.share', [albumId]);
    if ((await store.findAlbum(tx, user.userId, albumId))?.filter) {
      throw new AppError('conflict', 'A smart album cannot be shared. Make it a plain one (freeze) first.');
    }
    const person = await findPerson(tx, member.username);
    if (!person) {
      throw new AppError('not_found', `Nobody here is called “${member.username}”. Ask them for their username.`);
    }
    if (person.user_id === user.userId) throw new AppError('conflict', 'This is your own album.');
    if (!(await store.addMember(tx, albumId, person.user_id, member.role))) {
      throw new AppError('conflict', `${person.username} belongs to this album already.`);
    }
    await record(tx, 'album_member_added', albumId, from, { user_id: person.user_id, role: member.role });
    return findMember(tx, albumId, person.user_id);
  });
}

/** @throws AppError `not_found` */
export async function changeMember(
  deps: Deps,
  caller: Caller,
  albumId: string,
  userId: string,
  role: string,
  from: string,
): Promise<MemberBody> {
  const user = requireAllowed(caller, 'album.share');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'album.share', [albumId]);
    if (!(await store.setRole(tx, albumId, userId, role))) throw noMember();
    await record(tx, 'album_member_changed', albumId, from, { user_id: userId, role });
    return findMember(tx, albumId, userId);
  });
}

/**
 * Takes somebody out of an album, or lets the caller leave it. The photos they added go with them.
 * @throws AppError `not_found`, `conflict` for the owner
 */
export async function removeMember(
  deps: Deps,
  caller: Caller,
  albumId: string,
  userId: string,
  from: string,
): Promise<void> {
  const leaving = caller.kind === 'user' && caller.userId === userId;
  const action = leaving ? 'album.leave' : 'album.share';
  const user = requireAllowed(caller, action);
  await deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, action, [albumId]);
    if (await store.removeMember(tx, albumId, userId)) {
      await record(tx, leaving ? 'album_member_left' : 'album_member_removed', albumId, from, { user_id: userId });
      return;
    }
    if (leaving) throw new AppError('conflict', 'This is your own album. Delete it, or take the others out.');
    throw noMember();
  });
}

type MemberAction = 'album_member_added' | 'album_member_changed' | 'album_member_removed' | 'album_member_left';

const record = (tx: Tx, action: MemberAction, albumId: string, from: string, details: Record<string, string>) =>
  recordAudit(tx, { action, subject: { kind: 'album', id: albumId }, details, address: from });

async function findMember(tx: Tx, albumId: string, userId: string): Promise<MemberBody> {
  const row = (await store.listMembers(tx, albumId)).find((member) => member.user_id === userId);
  if (!row) throw noMember();
  return toMember(row);
}
