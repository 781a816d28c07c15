import type { PhotoMetadata } from '#lib/api-schema.ts';
import type { Section } from '#lib/timeline/section.ts';

/** What the lightbox shows of a photo: known at once from the timeline's columns, or from the photo's own metadata. */
export interface ViewedPhoto {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly thumbnailUrl: string;
  readonly previewUrl: string;
  readonly takenAt: string;
  readonly kind: string;
  readonly isFavorite: boolean;
  readonly caption: string | null;
  readonly filename: string;
}

export function fromSection(section: Section, index: number): ViewedPhoto {
  return {
    id: section.id[index] as string,
    width: section.width[index] as number,
    height: section.height[index] as number,
    thumbnailUrl: section.thumbnail_url[index] as string,
    previewUrl: section.preview_url[index] as string,
    takenAt: section.taken_at[index] as string,
    kind: section.kind[index] as string,
    isFavorite: section.is_favorite[index] as boolean,
    caption: section.caption[index] ?? null,
    filename: section.filename[index] as string,
  };
}

export function fromMetadata(photo: PhotoMetadata): ViewedPhoto {
  return {
    id: photo.id,
    width: photo.width,
    height: photo.height,
    thumbnailUrl: photo.thumbnail_url,
    previewUrl: photo.preview_url,
    takenAt: photo.taken_at,
    kind: photo.kind,
    isFavorite: photo.is_favorite,
    caption: photo.caption,
    filename: photo.filename,
  };
}

/** The original's address when browsers can show it: not every one reads HEIC, so its preview has to do. */
export function showableOriginal(photo: PhotoMetadata | null): string | null {
  return photo && /^image\/(jpeg|png|webp|gif|avif)$/.test(photo.mime_type) ? photo.full_url : null;
}
