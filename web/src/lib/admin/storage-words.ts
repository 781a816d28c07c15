import type { OutputOf } from '#lib/api-schema.ts';
import { formatCount, formatDay, formatNumber } from '#lib/format.ts';
import { bucket, database, disk } from '#lib/icons.ts';

export type StorageStatus = OutputOf<'get', '/admin/storage'>;
export type Place = StorageStatus['places'][number];
export type PublicPlace = NonNullable<StorageStatus['public_place']>;
export type Migration = NonNullable<StorageStatus['migration']>;
export type Check = NonNullable<StorageStatus['check']>;
export type Driver = Place['driver'];

/** What each is called on its card, in a sentence, and how it is drawn. */
export const drivers: Record<Driver, { readonly name: string; readonly said: string; readonly icon: string }> = {
  files: { name: 'This disk', said: 'this disk', icon: disk },
  s3: { name: 'Bucket', said: 'the bucket', icon: bucket },
  postgres: { name: 'Database', said: 'the database', icon: database },
};

export const roles: Record<Place['role'], { readonly tag: string; readonly tone?: 'ok' }> = {
  current: { tag: 'In use', tone: 'ok' },
  source: { tag: 'Being emptied' },
  left: { tag: 'Left behind' },
  configured: { tag: 'Not in use' },
};

export const faultWords: Record<Check['first_faults'][number]['what'], string> = {
  missing: 'It is missing',
  short: 'It has another size',
  changed: 'Its bytes are not those that were stored',
  unreadable: 'It cannot be read',
};

/** Which of a photo's files it is. Whose photo is not told: that is its owner's. */
export const fileName = ({ hash, variant }: { hash: string; variant: string }): string =>
  variant === 'original' ? `${hash.slice(0, 12)}…` : `${hash.slice(0, 12)}…, ${variant}`;

/** `3 h 20 min`, `40 s`; from a day on, days alone. */
export function formatWait(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return formatCount(Math.round(hours / 24), 'day');
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** `3 ms`, `0.4 ms`. */
export const formatMs = (ms: number): string => `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`;

/** Where what people show to everybody is read, in a line. */
export function tellPublicPlace({ name, url, is_read: isRead, missing }: PublicPlace): string {
  const at = url.replace(/^https?:\/\//, '');
  if (!isRead)
    return `Public pictures are in s3://${name}, but nobody reads it at ${at}: this server shows them itself`;
  const waiting = missing > 0 ? `, ${formatNumber(missing)} on the way` : '';
  return `Public pictures are in s3://${name}, read at ${at}${waiting}`;
}

export function tellCheck({ files, faults, data_read: isRead, finished_at: at }: Check): string {
  const looked = isRead ? 'every byte' : 'sizes';
  const wrong =
    faults === 1 ? '1 file is not as it should be' : `${formatCount(faults, 'file')} are not as they should be`;
  const found = faults === 0 ? 'nothing is wrong' : wrong;
  return `${formatDay(at)}, ${looked} of ${formatCount(files, 'file')}: ${found}.`;
}
