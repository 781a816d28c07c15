import { z } from '@hono/zod-openapi';
import { tag, words } from './photo-filter.ts';

export const TagsQuery = z.strictObject({
  q: words.optional().openapi({ description: 'A part of the tag' }),
  limit: z.coerce
    .number('This must be a whole number.')
    .int('This must be a whole number.')
    .min(1)
    .max(1000)
    .default(100),
});
export const TagList = z
  .strictObject({ items: z.array(z.strictObject({ tag: z.string(), count: z.int() })) })
  .openapi('TagList', { description: 'Most used first' });
export const TagRename = z.strictObject({ from: tag, to: tag });
export const TagDelete = z.strictObject({ tag });

export const SuggestionsQuery = z.strictObject({ q: words.default('') });
export const suggestionKinds = ['tag', 'camera', 'place', 'album', 'style', 'month'] as const;
export const Suggestions = z
  .strictObject({
    items: z.array(
      z.strictObject({
        kind: z.enum(suggestionKinds),
        value: z
          .string()
          .openapi({ description: 'What the filter of this kind takes: an id for an album, 2026-10 for a month' }),
        label: z.string(),
        count: z.int().openapi({ description: 'Photos that the filter finds' }),
      }),
    ),
    did_you_mean: z
      .strictObject({ q: z.string(), count: z.int() })
      .nullable()
      .openapi({ description: 'Where q finds nothing: what is written alike and is found' }),
  })
  .openapi('Suggestions');

const share = z.strictObject({ value: z.string(), photos: z.int(), bytes: z.int() });
export const Statistics = z
  .strictObject({
    photos: z.int(),
    bytes: z.int(),
    trash: z.strictObject({ photos: z.int(), bytes: z.int() }),
    by_month: z.array(z.strictObject({ month: z.string(), photos: z.int(), bytes: z.int() })),
    by_kind: z.array(share),
    by_style: z.array(share),
    by_camera: z.array(share),
    by_format: z.array(share),
    by_place: z.array(share),
  })
  .openapi('Statistics', {
    description: 'Of the whole library, the archive included and the trash apart; the largest first',
  });
