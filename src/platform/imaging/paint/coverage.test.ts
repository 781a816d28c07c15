import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cover } from './coverage.ts';

const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);

test('a triangle covers as much as its area says, wherever it lies', () => {
  const within = fc.double({ min: 1, max: 39, noNaN: true });
  fc.assert(
    fc.property(fc.array(within, { minLength: 6, maxLength: 6 }), (corners) => {
      const [ax, ay, bx, by, cx, cy] = corners as [number, number, number, number, number, number];
      const area = Math.abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2;
      const coverage = cover([corners], 40, 40);
      expect(Math.abs((coverage ? sum(coverage.values) : 0) - area)).toBeLessThan(0.25);
    }),
    { numRuns: 300 },
  );
});

test('what overlaps is covered once, whichever way round its corners go', () => {
  const square = [2, 2, 10, 2, 10, 10, 2, 10];
  const turned = [6, 6, 6, 14, 14, 14, 14, 6];
  expect(sum(cover([square, turned], 20, 20)?.values ?? new Float32Array())).toBeCloseTo(64 + 64 - 16, 3);
});

test('what lies beyond the picture is cut off', () => {
  expect(cover([[-9, -9, -1, -9, -1, -1]], 20, 20)).toBeNull();
  const across = cover([[-5, -5, 50, -5, 50, 50, -5, 50]], 20, 20);
  expect(across).toMatchObject({ left: 0, top: 0, width: 20, height: 20 });
  expect(sum(across?.values ?? new Float32Array())).toBeCloseTo(400, 1);
});
