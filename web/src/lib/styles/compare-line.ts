/**
 * Where a key puts the line between before and after.
 * @param at per cent from the left
 * @returns undefined for keys that do not move it
 */
export function moveLine(at: number, key: string, isShifted: boolean): number | undefined {
  const step = isShifted ? 10 : 1;
  const to: Record<string, number> = {
    ArrowLeft: at - step,
    ArrowDown: at - step,
    ArrowRight: at + step,
    ArrowUp: at + step,
    PageDown: at - 10,
    PageUp: at + 10,
    Home: 0,
    End: 100,
  };
  const next = Object.hasOwn(to, key) ? to[key] : undefined;
  return next === undefined ? undefined : Math.min(100, Math.max(0, next));
}

/** The place under a pointer, in whole per cent from the left. */
export function lineUnder(clientX: number, box: { readonly left: number; readonly width: number }): number {
  if (box.width <= 0) return 50;
  return Math.round(Math.min(1, Math.max(0, (clientX - box.left) / box.width)) * 100);
}
