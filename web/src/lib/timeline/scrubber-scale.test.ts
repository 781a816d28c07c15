import { expect, test } from 'vitest';
import { layOut } from './layout.ts';
import { contentOf, scaleMonths, scrubberOf } from './scrubber-scale.ts';

const months = Array.from({ length: 216 }, (_, i) => ({
  month: `${2026 - Math.floor(i / 12)}-${String(12 - (i % 12)).padStart(2, '0')}`,
  count: 1 + ((i * 37) % 400),
}));
const layout = layOut(months, { width: 1112, target: 193, gap: 4, heading: 72, after: 4 });

test('every month has its bar, inside the height, the fullest one whole', () => {
  const { bars } = scaleMonths(months, 760);
  expect(bars).toHaveLength(216);
  expect(bars.every(({ y }) => y > 0 && y < 760)).toBe(true);
  expect(Math.max(...bars.map(({ share }) => share))).toBe(1);
});

test('years never overlap, and the newest is always named', () => {
  const { years } = scaleMonths(months, 400);
  expect(years[0]?.year).toBe('2026');
  for (let i = 1; i < years.length; i++) expect((years[i]?.y ?? 0) - (years[i - 1]?.y ?? 0)).toBeGreaterThanOrEqual(28);
});

test('few months stand close together instead of spread over the whole height', () => {
  expect(scaleMonths(months.slice(0, 3), 760).step).toBe(7);
});

test('from content to scrubber and back is the same place', () => {
  const scale = scaleMonths(months, 760);
  for (const y of [0, 1234, 55_555, layout.height / 2, layout.height - 10]) {
    const month = layout.within(y, y + 1)[0]?.index as number;
    const back = contentOf(layout, scale, scrubberOf(layout, scale, y, month));
    expect(back.month).toBe(month);
    expect(back.y).toBeCloseTo(y, 0);
  }
});

test('beyond either end means the end', () => {
  const scale = scaleMonths(months, 760);
  expect(contentOf(layout, scale, -50)).toEqual({ y: 0, month: 0 });
  expect(contentOf(layout, scale, 9999).month).toBe(215);
});
