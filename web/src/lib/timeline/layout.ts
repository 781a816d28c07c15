import { estimateHeight, justify, type Measures, type Rows, upperBound } from './justify.ts';

/** A month of the timeline, newest first. Without `ratios` its columns are not loaded yet and its height is an estimate. */
export interface MonthShape {
  readonly month: string;
  readonly count: number;
  readonly ratios?: Float32Array | undefined;
}

export interface LayoutMeasures extends Measures {
  /** Height of a month's heading with the space around it, px. */
  readonly heading: number;
  /** Space after a month's last row, px. */
  readonly after: number;
}

/** A place in the timeline that stays the same photograph while heights above it are corrected. */
export interface Anchor {
  readonly month: string;
  /** Tile at the top edge, or -1 for the heading or an unloaded month. */
  readonly tile: number;
  /** How far the top edge of the window is below that tile's (or month's) top, px; for an unloaded month a share 0–1 of it. */
  readonly offset: number;
  readonly share: boolean;
}

/** One stretch of tiles to draw: rows `fromRow` to `toRow` (exclusive) of month `index`; none when the month is not loaded. */
export interface Stretch {
  readonly index: number;
  readonly top: number;
  readonly from: number;
  readonly to: number;
  readonly fromRow: number;
  readonly toRow: number;
}

export interface Layout {
  readonly height: number;
  readonly measures: LayoutMeasures;
  readonly months: readonly MonthShape[];
  /** Top of each month, px from the top of the whole timeline. */
  readonly tops: Float64Array;
  rows(index: number): Rows | undefined;
  indexOf(month: string): number;
  /** Months and rows that touch the stretch from `top` to `bottom`, px. */
  within(top: number, bottom: number): Stretch[];
  /** Rectangle of a tile, px from the top of the whole timeline. */
  place(index: number, tile: number): { left: number; top: number; width: number; height: number } | undefined;
  anchorAt(y: number): Anchor | undefined;
  /** Where the window must stand so that the anchor is where it was. */
  yOf(anchor: Anchor): number | undefined;
}

/** Rows already computed for a month's ratios at these measures; passing the last layout makes a change of one month cheap. */
type RowsCache = Map<Float32Array, Rows>;
const caches = new WeakMap<Layout, RowsCache>();

/**
 * Stacks the months' headings and rows. Months not loaded yet take an estimated height, so that the scrollbar and the scrubber
 * are right at once; when one loads, `anchorAt` before and `yOf` after keep the photograph at the top edge where it is.
 */
export function layOut(months: readonly MonthShape[], measures: LayoutMeasures, previous?: Layout): Layout {
  const { heading, after } = measures;
  const reusable = previous && sameMeasures(previous.measures, measures) ? caches.get(previous) : undefined;
  const cache: RowsCache = new Map();
  const tops = new Float64Array(months.length);
  const places = new Map<string, number>();
  let y = 0;
  for (let i = 0; i < months.length; i++) {
    const month = months[i] as MonthShape;
    places.set(month.month, i);
    tops[i] = y;
    let inner: number;
    if (month.ratios) {
      const rows = reusable?.get(month.ratios) ?? justify(month.ratios, measures);
      cache.set(month.ratios, rows);
      inner = rows.height;
    } else {
      inner = estimateHeight(month.count, measures);
    }
    y += heading + inner + after;
  }
  const height = y;

  const rowsOf = (index: number) => {
    const ratios = months[index]?.ratios;
    return ratios && cache.get(ratios);
  };
  const bottomOf = (index: number) => (index + 1 < tops.length ? (tops[index + 1] as number) : height);
  const monthAt = (at: number) => Math.max(0, upperBound(tops, at) - 1);

  const layout: Layout = {
    height,
    measures,
    months,
    tops,
    rows: rowsOf,
    indexOf: (month) => places.get(month) ?? -1,
    within(top, bottom) {
      const stretches: Stretch[] = [];
      if (months.length === 0) return stretches;
      for (let i = monthAt(top); i < months.length && (tops[i] as number) < bottom; i++) {
        const rows = rowsOf(i);
        const monthTop = tops[i] as number;
        if (!rows) {
          stretches.push({ index: i, top: monthTop, from: 0, to: 0, fromRow: 0, toRow: 0 });
          continue;
        }
        const inside = monthTop + heading;
        let fromRow = Math.max(0, upperBound(rows.top, top - inside) - 1);
        // The row found may end above the window: the gap below it belongs to nobody.
        if (
          fromRow < rows.rowCount &&
          (rows.top[fromRow] as number) + (rows.rowHeight[fromRow] as number) < top - inside
        )
          fromRow++;
        const toRow = Math.max(fromRow, upperBound(rows.top, bottom - inside));
        stretches.push({
          index: i,
          top: monthTop,
          fromRow,
          toRow,
          from: rows.first[fromRow] as number,
          to: rows.first[toRow] as number,
        });
      }
      return stretches;
    },
    place(index, tile) {
      const rows = rowsOf(index);
      if (!rows || tile < 0 || tile >= rows.left.length) return undefined;
      const row = upperBound(rows.first, tile) - 1;
      return {
        left: rows.left[tile] as number,
        top: (tops[index] as number) + heading + (rows.top[row] as number),
        width: rows.width[tile] as number,
        height: rows.rowHeight[row] as number,
      };
    },
    anchorAt(at) {
      const index = monthAt(at);
      const month = months[index];
      if (!month) return undefined;
      const inMonth = at - (tops[index] as number);
      const rows = rowsOf(index);
      if (!rows) {
        const size = bottomOf(index) - (tops[index] as number);
        return { month: month.month, tile: -1, offset: inMonth / size, share: true };
      }
      if (inMonth < heading || rows.rowCount === 0)
        return { month: month.month, tile: -1, offset: inMonth, share: false };
      const row = Math.max(0, upperBound(rows.top, inMonth - heading) - 1);
      return {
        month: month.month,
        tile: rows.first[row] as number,
        offset: inMonth - heading - (rows.top[row] as number),
        share: false,
      };
    },
    yOf({ month, tile, offset, share }) {
      const index = places.get(month);
      if (index === undefined) return undefined;
      const top = tops[index] as number;
      if (share) return top + offset * (bottomOf(index) - top);
      if (tile < 0) return top + offset;
      return (layout.place(index, tile)?.top ?? top) + offset;
    },
  };
  caches.set(layout, cache);
  return layout;
}

function sameMeasures(a: LayoutMeasures, b: LayoutMeasures): boolean {
  return (
    a.width === b.width && a.target === b.target && a.gap === b.gap && a.heading === b.heading && a.after === b.after
  );
}
