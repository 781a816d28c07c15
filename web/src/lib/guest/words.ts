import { formatCount } from '#lib/format.ts';
import { wallClock } from '#lib/timeline/taken.ts';

const dayMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', timeZone: 'UTC' });
const dayMonthYear = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
});
const localDay = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long' });
const localDayYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });

/** `23 to 31 October 2026`, `30 October to 2 November 2026`, `31 December 2025 to 1 January 2026`, `14 June 2024`. */
export function spanOf(first: string, last: string): string {
  const [from, to] = [wallClock(first), wallClock(last)];
  const end = dayMonthYear.format(to);
  if (first.slice(0, 10) === last.slice(0, 10)) return end;
  if (first.slice(0, 7) === last.slice(0, 7)) return `${from.getUTCDate()} to ${end}`;
  if (first.slice(0, 4) === last.slice(0, 4)) return `${dayMonth.format(from)} to ${end}`;
  return `${dayMonthYear.format(from)} to ${end}`;
}

/** `64 photos, 23 to 31 October 2026`. */
export function contentsOf(count: number, first: string | null, last: string | null): string {
  const photos = formatCount(count, 'photo');
  return first && last ? `${photos}, ${spanOf(first, last)}` : photos;
}

/** `Ines`, `Ines and Tomás`, `Ines, Tomás and Maren`. */
export function namesOf(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${last}` : last;
}

/** `14 December`, and the year where it is another one. */
export function untilDay(when: string, now: Date = new Date()): string {
  const date = new Date(when);
  return (date.getFullYear() === now.getFullYear() ? localDay : localDayYear).format(date);
}
