import type { MonthColumns, Photo } from '#lib/api-schema.ts';

/** A photo on its way in, as far as the timeline needs to know it. */
export interface Pending {
  readonly key: string;
  readonly takenAt: string;
  readonly ratio: number;
  readonly name: string;
}

/** A month's photos as columns, with the ratios the rows are made of. Never changed in place: a change makes a new one. */
export interface Section extends MonthColumns {
  readonly ratios: Float32Array;
  /** Key of the upload that is not a photo yet, at its place among the photos; its `id` is that key too. */
  readonly pending: (string | null)[];
}

/** Every column; all are of the same length. */
const COLUMNS = [
  'id',
  'width',
  'height',
  'placeholder',
  'thumbnail_url',
  'preview_url',
  'taken_at',
  'kind',
  'is_favorite',
  'caption',
  'filename',
  'pending',
] as const;

/** The same month with each column changed alike, and the ratios that follow from it. */
function change(section: Section, alter: (column: readonly never[], name: keyof One) => unknown[]): Section {
  const next = { month: section.month } as Record<string, unknown>;
  for (const name of COLUMNS) next[name] = alter(section[name] as never[], name);
  return withRatios(next as unknown as Section);
}

function withRatios(section: Omit<Section, 'ratios'>): Section {
  return { ...section, ratios: Float32Array.from(section.width, (width, i) => width / (section.height[i] || 1)) };
}

export function toSection(columns: MonthColumns): Section {
  return withRatios({ ...columns, pending: columns.id.map(() => null) });
}

export function emptySection(month: string): Section {
  const none = Object.fromEntries(COLUMNS.map((name) => [name, []]));
  return withRatios({ month, ...none } as unknown as Section);
}

/**
 * The server's order: newest first by the clock the camera showed, then by id, so that a burst within one second keeps its order.
 * The clock and not the instant, as months are: a day abroad stays together.
 */
function placeFor(section: Section, takenAt: string, id: string): number {
  const clock = clockOf(takenAt);
  let low = 0;
  let high = section.id.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = clockOf(section.taken_at[middle] as string);
    if (other > clock || (other === clock && (section.id[middle] as string) > id)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `2024-06-14T09:30:00.5+02:00` → `2024-06-14T09:30:00.500`, which sorts as text. */
function clockOf(takenAt: string): string {
  const [clock = '', fraction = ''] = takenAt.replace(/(Z|[+-]\d\d:\d\d)$/, '').split('.');
  return `${clock}.${fraction.padEnd(3, '0')}`;
}

export function withPhoto(section: Section, photo: Photo): Section {
  if (section.id.includes(photo.id)) return withoutPhotos(section, new Set([photo.id]), photo);
  return insert(section, { ...photo, pending: null });
}

/** The section with uploads between its photos, each where the finished photo will be. */
export function withPending(section: Section, pendings: readonly Pending[]): Section {
  let next = section;
  for (const { key, takenAt, ratio, name } of pendings) {
    next = insert(next, {
      id: key,
      width: Math.round(ratio * 1000),
      height: 1000,
      placeholder: null,
      thumbnail_url: '',
      preview_url: '',
      taken_at: takenAt,
      kind: 'uploaded',
      is_favorite: false,
      caption: null,
      filename: name,
      pending: key,
    });
  }
  return next;
}

/** Without some photos; `instead` is put in again, for a photo whose date or caption has changed. */
export function withoutPhotos(section: Section, gone: ReadonlySet<string>, instead?: Photo): Section {
  const rest = change(section, (column) => column.filter((_, i) => !gone.has(section.id[i] as string)));
  return instead ? withPhoto(rest, instead) : rest;
}

/** Hearts set or taken away; `ids` null means every photo of the month. */
export function withFavorite(section: Section, ids: ReadonlySet<string> | null, isFavorite: boolean): Section {
  return {
    ...section,
    is_favorite: section.is_favorite.map((was, i) => (!ids || ids.has(section.id[i] as string) ? isFavorite : was)),
  };
}

type Columns = Omit<Section, 'month' | 'ratios'>;
type One = { [K in keyof Columns]: Columns[K][number] };

function insert(section: Section, one: One): Section {
  const at = placeFor(section, one.taken_at, one.id);
  return change(section, (column, name) => column.toSpliced(at, 0, one[name] as never));
}
