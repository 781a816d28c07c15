import { describe, expect, test } from 'vitest';
import { addressOf, daysOfMonth, filterOf, shiftDay, tidy } from './search-filter.ts';

const read = (query: string) => filterOf(new URLSearchParams(query));

describe('a search in the address', () => {
  test('says the same again, whatever order it was written in', () => {
    const filter = read('tag=lake&q=%20fog%20&tag=boat&archived=any&favorite=true&taken_after=2024-06-01');
    expect(filter).toEqual({
      q: 'fog',
      tag: ['lake', 'boat'],
      taken_after: '2024-06-01',
      favorite: true,
      archived: 'any',
    });
    expect(addressOf(filter)).toBe('/search?q=fog&tag=lake&tag=boat&taken_after=2024-06-01&favorite=true&archived=any');
    expect(filterOf(new URL(addressOf(filter), 'http://here').searchParams)).toEqual(filter);
    expect(JSON.stringify(read('q=a&kind=styled'))).toBe(JSON.stringify(read('kind=styled&q=a')));
  });

  test('leaves out what it does not understand', () => {
    expect(
      read('kind=drawn&format=bmp&album_id=7&taken_after=yesterday&archived=2&favorite=no&tag=&q=&tag=%20'),
    ).toEqual({});
    expect(addressOf({})).toBe('/search');
  });

  test('keeps a tag once', () => {
    expect(read('tag=a&tag=a&tag=b')).toEqual({ tag: ['a', 'b'] });
  });
});

test('a month ends where the next begins', () => {
  expect(daysOfMonth('2024-12')).toEqual({ taken_after: '2024-12-01', taken_before: '2025-01-01' });
  expect(daysOfMonth('2024-02')).toEqual({ taken_after: '2024-02-01', taken_before: '2024-03-01' });
  expect(shiftDay('2024-03-01', -1)).toBe('2024-02-29');
  expect(shiftDay('2024-12-31', 1)).toBe('2025-01-01');
});

test('a filter without what asks for nothing keeps what says no', () => {
  const given = { q: '', tag: [], camera: undefined, archived: false, favorite: true };
  expect(tidy(given)).toEqual({ archived: false, favorite: true });
});
