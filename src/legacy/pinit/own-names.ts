import { findNameNow, listOwnNames } from '#features/imports/index.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { LegacyDeps } from '../deps.ts';

const system = 'pinit';

/** Names that could be had there, and that nobody can have here: an import had to give their people others. */
const isOfThenAlone = (name: string): boolean => /^[_-][A-Za-z0-9_-]{2,29}$/.test(name);

/** By which name whoever typed one in is to be signed in. A name that can be had here is never taken for one of then. */
export const toNameNow = async (deps: LegacyDeps, name: string): Promise<string> =>
  (isOfThenAlone(name) ? await findNameNow(deps.photos, { system, name }) : undefined) ?? name;

/**
 * Tells which names are the caller's own: theirs, without regard to case as when one signs up, and those that they came with, by which
 * an app may still know them.
 */
export async function findOwnNames(deps: LegacyDeps, user: UserCaller): Promise<(name: string) => boolean> {
  const earlier = new Set(await listOwnNames(deps.photos, user, system));
  return (name) => name.toLowerCase() === user.username.toLowerCase() || earlier.has(name);
}
