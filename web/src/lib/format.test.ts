import { describe, expect, test } from 'vitest';
import { formatBytes, formatCount, formatNumber } from './format.ts';
import { formatAgo } from './format-moment.ts';

describe('formatNumber and formatCount', () => {
  test.each([
    [0, '0'],
    [999, '999'],
    [8412, '8\u202f412'],
    [1234567.6, '1\u202f234\u202f568'],
  ])('%d', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  test('counts in words', () => {
    expect(formatCount(1, 'photo')).toBe('1 photo');
    expect(formatCount(8412, 'photo')).toBe('8\u202f412 photos');
    expect(formatCount(2, 'person', 'people')).toBe('2 people');
  });
});

describe('formatBytes', () => {
  test.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.0 KB'],
    // Just under the next unit must not read as "1000 KB".
    [999_499, '999 KB'],
    [999_500, '1.0 MB'],
    [38_200_000_000, '38.2 GB'],
    [684_000_000_000, '684 GB'],
  ])('%d', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('formatAgo', () => {
  const now = Date.parse('2026-06-14T12:00:00Z');
  test.each([
    [now - 20_000, 'just now'],
    // A clock of the server that is a little ahead is still now.
    [now + 20_000, 'just now'],
    [now - 5 * 60_000, '5 minutes ago'],
    [now - 3 * 3_600_000, '3 hours ago'],
    [now - 86_400_000, 'yesterday'],
    [now - 40 * 86_400_000, '5 May 2026'],
  ])('%d', (when, text) => {
    expect(formatAgo(when, now)).toBe(text);
  });
});
