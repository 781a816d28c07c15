import type { AlbumColumns, Photo } from '#lib/api-schema.ts';
import type { Section } from '#lib/timeline/section.ts';

/** The name under which an album's photos stand where the timeline has its months. */
export const RUN = 'album';

/** An album's photos as the timeline draws a month, and who added each. Never changed in place. */
export interface AlbumSection extends Section {
  /** Ids of people; null for what a guest sent, or a smart album found. */
  readonly added_by: (string | null)[];
}

export function toAlbumSection({ people: _, ...columns }: AlbumColumns): AlbumSection {
  return {
    ...columns,
    month: RUN,
    added_by: columns.id.map((_, i) => columns.added_by[i] ?? null),
    pending: columns.id.map(() => null),
    ratios: Float32Array.from(columns.width, (width, i) => width / (columns.height[i] || 1)),
  };
}

/** The photos at these places, in this order. */
export function pickPhotos(section: AlbumSection, places: readonly number[]): AlbumSection {
  const picked = Object.entries(section).map(([name, column]) => {
    if (column instanceof Float32Array) return [name, Float32Array.from(places, (at) => column[at] as number)];
    return [name, Array.isArray(column) ? places.map((at) => column[at]) : column];
  });
  return Object.fromEntries(picked) as AlbumSection;
}

export function withoutPhotosOf(section: AlbumSection, gone: ReadonlySet<string>): AlbumSection {
  return pickPhotos(
    section,
    section.id.flatMap((id, at) => (gone.has(id) ? [] : [at])),
  );
}

/** The same photos in another order. @param ids the same ids, each once. */
export function inOrder(section: AlbumSection, ids: readonly string[]): AlbumSection {
  const places = new Map(section.id.map((id, at) => [id, at]));
  return pickPhotos(
    section,
    ids.flatMap((id) => places.get(id) ?? []),
  );
}

/** The photo with its date, caption and heart as they are now; its place is the album's matter. */
export function withChanged(section: AlbumSection, photo: Photo): AlbumSection {
  const at = section.id.indexOf(photo.id);
  if (at < 0) return section;
  return {
    ...section,
    taken_at: section.taken_at.with(at, photo.taken_at),
    caption: section.caption.with(at, photo.caption),
    is_favorite: section.is_favorite.with(at, photo.is_favorite),
  };
}
