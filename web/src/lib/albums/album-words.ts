import type { Album, PhotoFilter } from '#lib/api-schema.ts';
import { formatCount } from '#lib/format.ts';
import { describeDays } from '#lib/search/search-terms.ts';
import { takenDay, wallClock } from '#lib/timeline/taken.ts';

type Span = Pick<Album, 'first_taken_at' | 'last_taken_at'>;

const shortMonth = new Intl.DateTimeFormat('en-GB', { month: 'short', timeZone: 'UTC' });
const longMonth = new Intl.DateTimeFormat('en-GB', { month: 'long', timeZone: 'UTC' });
const dayAndMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', timeZone: 'UTC' });

/** For a card: `Oct 2026`, `May to Aug 2026`, `2014 to 2019`, `2019 to now`; empty for an album without photos. */
export function shortSpan({ first_taken_at: first, last_taken_at: last }: Span, now = new Date()): string {
  if (!first || !last) return '';
  const [from, to] = [first.slice(0, 4), last.slice(0, 4)];
  if (from !== to) return `${from} to ${Number(to) >= now.getFullYear() ? 'now' : to}`;
  // “Sept” is what British English makes of it; three letters align better.
  const [a, b] = [first, last].map((at) => shortMonth.format(wallClock(at)).slice(0, 3));
  return a === b ? `${a} ${to}` : `${a} to ${b} ${to}`;
}

/** For the page: `23 October 2026`, `23 to 31 October 2026`, `28 May to 2 August 2026`, `May 2019 to October 2026`. */
export function longSpan({ first_taken_at: first, last_taken_at: last }: Span): string {
  if (!first || !last) return '';
  const [a, b] = [wallClock(first), wallClock(last)];
  if (first.slice(0, 10) === last.slice(0, 10)) return takenDay(last);
  if (first.slice(0, 7) === last.slice(0, 7)) return `${a.getUTCDate()} to ${takenDay(last)}`;
  if (first.slice(0, 4) === last.slice(0, 4)) return `${dayAndMonth.format(a)} to ${takenDay(last)}`;
  return `${longMonth.format(a)} ${first.slice(0, 4)} to ${longMonth.format(b)} ${last.slice(0, 4)}`;
}

/** `64 photos, Oct 2026`, or that there are none yet. */
export function contentWords(count: number, span: string): string {
  if (count === 0) return 'No photos yet';
  return [formatCount(count, 'photo'), span].filter(Boolean).join(', ');
}

const ROLES = { owner: 'Owner', contributor: 'Can add', viewer: 'Can look' } as const;
/** What somebody may do in an album, in two words. */
export const roleWords = (role: keyof typeof ROLES): string => ROLES[role];

/** `5 people, one guest link`. */
export function peopleWords({ member_count, link_count }: Pick<Album, 'member_count' | 'link_count'>): string {
  const people = member_count > 0 ? formatCount(member_count + 1, 'person', 'people') : 'Only you';
  if (link_count === 0) return people;
  return `${people}, ${link_count === 1 ? 'one guest link' : formatCount(link_count, 'guest link')}`;
}

const KINDS: Record<string, string> = {
  uploaded: 'taken, not made',
  styled: 'restyled',
  generated: 'made in the studio',
};

/** What a smart album looks for, as a sentence without its end: `Favourites tagged fog and lake, since 2024`. */
export function filterWords(filter: PhotoFilter): string {
  const { q, favorite, tag, camera, place, kind, generated, style, format, archived } = filter;
  const parts: string[] = [];
  if (q) parts.push(`with “${q}”`);
  if (tag?.length) parts.push(`tagged ${list(tag)}`);
  if (camera) parts.push(`taken with ${camera}`);
  if (place) parts.push(`in ${place}`);
  if (kind) parts.push(KINDS[kind] ?? kind);
  if (generated !== undefined) parts.push(generated ? 'made, not taken' : 'taken, not made');
  if (style) parts.push(`in the style ${style}`);
  if (format) parts.push(`as ${format.toUpperCase()}`);
  if (archived === true) parts.push('in the archive');
  if (archived === 'any') parts.push('archived or not');
  const days = describeDays(filter.taken_after, filter.taken_before);
  if (days)
    parts.push(
      days
        .replace(/^Since/, 'since')
        .replace(/^Until/, 'until')
        .replace(/^(?=\d|[A-Z])/, 'from '),
    );
  return [favorite ? 'Favourites' : 'All photos', ...parts].join(parts.length > 1 ? ', ' : ' ').replace(', ', ' ');
}

function list(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
