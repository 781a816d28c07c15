import { describe, expect, test } from 'vitest';
import { durationWords, likenessOf, metaOf, outlineOf, shapeName, strengthOf, waitWords } from './step-words.ts';

const known = [
  { name: 'Square', width: 1024, height: 1024 },
  { name: 'Portrait', width: 832, height: 1216 },
];
const step = {
  status: 'completed',
  started_at: '2026-11-22T10:00:00Z',
  finished_at: '2026-11-22T10:00:14Z',
  parameters: {
    model_key: 'm',
    model_hash: 'h',
    width: 512,
    height: 512,
    steps: 30,
    cfg_scale: 7.5,
    scheduler: 'euler',
    batch_size: 4,
    seed: 418220,
  },
} as const;

test('likeness is what is left of strength', () => {
  expect([likenessOf(0.6), strengthOf(40), strengthOf(100), strengthOf(0)]).toEqual([40, 0.6, 0.05, 1]);
});

test.each([
  [0.2, '1 s'],
  [40, '40 s'],
  [200, '3 min'],
  [7300, '2 h'],
])('%d seconds are %s', (seconds, words) => expect(durationWords(seconds)).toBe(words));

describe('what a waiting tile says', () => {
  const now = Date.parse('2026-11-22T10:00:00Z');
  const waiting = {
    status: 'pending',
    queue: { steps_ahead: 1, pictures_ahead: 3 },
    estimated_completion: '2026-11-22T10:00:40Z',
  } as const;
  test.each([
    [waiting, 0, '3 ahead of you, about 40 s'],
    [{ ...waiting, estimated_completion: null }, 0, '3 ahead of you'],
    [{ ...waiting, status: 'processing', queue: null } as const, 0, 'Next in line'],
    [waiting, 1, 'In line'],
    [undefined, 0, 'Next in line'],
  ])('%j at %d: %s', (state, place, words) => expect(waitWords(state, place, true, now)).toBe(words));
  test('of what tells no progress', () => {
    expect(waitWords({ ...waiting, status: 'processing' }, 1, false, now)).toBe('Being made');
    expect(waitWords(waiting, 0, false, now)).toBe('3 ahead of you, about 40 s');
  });
});

test('a shape has its name in every size', () => {
  expect(shapeName({ width: 416, height: 608 }, known)).toBe('Portrait');
  expect(shapeName({ width: 1600, height: 900 }, known)).toBe('1\u202f600 × 900');
});

test('the line under a prompt', () => {
  expect(metaOf(step, 4, null, known)).toEqual(['4 pictures in 14 s', 'Square', 'Seed 418\u202f220']);
  expect(metaOf(step, 3, null, known)[0]).toBe('3 of 4 pictures in 14 s');
  expect(
    metaOf(
      { ...step, status: 'processing', parameters: { ...step.parameters, strength: 0.4 } },
      2,
      { step: 1, picture: 4 },
      known,
    ),
  ).toEqual(['2 of 4 ready', 'Square', 'From picture 4 of step 1', 'Likeness 60 %', 'Seed 418\u202f220']);
  expect(metaOf({ ...step, status: 'pending' }, 0, 'photo', known).slice(0, 3)).toEqual([
    '4 pictures',
    'Square',
    'From a photo',
  ]);
});

test('a branch stands in from the edge, and what goes on from it as well', () => {
  const steps = [
    { id: 'a', parent_id: null },
    { id: 'b', parent_id: 'a' },
    { id: 'c', parent_id: 'a' },
    { id: 'd', parent_id: 'c' },
    { id: 'e', parent_id: 'b' },
    { id: 'f', parent_id: null },
  ];
  expect(outlineOf(steps).map(({ isBranch }) => isBranch)).toEqual([false, false, true, true, false, false]);
});
