import type { PhotoFilter } from '#lib/api-schema.ts';

const KINDS = ['uploaded', 'styled', 'generated'] as const;
const FORMATS = ['jpeg', 'png', 'webp', 'gif', 'avif', 'heic'] as const;
const DAY = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const oneOf = <T extends string>(values: readonly T[], text: string | null) => values.find((value) => value === text);
const matching = (pattern: RegExp, text: string | null) => (text && pattern.test(text) ? text : undefined);

/**
 * What a search page's address asks for, in a fixed order and without empty members, so that the same search is the same text.
 * What is not understood is left out: an address typed by hand shows more rather than nothing.
 */
export function filterOf(params: Pick<URLSearchParams, 'get' | 'getAll'>): PhotoFilter {
  const text = (name: string) => params.get(name)?.trim() || undefined;
  const tags = [...new Set(params.getAll('tag').map((tag) => tag.trim()))].filter(Boolean);
  const archived = params.get('archived');
  return tidy({
    q: text('q'),
    tag: tags.length > 0 ? tags.slice(0, 20) : undefined,
    camera: text('camera'),
    place: text('place'),
    kind: oneOf(KINDS, params.get('kind')),
    style: text('style'),
    format: oneOf(FORMATS, params.get('format')),
    album_id: matching(ID, params.get('album_id')),
    taken_after: matching(DAY, params.get('taken_after')),
    taken_before: matching(DAY, params.get('taken_before')),
    favorite: params.get('favorite') === 'true' || undefined,
    archived: archived === 'true' ? true : archived === 'false' ? false : archived === 'any' ? 'any' : undefined,
  });
}

/** Without the members that ask for nothing. */
export function tidy(filter: { [K in keyof PhotoFilter]: PhotoFilter[K] | undefined }): PhotoFilter {
  return Object.fromEntries(
    Object.entries(filter).filter(([, value]) => value !== undefined && value !== '' && !isEmptyList(value)),
  ) as PhotoFilter;
}
const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0;

/** `/search?q=fog&tag=lake`. */
export function addressOf(filter: PhotoFilter): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(filter))
    for (const one of [value].flat()) if (one !== undefined) params.append(name, String(one));
  return params.size > 0 ? `/search?${params}` : '/search';
}

/** The days of a month as the filter takes them, the end not included: `2024-12` → 1 December 2024 until 1 January 2025. */
export function daysOfMonth(month: string): Pick<PhotoFilter, 'taken_after' | 'taken_before'> {
  const [year = 0, number = 0] = month.split('-').map(Number);
  const end = new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 10);
  return { taken_after: `${month}-01`, taken_before: end };
}

/** The day before or after another: people name the last day they mean, the filter the first that it does not. */
export function shiftDay(day: string, by: -1 | 1): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + by * 86_400_000).toISOString().slice(0, 10);
}
