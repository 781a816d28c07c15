import { z } from '@hono/zod-openapi';
import { Photo, PhotoMetadata, TimelineMonth } from '#features/photos/index.ts';
import { dateTime, id, listOf, page } from '#platform/http/contract.ts';

const password = z
  .string()
  .refine((text) => [...text].length >= 6, 'A password for a link needs at least 6 characters.')
  .refine((text) => [...text].length <= 256, 'A password can be 256 characters at the most.')
  .openapi({ minLength: 6, maxLength: 256 });
const expiresAt = dateTime
  .refine((time) => new Date(time).getTime() > Date.now(), 'This has passed already. Name a time to come.')
  .openapi({ description: 'null: never' });
const maxViews = z
  .int()
  .min(1)
  .max(1_000_000)
  .openapi({ description: 'How many visits the link lets in; a visit that was let in goes on when it is used up' });

const permissions = {
  allow_download: z.boolean().optional(),
  allow_upload: z.boolean().optional().openapi({ description: 'Of albums alone' }),
  show_metadata: z.boolean().optional().openapi({
    description: 'Whether guests see camera and place, and get originals with all that their files hold',
  }),
};

export const NewLink = z
  .strictObject({
    photo_id: id.optional(),
    album_id: id.optional(),
    expires_at: expiresAt.nullable().optional().openapi({ description: 'Default: in 30 days; null: never' }),
    password: password.optional(),
    ...permissions,
    max_views: maxViews.optional(),
  })
  .refine((link) => (link.photo_id === undefined) !== (link.album_id === undefined), 'Name a photo_id or an album_id.')
  .refine((link) => !link.allow_upload || link.album_id !== undefined, {
    message: 'Guests can add photos to an album alone.',
    path: ['allow_upload'],
  });

export const LinkChange = z
  .strictObject({
    expires_at: expiresAt.nullable().optional(),
    password: password.nullable().optional().openapi({ description: 'null takes it away. Ends the visits under way' }),
    ...permissions,
    max_views: maxViews.nullable().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'Name something to change.');

export const CreatedLink = z
  .strictObject({ id, access_key: z.string(), url: z.string(), expires_at: dateTime.nullable() })
  .openapi('CreatedLink');

const Cover = z.strictObject({
  thumbnail_url: z.string(),
  placeholder: z.string().nullable(),
  is_generated: z.boolean(),
});

export const Link = z
  .strictObject({
    id,
    url: z.string(),
    access_key: z.string(),
    photo_id: id.nullable(),
    album_id: id.nullable(),
    title: z.string(),
    cover: Cover.nullable(),
    has_password: z.boolean(),
    expires_at: dateTime.nullable(),
    allow_download: z.boolean(),
    allow_upload: z.boolean(),
    show_metadata: z.boolean(),
    max_views: z.int().nullable(),
    views: z.int(),
    last_viewed_at: dateTime.nullable(),
    created_at: dateTime,
    status: z.enum(['open', 'expired', 'used_up']),
  })
  .openapi('Link');
export const LinkList = listOf(Link).openapi('LinkList');
export const LinkQuery = z.strictObject({ ...page, album_id: id.optional(), photo_id: id.optional() });

/** What a guest shows of themselves, apart from the address. */
export const GuestHeaders = z.object({
  'x-share-session': z.string().optional().openapi({ description: 'As POST /share/{key}/unlock answered' }),
  'x-share-password': z.string().optional().openapi({
    description:
      'In its place, for links without max_views. Slow and counted: open a visit for more than a few requests',
  }),
});

export const Unlock = z.strictObject({ password: z.string().max(1000).optional() });
export const Unlocked = z.strictObject({ session: z.string(), expires_at: dateTime }).openapi('GuestSession');

const urls = { thumbnail_url: z.string(), preview_url: z.string() };

export const GuestPhoto = Photo.pick({
  id: true,
  filename: true,
  width: true,
  height: true,
  mime_type: true,
  kind: true,
  is_generated: true,
  caption: true,
  taken_at: true,
  placeholder: true,
})
  .extend({
    ...urls,
    bytes: z.int().nullable().openapi({ description: 'Of the original, where it can be downloaded' }),
    full_url: z.string().nullable().openapi({ description: 'The original, where it can be downloaded' }),
    ...PhotoMetadata.pick({ camera: true, exposure: true, location: true }).shape,
  })
  .openapi('GuestPhoto', { description: 'camera, exposure and location are null unless the link shows metadata' });

/** The photo of a link at the top level too, as clients of photo-gallery read it. */
const FlatPhoto = Photo.pick({
  id: true,
  filename: true,
  width: true,
  height: true,
  created_at: true,
  is_generated: true,
  thumbnail_url: true,
  full_url: true,
  retrieval_status: true,
  generation_metadata: true,
}).partial();

export const GuestView = z
  .strictObject({
    kind: z.enum(['album', 'photo']),
    title: z.string(),
    description: z.string().nullable(),
    photo_count: z.int(),
    bytes: z.int().nullable().openapi({ description: 'Of all originals, where they can be downloaded' }),
    first_taken_at: z.string().nullable(),
    last_taken_at: z.string().nullable(),
    from: z.array(z.string()).openapi({ description: 'Names: the owner first, then who added photos' }),
    expires_at: dateTime.nullable(),
    allow_download: z.boolean(),
    allow_upload: z.boolean(),
    show_metadata: z.boolean(),
    cover: z
      .strictObject({
        id,
        ...urls,
        placeholder: z.string().nullable(),
        width: z.int(),
        height: z.int(),
        is_generated: z.boolean(),
      })
      .nullable(),
    photo: GuestPhoto.nullable().openapi({ description: 'Of a link to one photo' }),
    ...FlatPhoto.shape,
  })
  .openapi('GuestView', {
    description:
      'Of a link to one photo, that photo is at the top level as well: full_url is the largest that the link gives, and generation_metadata is empty unless it shows metadata',
  });

export const GuestLayout = TimelineMonth.omit({ month: true, is_favorite: true }).openapi('GuestLayout', {
  description: 'The whole album in columns of equal length, in its order',
});
