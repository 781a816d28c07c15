import { describe, expect, test } from 'vitest';
import { layOutMonths } from './month-bars.ts';

const month = (name: string, photos: number, bytes = photos * 10) => ({ month: name, photos, bytes });

describe('bars by month', () => {
  test('run evenly through time, empty months included', () => {
    const { bars, width, bar } = layOutMonths(
      [month('2024-03', 4), month('2023-12', 8), month('2024-01', 1)],
      'photos',
      {
        width: 100,
        height: 80,
      },
    );
    expect(bar).toBe(23);
    expect(width).toBe(100);
    expect(bars.map(({ month, x, height }) => [month, x, height])).toEqual([
      ['2024-03', 75, 40],
      ['2023-12', 0, 80],
      ['2024-01', 25, 10],
    ]);
  });

  test('are as high as what is counted, and never too low to be seen', () => {
    const { bars, most } = layOutMonths([month('2024-01', 10_000, 5), month('2024-02', 1, 5)], 'photos', {
      width: 900,
      height: 100,
    });
    expect(most).toBe(10_000);
    expect(bars.map(({ height }) => height)).toEqual([100, 2]);
    expect(
      layOutMonths([month('2024-01', 10_000, 5), month('2024-02', 1, 5)], 'bytes', {
        width: 900,
        height: 100,
      }).bars.map(({ height }) => height),
    ).toEqual([100, 100]);
  });

  test('of many years are wider than the page, and their labels do not touch', () => {
    const { width, years, bar } = layOutMonths([month('1990-11', 1), month('2024-02', 3)], 'photos', {
      width: 300,
      height: 80,
    });
    expect(bar).toBe(6);
    expect(width).toBe((33 * 12 + 4) * 8);
    expect(years[0]).toEqual({ year: '1991', x: 16 });
    expect(years.every(({ x }, i) => i === 0 || x - (years[i - 1]?.x ?? 0) >= 40)).toBe(true);
  });

  test('of nothing are none', () => {
    expect(layOutMonths([], 'photos', { width: 300, height: 80 })).toMatchObject({ bars: [], years: [], most: 0 });
  });
});
