import type { OutputOf, PhotoFilter } from '#lib/api-schema.ts';
import { albums, brush, calendar, camera, mapPin, tag } from '#lib/icons.ts';
import { addressOf, daysOfMonth, tidy } from './search-filter.ts';

export type Suggestion = OutputOf<'get', '/search/suggestions'>['items'][number];

export const suggestionIcons: Record<Suggestion['kind'], string> = {
  tag,
  camera,
  place: mapPin,
  album: albums,
  style: brush,
  month: calendar,
};
export const suggestionNotes: Record<Suggestion['kind'], string> = {
  tag: 'Tag',
  camera: 'Camera',
  place: 'Place',
  album: 'Album',
  style: 'Style',
  month: 'Month',
};

/**
 * Where a suggestion leads: an album to itself, everything else to a search.
 *
 * @param within the filters that are on: what was chosen narrows them. The words typed so far were only the way to the suggestion.
 */
export function addressOfSuggestion(
  { kind, value }: Pick<Suggestion, 'kind' | 'value'>,
  within: PhotoFilter = {},
): string {
  if (kind === 'album') return `/albums/${value}`;
  const filter: PhotoFilter = { ...within, q: undefined };
  if (kind === 'tag') filter.tag = [...new Set([...(within.tag ?? []), value])];
  else if (kind === 'month') Object.assign(filter, daysOfMonth(value));
  else filter[kind] = value;
  return addressOf(tidy(filter));
}
