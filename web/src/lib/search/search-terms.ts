import type { PhotoFilter } from '#lib/api-schema.ts';
import { monthTitle, takenDay } from '#lib/timeline/taken.ts';
import { daysOfMonth, shiftDay, tidy } from './search-filter.ts';

/** Kinds of picture, as people call them. */
export const kindNames: Record<string, string> = {
  uploaded: 'Photographs',
  styled: 'Restyled',
  generated: 'Made from words',
};
export const formatNames: Record<string, string> = {
  jpeg: 'JPEG',
  png: 'PNG',
  webp: 'WebP',
  gif: 'GIF',
  avif: 'AVIF',
  heic: 'HEIC',
};

/** One thing asked for: how it is called, and what is asked without it. */
export interface Term {
  readonly key: string;
  readonly label: string;
  readonly without: PhotoFilter;
}

/** `June 2024`, `2024`, `3 June 2024`, `3 June 2024 to 9 July 2024`, `Since 3 June 2024`, `Until 9 July 2024`. */
export function describeDays(after: string | undefined, before: string | undefined): string {
  if (after && before) {
    if (after.endsWith('-01-01') && before === `${Number(after.slice(0, 4)) + 1}-01-01`) return after.slice(0, 4);
    if (after.endsWith('-01') && before === daysOfMonth(after.slice(0, 7)).taken_before)
      return monthTitle(after.slice(0, 7));
    const last = shiftDay(before, -1);
    return last === after ? takenDay(after) : `${takenDay(after)} to ${takenDay(last)}`;
  }
  if (after) return `Since ${takenDay(after)}`;
  return before ? `Until ${takenDay(shiftDay(before, -1))}` : '';
}

/**
 * Everything that is asked for besides the words, one chip each.
 *
 * @param albumName what the album is called, once it is known.
 */
export function termsOf(filter: PhotoFilter, albumName?: string): Term[] {
  const terms: Term[] = [];
  const push = (label: string, ...keys: (keyof PhotoFilter)[]) =>
    terms.push({
      key: keys.join(),
      label,
      without: tidy({ ...filter, ...Object.fromEntries(keys.map((key) => [key, undefined])) }),
    });
  for (const tag of filter.tag ?? [])
    terms.push({
      key: `tag ${tag}`,
      label: `Tag: ${tag}`,
      without: tidy({ ...filter, tag: filter.tag?.filter((other) => other !== tag) }),
    });
  if (filter.taken_after || filter.taken_before)
    push(describeDays(filter.taken_after, filter.taken_before), 'taken_after', 'taken_before');
  if (filter.place) push(`Place: ${filter.place}`, 'place');
  if (filter.camera) push(`Camera: ${filter.camera}`, 'camera');
  if (filter.album_id) push(`Album: ${albumName ?? '…'}`, 'album_id');
  if (filter.kind) push(kindNames[filter.kind] ?? filter.kind, 'kind');
  if (filter.style) push(`Style: ${filter.style}`, 'style');
  if (filter.format) push(formatNames[filter.format] ?? filter.format, 'format');
  if (filter.favorite) push('Favourites', 'favorite');
  if (filter.archived === true) push('In the archive', 'archived');
  if (filter.archived === false) push('Not in the archive', 'archived');
  if (filter.archived === 'any') push('The archive as well', 'archived');
  return terms;
}

/** A name for the album that a search would make: `fog, lake, June 2024`. */
export function nameFor(filter: PhotoFilter, albumName?: string): string {
  const words = termsOf(filter, albumName).map(({ label }) => label.replace(/^\w+: /, ''));
  const name = [...(filter.q ? [filter.q] : []), ...words].join(', ');
  return name ? `${name.charAt(0).toUpperCase()}${name.slice(1)}`.slice(0, 100) : '';
}
