import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cropOf, mostZoom, settle, wholeView, zoomAt } from './crop.ts';

const ratio = fc.double({ min: 0.2, max: 5, noNaN: true });
const view = fc.record({
  x: fc.double({ min: -1, max: 2, noNaN: true }),
  y: fc.double({ min: -1, max: 2, noNaN: true }),
  zoom: fc.double({ min: 1, max: mostZoom, noNaN: true }),
});

test('the whole of a picture is looked at as far as the ratio lets it', () => {
  expect(cropOf(1.5, 1, wholeView)).toEqual({ x: (1 - 1 / 1.5) / 2, y: 0, width: 1 / 1.5, height: 1 });
  expect(cropOf(1.5, 3, wholeView)).toEqual({ x: 0, y: 0.25, width: 1, height: 0.5 });
});

test('a part lies within its picture and has its ratio, wherever its middle was put', () => {
  fc.assert(
    fc.property(ratio, ratio, view, (picture, part, at) => {
      const { x, y, width, height } = cropOf(picture, part, at);
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
      expect(Math.max(x + width, y + height)).toBeLessThanOrEqual(1 + 1e-9);
      expect((width * picture) / height).toBeCloseTo(part, 6);
    }),
  );
});

test('what has settled stays, and shows the same part', () => {
  fc.assert(
    fc.property(ratio, ratio, view, (picture, part, at) => {
      const settled = settle(picture, part, at);
      const [shown, was] = [cropOf(picture, part, settled), cropOf(picture, part, at)];
      for (const side of ['x', 'y', 'width', 'height'] as const) expect(shown[side]).toBeCloseTo(was[side], 9);
    }),
  );
});

test('zooming in keeps the point under the pointer', () => {
  fc.assert(
    fc.property(
      ratio,
      ratio,
      view,
      fc.record({ x: fc.double({ min: 0, max: 1, noNaN: true }), y: fc.double({ min: 0, max: 1, noNaN: true }) }),
      (picture, part, from, at) => {
        const start = settle(picture, part, { ...from, zoom: 1 });
        const before = cropOf(picture, part, start);
        const after = cropOf(picture, part, zoomAt(picture, part, start, 3, at));
        expect(after.x + after.width * at.x).toBeCloseTo(before.x + before.width * at.x, 9);
        expect(after.y + after.height * at.y).toBeCloseTo(before.y + before.height * at.y, 9);
      },
    ),
  );
});
