/** Below and above these a tile is cropped to the bound, so that one panorama or one screenshot strip cannot ruin a row. */
export const MIN_RATIO = 0.45;
export const MAX_RATIO = 3.2;
/** A row that cannot be filled may be at most this much higher than the target, and a last row never is. */
const MAX_STRETCH = 1.6;

/** Where every tile of one run of photos stands. Pixels, relative to the run's own left top corner. */
export interface Rows {
  readonly rowCount: number;
  /** Height of all rows with the gaps between them, without a gap after the last. */
  readonly height: number;
  /** First tile of each row; one more entry than rows, the last being the number of tiles. */
  readonly first: Uint32Array;
  readonly top: Float32Array;
  readonly rowHeight: Float32Array;
  /** Left edge and width of each tile. */
  readonly left: Float32Array;
  readonly width: Float32Array;
}

export interface Measures {
  /** Width of the column, px. */
  readonly width: number;
  /** The row height aimed at, px. */
  readonly target: number;
  readonly gap: number;
}

/** Row height the design asks for at a window width (px): 193 on a desk, 128 on a tablet, 104 on a phone. */
export function rowTarget(windowWidth: number): number {
  if (windowWidth >= 1101) return 193;
  return windowWidth >= 641 ? 128 : 104;
}

/**
 * Lays photos out in justified rows: each row as wide as the column, each tile at its own ratio, heights close to the target.
 * Greedy: a row is closed where its height comes nearest to the target, either before or after the tile that tips it.
 * One pass over typed arrays, 100 000 photos in a few milliseconds.
 *
 * @param ratios width / height of each photo after orientation; not positive counts as 1.
 */
export function justify(ratios: Float32Array, { width, target, gap }: Measures): Rows {
  const count = ratios.length;
  const first = new Uint32Array(count + 1);
  const top = new Float32Array(count);
  const rowHeight = new Float32Array(count);
  const left = new Float32Array(count);
  const tileWidth = new Float32Array(count);
  let row = 0;
  let start = 0;
  let y = 0;

  const close = (end: number, height: number) => {
    first[row] = start;
    top[row] = y;
    rowHeight[row] = height;
    let x = 0;
    for (let i = start; i < end; i++) {
      const w = clampRatio(ratios[i]) * height;
      left[i] = x;
      tileWidth[i] = w;
      x += w + gap;
    }
    y += height + gap;
    row++;
    start = end;
  };

  let sum = 0;
  for (let i = 0; i < count; i++) {
    const ratio = clampRatio(ratios[i]);
    const inRow = i - start;
    const withIt = (width - gap * inRow) / (sum + ratio);
    if (withIt > target) {
      sum += ratio;
      continue;
    }
    const without = inRow === 0 ? Number.POSITIVE_INFINITY : (width - gap * (inRow - 1)) / sum;
    if (without <= target * MAX_STRETCH && without / target < target / withIt) {
      close(i, without);
      sum = ratio;
      const alone = width / ratio;
      if (alone <= target) {
        close(i + 1, alone);
        sum = 0;
      }
    } else {
      close(i + 1, withIt);
      sum = 0;
    }
  }
  if (start < count) close(count, Math.min(target, (width - gap * (count - start - 1)) / sum));
  first[row] = count;

  return {
    rowCount: row,
    height: row === 0 ? 0 : y - gap,
    first: first.slice(0, row + 1),
    top: top.slice(0, row),
    rowHeight: rowHeight.slice(0, row),
    left,
    width: tileWidth,
  };
}

/** Height (px) that rows of so many photos are likely to need, before their ratios are known: most photos are 3:2 or 4:3. */
export function estimateHeight(count: number, { width, target, gap }: Measures): number {
  if (count <= 0) return 0;
  const perRow = Math.max(1, width / (target * 1.32 + gap));
  return Math.ceil(count / perRow) * (target + gap) - gap;
}

/** First index whose value is > y, in a rising array: the row or month that starts after y. */
export function upperBound(rising: ArrayLike<number>, y: number, length = rising.length): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rising[middle] as number) <= y) low = middle + 1;
    else high = middle;
  }
  return low;
}

function clampRatio(ratio: number | undefined): number {
  if (!ratio || !(ratio > 0)) return 1;
  return Math.min(MAX_RATIO, Math.max(MIN_RATIO, ratio));
}
