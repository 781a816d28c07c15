import type { PhotoBody } from '#features/photos/index.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { LegacyDeps } from '../deps.ts';

/** Where the bytes of an image are; the app uses an address only where it is absolute. */
export const servePath = (id: string): string => `/api/user_image/${id}/serve/`;

/** A photo as the app decodes it: one that it cannot decode makes a whole list unreadable to it. */
export function presentImage(deps: Pick<LegacyDeps, 'images' | 'publicUrl'>, user: UserCaller, photo: PhotoBody) {
  return {
    id: photo.id,
    url: `${deps.publicUrl()}${deps.images.url(servePath(photo.id), user)}`,
    image_type: photo.image_type,
    is_primary: photo.is_primary,
    // Null fails there.
    caption: photo.caption ?? '',
    // So does a fraction of a second.
    uploaded_at: photo.created_at.replace(/(\.\d+)?Z$/, '+00:00'),
    width: photo.width,
    height: photo.height,
    size_bytes: photo.bytes,
    mime_type: photo.mime_type,
  };
}
