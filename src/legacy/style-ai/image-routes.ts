import { changePhoto, listMade, type MadeRow, PhotoChange, trashPhotos } from '#features/photos/index.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import { requireValid } from '#platform/http/require-valid.ts';
import type { LegacyDeps } from '../deps.ts';
import { readJson } from '../read-body.ts';
import { type LegacyContext, type LegacyRoute, mostListed } from '../system.ts';
import { findImages, imagePath } from './find-images.ts';
import { presentDetails, presentImage } from './present.ts';

const changeable = ['caption', 'tags', 'is_favorite', 'place', 'taken_at'] as const;

/** The gallery: what was styled for somebody. */
export function imageRoutes(deps: LegacyDeps): LegacyRoute[] {
  const findImage = async (user: UserCaller, id: string): Promise<MadeRow> =>
    (await findImages(deps, user, [id]))[0] as MadeRow;
  const idOf = (c: LegacyContext): string => c.req.param('id') ?? '';

  const change = async (c: LegacyContext, user: UserCaller): Promise<Response> => {
    const { id } = await findImage(user, idOf(c));
    const body = await readJson(c);
    const named = changeable.filter((name) => body[name] !== undefined);
    const wanted = requireValid(PhotoChange, Object.fromEntries(named.map((name) => [name, body[name]])));
    await changePhoto(deps.photos, user, id, wanted);
    return c.json({
      message: 'Image updated successfully',
      image: presentDetails(deps, user, await findImage(user, id)),
    });
  };

  return [
    {
      method: 'GET',
      path: '/images',
      async handle(c, user) {
        const rows = await listMade(deps.photos, user, {
          kind: 'styled',
          // Whoever has more asks for the rest.
          limit: numberIn(c, 'limit', mostListed) || mostListed,
          offset: numberIn(c, 'offset', Number.MAX_SAFE_INTEGER),
        });
        return c.json({ images: rows.map((row) => presentImage(deps, user, row)) });
      },
    },
    {
      method: 'GET',
      path: imagePath,
      handle: async (c, user) => c.json({ image: presentDetails(deps, user, await findImage(user, idOf(c))) }),
    },
    { method: 'PUT', path: imagePath, handle: change },
    { method: 'PATCH', path: imagePath, handle: change },
    {
      method: 'DELETE',
      path: imagePath,
      async handle(c, user) {
        const image = await findImage(user, idOf(c));
        const original = c.req.query('original') === 'true' ? image.source_photo_id : null;
        const ids = [image.id, ...(original ? [original] : [])];
        const { count } = await trashPhotos(deps.photos, user, { ids });
        return c.json({ message: 'Image deleted successfully', deleted: count });
      },
    },
  ];
}

/** What is no number of that kind is ignored, as whatever else stands in a query. */
function numberIn(c: LegacyContext, name: string, atMost: number): number {
  const text = c.req.query(name) ?? '';
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text), atMost) : 0;
}
