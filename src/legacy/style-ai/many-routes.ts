import { z } from '@hono/zod-openapi';
import { countMade, setFavorites, TagSelection, tagPhotos, trashPhotos } from '#features/photos/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import { requireValid } from '#platform/http/require-valid.ts';
import type { LegacyDeps } from '../deps.ts';
import { readJson } from '../read-body.ts';
import type { LegacyRoute } from '../system.ts';
import { findImages } from './find-images.ts';
import { toNaiveTime } from './present.ts';

const Ids = z.object({
  ids: z
    .array(z.string('Name images by their ids.'), 'Name images by their ids.')
    .min(1, 'Name at least one image.')
    .max(1000, 'Name 1000 images at the most.'),
});
const Marks = Ids.extend({
  is_favorite: z.boolean('This is true or false.').optional(),
  add_tags: TagSelection.shape.add,
  remove_tags: TagSelection.shape.remove,
});

/** Many images at once, and what there is of them. */
export function manyRoutes(deps: LegacyDeps): LegacyRoute[] {
  return [
    {
      method: 'POST',
      path: '/images/bulk-delete',
      async handle(c, user) {
        const body = await readJson(c);
        const images = await findImages(deps, user, requireValid(Ids, body).ids);
        const originals = body.original === true ? images.flatMap((image) => image.source_photo_id ?? []) : [];
        const ids = [...new Set([...images.map(({ id }) => id), ...originals])];
        const { count } = await trashPhotos(deps.photos, user, { ids });
        return c.json({ message: 'Images deleted successfully', deleted: count });
      },
    },
    {
      method: 'POST',
      path: '/images/bulk-update',
      async handle(c, user) {
        const {
          ids: named,
          is_favorite: isFavorite,
          add_tags: add = [],
          remove_tags: remove = [],
        } = requireValid(Marks, await readJson(c));
        const tagged = add.length + remove.length > 0;
        if (!tagged && isFavorite === undefined) {
          throw new AppError('validation_error', 'Name something to change: is_favorite, add_tags or remove_tags.');
        }
        const ids = (await findImages(deps, user, named)).map(({ id }) => id);
        if (tagged) await tagPhotos(deps.photos, user, { ids }, { add, remove });
        if (isFavorite !== undefined) await setFavorites(deps.photos, user, { ids }, isFavorite);
        return c.json({ message: 'Images updated successfully', updated: ids.length });
      },
    },
    {
      method: 'GET',
      path: '/images/stats',
      handle: async (c, user) => c.json({ stats: summarize(await countMade(deps.photos, user, 'styled')) }),
    },
  ];
}

function summarize(rows: Awaited<ReturnType<typeof countMade>>) {
  const sum = (of: (row: (typeof rows)[number]) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const by = <Name extends string>(name: Name, of: (row: (typeof rows)[number]) => string) => {
    const counts = new Map<string, number>();
    for (const row of rows) counts.set(of(row), (counts.get(of(row)) ?? 0) + row.photos);
    return [...counts].map(([value, images]) => ({ [name]: value, images }));
  };
  const times = rows.flatMap(({ first, last }) => [first.getTime(), last.getTime()]);
  return {
    total: sum((row) => row.photos),
    favorites: sum((row) => row.favorites),
    bytes: sum((row) => row.bytes),
    first_at: times.length > 0 ? toNaiveTime(new Date(Math.min(...times))) : null,
    last_at: times.length > 0 ? toNaiveTime(new Date(Math.max(...times))) : null,
    by_style: by('style', (row) => row.style ?? 'hardcoded').toSorted((a, b) => b.images - a.images),
    by_month: by('month', (row) => row.month),
  };
}
