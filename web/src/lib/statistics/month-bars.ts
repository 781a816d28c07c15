/** What a month holds. */
export interface MonthShare {
  readonly month: string;
  readonly photos: number;
  readonly bytes: number;
}

export interface Bar extends MonthShare {
  /** From the left edge, px. */
  readonly x: number;
  readonly height: number;
}
export interface MonthBars {
  readonly bars: Bar[];
  readonly years: { readonly year: string; readonly x: number }[];
  /** Of the whole chart, px: wider than the page where there are many years, which then scrolls. */
  readonly width: number;
  /** Of one bar, px. */
  readonly bar: number;
  /** The number at the chart's top. */
  readonly most: number;
}

const GAP = 2;
/** A bar can be told from its neighbours, and hit, from this width on, px. */
const NARROWEST = 6;
const WIDEST = 28;
const YEAR_LABEL = 40;

const numberOf = (month: string) => Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1;

/**
 * Lays out a bar for each month from the first to the last: months without photos leave their place empty, so that time runs evenly.
 * The smallest month that holds anything is at least two px high.
 */
export function layOutMonths(
  months: readonly MonthShare[],
  by: 'photos' | 'bytes',
  { width, height }: { width: number; height: number },
): MonthBars {
  if (months.length === 0) return { bars: [], years: [], width, bar: NARROWEST, most: 0 };
  const numbers = months.map(({ month }) => numberOf(month));
  const first = Math.min(...numbers);
  const count = Math.max(...numbers) - first + 1;
  const bar = Math.min(WIDEST, Math.max(NARROWEST, width / count - GAP));
  const step = bar + GAP;
  const most = Math.max(...months.map((month) => month[by]));
  const bars = months.map((month, i) => ({
    ...month,
    x: ((numbers[i] as number) - first) * step,
    height: month[by] > 0 ? Math.max(2, (month[by] / most) * height) : 0,
  }));
  const years: { year: string; x: number }[] = [];
  for (let month = first; month < first + count; month++) {
    if (month % 12 !== 0 && month !== first) continue;
    const x = (month - first) * step;
    const before = years.at(-1);
    // The first year's label makes room for a whole one; others are left out where they would touch.
    if (before && x - before.x < YEAR_LABEL) {
      if (years.length > 1) continue;
      years.pop();
    }
    years.push({ year: String(Math.floor(month / 12)), x });
  }
  return { bars, years, width: count * step, bar, most };
}
