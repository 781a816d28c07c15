import { describe, expect, test } from 'vitest';
import { connectionLost, problemOf } from './problem.ts';

const over = (details: object) => problemOf(507, { error: { code: 'quota_exceeded', message: 'Full.', details } });
const nothing = { limit_bytes: null, used_bytes: 0, limit_photos: null, used_photos: 0 };

describe('a quota that is used up', () => {
  test('tells what is used, and what helps', () => {
    const problem = over({ ...nothing, limit_bytes: 100e9, used_bytes: 99.96e9, used_photos: 8412 });
    expect(problem).toMatchObject({
      kind: 'failed',
      message: 'No room for it: 100 of 100 GB used. Emptying the trash helps.',
    });
  });

  test('by count, and by both', () => {
    expect(over({ ...nothing, limit_photos: 1000, used_photos: 1000 }).message).toBe(
      'No room for it: 1\u202f000 of 1\u202f000 photos used. Emptying the trash helps.',
    );
    expect(over({ limit_photos: 5, used_photos: 3, limit_bytes: 10e6, used_bytes: 9.5e6 }).message).toBe(
      'No room for it: 3 of 5 photos and 9.5 of 10 MB used. Emptying the trash helps.',
    );
  });

  test('without figures it is the server’s own sentence', () => {
    expect(over({}).message).toBe('Full.');
  });
});

test.each([
  [401, 'signed-out'],
  [429, 'later'],
  [503, 'later'],
  [415, 'refused'],
  [413, 'refused'],
  [500, 'failed'],
  [507, 'failed'],
] as const)('%d is %s', (status, kind) => {
  expect(problemOf(status, { error: { code: 'x', message: 'Said.' } }).kind).toBe(kind);
});

test('a lost connection tells how far it came', () => {
  expect(connectionLost(0.418).message).toBe('Connection lost at 41 %');
  expect(connectionLost(0).message).toBe('No connection');
});

test('what stands before the server says in its own words that nobody is there: it is tried again by itself', () => {
  for (const status of [502, 504]) expect(problemOf(status, null).kind).toBe('network');
  expect(problemOf(502, { error: { code: 'x', message: 'Said.' } }).kind).toBe('failed');
});
