import { type QueryExecutorProvider, sql } from 'kysely';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller, Scope, UserCaller } from '#platform/http/caller.ts';

/** What one must be to do an action, and what one must own for it. An action that is not here is refused. */
interface Rule {
  /** The scope an API key needs; null where no API key may. */
  readonly scope: Scope | null;
  readonly role?: 'admin';
  /** The resource whose ids the action takes, and the query that tells which of them are the caller's. */
  readonly resource?: keyof typeof ownedIds;
}

/**
 * The one authorization table: every use-case names its action here and nothing is allowed by omission.
 * Row-level security stands beneath it and repeats the part about ownership on its own.
 */
export const rules = {
  'account.read': { scope: 'account:read' },
  'account.change': { scope: null },
  'account.delete': { scope: null },
  'session.list': { scope: null },
  'session.revoke': { scope: null, resource: 'session' },
  'api_key.list': { scope: null },
  'api_key.create': { scope: null },
  'api_key.revoke': { scope: null, resource: 'api_key' },
  'user.administer': { scope: null, role: 'admin' },
  'metrics.read': { scope: null, role: 'admin' },
  'photo.list': { scope: 'photos:read' },
  'photo.read': { scope: 'photos:read', resource: 'photo' },
  'photo.create': { scope: 'photos:write' },
  'photo.change': { scope: 'photos:write', resource: 'photo' },
  'photo.change_many': { scope: 'photos:write' },
  'upload.continue': { scope: 'photos:write', resource: 'upload' },
  'download.create': { scope: 'photos:read' },
  'download.read': { scope: 'photos:read', resource: 'download' },
} as const satisfies Record<string, Rule>;

export type Action = keyof typeof rules;

// Each query names the owner itself: this wall must hold where row-level security does not.
const ownedIds = {
  photo: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`select id from photos where id = any(${ids}) and owner_id = ${userId}`,
  session: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`select id from sessions where id = any(${ids}) and user_id = ${userId}`,
  api_key: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`select id from api_keys where id = any(${ids}) and user_id = ${userId}`,
  upload: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`select id from uploads where id = any(${ids}) and owner_id = ${userId}`,
  download: (ids: readonly string[], userId: string) =>
    sql<{ id: string }>`select id from downloads where id = any(${ids}) and owner_id = ${userId}`,
};

const nouns: Record<keyof typeof ownedIds, string> = {
  photo: 'photo',
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
  if (caller.kind === 'anonymous') throw new AppError('unauthorized', 'Sign in to do this.');
  if (caller.scopes && (rule.scope === null || !caller.scopes.has(rule.scope))) {
    throw new AppError(
      'forbidden',
      rule.scope === null
        ? 'An API key cannot do this. Sign in as yourself.'
        : `This API key lacks the scope ${rule.scope}. Make a key that has it.`,
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
  const { rows } = await ownedIds[rule.resource]([...wanted], user.userId).execute(tx);
  if (rows.length === wanted.size) return user;
  const found = new Set(rows.map((row) => row.id));
  const missing = [...wanted].filter((id) => !found.has(id));
  throw new AppError('not_found', `There is no such ${nouns[rule.resource]}.`, { ids: missing });
}
