/**
 * Dates of photographs. A photo is shown at the clock its camera showed, wherever the reader sits: the text's own date and time
 * are what counts, its offset only tells the instant.
 * @module
 */
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
const monthName = new Intl.DateTimeFormat('en-GB', { month: 'long', timeZone: 'UTC' });

/** `2024-06-14T09:30:00+02:00` → the same numbers as a UTC date. */
export function wallClock(takenAt: string): Date {
  return new Date(`${takenAt.slice(0, 19)}Z`);
}

/** `14 June 2024`. */
export function takenDay(takenAt: string): string {
  return day.format(wallClock(takenAt));
}

/** `09:30`. */
export function takenTime(takenAt: string): string {
  return takenAt.slice(11, 16);
}

/** `2024-06` → `June`. */
export function monthNameOf(month: string): string {
  return monthName.format(new Date(`${month}-01T00:00:00Z`));
}

/** `2024-06` → `June 2024`. */
export function monthTitle(month: string): string {
  return `${monthNameOf(month)} ${month.slice(0, 4)}`;
}

/** What a tile is called: `Photo, 14 June 2024, 09:30, favourite`, with the caption first where there is one. */
export function describePhoto(photo: {
  kind: string;
  takenAt: string;
  caption?: string | null;
  isFavorite?: boolean;
}): string {
  const what = photo.kind === 'uploaded' ? 'Photo' : 'Picture made in the studio';
  const parts = [what, takenDay(photo.takenAt), takenTime(photo.takenAt)];
  if (photo.isFavorite) parts.push('favourite');
  return photo.caption ? `${photo.caption.replace(/[.\s]+$/, '')}. ${parts.join(', ')}` : parts.join(', ');
}
