import type { IngestedImage } from '#platform/imaging/index.ts';

/** What another library knew of a photo, beside what its file tells. */
export interface Told {
  readonly takenAt?: { readonly at: Date; readonly offsetMinutes: number | null } | undefined;
  readonly caption?: string | undefined;
  readonly location?:
    | { readonly latitude: number; readonly longitude: number; readonly altitude: number | null }
    | undefined;
  readonly isFavorite?: boolean | undefined;
  readonly isArchived?: boolean | undefined;
  readonly imageType?: 'gallery' | 'profile' | 'cover' | undefined;
  /** When it came to that library. */
  readonly createdAt?: Date | undefined;
}

const mostCaption = 1000;
const minuteMs = 60_000;
const mostOffset = 14 * 60;

/** The columns that what was told fills. The file's own place holds: a camera was there. */
export function toldColumns(told: Told | undefined, isLocated: boolean) {
  if (!told) return {};
  // PostgreSQL's text has no NUL.
  const caption = [...(told.caption ?? '').replaceAll('\0', '').toWellFormed()].slice(0, mostCaption).join('');
  return {
    ...(caption === '' ? {} : { caption }),
    ...(told.location && !isLocated ? told.location : {}),
    ...(told.isFavorite ? { is_favorite: true } : {}),
    ...(told.isArchived ? { is_archived: true } : {}),
    ...(told.imageType ? { image_type: told.imageType } : {}),
    ...(told.createdAt && isPlausible(told.createdAt) ? { created_at: told.createdAt } : {}),
  };
}

/**
 * The camera's clock, else what was told, else the file's date, else now. A camera that names no offset is taken at its wall
 * clock; where another library tells the moment, the difference of the two is the offset. A difference that none can be is
 * somebody's correction.
 */
export function takenAt(
  image: IngestedImage,
  label: { readonly modifiedAt: Date | null; readonly told?: Told | undefined },
) {
  const camera = image.metadata.takenAt;
  const told = label.told?.takenAt && isPlausible(label.told.takenAt.at) ? label.told.takenAt : null;
  if (camera) {
    const wall = new Date(`${camera.local}Z`).getTime();
    const own = {
      taken_at: new Date(wall - (camera.offsetMinutes ?? 0) * minuteMs),
      taken_offset: camera.offsetMinutes,
      taken_from: 'camera' as const,
    };
    return told ? (correctCamera(own, told) ?? own) : own;
  }
  if (told) return { taken_at: told.at, taken_offset: told.offsetMinutes, taken_from: 'file' as const };
  if (label.modifiedAt && isPlausible(label.modifiedAt)) {
    return { taken_at: label.modifiedAt, taken_offset: null, taken_from: 'file' as const };
  }
  return { taken_at: new Date(), taken_offset: null, taken_from: 'upload' as const };
}

/**
 * When a photo was taken that had to do with its file alone, where another copy of it tells more: as if that copy had come first.
 * Nothing where none does.
 */
export function refineTaken(
  photo: { readonly taken_at: Date; readonly taken_offset: number | null; readonly taken_from: string },
  { takenAt: told }: Told,
) {
  if (!told || !isPlausible(told.at) || photo.taken_from === 'person') return {};
  if (photo.taken_from === 'camera') return correctCamera(photo, told) ?? {};
  return { taken_at: told.at, taken_offset: told.offsetMinutes, taken_from: 'file' as const };
}

/** What becomes of a camera's time once another is told; null where both tell the same. */
function correctCamera(
  own: { readonly taken_at: Date; readonly taken_offset: number | null },
  told: NonNullable<Told['takenAt']>,
) {
  const difference = own.taken_at.getTime() - told.at.getTime();
  if (Math.abs(difference) < minuteMs) return null;
  const offset = own.taken_offset === null ? offsetOf(difference) : null;
  return offset === null
    ? { taken_at: told.at, taken_offset: told.offsetMinutes, taken_from: 'person' as const }
    : { taken_at: told.at, taken_offset: offset, taken_from: 'camera' as const };
}

/** Minutes east of UTC, where a clock may differ by that much from UTC: quarters of an hour. */
function offsetOf(ms: number): number | null {
  const minutes = Math.round(ms / minuteMs / 15) * 15;
  return Math.abs(ms - minutes * minuteMs) <= minuteMs && Math.abs(minutes) <= mostOffset ? minutes : null;
}

/** Clocks are wrong by a day at times; files from before there was photography have a date that means nothing. */
const isPlausible = (at: Date): boolean => at.getUTCFullYear() >= 1826 && at.getTime() <= Date.now() + 86_400_000;
