import { findOwnEarlier } from '#features/imports/index.ts';
import { changePhoto, listAdded, trashPhotos } from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import { id as photoId } from '#platform/http/contract.ts';
import type { LegacyDeps } from '../deps.ts';
import { readJson } from '../read-body.ts';
import { type LegacyContext, type LegacyImages, type LegacyRoute, mostListed } from '../system.ts';
import { findOwnNames } from './own-names.ts';
import { presentImage } from './present-image.ts';
import { uploadImage } from './upload-image.ts';
import { refuseTrashed } from './words.ts';

const mostNames = 100;
/** Of one name, in capitals or not: each has the list once more. */
const mostSpellings = 4;

/** One's own images: uploaded, listed, deleted, one of them the primary one. */
export function imageRoutes(deps: LegacyDeps): LegacyRoute[] {
  /** Foreign and unknown names are alike: they have none. */
  const imagesOf = async (user: UserCaller, names: readonly string[]) => {
    const isOwnName = await findOwnNames(deps, user);
    const photos = names.some(isOwnName) ? await listAdded(deps.photos, user, { limit: mostListed }) : [];
    const images = photos.map((photo) => presentImage(deps, user, photo));
    return (name: string) => (isOwnName(name) ? { images, count: images.length } : { images: [], count: 0 });
  };
  return [
    {
      method: 'POST',
      path: ['/api/upload_user_image/', '/api/upload_user_image'],
      handle: async (c, user) => {
        const image = presentImage(deps, user, await uploadImage(deps, user, c));
        return c.json({ success: true, message: 'Image uploaded successfully', image });
      },
    },
    {
      method: 'GET',
      path: ['/api/user_images/:username/', '/api/user_images/:username'],
      handle: async (c, user) => {
        const name = c.req.param('username') ?? '';
        const listOf = await imagesOf(user, [name]);
        return c.json({ success: true, ...listOf(name) });
      },
    },
    {
      method: 'POST',
      path: ['/api/multiple_user_images/', '/api/multiple_user_images'],
      handle: async (c, user) => {
        const names = await readNames(c);
        const listOf = await imagesOf(user, names);
        const users = names.map((name) => [name, listOf(name)] as const);
        return c.json({ success: true, users: Object.fromEntries(users), total_users: users.length });
      },
    },
    {
      method: 'DELETE',
      path: ['/api/user_image/:id/delete/', '/api/user_image/:id/delete'],
      handle: async (c, user) => {
        const { count } = await trashPhotos(deps.photos, user, { ids: [await requirePhotoId(deps, user, c)] });
        // It lies in the trash already, where its clients do not look.
        if (count === 0) throw noImage();
        return c.json({ success: true, message: 'Image deleted successfully' });
      },
    },
    {
      method: 'POST',
      path: ['/api/user_image/:id/set_primary/', '/api/user_image/:id/set_primary'],
      refuse: refuseTrashed,
      handle: async (c, user) => {
        await changePhoto(deps.photos, user, await requirePhotoId(deps, user, c), { is_primary: true });
        return c.json({ success: true, message: 'Primary image updated successfully' });
      },
    },
  ];
}

/** The bytes of an image, by the address that lists have, or by a token. */
export const servedImages = (deps: LegacyDeps): LegacyImages[] =>
  ['/api/user_image/:id/serve/', '/api/user_image/:id/serve'].map((path) => ({
    path,
    photoOf: async ({ id = '' }, user) => {
      const photoId = await findPhotoId(deps, user, id);
      if (!photoId) return null;
      const disposition = (mimeType: string) => `inline; filename="${photoId}.${extensionOf(mimeType)}"`;
      return { photoId, headers: ({ mimeType }) => ({ 'Content-Disposition': disposition(mimeType) }) };
    },
  }));

const extensionOf = (mimeType: string): string => mimeType.replace(/^image\//, '').replace('jpeg', 'jpg');

const noImage = () => new AppError('not_found', 'Image not found');

/** Images that came along are known by the ids they had, too. Whether it is the caller's is asked where it is used. */
async function findPhotoId(deps: LegacyDeps, user: UserCaller, given: string): Promise<string | null> {
  const id = given.toLowerCase();
  if (!photoId.safeParse(id).success) return null;
  // Most are of this library, and shown again and again.
  if (deps.photos.locator.remembered(user, id)) return id;
  return (await findOwnEarlier(deps.photos, user, { system: 'pinit', kind: 'photo', earlierId: id })) ?? id;
}

async function requirePhotoId(deps: LegacyDeps, user: UserCaller, c: LegacyContext): Promise<string> {
  const id = await findPhotoId(deps, user, c.req.param('id') ?? '');
  if (!id) throw noImage();
  return id;
}

async function readNames(c: LegacyContext): Promise<string[]> {
  const { usernames } = await readJson(c).catch((error) => {
    throw error instanceof AppError && error.details.reason === 'not_json'
      ? new AppError('validation_error', 'Invalid JSON')
      : error;
  });
  if (usernames === undefined || usernames === null || (Array.isArray(usernames) && usernames.length === 0)) {
    throw new AppError('validation_error', 'No usernames provided');
  }
  if (!Array.isArray(usernames) || !usernames.every((name) => typeof name === 'string')) {
    throw new AppError('validation_error', 'usernames must be a list of names');
  }
  if (usernames.length > mostNames) {
    throw new AppError('validation_error', `Too many usernames (max ${mostNames})`);
  }
  const names = [...new Set<string>(usernames)];
  // Whoever asks looks for the name as they wrote it. The same list a hundred times over would be a hundred times as long, though.
  const spellings = Map.groupBy(names, (name) => name.toLowerCase());
  if ([...spellings.values()].some(({ length }) => length > mostSpellings)) {
    throw new AppError('validation_error', `Too many spellings of one username (max ${mostSpellings})`);
  }
  return names;
}
