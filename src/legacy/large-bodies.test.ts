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

test('one person has two bodies on their way, and another one once an answer is there', () => {
  const bodies = createLargeBodies();
  const over = bodies.enter('ines');
  bodies.enter('ines');
  expect(refused(() => bodies.enter('ines'))).toEqual(['rate_limited', 5]);
  bodies.enter('tomas');
  over();
  // Said twice, it counts once.
  over();
  bodies.enter('ines');
  expect(refused(() => bodies.enter('ines'))).toEqual(['rate_limited', 5]);
});

test('all people together have sixteen', () => {
  const bodies = createLargeBodies();
  const overs = Array.from({ length: 16 }, (_, n) => bodies.enter(`person ${n}`));
  expect(refused(() => bodies.enter('one more'))).toEqual(['rate_limited', 5]);
  overs[3]?.();
  bodies.enter('one more');
  expect(refused(() => bodies.enter('and another'))).toEqual(['rate_limited', 5]);
});
