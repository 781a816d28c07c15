import { findEarlier, findOwnEarlier } from '#features/imports/index.ts';
import type { PhotoBody } from '#features/photos/index.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { LegacyDeps } from '../deps.ts';

type Deps = Pick<LegacyDeps, 'photos'>;

const system = 'ai-library';

const extensions: Record<string, string> = { 'image/jpeg': 'jpg' };

/** Unlike a moment's, which is what names were made of there, an id is no other image's. */
export const filenameOf = ({ id, mime_type: mimeType }: Pick<PhotoBody, 'id' | 'mime_type'>): string =>
  `${id}-generated.${extensions[mimeType] ?? mimeType.replace(/^image\//, '')}`;

const ownName = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-generated\.[a-z]{2,5}$/;

/**
 * Images that came along are known by the names they had. Whether it is the caller's is asked where it is used.
 * @param owner whose folder an address names: two that became one person's may have a file of the same name each
 */
export async function findPhotoId(
  deps: Deps,
  user: UserCaller,
  filename: string,
  owner?: string,
): Promise<string | null> {
  const own = ownName.exec(filename)?.[1];
  if (own) return own;
  for (const earlierId of owner === undefined ? [filename] : [`user-${owner}/${filename}`, filename]) {
    const found = await findOwnEarlier(deps.photos, user, { system, kind: 'photo', earlierId });
    if (found) return found;
  }
  return null;
}

/** Whether a path names the caller, by the id of this library or by the one that they had. */
export const isOwnId = async (deps: Deps, user: UserCaller, id: string): Promise<boolean> =>
  id === user.userId || (await findEarlier(deps.photos, { system, kind: 'person', earlierId: id })) === user.userId;
