import { describe, expect, test } from 'vitest';
import { lineUnder, moveLine } from './compare-line.ts';

describe('the line between before and after', () => {
  test('goes by one with the arrows and by ten with Shift', () => {
    expect(moveLine(50, 'ArrowRight', false)).toBe(51);
    expect(moveLine(50, 'ArrowLeft', false)).toBe(49);
    expect(moveLine(50, 'ArrowUp', true)).toBe(60);
    expect(moveLine(50, 'ArrowDown', true)).toBe(40);
    expect(moveLine(50, 'PageDown', false)).toBe(40);
  });
  test('stops at the edges', () => {
    expect(moveLine(4, 'ArrowLeft', true)).toBe(0);
    expect(moveLine(100, 'ArrowRight', false)).toBe(100);
    expect(moveLine(30, 'Home', false)).toBe(0);
    expect(moveLine(30, 'End', false)).toBe(100);
  });
  test('stays with every other key', () => {
    for (const key of ['a', 'Tab', 'Enter', 'toString']) expect(moveLine(50, key, false)).toBeUndefined();
  });
  test('follows the pointer, which may leave the picture', () => {
    const box = { left: 100, width: 400 };
    expect(lineUnder(300, box)).toBe(50);
    expect(lineUnder(104, box)).toBe(1);
    expect(lineUnder(20, box)).toBe(0);
    expect(lineUnder(900, box)).toBe(100);
    expect(lineUnder(900, { left: 0, width: 0 })).toBe(50);
  });
});
