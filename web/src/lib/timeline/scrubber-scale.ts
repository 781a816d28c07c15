import type { Layout } from './layout.ts';

/** One bar of the histogram: a month with photos. Pixels in the scrubber's own height. */
export interface Bar {
  readonly y: number;
  /** 0–1: the share of the fullest month. */
  readonly share: number;
}

export interface YearMark {
  readonly year: string;
  readonly y: number;
}

export interface Scale {
  readonly step: number;
  readonly bars: readonly Bar[];
  readonly years: readonly YearMark[];
}

/** Bars further apart than this would no longer read as one shape. */
const MAX_STEP = 7;
/** Two years' names need this much from one baseline to the next. */
const YEAR_ROOM = 28;

/**
 * Places one bar a month. Lengths follow the square root of the counts, so that a single holiday month does not flatten the others.
 *
 * @param months newest first, each `YYYY-MM` with its number of photos.
 * @param height px the scrubber has.
 */
export function scaleMonths(months: readonly { month: string; count: number }[], height: number): Scale {
  const step = Math.min(MAX_STEP, height / Math.max(1, months.length));
  const most = months.reduce((max, { count }) => Math.max(max, count), 1);
  const bars = months.map(({ count }, i) => ({ y: (i + 0.5) * step, share: Math.sqrt(count / most) }));
  const years: YearMark[] = [];
  let last = '';
  for (let i = 0; i < months.length; i++) {
    const year = months[i]?.month.slice(0, 4) as string;
    if (year === last) continue;
    last = year;
    const y = (i + 0.5) * step;
    const above = years.at(-1);
    if (!above || y - above.y >= YEAR_ROOM) years.push({ year, y });
  }
  return { step, bars, years };
}

/** Where on the scrubber (px) the content at y stands: inside its month's step, at the same share as inside the month. */
export function scrubberOf(layout: Layout, scale: Scale, y: number, month: number): number {
  const top = layout.tops[month] ?? 0;
  const end = layout.tops[month + 1] ?? layout.height;
  const share = end > top ? Math.min(1, Math.max(0, (y - top) / (end - top))) : 0;
  return (month + share) * scale.step;
}

/** The content's y under a point of the scrubber, and the month it is in. */
export function contentOf(layout: Layout, scale: Scale, at: number): { y: number; month: number } {
  const last = Math.max(0, layout.months.length - 1);
  const place = Math.min(last + 0.999999, Math.max(0, at / scale.step));
  const month = Math.floor(place);
  const top = layout.tops[month] ?? 0;
  const end = layout.tops[month + 1] ?? layout.height;
  return { y: top + (place - month) * (end - top), month };
}
