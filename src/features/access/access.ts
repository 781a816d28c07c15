import { type QueryExecutorProvider, sql } from 'kysely';
import { keptPlan } from '#platform/database/kept-plans.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller, LinkCaller, Scope, UserCaller } from '#platform/http/caller.ts';

/** What one must be to do an action, and what one must own for it. An action that is not here is refused. */
interface Rule {
  /** The scope an API key needs; null where no API key may. */
  readonly scope: Scope | null;
  /** A second one that a key needs beside it. */
  readonly also?: Scope;
  readonly role?: 'admin';
  /** The resource whose ids the action takes, and the query that tells which of them are the caller's. */
  readonly resource?: keyof typeof withinReach;
  /** Who sees the resource without reaching it is told so; to everybody else it is absent. */
  readonly seen?: { readonly resource: keyof typeof withinReach; readonly refusal: string };
}

const ownersOwn = {
  resource: 'seen_album',
  refusal: 'Only the owner of this album may do that.',
} as const;

const administratorsMay = {
  resource: 'seen_organization',
  refusal: 'Only the administrators of this organization may do that.',
} as const;

/**
 * The one authorization table: every use-case names its action here and nothing is allowed by omission.
 * Row-level security stands beneath it and repeats the part about ownership on its own.
 */
export const rules = {
  'account.read': { scope: 'account:read' },
  'account.change': { scope: null },
  'account.delete': { scope: null },
  'picture.change': { scope: null },
  'session.list': { scope: null },
  'session.revoke': { scope: null, resource: 'session' },
  'api_key.list': { scope: null },
  'api_key.create': { scope: null },
  'api_key.revoke': { scope: null, resource: 'api_key' },
  'user.administer': { scope: null, role: 'admin' },
  'metrics.read': { scope: null, role: 'admin' },
  'audit.read': { scope: null, role: 'admin' },
  'job.administer': { scope: null, role: 'admin' },
  'storage.administer': { scope: null, role: 'admin' },
  'photo.list': { scope: 'photos:read' },
  'photo.read': { scope: 'photos:read', resource: 'seen_photo' },
  'photo.own': { scope: 'photos:read', resource: 'photo' },
  'photo.create': { scope: 'photos:write' },
  'photo.change': { scope: 'photos:write', resource: 'photo' },
  'photo.change_many': { scope: 'photos:write' },
  'style.list': { scope: 'photos:read' },
  // What is in a photo is in its likeness too, so that a key which may only add photos does not come to see one by its style.
  'photo.style': { scope: 'photos:write', also: 'photos:read', resource: 'photo' },
  'upload.continue': { scope: 'photos:write', resource: 'upload' },
  'download.create': { scope: 'photos:read' },
  'download.read': { scope: 'photos:read', resource: 'download' },
  'album.list': { scope: 'photos:read' },
  'album.create': { scope: 'photos:write' },
  'album.read': { scope: 'photos:read', resource: 'seen_album' },
  'album.pin': { scope: 'photos:write', resource: 'seen_album' },
  'album.leave': { scope: null, resource: 'seen_album' },
  'album.add': {
    scope: 'photos:write',
    resource: 'contributed_album',
    seen: { resource: 'seen_album', refusal: 'You can look at this album. Ask its owner to let you add photos.' },
  },
  'album.put': { scope: 'photos:write', resource: 'photo' },
  'album.take_out': { scope: 'photos:write', resource: 'seen_album' },
  'album.search_in': { scope: 'photos:write', resource: 'seen_album' },
  'album.change': { scope: 'photos:write', resource: 'album', seen: ownersOwn },
  'album.share': { scope: null, resource: 'album', seen: ownersOwn },
  'organization.list': { scope: 'account:read' },
  'organization.create': { scope: null },
  'organization.read': { scope: 'account:read', resource: 'seen_organization' },
  'organization.meet': {
    scope: 'account:read',
    resource: 'joined_organization',
    seen: { resource: 'seen_organization', refusal: 'Only who belongs to this organization sees who else does.' },
  },
  'organization.administer': { scope: null, resource: 'administered_organization', seen: administratorsMay },
  'organization.leave': { scope: null, resource: 'joined_organization' },
  'organization.answer': { scope: null, resource: 'organization_invitation' },
  // Whoever sees a link can copy its key and come by it, so looking takes the scopes that making one does: reading among them,
  // or a key that may only add photos would make a link to all of them, and come by that.
  'link.list': { scope: 'photos:write', also: 'photos:read' },
  'link.read': { scope: 'photos:write', also: 'photos:read', resource: 'link' },
  'link.create': { scope: 'photos:write', also: 'photos:read' },
  'link.change': { scope: 'photos:write', also: 'photos:read', resource: 'link' },
  // What is made of a photo shows what is in it, so a key that makes pictures must be one that may look.
  'generation.list': { scope: 'photos:read' },
  'generation.begin': { scope: 'photos:write', also: 'photos:read' },
  'generation.read': { scope: 'photos:read', resource: 'generation_session' },
  'generation.change': { scope: 'photos:write', also: 'photos:read', resource: 'generation_session' },
  'step.read': { scope: 'photos:read', resource: 'generation_step' },
  'step.change': { scope: 'photos:write', also: 'photos:read', resource: 'generation_step' },
  'alternative.read': { scope: 'photos:read', resource: 'alternative' },
  'alternative.change': { scope: 'photos:write', also: 'photos:read', resource: 'alternative' },
  'template.list': { scope: 'photos:read' },
  'template.create': { scope: 'photos:write', also: 'photos:read' },
  'template.change': { scope: 'photos:write', also: 'photos:read', resource: 'template' },
  'model.list': { scope: 'photos:read' },
  // What it finds is everybody's, so it takes more than a key that may look.
  'model.refresh': { scope: 'photos:write', also: 'photos:read' },
  'model.mark': { scope: 'photos:write', also: 'photos:read' },
  'settings.read': { scope: 'photos:read' },
  'settings.change': { scope: 'photos:write', also: 'photos:read' },
  'backend.read': { scope: 'photos:read' },
  'backend.administer': { scope: null, role: 'admin' },
  'change.follow': { scope: 'photos:read' },
} as const satisfies Record<string, Rule>;

export type Action = keyof typeof rules;

// Each query names the caller itself: this wall must hold where row-level security does not.
const withinReach = {
  photo: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`select id from photos where id = any(${ids}) and owner_id = ${userId}`,
  seen_photo: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`
      ${sql.raw(keptPlan)}
      select p.id from photos p where p.id = any(${ids}) and (p.owner_id = ${userId} or (p.deleted_at is null and exists (
        select from album_photos ap where ap.photo_id = p.id and (ap.album_owner_id = ${userId}
          or ap.album_id in (${albumsJoinedBy(userId)})))))`,
  album: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`select id from albums where id = any(${ids}) and owner_id = ${userId}`,
  contributed_album: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`
      select id from albums where id = any(${ids})
        and (owner_id = ${userId} or id in (${albumsJoinedBy(userId, 'contributor')}))`,
  seen_album: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`
      select id from albums where id = any(${ids}) and (owner_id = ${userId} or id in (${albumsJoinedBy(userId)}))`,
  administered_organization: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`
      select id from organizations where id = any(${ids})
        and (id in (${organizationsJoinedBy(userId, 'admin')}) or ${isAdministrator(userId)})`,
  joined_organization: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`
      select id from organizations where id = any(${ids})
        and (id in (${organizationsJoinedBy(userId)}) or ${isAdministrator(userId)})`,
  seen_organization: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`
      select id from organizations where id = any(${ids}) and (visibility = 'everyone'
        or id in (${organizationsJoinedBy(userId)}) or ${isAdministrator(userId)})`,
  organization_invitation: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`
      select organization_id as id from organization_invitations where organization_id = any(${ids}) and user_id = ${userId}`,
  link: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`select id from shared_links where id = any(${ids}) and owner_id = ${userId}`,
  generation_session: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`select id from generation_sessions where id = any(${ids}) and owner_id = ${userId}`,
  generation_step: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`select id from generation_steps where id = any(${ids}) and owner_id = ${userId}`,
  alternative: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`select id from step_alternatives where id = any(${ids}) and owner_id = ${userId}`,
  template: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`select id from prompt_templates where id = any(${ids}) and owner_id = ${userId}`,
  session: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`select id from sessions where id = any(${ids}) and user_id = ${userId}`,
  api_key: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`select id from api_keys where id = any(${ids}) and user_id = ${userId}`,
  upload: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`select id from uploads where id = any(${ids}) and owner_id = ${userId}`,
  download: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`select id from downloads where id = any(${ids}) and owner_id = ${userId}`,
};

const albumsJoinedBy = (userId: string, role: 'contributor' | null = null) =>
  sql`select m.resource_id from memberships m where m.user_id = ${userId} and m.resource_kind = 'album'
    and (${role}::text is null or m.role = ${role})`;

const organizationsJoinedBy = (userId: string, role: 'admin' | null = null) =>
  sql`select m.resource_id from memberships m where m.user_id = ${userId} and m.resource_kind = 'organization'
    and (${role}::text is null or m.role = ${role})`;

/** Whoever runs the instance may do in each organization what its own administrators may. */
const isAdministrator = (userId: string) =>
  sql`exists (select from users u where u.id = ${userId} and u.role = 'admin' and u.disabled_at is null)`;

/** What a guest may do, and what their link must allow for it. */
const guestRules = {
  'guest.look': null,
  'guest.download': 'allowDownload',
  'guest.upload': 'allowUpload',
  'guest.read_metadata': 'showMetadata',
} as const satisfies Record<string, 'allowDownload' | 'allowUpload' | 'showMetadata' | null>;

const nouns: Record<keyof typeof withinReach, string> = {
  photo: 'photo',
  seen_photo: 'photo',
  album: 'album',
  contributed_album: 'album',
  seen_album: 'album',
  administered_organization: 'organization',
  joined_organization: 'organization',
  seen_organization: 'organization',
  organization_invitation: 'invitation',
  link: 'link',
  generation_session: 'session',
  generation_step: 'step',
  alternative: 'picture',
  template: 'template',
  session: 'session',
  api_key: 'API key',
  upload: 'upload',
  download: 'download',
};

/**
 * Holds the caller against the table, before anything is read.
 * @returns the caller, now known to be somebody
 * @throws AppError `unauthorized` when nobody is signed in, `forbidden` when the role or the key's scopes do not reach
 */
export function requireAllowed(caller: Caller, action: Action): UserCaller {
  const rule: Rule | undefined = rules[action];
  if (!rule) throw new AppError('forbidden', 'Nobody may do this.');
  if (caller.kind !== 'user') throw new AppError('unauthorized', 'Sign in to do this.');
  const missing = [rule.scope, rule.also].filter((scope) => scope === null || (scope && !caller.scopes?.has(scope)));
  if (caller.scopes && missing.length > 0) {
    throw new AppError(
      'forbidden',
      rule.scope === null
        ? 'An API key cannot do this. Sign in as yourself.'
        : `This API key lacks the scope ${missing.join(' and ')}. Make a key that has it.`,
    );
  }
  if (rule.role && caller.role !== rule.role) throw new AppError('forbidden', 'Only an administrator may do this.');
  return caller;
}

/**
 * Holds the caller and the resources it names against the table; foreign and absent ids are told apart by nothing.
 * @param tx a transaction on the caller's behalf
 * @throws AppError as {@link requireAllowed}, and `not_found` unless every id is the caller's own
 */
export async function requireAccess(
  tx: QueryExecutorProvider,
  caller: Caller,
  action: Action,
  ids: readonly string[],
): Promise<UserCaller> {
  const user = requireAllowed(caller, action);
  const rule: Rule = rules[action];
  if (!rule.resource) throw new AppError('forbidden', 'Nobody may do this.');
  const wanted = new Set(ids);
  const { rows } = await withinReach[rule.resource]([...wanted], user.userId).execute(tx);
  if (rows.length === wanted.size) return user;
  const found = new Set(rows.map((row) => row.id));
  const missing = [...wanted].filter((id) => !found.has(id));
  if (rule.seen) {
    const seen = await withinReach[rule.seen.resource](missing, user.userId).execute(tx);
    if (seen.rows.length === missing.length) throw new AppError('forbidden', rule.seen.refusal);
  }
  throw new AppError('not_found', `There is no such ${nouns[rule.resource]}.`, { ids: missing });
}

/**
 * Holds a guest against what their link allows, and the photos they name against what it shows.
 * @param tx a transaction on the link's behalf; `ids` may be empty
 * @throws AppError `forbidden` when the link does not allow it, `not_found` unless every id is within the link
 */
export async function requireGuestAccess(
  tx: QueryExecutorProvider,
  guest: LinkCaller,
  action: keyof typeof guestRules,
  ids: readonly string[],
): Promise<void> {
  const rule = guestRules[action];
  if (rule === undefined || (rule !== null && !guest[rule])) {
    throw new AppError('forbidden', 'This link does not allow that. Ask whoever sent it to you.');
  }
  const wanted = new Set(ids);
  if (wanted.size === 0) return;
  const { rows } = await ('photoId' in guest.target
    ? sql<{ id: string }>`
        ${sql.raw(keptPlan)}
        select id from photos where id = any(${[...wanted]}) and id = ${guest.target.photoId}
          and owner_id = ${guest.ownerId} and deleted_at is null`
    : sql<{ id: string }>`
        ${sql.raw(keptPlan)}
        select p.id from photos p join album_photos ap on ap.photo_id = p.id
        where p.id = any(${[...wanted]}) and ap.album_id = ${guest.target.albumId}
          and ap.album_owner_id = ${guest.ownerId} and p.deleted_at is null`
  ).execute(tx);
  if (rows.length !== wanted.size) throw new AppError('not_found', 'There is no such photo.');
}
