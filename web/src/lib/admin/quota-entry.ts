import { formatNumber } from '#lib/format.ts';
import { roundBytes } from '#lib/parts/quota.ts';

/** What the fields say for an account that may keep whatever fits on the disk. */
export const noLimit = 'No limit';
/** The choices beside the fields, as text that could be typed. */
export const sizes = ['10 GB', '50 GB', '100 GB', '500 GB'];
export const counts = ['1\u202f000', '10\u202f000', '50\u202f000', '100\u202f000'];

const units: Record<string, number> = { kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 };

/**
 * Reads a size as people write it: `100 GB`, `1.5tb`, `2,5 TB`; nothing, or “No limit”, is null.
 * @returns bytes, in decimal units; undefined when it cannot be read, a bare number among them: nobody means bytes
 */
export function readSize(text: string): number | null | undefined {
  if (isNone(text)) return null;
  const [, amount = '', unit = ''] = /^(\d+(?:[.,]\d+)?)\s*([kmgt]b)$/i.exec(text.trim()) ?? [];
  const bytes = Math.round(Number(amount.replace(',', '.')) * (units[unit.toLowerCase()] ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Reads a whole number, with or without marks between the thousands; nothing, or “No limit”, is null. */
export function readCount(text: string): number | null | undefined {
  if (isNone(text)) return null;
  const digits = text.trim().replace(/[\s.,](?=\d{3}(\D|$))/g, '');
  return /^\d{1,9}$/.test(digits) ? Number(digits) : undefined;
}

/** Limits as the fields show them. */
export const writeSize = (bytes: number | null): string => (bytes === null ? noLimit : roundBytes(bytes));
export const writeCount = (count: number | null): string => (count === null ? noLimit : formatNumber(count));

/** What to say about limits that cannot be read, by field; null when both can. */
export function refuseUnread(space: string, photos: string): Record<string, string> | null {
  const fields: Record<string, string> = {};
  if (readSize(space) === undefined) fields.quota_bytes = 'Write a size with its unit, such as 100 GB or 1.5 TB.';
  if (readCount(photos) === undefined) fields.quota_photos = 'Write a whole number, such as 10 000.';
  return Object.keys(fields).length > 0 ? fields : null;
}

const isNone = (text: string): boolean => /^(no limit|none)?$/i.test(text.trim());
