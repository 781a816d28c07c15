import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { estimateHeight, justify, MAX_RATIO, MIN_RATIO, rowTarget, upperBound } from './justify.ts';

const desk = { width: 1112, target: 193, gap: 4 };

describe('justify', () => {
  test('every row but the last is exactly as wide as the column, and keeps each ratio', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ min: Math.fround(0.5), max: 3, noNaN: true }), { maxLength: 200 }), (list) => {
        const ratios = Float32Array.from(list);
        const rows = justify(ratios, desk);
        for (let r = 0; r < rows.rowCount; r++) {
          const from = rows.first[r] as number;
          const to = rows.first[r + 1] as number;
          expect(to).toBeGreaterThan(from);
          const right = (rows.left[to - 1] as number) + (rows.width[to - 1] as number);
          if (r < rows.rowCount - 1) expect(right).toBeCloseTo(desk.width, 1);
          else expect(right).toBeLessThanOrEqual(desk.width + 0.1);
          for (let i = from; i < to; i++) {
            expect((rows.width[i] as number) / (rows.rowHeight[r] as number)).toBeCloseTo(list[i] as number, 3);
          }
        }
        expect(rows.first[rows.rowCount]).toBe(list.length);
      }),
    );
  });

  test('heights stay near the target for ordinary photos', () => {
    const ratios = Float32Array.from(
      { length: 3000 },
      (_, i) => [1.5, 0.667, 1.333, 1.778, 0.75][(i * 7) % 5] as number,
    );
    const rows = justify(ratios, desk);
    for (let r = 0; r < rows.rowCount - 1; r++) {
      expect(rows.rowHeight[r]).toBeGreaterThan(desk.target * 0.66);
      expect(rows.rowHeight[r]).toBeLessThan(desk.target * 1.61);
    }
  });

  test('a last row is not stretched: one photo keeps the target height', () => {
    const rows = justify(Float32Array.of(1.5), desk);
    expect(rows.rowHeight[0]).toBe(desk.target);
    expect(rows.width[0]).toBeCloseTo(1.5 * desk.target, 3);
    expect(rows.height).toBe(desk.target);
  });

  test('extreme, absent and impossible ratios are brought within bounds', () => {
    const rows = justify(Float32Array.of(40, 0.01, 0, Number.NaN, -2), { ...desk, width: 390 });
    for (let r = 0; r < rows.rowCount; r++) {
      for (let i = rows.first[r] as number; i < (rows.first[r + 1] as number); i++) {
        const ratio = (rows.width[i] as number) / (rows.rowHeight[r] as number);
        expect(ratio).toBeGreaterThanOrEqual(MIN_RATIO - 0.001);
        expect(ratio).toBeLessThanOrEqual(MAX_RATIO + 0.001);
      }
    }
  });

  test('no photos take no room', () => {
    expect(justify(new Float32Array(0), desk)).toMatchObject({ rowCount: 0, height: 0 });
  });

  test('100 000 photos are laid out whole', () => {
    const ratios = Float32Array.from({ length: 100_000 }, (_, i) => 0.6 + ((i * 37) % 130) / 100);
    const rows = justify(ratios, desk);
    expect(rows.rowCount).toBeGreaterThan(15_000);
  });
});

test('an estimate is within a third of what the rows then take', () => {
  const ratios = Float32Array.from({ length: 600 }, (_, i) => [1.5, 1.333, 1.5, 0.75, 1.778][(i * 3) % 5] as number);
  for (const [width, target] of [
    [1112, 193],
    [608, 128],
    [382, 104],
  ] as const) {
    const real = justify(ratios, { width, target, gap: 4 }).height;
    expect(estimateHeight(600, { width, target, gap: 4 }) / real).toBeGreaterThan(0.67);
    expect(estimateHeight(600, { width, target, gap: 4 }) / real).toBeLessThan(1.5);
  }
});

test('row targets follow the design’s three widths', () => {
  expect([1440, 1101, 1100, 641, 640, 390].map(rowTarget)).toEqual([193, 193, 128, 128, 104, 104]);
});

test('upperBound finds the first value after y', () => {
  const tops = [0, 100, 200, 200, 300];
  expect([-1, 0, 99, 200, 300].map((y) => upperBound(tops, y))).toEqual([0, 1, 1, 4, 5]);
});
