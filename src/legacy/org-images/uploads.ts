import { extname } from 'node:path';
import { receiveFile } from '#features/photos/index.ts';
import {
  type PictureSource,
  readPicture,
  removeOrganizationLogo,
  removeOwnPicture,
  setOrganizationLogo,
  setOwnPicture,
} from '#features/pictures/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { LegacyDeps } from '../deps.ts';
import { readFile } from '../read-body.ts';
import type { LegacyContext, LegacyRoute } from '../system.ts';
import { at } from './at.ts';
import { idOf } from './id-of.ts';
import { badRequest, refusing } from './words.ts';

const allowed = ['.jpg', '.jpeg', '.png', '.gif', '.webp'];
const mostKilobytes = 500;

const invalid = ({ message }: AppError) => badRequest(`Invalid image file: ${message}`);
const refusals = {
  undecodable: invalid,
  unsupported_media_type: invalid,
  too_many_pixels: invalid,
  // Clients show this sentence; it is also what is said of a file that is too large to be looked at.
  too_large: ({ details: { bytes }, message }: AppError) =>
    typeof bytes === 'number'
      ? badRequest(
          `Image too large even after compression. Size: ${(bytes / 1024).toFixed(1)}KB, Max: ${mostKilobytes}KB. Please use a smaller image.`,
        )
      : { status: 413, body: { detail: message } },
};

/** Profile photos and logos: taken as files, answered as data: URLs, which the clients show until they load the page anew. */
export function uploadRoutes(deps: LegacyDeps): readonly LegacyRoute[] {
  const receive = async (c: LegacyContext): Promise<PictureSource> => {
    const form = await readFile(c, { field: 'file', mostBytes: deps.photos.maxUploadBytes });
    const extension = extname(form.filename ?? '').toLowerCase();
    if (!allowed.includes(extension)) {
      const sentence = `Invalid file type '${extension}'. Allowed types: ${allowed.join(', ')}`;
      throw new AppError('validation_error', sentence);
    }
    const { arrived, discard } = await receiveFile(deps.photos, form.body);
    return { path: arrived.path, crop: null, discard };
  };
  const answer = async (c: LegacyContext, kind: 'profile' | 'logo', id: string): Promise<Response> => {
    const bytes = await readPicture(deps.pictures, kind, id);
    return c.json({ url: `data:image/webp;base64,${bytes.toString('base64')}` });
  };
  const own = at('/uploads/users/profile-photo', '/uploads/users/profile-photo/');
  const logo = at('/uploads/organizations/:id/logo', '/uploads/organizations/:id/logo/');
  const noOrganization = 'Organization not found';

  return [
    {
      method: 'POST',
      path: own,
      refuse: refusing(refusals),
      async handle(c, user) {
        await setOwnPicture(deps.pictures, user, 'profile', () => receive(c), c.req.raw.signal);
        return answer(c, 'profile', user.userId);
      },
    },
    {
      method: 'DELETE',
      path: own,
      async handle(c, user) {
        await removeOwnPicture(deps.pictures, user, 'profile');
        return c.json({ message: 'Profile photo removed successfully' });
      },
    },
    {
      method: 'POST',
      path: logo,
      refuse: refusing({
        ...refusals,
        not_found: noOrganization,
        forbidden: 'Only organization admins can upload organization logos',
      }),
      async handle(c, user) {
        const id = idOf(c, 'org_id');
        await setOrganizationLogo(deps.pictures, user, id, () => receive(c), c.req.raw.signal);
        return answer(c, 'logo', id);
      },
    },
    {
      method: 'DELETE',
      path: logo,
      refuse: refusing({
        not_found: noOrganization,
        forbidden: 'Only organization admins can remove organization logos',
      }),
      async handle(c, user) {
        await removeOrganizationLogo(deps.pictures, user, idOf(c, 'org_id'));
        return c.json({ message: 'Organization logo removed successfully' });
      },
    },
  ];
}
