/** Where a tile stands on the screen, px. */
export interface Spot {
  readonly id: string;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Where something would be put: before this photo, or at the end. */
export type Place = string | null;

/**
 * The order after some photos were moved before another; they keep the order in which they stood.
 *
 * @param before a photo that may itself be among the moving ones: then what stands after it counts; null is the end.
 */
export function moveWithin(ids: readonly string[], moving: ReadonlySet<string>, before: Place): string[] {
  const anchor = anchorFor(ids, moving, before);
  const taken = ids.filter((id) => moving.has(id));
  const rest = ids.filter((id) => !moving.has(id));
  const at = anchor === null ? rest.length : rest.indexOf(anchor);
  return rest.toSpliced(at < 0 ? rest.length : at, 0, ...taken);
}

/** The photo before which the moving ones really are put: the first at or after `before` that stays. */
export function anchorFor(ids: readonly string[], moving: ReadonlySet<string>, before: Place): Place {
  if (before === null) return null;
  for (let i = ids.indexOf(before); i >= 0 && i < ids.length; i++) {
    const id = ids[i] as string;
    if (!moving.has(id)) return id;
  }
  return null;
}

/** What a change of order takes back: photos in runs, each with the one it stood before, the last run first. */
export interface Run {
  readonly ids: readonly string[];
  readonly before: Place;
}

/** Moves that bring the moving photos from wherever they are to where they stood in `order`; made one after the other. */
export function runsOf(order: readonly string[], moving: ReadonlySet<string>): Run[] {
  const runs: Run[] = [];
  let before: Place = null;
  let run: string[] = [];
  for (let i = order.length - 1; i >= 0; i--) {
    const id = order[i] as string;
    if (moving.has(id)) {
      run.unshift(id);
      continue;
    }
    if (run.length > 0) runs.push({ ids: run, before });
    run = [];
    before = id;
  }
  if (run.length > 0) runs.push({ ids: run, before });
  return runs;
}

/** The gap that a pointer means: the tile it is put before or after. Nothing where there are no tiles. */
export function gapAt(spots: readonly Spot[], x: number, y: number): { id: string; side: 'before' | 'after' } | null {
  let best: Spot | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const spot of spots) {
    // The row counts before the place in it: far above and below is further than any tile of the row.
    const down = Math.max(spot.top - y, y - spot.bottom, 0);
    const across = Math.max(spot.left - x, x - spot.right, 0);
    const away = down * 1000 + across;
    if (away < least) {
      least = away;
      best = spot;
    }
  }
  return best ? { id: best.id, side: x > (best.left + best.right) / 2 ? 'after' : 'before' } : null;
}
