import { expect, test } from 'vitest';
import { AppError } from '#platform/http/app-error.ts';
import { createLargeBodies } from './large-bodies.ts';

const refused = (act: () => unknown): unknown[] => {
  try {
    act();
    return [];
  } catch (error) {
    return error instanceof AppError ? [error.code, error.details.retry_after] : [error];
  }
};

const mebibyte = 2 ** 20;

test('one person has two bodies on their way, and another one once an answer is there', () => {
  const bodies = createLargeBodies();
  const over = bodies.enter('ines', mebibyte);
  bodies.enter('ines', mebibyte);
  expect(refused(() => bodies.enter('ines', mebibyte))).toEqual(['rate_limited', 5]);
  bodies.enter('tomas', mebibyte);
  over();
  // Said twice, it counts once.
  over();
  bodies.enter('ines', mebibyte);
  expect(refused(() => bodies.enter('ines', mebibyte))).toEqual(['rate_limited', 5]);
});

test('all people together have so many as memory can hold: six of the largest, or many small ones', () => {
  const bodies = createLargeBodies();
  const overs = Array.from({ length: 6 }, (_, n) => bodies.enter(`person ${n}`, 16 * mebibyte));
  expect(refused(() => bodies.enter('one more', 1))).toEqual(['rate_limited', 5]);
  overs[3]?.();
  for (let n = 0; n < 32; n += 1) bodies.enter(`small ${n}`, mebibyte / 2);
  expect(refused(() => bodies.enter('and another', 1))).toEqual(['rate_limited', 5]);
});
