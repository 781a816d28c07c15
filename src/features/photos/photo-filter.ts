import { z } from '@hono/zod-openapi';
import { dateTime, flag, id, line } from '#platform/http/contract.ts';

export const kinds = ['uploaded', 'styled', 'generated'] as const;
export const imageTypes = ['profile', 'gallery', 'cover'] as const;
export const formats = ['jpeg', 'png', 'webp', 'gif', 'avif', 'heic'] as const;

/** Wall-clock time where the photo was taken; an offset is read away, since a timeline is sorted by wall clocks. */
const wallClock = z.union([z.iso.date(), z.iso.datetime({ offset: true, local: true })], 'This is not a date or time.');

/** Text to look for. */
export const words = z
  .string()
  .trim()
  .max(200)
  .refine((text) => !text.includes('\0'), 'A NUL is in no text.');

export const tag = line(50, 'A tag can be 50 characters at the most.').refine(
  (text) => text !== '',
  'A tag cannot be empty.',
);
const value = line(410, 'This is too long to be found.');

/** What the query and the body of a filter share. */
const fields = {
  q: words.optional().openapi({
    description: 'Words, all of which must be found: whole, by their beginning, or by a part of three letters',
  }),
  camera: value.optional().openapi({ description: 'Make and model, as shown' }),
  place: value.optional(),
  kind: z.enum(kinds).optional(),
  image_type: z.enum(imageTypes).optional(),
  style: value.optional(),
  format: z.enum(formats).optional(),
  album_id: id.optional(),
  session_id: id.optional().openapi({ description: 'What a session of the studio made' }),
  step_id: id.optional().openapi({ description: 'What one step of a session made' }),
  since: dateTime.optional().openapi({ description: 'Added at or after' }),
  taken_after: wallClock.optional(),
  taken_before: wallClock.optional(),
};

/** What narrows photos: in a query as {@link filterQuery}, in a body (of bulk selections and smart albums) as this. */
export const PhotoFilter = z
  .strictObject({
    favorite: z.boolean().optional(),
    generated: z.boolean().optional(),
    archived: z
      .union([z.boolean(), z.literal('any')], 'This is true, false or any.')
      .optional()
      .openapi({ description: 'Default false, or any where q, album_id, session_id or step_id is given' }),
    tag: z.array(tag).max(20).optional().openapi({ description: 'All of them' }),
    ...fields,
  })
  .openapi('PhotoFilter');
export type PhotoFilter = z.infer<typeof PhotoFilter>;

export const filterQuery = {
  favorite: flag.optional(),
  generated: flag.optional(),
  archived: z
    .enum(['true', 'false', 'any'])
    .transform((text) => (text === 'any' ? text : text === 'true'))
    .optional()
    .openapi({ description: 'Default false, or any where q, album_id, session_id or step_id is given' }),
  // A name that comes once in a query is a text, more than once an array.
  tag: z
    .union([tag.transform((one) => [one]), z.array(tag).max(20)])
    .optional()
    .openapi({ description: 'May be repeated; all of them', type: 'array', items: { type: 'string' } }),
  ...fields,
};
