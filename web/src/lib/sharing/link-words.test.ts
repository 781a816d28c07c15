import { describe, expect, test } from 'vitest';
import { closedBecause, endOf, expiryOf, momentOf, rightsOf, summaryOf, toField, viewsOf } from './link-words.ts';

const now = new Date(2026, 10, 21, 15, 0);
const at = (day: number, hour = 21, minute = 4) => new Date(2026, 10, day, hour, minute).toISOString();

describe('links in words', () => {
  test('a link remembers which of the choices it was made with', () => {
    const created_at = now.toISOString();
    for (const choice of ['day', 'week', 'month'] as const)
      expect(expiryOf({ created_at, expires_at: endOf(choice, now.getTime()) })).toBe(choice);
    expect(expiryOf({ created_at, expires_at: at(30) })).toBe('date');
    expect(expiryOf({ created_at, expires_at: null })).toBe('date');
  });

  test.each([
    [at(21, 9), 'Last today at 09:04'],
    [at(20), 'Last yesterday at 21:04'],
    [at(19), 'Last on Thursday at 21:04'],
    [at(3), 'Last on 3 November at 21:04'],
  ])('visited %s', (last_viewed_at, words) => {
    expect(viewsOf({ views: 12, last_viewed_at }, now)).toEqual({ count: 'Opened 12 times', last: words });
  });

  test('few visits are said as people say them', () => {
    expect(viewsOf({ views: 0, last_viewed_at: null }, now).count).toBe('Not opened yet');
    expect(viewsOf({ views: 1, last_viewed_at: at(20) }, now).count).toBe('Opened once');
    expect(viewsOf({ views: 2, last_viewed_at: at(20) }, now).count).toBe('Opened twice');
  });

  test('the year is said where it is another one', () => {
    expect(momentOf(new Date(2026, 11, 14, 18, 0).toISOString(), now)).toBe('14 December, 18:00');
    expect(momentOf(new Date(2027, 0, 14, 18, 0).toISOString(), now)).toBe('14 January 2027, 18:00');
    expect(toField(new Date(2026, 11, 14, 18, 0).toISOString())).toBe('2026-12-14T18:00');
  });

  test('a link that is shut says why, and what opens it', () => {
    expect(closedBecause({ status: 'open', expires_at: at(30), max_views: null })).toBeNull();
    expect(closedBecause({ status: 'used_up', expires_at: at(30), max_views: 10 })).toMatch(/^All 10 visits/);
    expect(closedBecause({ status: 'expired', expires_at: at(3), max_views: null })).toMatch(/by itself on 3 November/);
  });

  test('one link is told from another', () => {
    const link = { status: 'open', expires_at: at(30), has_password: true, views: 2, last_viewed_at: at(20) };
    expect(summaryOf(link as Parameters<typeof summaryOf>[0], now)).toBe(
      'Until 30 November, with a password, opened twice',
    );
    const rights = { allow_download: false, allow_upload: false, show_metadata: false };
    expect(rightsOf(rights)).toBe('Guests may look');
    expect(rightsOf({ ...rights, allow_download: true })).toBe('Guests may download');
    expect(rightsOf({ allow_download: true, allow_upload: true, show_metadata: true })).toBe(
      'Guests may download, add photos and see places',
    );
  });
});
