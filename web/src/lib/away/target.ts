import type { Request } from '#lib/api.ts';
import type { Method } from '#lib/api-schema.ts';
import type { Change, Fields } from './waiting-change.ts';

/** What a request is about to change. */
export interface Target {
  /** Null for photos that a filter finds: any may be among them. */
  readonly ids: readonly string[] | null;
  readonly fields: readonly string[];
}

/** @returns null for a request that changes nothing that could wait */
export function targetOf(method: Method, path: string, { param, json }: Request): Target | null {
  if (method === 'patch' && path === '/photos/:id') {
    return { ids: [param?.id ?? ''], fields: Object.keys(json as object) };
  }
  const field = { '/photos/batch/favorite': 'is_favorite', '/photos/batch/archive': 'is_archived' }[path];
  return method === 'post' && field ? { ids: (json as { ids?: string[] }).ids ?? null, fields: [field] } : null;
}

function aimOf(change: Change): Target {
  if (change.kind === 'photo') return { ids: [change.id], fields: Object.keys(change.after) };
  if (change.kind === 'step') return { ids: [], fields: [] };
  return { ids: change.ids, fields: [change.kind === 'favorite' ? 'is_favorite' : 'is_archived'] };
}

/** Whether something that waits is about the same of the same photo. */
export function meets(change: Change, { ids, fields }: Target): boolean {
  const aim = aimOf(change);
  return aim.fields.some((one) => fields.includes(one)) && (aim.ids ?? []).some((id) => !ids || ids.includes(id));
}

/** What of a change is still wanted once somebody has asked for something else there; null for nothing. */
export function without(change: Change, target: Target): Change | null {
  if (!meets(change, target) || change.kind === 'step') return change;
  if (change.kind === 'photo') {
    const rest = (all: Fields): Fields =>
      Object.fromEntries(Object.entries(all).filter(([name]) => !target.fields.includes(name)));
    const after = rest(change.after);
    return Object.keys(after).length > 0 ? { ...change, before: rest(change.before), after } : null;
  }
  const ids = change.ids.filter((id) => target.ids && !target.ids.includes(id));
  return ids.length > 0 ? { ...change, ids } : null;
}
