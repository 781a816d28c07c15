import { describe, expect, test } from 'vitest';
import { describeDays, nameFor, termsOf } from './search-terms.ts';

describe('what is asked for', () => {
  test('is one chip each, and each can be dropped', () => {
    const filter = {
      q: 'fog',
      tag: ['lake', 'boat'],
      taken_after: '2024-06-01',
      taken_before: '2024-07-01',
      favorite: true,
    };
    const terms = termsOf(filter);
    expect(terms.map(({ label }) => label)).toEqual(['Tag: lake', 'Tag: boat', 'June 2024', 'Favourites']);
    expect(terms[0]?.without).toEqual({ ...filter, tag: ['boat'] });
    expect(terms[2]?.without).toEqual({ q: 'fog', tag: ['lake', 'boat'], favorite: true });
    expect(termsOf({ tag: ['lake'] })[0]?.without).toEqual({});
  });

  test('names days as people do: the last one is meant, too', () => {
    expect(describeDays('2024-01-01', '2025-01-01')).toBe('2024');
    expect(describeDays('2024-06-01', '2024-07-01')).toBe('June 2024');
    expect(describeDays('2024-06-03', '2024-06-04')).toBe('3 June 2024');
    expect(describeDays('2024-06-03', '2024-07-10')).toBe('3 June 2024 to 9 July 2024');
    expect(describeDays('2024-06-03', undefined)).toBe('Since 3 June 2024');
    expect(describeDays(undefined, '2024-07-01')).toBe('Until 30 June 2024');
  });

  test('is a name for an album', () => {
    expect(nameFor({ q: 'fog', tag: ['lake'], taken_after: '2024-06-01', taken_before: '2024-07-01' })).toBe(
      'Fog, lake, June 2024',
    );
    expect(nameFor({})).toBe('');
  });
});
