import { z } from '@hono/zod-openapi';
import { dateTime, flag, id, line, page } from '#platform/http/contract.ts';
import { filterQuery, imageTypes, kinds, PhotoFilter, tag } from './photo-filter.ts';

export const variants = ['original', 'preview', 'medium', 'small'] as const;
export type Variant = (typeof variants)[number];

/** How a picture was made, in short; what is not known is not there. */
export const GenerationMetadata = z
  .strictObject({
    prompt: z.string(),
    negative_prompt: z.string(),
    model_key: z.string(),
    model_name: z.string(),
    seed: z.number(),
    steps: z.number(),
    cfg_scale: z.number(),
  })
  .partial()
  .openapi('GenerationMetadata');

export const Photo = z
  .strictObject({
    id,
    filename: z.string(),
    width: z.int().openapi({ description: 'Pixels, after orientation' }),
    height: z.int().openapi({ description: 'Pixels, after orientation' }),
    bytes: z.int(),
    mime_type: z.string(),
    kind: z.enum(kinds),
    image_type: z.enum(imageTypes).openapi({ description: 'What its owner says it is for; shows it to nobody' }),
    is_primary: z.boolean().openapi({ description: 'The one that stands for its owner, of all types' }),
    is_generated: z.boolean().openapi({ description: 'Made rather than taken: styled or generated' }),
    is_favorite: z.boolean(),
    is_archived: z.boolean().openapi({ description: 'Kept, found and in its albums, but not in the timeline' }),
    caption: z.string().nullable(),
    tags: z.array(z.string()),
    place: z.string().nullable().openapi({ description: 'Its name, as the file told it or a person wrote it' }),
    taken_at: z.string().openapi({ description: 'ISO 8601, with the offset of the camera where it is known' }),
    created_at: dateTime,
    deleted_at: dateTime.nullable(),
    placeholder: z.string().nullable().openapi({ description: 'A thumbhash, base64' }),
    thumbnail_url: z.string().openapi({ description: '512 px long side' }),
    preview_url: z.string().openapi({ description: '2048 px long side' }),
    full_url: z.string().openapi({ description: 'The original, byte for byte' }),
    retrieval_status: z.literal('completed'),
    generation_metadata: GenerationMetadata,
  })
  .openapi('Photo');

export const PhotoList = z
  .strictObject({
    items: z.array(Photo),
    total: z.int(),
    limit: z.int(),
    offset: z.int(),
    next_cursor: z.string().nullable(),
  })
  .openapi('PhotoList');

export const TrashedPhoto = Photo.extend({ purge_at: dateTime }).openapi('TrashedPhoto');
export const TrashList = z
  .strictObject({ items: z.array(TrashedPhoto), total: z.int(), limit: z.int(), offset: z.int() })
  .openapi('TrashList');

/** What a picture was made with: what is not known is not there. */
export const GenerationParameters = z
  .strictObject({
    tool: z.string(),
    backend: z.string(),
    model_key: z.string(),
    model_hash: z.string(),
    model_name: z.string(),
    vae_key: z.string(),
    seed: z.number(),
    steps: z.number(),
    cfg_scale: z.number(),
    scheduler: z.string(),
    width: z.number(),
    height: z.number(),
    strength: z.number().openapi({ description: '0 to 1: how far it may be from its source' }),
    session_id: z.string(),
    step_id: z.string(),
  })
  .partial()
  .openapi('GenerationParameters');

export const PhotoMetadata = Photo.extend({
  camera: z
    .strictObject({ make: z.string().nullable(), model: z.string().nullable(), lens: z.string().nullable() })
    .nullable(),
  exposure: z
    .strictObject({
      time: z.number().nullable().openapi({ description: 'Seconds' }),
      aperture: z.number().nullable().openapi({ description: 'f-number' }),
      iso: z.number().nullable(),
      focal_length: z.number().nullable().openapi({ description: 'Millimetres' }),
    })
    .nullable(),
  location: z
    .strictObject({
      latitude: z.number(),
      longitude: z.number(),
      altitude: z.number().nullable().openapi({ description: 'Metres' }),
    })
    .nullable(),
  source_image_id: id.nullable(),
  style: z.string().nullable(),
  generation_prompt: z.string().nullable(),
  generation_negative_prompt: z.string().nullable(),
  generation_params: GenerationParameters,
  digital_source_type: z
    .string()
    .nullable()
    .openapi({ description: 'How it came to be, as an address of the IPTC vocabulary; null where nothing tells' }),
}).openapi('PhotoMetadata');

export const ListQuery = z.strictObject({
  ...page,
  cursor: z.string().max(100).optional().openapi({ description: 'next_cursor of the page before, in place of offset' }),
  ...filterQuery,
});

export const TimelineQuery = z.strictObject(filterQuery);
export const Timeline = z
  .strictObject({
    items: z.array(z.strictObject({ month: z.string().openapi({ example: '2026-10' }), count: z.int() })),
    total: z.int(),
  })
  .openapi('Timeline');
export const month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/);
export const TimelineMonth = z
  .strictObject({
    month: z.string(),
    id: z.array(id),
    width: z.array(z.int()),
    height: z.array(z.int()),
    placeholder: z.array(z.string().nullable()),
    thumbnail_url: z.array(z.string()),
    preview_url: z.array(z.string()),
    taken_at: z.array(z.string()),
    kind: z.array(z.enum(kinds)),
    is_favorite: z.array(z.boolean()),
    caption: z.array(z.string().nullable()),
    filename: z.array(z.string()),
  })
  .openapi('TimelineMonth', { description: 'A month in columns of equal length, newest first' });

/** Counted as people count, and as the database does: an emoji beyond the first plane is one character. */
const caption = z
  .string()
  .refine((text) => text.length <= 1000 || [...text].length <= 1000, 'A caption can be 1000 characters at the most.')
  .openapi({ maxLength: 1000 });

/** Told apart without regard to case; the first way of writing one is kept. */
const tags = z
  .array(tag)
  .max(100, 'A photo can have 100 tags at the most.')
  .transform((all) => [...new Map(all.toReversed().map((one) => [one.toLowerCase(), one])).values()].toReversed());

export const PhotoChange = z
  .strictObject({
    caption: caption.nullable().optional(),
    taken_at: dateTime.optional(),
    is_favorite: z.boolean().optional(),
    is_archived: z.boolean().optional(),
    image_type: z.enum(imageTypes).optional(),
    is_primary: z
      .boolean()
      .optional()
      .openapi({ description: 'True takes it from the one that was; one at the most is' }),
    tags: tags.optional().openapi({ description: 'All of them: what is not here is taken off' }),
    place: line(200, 'The name of a place can be 200 characters at the most.').nullable().optional(),
  })
  .refine(
    (change) => Object.keys(change).length > 0,
    'Name something to change: caption, tags, place, taken_at, is_favorite, is_archived, image_type or is_primary.',
  );

const ids = z.array(id).min(1, 'Name at least one photo.').max(1000, 'Name 1000 photos at the most.');
/** Photos by their ids, or everything that matches a filter but for some. */
const selection = { ids: ids.optional(), filter: PhotoFilter.optional(), except: z.array(id).max(1000).optional() };
const named = (value: { ids?: unknown; filter?: unknown; except?: unknown }): boolean =>
  (value.ids === undefined) !== (value.filter === undefined) &&
  (value.except === undefined || value.filter !== undefined);
const namedMessage = 'Name the photos either by ids or by a filter (with except, if some are to stay out).';

export const Selection = z.strictObject(selection).refine(named, namedMessage);
export const FavoriteSelection = z.strictObject({ ...selection, is_favorite: z.boolean() }).refine(named, namedMessage);
export const ArchiveSelection = z.strictObject({ ...selection, is_archived: z.boolean() }).refine(named, namedMessage);
export const TagSelection = z
  .strictObject({ ...selection, add: tags.optional(), remove: tags.optional() })
  .refine(named, namedMessage)
  .refine(({ add = [], remove = [] }) => add.length + remove.length > 0, 'Name tags to add or to remove.');
export const TrashSelection = z
  .strictObject({
    ids: ids.optional(),
    trashed_at: dateTime.optional().openapi({ description: 'As a bulk trash answered: exactly those photos' }),
  })
  .refine((value) => (value.ids === undefined) !== (value.trashed_at === undefined), 'Name either ids or trashed_at.');
export const PurgeSelection = z
  .strictObject({ ids: ids.optional(), all: z.literal(true).optional() })
  .refine((value) => (value.ids === undefined) !== (value.all === undefined), 'Name either ids or all.');
export const Ids = z.strictObject({ ids });

export const Changed = z.strictObject({ count: z.int() }).openapi('Changed');
export const Trashed = z.strictObject({ count: z.int(), trashed_at: dateTime }).openapi('Trashed');

export const Download = z
  .strictObject({ url: z.string(), filename: z.string(), count: z.int(), bytes: z.int(), expires_at: dateTime })
  .openapi('Download');

export const UploadState = z
  .discriminatedUnion('status', [
    z.strictObject({ status: z.literal('receiving'), offset: z.int(), bytes: z.int() }),
    z.strictObject({ status: z.literal('complete'), photo: Photo, duplicate: z.boolean() }),
    z.strictObject({
      status: z.literal('failed'),
      error: z.strictObject({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()) }),
    }),
  ])
  .openapi('UploadState');

/** What may be said of a file that is sent, in the query or in the fields of its form. */
export const GuestUploadQuery = z.strictObject({
  filename: z.string().max(1000).optional(),
  modified_at: dateTime.optional().openapi({ description: "The file's own date, where the picture names none" }),
});
export const UploadQuery = GuestUploadQuery.extend({
  image_type: z.enum(imageTypes).optional(),
  is_primary: flag.optional(),
});
