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

export function toSection(columns: MonthColumns): Section {
  const ratios = Float32Array.from(columns.width, (width, i) => width / (columns.height[i] || 1));
  return { ...columns, ratios, pending: columns.id.map(() => null) };
}

export function emptySection(month: string): Section {
  return toSection({
    month,
    id: [],
    width: [],
    height: [],
    placeholder: [],
    thumbnail_url: [],
    preview_url: [],
    taken_at: [],
    kind: [],
    is_favorite: [],
    caption: [],
    filename: [],
  });
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
  return insert(section, placeFor(section, photo.taken_at, photo.id), {
    id: photo.id,
    width: photo.width,
    height: photo.height,
    placeholder: photo.placeholder,
    thumbnail_url: photo.thumbnail_url,
    preview_url: photo.preview_url,
    taken_at: photo.taken_at,
    kind: photo.kind,
    is_favorite: photo.is_favorite,
    caption: photo.caption,
    filename: photo.filename,
  });
}

/** The section with uploads between its photos, each where the finished photo will be. */
export function withPending(section: Section, pendings: readonly Pending[]): Section {
  let next = section;
  for (const { key, takenAt, ratio, name } of pendings) {
    next = insert(
      next,
      placeFor(next, takenAt, key),
      {
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
      },
      key,
    );
  }
  return next;
}

/** Without some photos; `instead` is put in again, for a photo whose date or caption has changed. */
export function withoutPhotos(section: Section, gone: ReadonlySet<string>, instead?: Photo): Section {
  const keep = (_: unknown, i: number) => !gone.has(section.id[i] as string);
  const rest: Section = {
    month: section.month,
    id: section.id.filter(keep),
    width: section.width.filter(keep),
    height: section.height.filter(keep),
    placeholder: section.placeholder.filter(keep),
    thumbnail_url: section.thumbnail_url.filter(keep),
    preview_url: section.preview_url.filter(keep),
    taken_at: section.taken_at.filter(keep),
    kind: section.kind.filter(keep),
    is_favorite: section.is_favorite.filter(keep),
    caption: section.caption.filter(keep),
    filename: section.filename.filter(keep),
    ratios: section.ratios.filter(keep),
    pending: section.pending.filter(keep),
  };
  return instead ? withPhoto(rest, instead) : rest;
}

/** Hearts set or taken away; `ids` null means every photo of the month. */
export function withFavorite(section: Section, ids: ReadonlySet<string> | null, isFavorite: boolean): Section {
  return {
    ...section,
    is_favorite: section.is_favorite.map((was, i) => (!ids || ids.has(section.id[i] as string) ? isFavorite : was)),
  };
}

type Columns = Omit<MonthColumns, 'month'>;
type One = { [K in keyof Columns]: Columns[K][number] };

function insert(section: Section, at: number, one: One, pending: string | null = null): Section {
  const ratios = new Float32Array(section.ratios.length + 1);
  ratios.set(section.ratios.subarray(0, at));
  ratios[at] = one.width / (one.height || 1);
  ratios.set(section.ratios.subarray(at), at + 1);
  return {
    month: section.month,
    id: section.id.toSpliced(at, 0, one.id),
    width: section.width.toSpliced(at, 0, one.width),
    height: section.height.toSpliced(at, 0, one.height),
    placeholder: section.placeholder.toSpliced(at, 0, one.placeholder),
    thumbnail_url: section.thumbnail_url.toSpliced(at, 0, one.thumbnail_url),
    preview_url: section.preview_url.toSpliced(at, 0, one.preview_url),
    taken_at: section.taken_at.toSpliced(at, 0, one.taken_at),
    kind: section.kind.toSpliced(at, 0, one.kind),
    is_favorite: section.is_favorite.toSpliced(at, 0, one.is_favorite),
    caption: section.caption.toSpliced(at, 0, one.caption),
    filename: section.filename.toSpliced(at, 0, one.filename),
    ratios,
    pending: section.pending.toSpliced(at, 0, pending),
  };
}
