import { uploadOwnPhoto } from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { LegacyDeps } from '../deps.ts';
import { readFile } from '../read-body.ts';
import type { LegacyContext } from '../system.ts';
import { findOwnNames } from './own-names.ts';
import { mostBytes } from './words.ts';

const imageTypes = ['profile', 'gallery', 'cover'] as const;
/** The library keeps more than its clients show. */
const formats = ['jpeg', 'png', 'gif', 'webp'] as const;
const mostCaption = 1000;

/** Takes in what the form of the app holds, in whatever order its parts come. @throws AppError */
export async function uploadImage(deps: LegacyDeps, user: UserCaller, c: LegacyContext) {
  const most = Math.min(mostBytes, deps.photos.maxUploadBytes);
  const isOwnName = await findOwnNames(deps, user);
  const form = await openForm(c, most);
  // What the app says before its file is known by now, and needs not be waited for.
  readLabel(form.fields, isOwnName);
  const { photo } = await uploadOwnPhoto(
    { ...deps.photos, maxUploadBytes: most },
    user,
    {
      body: form.body,
      formats,
      label: () => ({ filename: form.filename, modifiedAt: null, ...readLabel(form.fields, isOwnName) }),
    },
    c.req.raw.signal,
  );
  return photo;
}

/** Whatever is wrong with a form, its fields are missing: it is not looked at any closer there. */
async function openForm(c: LegacyContext, most: number) {
  try {
    const fields = ['username', 'image_type', 'is_primary', 'caption'];
    return await readFile(c, { field: 'image', fields, mostBytes: most, mostFieldBytes: 64 * 1024 });
  } catch (error) {
    if (error instanceof AppError && error.code === 'validation_error') throw missing();
    throw error;
  }
}

const missing = () => new AppError('validation_error', 'Missing required fields');

/** Left out, the image is the caller's own, and a new one is one of the gallery. */
function readLabel(fields: ReadonlyMap<string, string>, isOwnName: (name: string) => boolean) {
  const [username, type] = [fields.get('username'), fields.get('image_type')];
  if (username === '' || type === '') throw missing();
  if (username !== undefined && !isOwnName(username)) {
    // Whether there is anybody of that name is not told.
    throw new AppError('not_found', 'User not found', { field: 'username' });
  }
  const imageType = imageTypes.find((known) => known === type);
  if (type !== undefined && !imageType) {
    throw new AppError('validation_error', `Invalid image type. Allowed: ${imageTypes.join(', ')}`);
  }
  const caption = [...(fields.get('caption') ?? '').slice(0, 2 * mostCaption)].slice(0, mostCaption).join('');
  return {
    // The same file once more takes nothing back: there, it was another image.
    ...(imageType ? { imageType } : {}),
    ...(fields.get('is_primary')?.toLowerCase() === 'true' ? { isPrimary: true } : {}),
    ...(caption === '' ? {} : { caption }),
  };
}
