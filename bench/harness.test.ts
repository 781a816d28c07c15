import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { type BenchRow, canMeasureProcesses, cpuDuring, cpuMilliseconds, measureRow, statisticOf } from './harness.ts';

/** A row whose contenders cost what they are told to, and that notes what was called. */
function rowOf(ours: () => number, peer: () => number) {
  const calls: string[] = [];
  const note = (call: string, cost: number) => {
    calls.push(call);
    return cost;
  };
  const row: BenchRow = {
    name: 'made up',
    unit: 'ms',
    target: 1,
    prepare: async () => ({
      ours: { name: 'ours', measure: async () => note('A', ours()) },
      peer: { name: 'peer', measure: async () => note('B', peer()) },
      beside: () => 'beside it',
      close: () => void calls.push('closed'),
    }),
  };
  return { row, calls };
}

test('rounds are interleaved A B B A, and the ratio is taken within a round', async () => {
  let asked = 0;
  // The machine slows down to a half during the first round and stays so: the ratio of the second shows nothing of it.
  const slowdown = () => (asked++ < 2 ? 1 : 2);
  const { row, calls } = rowOf(
    () => 10 * slowdown(),
    () => 20 * slowdown(),
  );
  const result = await measureRow(row, 2);
  expect(calls.slice(0, 4)).toEqual(['A', 'B', 'B', 'A']);
  expect(calls.at(-1)).toBe('closed');
  expect(result).toMatchObject({ kind: 'measured', beside: 'beside it', ratio: { median: 0.5, min: 0.5, max: 0.5 } });
});

test('a contender that fails, fails the row and is closed', async () => {
  const { row, calls } = rowOf(
    () => 1,
    () => {
      throw new Error('answered 500');
    },
  );
  expect(await measureRow(row, 1)).toMatchObject({ kind: 'failed', error: new Error('answered 500') });
  expect(calls.at(-1)).toBe('closed');
});

test('an absent peer is named', async () => {
  const row: BenchRow = {
    name: 'x',
    unit: 'ms',
    target: 1,
    prepare: async () => ({ absent: 'nginx is not installed' }),
  };
  expect(await measureRow(row, 1)).toEqual({ kind: 'absent', reason: 'nginx is not installed' });
});

test('the median of an even number lies between the two in the middle', () => {
  expect(statisticOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 });
  expect(statisticOf([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9 });
});

test.skipIf(!canMeasureProcesses)('the time of a process is counted with that of its descendants', async () => {
  const spin =
    'const used = () => { const { user, system } = process.cpuUsage(); return user + system; }; while (used() < 400_000);';
  const nested = `require('node:child_process').execFileSync(process.execPath, ['-e', ${JSON.stringify(spin)}]); ${spin} console.log('done'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', nested], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const spent = await cpuDuring([child.pid as number], () => once(child.stdout, 'data'));
    expect(spent).toBeGreaterThan(700);
    expect(spent).toBeLessThan(1600);
  } finally {
    child.kill('SIGKILL');
  }
  await once(child, 'exit');
  expect(() => cpuMilliseconds([child.pid as number])).toThrow('is running');
});
