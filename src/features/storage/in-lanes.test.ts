import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inLanes } from './in-lanes.ts';

async function* numbers(count: number) {
  for (let n = 0; n < count; n += 1) yield n;
}

test('some at a time, and in the order in which they came', async () => {
  let [working, most] = [0, 0];
  const answers: number[] = [];
  const work = async (n: number): Promise<number> => {
    working += 1;
    most = Math.max(most, working);
    for (let turns = 0; turns < 20 - n; turns += 1) await turn();
    working -= 1;
    return n;
  };
  for await (const n of inLanes(numbers(20), 4, work)) answers.push(n);
  expect(answers).toEqual([...Array(20).keys()]);
  expect(most).toBe(4);
});

test('the first that fails ends it, once what is under way has ended', async () => {
  const done: number[] = [];
  const work = async (n: number): Promise<void> => {
    if (n >= 2) throw new Error(`${n} failed`);
    await turn();
    done.push(n);
  };
  const all = async () => {
    for await (const _ of inLanes(numbers(20), 4, work));
  };
  await expect(all()).rejects.toThrow('2 failed');
  expect(done).toEqual([0, 1]);
});
