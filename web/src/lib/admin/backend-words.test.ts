import { describe, expect, test } from 'vitest';
import { doingOf, formatDollars, formatSpan, isOnItsWay, type RentedMachine, tellDoing } from './backend-words.ts';

const machine: RentedMachine = {
  ...{ state: 'RUNNING', message: null, paused: null, trouble: null, troubled_at: null, run: null },
  ...{ today: { seconds: 0, dollars: 0 }, most_hours_a_day: 8, idle_minutes: 30, pictures_waiting: 0 },
};

describe('what a rented machine is doing', () => {
  test.each([
    ['none', null, false, 'nothing'],
    ['TERMINATED', null, false, 'nothing'],
    ['asked for', null, false, 'starting'],
    ['PROVISIONING', null, false, 'starting'],
    ['RUNNING', null, false, 'starting'],
    ['RUNNING', null, true, 'running'],
    ['RUNNING', 'Somebody stopped it.', true, 'stopping'],
    ['STARTING', 'Somebody stopped it.', false, 'stopping'],
    ['EXITED', 'Somebody stopped it.', false, 'stopped'],
    ['ERROR', null, false, 'broken'],
    [null, null, false, 'unknown'],
  ] as const)('%s, paused by %s, answering: %s, is %s', (state, paused, answers, doing) => {
    expect(doingOf({ state, paused }, answers)).toBe(doing);
  });

  test('is asked for often while it changes by itself', () => {
    expect((['starting', 'stopping', 'running', 'stopped'] as const).map(isOnItsWay)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test('is told with why it stays stopped, or why nobody knows', () => {
    expect(tellDoing('stopped', { ...machine, paused: 'Somebody stopped it.' })).toBe('Somebody stopped it.');
    expect(tellDoing('stopped', machine)).toContain('starts as soon as a step needs it');
    expect(tellDoing('running', { ...machine, idle_minutes: 1 })).toContain('after 1 minute without work');
    expect(tellDoing('unknown', { ...machine, message: 'RunPod refuses the key.' })).toContain('refuses the key');
  });
});

test('money and hours', () => {
  expect([0, 0.004, 0.5, 12].map(formatDollars)).toEqual(['$0.00', 'under $0.01', '$0.50', '$12.00']);
  expect([0, 30, 3600, 7500, 360_000].map(formatSpan)).toEqual([
    '0 min',
    'under a minute',
    '1 h',
    '2 h 5 min',
    '100 h',
  ]);
});
