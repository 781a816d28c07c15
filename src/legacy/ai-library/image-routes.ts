import { listSessions, makePicture, NewStep } from '#features/generation/index.ts';
import { listAdded, type PhotoBody, trashPhotos } from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import { requireValid } from '#platform/http/require-valid.ts';
import type { LegacyDeps } from '../deps.ts';
import { readJson } from '../read-body.ts';
import { type LegacyImages, type LegacyRoute, mostListed } from '../system.ts';
import { filenameOf, findPhotoId, isOwnId } from './image-names.ts';
import { refuseImages, refuseListing, refuseMaking } from './words.ts';

/** As long as the backends behind it could take there, and somewhat more for those who wait before. */
const mostWaitMs = 5 * 60_000;

/** What was called otherwise there. */
const providers: Record<string, string> = { automatic1111: 'stable-diffusion' };

/** Images made of a prompt: one at a time, while the page waits. */
export function imageRoutes(deps: LegacyDeps): LegacyRoute[] {
  const urlOf = (user: UserCaller, photo: PhotoBody): string =>
    deps.images.url(`/uploads/images/user-${user.userId}/${filenameOf(photo)}`, user);
  return [
    {
      method: 'POST',
      path: '/api/ai/generate-image',
      refuse: refuseMaking,
      handle: async (c, user) => {
        const asked = requireAsked(await readJson(c, { mayBeEmpty: true }));
        const started = performance.now();
        const { step, photo } = await makePicture(deps.generation, user, asked, {
          mostWaitMs,
          signal: c.req.raw.signal,
        });
        return c.json({
          success: true,
          imageUrl: urlOf(user, photo),
          filename: filenameOf(photo),
          prompt: step.prompt,
          userId: user.userId,
          provider: providers[step.backend] ?? step.backend,
          model: step.model_name,
          processingTime: Math.round(performance.now() - started),
        });
      },
    },
    {
      method: 'GET',
      path: '/api/ai/my-images',
      refuse: refuseListing,
      handle: async (c, user) => {
        const photos = await listAdded(deps.photos, user, { kind: 'generated', limit: mostListed });
        const images = photos.map((photo) => ({
          filename: filenameOf(photo),
          url: urlOf(user, photo),
          timestamp: photo.created_at,
          size: photo.bytes,
          // Shown in place of the name: there, nobody knew any more what an image was made of.
          prompt: photo.generation_metadata.prompt ?? '',
        }));
        if (images.length === 0 && !(await hasEverAsked(deps, user))) {
          return c.json({ success: true, images, message: 'No images generated yet' });
        }
        return c.json({ success: true, images, count: images.length });
      },
    },
    {
      method: 'DELETE',
      path: '/api/ai/images/:filename',
      refuse: refuseImages,
      handle: async (c, user) => {
        const id = await findPhotoId(deps, user, c.req.param('filename') ?? '');
        // What lies in the trash already is deleted to the page.
        if (!id || (await trashPhotos(deps.photos, user, { ids: [id] })).count === 0) {
          throw new AppError('not_found', 'Image not found');
        }
        return c.json({ success: true, message: 'Image deleted successfully' });
      },
    },
  ];
}

/** The addresses that answers have, which the page puts into `<img>`; and those that it asks with its token. */
export const servedImages = (deps: LegacyDeps): LegacyImages[] =>
  [
    { path: '/uploads/images/:owner/:filename', prefix: 'user-' },
    { path: '/api/ai/images/:owner/:filename', prefix: '' },
  ].map(({ path, prefix }) => ({
    path,
    photoOf: async ({ owner = '', filename = '' }, user) => {
      if (!owner.startsWith(prefix)) return null;
      if (!(await isOwnId(deps, user, owner.slice(prefix.length)))) {
        throw new AppError('forbidden', 'Access denied - you can only access your own images');
      }
      const photoId = await findPhotoId(deps, user, filename, owner.slice(prefix.length));
      return photoId === null ? null : { photoId };
    },
  }));

/** Whether the page is to say that the library is empty, or that nothing was ever in it. */
async function hasEverAsked(deps: LegacyDeps, user: UserCaller): Promise<boolean> {
  const { total } = await listSessions(deps.generation, user, { limit: 1, offset: 0 });
  return total > 0;
}

/** The page sends the prompt alone; what else there is, is held against what the model can. */
function requireAsked({ prompt, negativePrompt, width, height, steps }: Record<string, unknown>) {
  if (typeof prompt !== 'string' || prompt.trim() === '') throw new AppError('validation_error', 'Prompt is required');
  const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== '';
  const parameters = Object.entries({ width, height, steps }).filter(([, value]) => isGiven(value));
  return requireValid(NewStep, {
    prompt,
    ...(isGiven(negativePrompt) ? { negative_prompt: negativePrompt } : {}),
    parameters: Object.fromEntries(parameters),
  });
}
