import { describe, expect, test } from 'vitest';
import { type LayoutMeasures, layOut, type MonthShape } from './layout.ts';

const desk: LayoutMeasures = { width: 1112, target: 193, gap: 4, heading: 72, after: 4 };
const ratios = (count: number, seed = 1) =>
  Float32Array.from({ length: count }, (_, i) => [1.5, 0.75, 1.333, 1.778, 0.667][(i * 3 + seed) % 5] as number);
const year = (loaded: (i: number) => boolean): MonthShape[] =>
  Array.from({ length: 12 }, (_, i) => ({
    month: `2026-${String(12 - i).padStart(2, '0')}`,
    count: 40 + i,
    ratios: loaded(i) ? ratios(40 + i, i) : undefined,
  }));

describe('layOut', () => {
  test('months follow one another without overlap and fill the whole height', () => {
    const layout = layOut(
      year(() => true),
      desk,
    );
    for (let i = 1; i < 12; i++) {
      const rows = layout.rows(i - 1);
      const expected = (layout.tops[i - 1] as number) + desk.heading + (rows?.height ?? 0) + desk.after;
      expect(layout.tops[i]).toBeCloseTo(expected, 3);
    }
    expect(layout.height).toBeGreaterThan(layout.tops[11] as number);
  });

  test('what is drawn for a window is every row that touches it and no row that does not', () => {
    const layout = layOut(
      year(() => true),
      desk,
    );
    for (let top = 0; top < layout.height - 900; top += 397) {
      const bottom = top + 900;
      const drawn = new Set<string>();
      for (const { index, from, to } of layout.within(top, bottom))
        for (let tile = from; tile < to; tile++) drawn.add(`${index}/${tile}`);
      for (let index = 0; index < 12; index++) {
        for (let tile = 0; tile < 40 + index; tile++) {
          const place = layout.place(index, tile);
          if (!place) throw new Error('a loaded month has places');
          const touches = place.top + place.height > top && place.top < bottom;
          if (touches) expect(drawn.has(`${index}/${tile}`)).toBe(true);
          if (place.top + place.height < top - 1 || place.top > bottom + 1)
            expect(drawn.has(`${index}/${tile}`)).toBe(false);
        }
      }
    }
  });

  test('a month that loads above the window does not move the photograph at the top edge', () => {
    const before = layOut(
      year((i) => i >= 4),
      desk,
    );
    const y = (before.place(6, 17)?.top ?? 0) + 31;
    const anchor = before.anchorAt(y);
    if (!anchor) throw new Error('there is an anchor');
    const after = layOut(
      year(() => true),
      desk,
      before,
    );
    const corrected = after.yOf(anchor);
    expect(anchor.month).toBe('2026-06');
    expect((corrected ?? 0) - (after.place(6, anchor.tile)?.top ?? 0)).toBeCloseTo(
      y - (before.place(6, anchor.tile)?.top ?? 0),
      3,
    );
  });

  test('an anchor in a month not loaded keeps its share of it', () => {
    const before = layOut(
      year(() => false),
      desk,
    );
    const middle = ((before.tops[3] as number) + (before.tops[4] as number)) / 2;
    const anchor = before.anchorAt(middle);
    const after = layOut(
      year(() => true),
      desk,
      before,
    );
    const corrected = anchor && after.yOf(anchor);
    expect(corrected).toBeCloseTo(((after.tops[3] as number) + (after.tops[4] as number)) / 2, 3);
  });

  test('an empty library has no height, no window and no anchor', () => {
    const layout = layOut([], desk);
    expect([layout.height, layout.within(0, 900), layout.anchorAt(0)]).toEqual([0, [], undefined]);
  });

  test('100 000 photos: after one month changed the others keep their rows', () => {
    const months: MonthShape[] = Array.from({ length: 200 }, (_, i) => ({
      month: `${2026 - Math.floor(i / 12)}-${String(12 - (i % 12)).padStart(2, '0')}`,
      count: 500,
      ratios: ratios(500, i),
    }));
    const first = layOut(months, desk);
    const changed = months.with(7, { ...(months[7] as MonthShape), ratios: ratios(501) });
    const second = layOut(changed, desk, first);
    expect(second.rows(8)).toBe(first.rows(8));
  });
});
