/**
 * `npm run bench [-- part of a row's name …] [--rounds 5]`: every row beside its peer in the same run.
 * Ends with status 1 when a row fails its gate, fails to run, or the machine was too unsteady to tell.
 */
import { readdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type BenchRow, machineLine, measureRow, type RowResult, type Statistic } from './harness.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' } },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds is a whole number of at least 1');

const chosen = (await findRows()).filter(
  ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
);
if (chosen.length === 0) throw new Error(`no row is named like ${positionals.join(', ')}`);

process.stdout.write(
  `${machineLine()}\nmedians of ${rounds} interleaved rounds, min–max beside; ratio is ours ÷ peer\n\n`,
);
let failed = false;
for (const row of chosen) {
  const result = await measureRow(row, rounds);
  const { text, passed } = describe(row, result);
  process.stdout.write(`${row.name}\n  ${text.join('\n  ')}\n`);
  failed ||= !passed;
}
process.exitCode = failed ? 1 : 0;

async function findRows(): Promise<BenchRow[]> {
  const files = (await readdir(import.meta.dirname)).filter((file) => /^(?!run|harness).*(?<!\.test)\.ts$/.test(file));
  const modules = await Promise.all(files.sort().map((file): Promise<{ rows?: BenchRow[] }> => import(`./${file}`)));
  return modules.flatMap(({ rows: found }) => found ?? []);
}

function describe({ unit, target, gate = target }: BenchRow, result: RowResult): { text: string[]; passed: boolean } {
  switch (result.kind) {
    case 'absent':
      return { text: [`not measured: ${result.reason}`], passed: true };
    case 'unsteady':
      return {
        text: [
          `DROPPED: the control spread over 15 % in ${result.dropped} of ${result.dropped + result.rounds} rounds`,
        ],
        passed: false,
      };
    case 'failed':
      return {
        text: [
          `FAILED: ${result.error instanceof Error ? (result.error.stack ?? result.error.message) : result.error}`,
        ],
        passed: false,
      };
    case 'measured': {
      const { ours, peer, ratio, dropped, beside } = result;
      const passed = ratio.median <= gate;
      const verdict =
        ratio.median <= target ? 'reached' : passed ? `target missed, gate ${gate} held` : `FAILED, gate ${gate}`;
      return {
        text: [
          `ours ${show(ours)} ${unit}, peer ${show(peer)} ${unit}`,
          `ratio ${show(ratio, 3)}, target ≤ ${target}: ${verdict}${dropped ? ` (${dropped} unsteady rounds dropped)` : ''}`,
          ...beside.split('\n').filter(Boolean),
        ],
        passed,
      };
    }
  }
}

function show({ median, min, max }: Statistic, digits = 4): string {
  const round = (value: number) => String(Number(value.toPrecision(digits)));
  return `${round(median)} (${round(min)}–${round(max)})`;
}
