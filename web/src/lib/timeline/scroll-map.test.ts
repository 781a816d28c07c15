import { describe, expect, test } from 'vitest';
import { MAX_SCROLLER, mapScroll, needsRemap, toContent, toScroll } from './scroll-map.ts';

describe('a timeline below the cap', () => {
  test('is scrolled pixel for pixel', () => {
    const map = mapScroll(5_000_000, 900, 1234);
    expect(map).toMatchObject({ height: 5_000_000, base: 0 });
    expect(toScroll(map, 1234)).toBe(1234);
    expect(needsRemap(map, 0) || needsRemap(map, 4_999_100)).toBe(false);
  });
});

describe('a timeline of 60 M px', () => {
  const content = 60_000_000;

  test('never makes the scroller higher than the cap', () => {
    expect(mapScroll(content, 900, 0).height).toBe(MAX_SCROLLER);
  });

  test('reaches the first and the last pixel', () => {
    expect(toContent(mapScroll(content, 900, 0), 0)).toBe(0);
    const end = mapScroll(content, 900, content - 900);
    expect(toContent(end, end.height - 900)).toBe(content - 900);
  });

  test('any place survives the round trip', () => {
    for (let y = 0; y <= content - 900; y += 777_777) {
      const map = mapScroll(content, 900, y);
      expect(toContent(map, toScroll(map, y))).toBeCloseTo(y, 3);
    }
  });

  test('the wheel can walk from one end to the other', () => {
    let map = mapScroll(content, 900, 0);
    let scrollTop = 0;
    let steps = 0;
    while (toContent(map, scrollTop) < content - 900 && steps++ < 100_000) {
      scrollTop = Math.min(map.height - 900, scrollTop + 5000);
      if (!needsRemap(map, scrollTop)) continue;
      const y = toContent(map, scrollTop);
      map = mapScroll(content, 900, y);
      scrollTop = toScroll(map, y);
      expect(toContent(map, scrollTop)).toBeCloseTo(y, 3);
    }
    expect(toContent(map, scrollTop)).toBe(content - 900);
  });
});
