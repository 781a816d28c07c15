/** Moments as the interface writes them: apart from `format.ts`, which the first page needs. */
import { formatDay } from './format.ts';

const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const relative = new Intl.RelativeTimeFormat('en-GB', { numeric: 'auto' });

/** `14:32`. */
export function formatTime(when: string | number | Date): string {
  return time.format(new Date(when));
}

/** `14 June 2024, 09:30`. */
export function formatMoment(when: string | number | Date): string {
  return `${formatDay(when)}, ${formatTime(when)}`;
}

/** `just now`, `5 minutes ago`, `yesterday`; a date when it is longer ago than a month. */
export function formatAgo(when: string | number | Date, now: number = Date.now()): string {
  const seconds = Math.round((new Date(when).getTime() - now) / 1000);
  const ago = Math.abs(seconds);
  if (ago < 60) return 'just now';
  if (ago < 3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (ago < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
  if (ago < 30 * 86_400) return relative.format(Math.round(seconds / 86_400), 'day');
  return formatDay(when);
}
