import { type LayoutMeasures, layOut, type MonthShape } from '../web/src/lib/timeline/layout.ts';
import type { BenchRow, Contender, Contest } from './harness.ts';

const measures: LayoutMeasures = { width: 1112, target: 193, gap: 4, heading: 72, after: 4 };
/** Photos of a month. */
const OF_MONTH = 500;
const TIMES = 20;

export const rows: BenchRow[] = [
  {
    name: 'the timeline of 100 k photos laid out, beside ten of 10 k',
    unit: 'CPU ms',
    target: 1.3,
    prepare: () => contest(whole(monthsOf(200), 1), whole(monthsOf(20), 10)),
  },
  {
    name: 'the timeline of 100 k photos after one month of it changed, beside all of it',
    unit: 'CPU ms',
    target: 0.1,
    prepare: () => contest(changed(monthsOf(200)), whole(monthsOf(200), 1)),
  },
];

const ratiosOf = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => 0.6 + (((i + seed) * 37) % 130) / 100);

const monthsOf = (count: number): MonthShape[] =>
  Array.from({ length: count }, (_, i) => ({
    month: `${2026 - Math.floor(i / 12)}-${String(12 - (i % 12)).padStart(2, '0')}`,
    count: OF_MONTH,
    ratios: ratiosOf(OF_MONTH, i),
  }));

function whole(months: readonly MonthShape[], times: number): Contender {
  return contender(`${months.length * OF_MONTH} photos, ${times === 1 ? 'once' : `${times} times`}`, () => {
    for (let n = 0; n < times; n += 1) layOut(months, measures);
  });
}

function changed(months: readonly MonthShape[]): Contender {
  const before = layOut(months, measures);
  const after = months.with(7, { ...(months[7] as MonthShape), ratios: ratiosOf(OF_MONTH + 1, 7) });
  return contender('one month of 500 photos', () => void layOut(after, measures, before));
}

/** Warmed up when it is given back; the browser's main thread does the same. */
function contender(name: string, work: () => void): Contender {
  const measure = async (): Promise<number> => {
    const start = process.cpuUsage();
    for (let n = 0; n < TIMES; n += 1) work();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000 / TIMES;
  };
  for (let n = 0; n < TIMES; n += 1) work();
  return { name, measure };
}

const contest = async (ours: Contender, peer: Contender): Promise<Contest> => ({
  ours,
  peer,
  beside: () => `${TIMES} layouts a time, ${measures.width} pixels wide`,
  close: () => {},
});
