import { z } from '@hono/zod-openapi';
import { Person } from '#features/accounts/index.ts';
import { Photo, PhotoFilter, TimelineMonth } from '#features/photos/index.ts';
import { dateTime, flag, id, listOf, page } from '#platform/http/contract.ts';

export const memberRoles = ['viewer', 'contributor'] as const;
const roles = ['owner', ...memberRoles] as const;

const Preview = z.strictObject({
  id,
  thumbnail_url: z.string(),
  placeholder: z.string().nullable(),
  width: z.int(),
  height: z.int(),
  is_generated: z.boolean(),
});

export const Album = z
  .strictObject({
    id,
    name: z.string(),
    description: z.string().nullable(),
    created_at: dateTime,
    updated_at: dateTime,
    cover_photo_id: id
      .nullable()
      .openapi({ description: 'As its owner chose it; without one, the first photo stands for it' }),
    photo_count: z.int(),
    first_taken_at: z.string().nullable().openapi({ description: 'Wall-clock time of the oldest photo' }),
    last_taken_at: z.string().nullable(),
    cover: Preview.nullable(),
    previews: z.array(Preview).openapi({ description: 'Three at the most, the cover first' }),
    role: z.enum(roles).openapi({ description: 'What the caller is here' }),
    owner: Person,
    people: z.array(Person).openapi({ description: 'The owner and the members who came first, four at the most' }),
    member_count: z.int().openapi({ description: 'Without the owner' }),
    is_pinned: z.boolean(),
    filter: PhotoFilter.nullable().openapi({ description: 'Set on a smart album, which shows what it finds' }),
    link_count: z.int().openapi({ description: 'Open links to it; 0 for members' }),
  })
  .openapi('Album');
export const AlbumList = listOf(Album).openapi('AlbumList');

const name = z
  .string()
  .trim()
  .min(1, 'An album needs a name.')
  .refine((text) => [...text].length <= 200, 'A name can be 200 characters at the most.')
  .openapi({ maxLength: 200 });
const description = z
  .string()
  .trim()
  .refine((text) => [...text].length <= 2000, 'A description can be 2000 characters at the most.')
  .openapi({ maxLength: 2000 });
const photoIds = z.array(id).min(1, 'Name at least one photo.').max(1000, 'Name 1000 photos at the most.');

export const AlbumQuery = z.strictObject({
  ...page,
  q: z.string().trim().max(200).optional().openapi({ description: 'Part of the name' }),
  role: z.enum(['mine', 'others']).optional(),
  pinned: flag.optional(),
});

export const NewAlbum = z
  .strictObject({
    name,
    description: description.nullable().optional(),
    cover_photo_id: id.nullable().optional().openapi({ description: 'A photo to lie in it and stand for it' }),
    photo_ids: photoIds.optional(),
    filter: PhotoFilter.optional().openapi({ description: 'Makes a smart album, which shows what this finds' }),
  })
  .refine(
    (album) => !(album.photo_ids || album.cover_photo_id) || !album.filter,
    'Name either photos or a filter: a smart album finds its own.',
  );

export const AlbumChange = z
  .strictObject({
    name: name.optional(),
    description: description.nullable().optional(),
    cover_photo_id: id.nullable().optional(),
    filter: PhotoFilter.optional(),
  })
  .refine(
    (change) => Object.keys(change).length > 0,
    'Name something to change: name, description, cover_photo_id or filter.',
  );

export const PhotosToAdd = z
  .strictObject({
    photo_ids: photoIds.optional(),
    filter: PhotoFilter.optional(),
    except: z.array(id).max(1000).optional(),
  })
  .refine(
    (value) => (value.photo_ids === undefined) !== (value.filter === undefined) && (!value.except || !!value.filter),
    'Name the photos either by photo_ids or by a filter (with except, if some are to stay out).',
  );
export const PhotosById = z.strictObject({ photo_ids: photoIds });
export const Move = z.strictObject({
  photo_ids: photoIds,
  before: id.nullable().openapi({ description: 'The photo before which they are put; null puts them at the end' }),
});

export const AlbumPhoto = Photo.extend({
  added_by: Person.nullable().openapi({ description: 'Null for what a guest sent through a link' }),
  added_at: dateTime.nullable(),
}).openapi('AlbumPhoto');
export const AlbumPhotoList = listOf(AlbumPhoto).openapi('AlbumPhotoList');

export const AlbumLayout = TimelineMonth.omit({ month: true })
  .extend({
    added_by: z.array(id.nullable()).openapi({ description: 'Ids of people; empty for a smart album' }),
    people: z.array(Person),
  })
  .openapi('AlbumLayout', { description: 'A whole album in columns of equal length, in its order' });

export const Member = z
  .strictObject({
    user: Person,
    role: z.enum(roles),
    photo_count: z.int().openapi({ description: 'Photos they added' }),
    joined_at: dateTime,
  })
  .openapi('AlbumMember');
export const MemberList = z.strictObject({ items: z.array(Member) }).openapi('AlbumMemberList');
export const NewMember = z.strictObject({
  username: z.string().trim().min(1, 'Say who: a username.').max(100),
  role: z.enum(memberRoles).default('viewer'),
});
export const RoleChange = z.strictObject({ role: z.enum(memberRoles) });
