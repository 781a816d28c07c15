import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clampPan, fit, fitted, maxScale, needsOriginal, zoomAt } from './zoom.ts';

const photo = { width: 4032, height: 3024 };
const stage = { width: 1000, height: 700 };

test('fits into the stage, and a small photo is not blown up', () => {
  const size = fit(photo, stage);
  expect(size.height).toBeCloseTo(700);
  expect(size.width / size.height).toBeCloseTo(4 / 3);
  expect(fit({ width: 200, height: 100 }, stage)).toEqual({ width: 200, height: 100 });
});

describe('zoomAt', () => {
  test('keeps the point under the pointer while no edge is reached', () => {
    const view = zoomAt(fitted, 3, { x: 50, y: -40 }, photo, stage);
    const onPhoto = { x: (50 - view.x) / view.scale, y: (-40 - view.y) / view.scale };
    expect(onPhoto.x).toBeCloseTo(50);
    expect(onPhoto.y).toBeCloseTo(-40);
  });

  test('never leaves the stage empty and never goes below fitting, whatever is done', () => {
    const step = fc.record({
      factor: fc.double({ min: 0.2, max: 5, noNaN: true }),
      x: fc.integer({ min: -500, max: 500 }),
      y: fc.integer({ min: -350, max: 350 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let view = fitted;
        for (const { factor, x, y } of steps) view = zoomAt(view, factor, { x, y }, photo, stage);
        const base = fit(photo, stage);
        expect(view.scale).toBeGreaterThanOrEqual(1);
        expect(view.scale).toBeLessThanOrEqual(maxScale(photo, stage));
        expect(Math.abs(view.x)).toBeLessThanOrEqual(Math.max(0, (base.width * view.scale - stage.width) / 2) + 1e-6);
        expect(Math.abs(view.y)).toBeLessThanOrEqual(Math.max(0, (base.height * view.scale - stage.height) / 2) + 1e-6);
      }),
    );
  });

  test('back at 1 it is exactly fitted', () => {
    expect(zoomAt(zoomAt(fitted, 2, { x: 90, y: 90 }, photo, stage), 0.1, { x: 0, y: 0 }, photo, stage)).toBe(fitted);
  });
});

test('panning stops at the edges, and a side that fits is centred', () => {
  const { x, y } = clampPan({ scale: 1, x: 400, y: -90 }, photo, stage);
  expect(Math.abs(x) + Math.abs(y)).toBe(0);
});

test('the original is wanted only past the preview’s own pixels', () => {
  expect(needsOriginal(fitted, photo, stage, 1)).toBe(false);
  expect(needsOriginal({ scale: 4, x: 0, y: 0 }, photo, stage, 1)).toBe(true);
  expect(needsOriginal(fitted, photo, stage, 3)).toBe(true);
  expect(needsOriginal({ scale: 8, x: 0, y: 0 }, { width: 1600, height: 1200 }, stage, 2)).toBe(false);
});
