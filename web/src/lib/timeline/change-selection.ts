/** What tools do to a selection, apart from what the first page needs of it. @module */
import { nothing, type Selection } from './selection.ts';

export function selectEverything(total: number): Selection {
  return total > 0 ? { ...nothing, everything: { total, except: new Set() } } : nothing;
}

/** The selection without photos that have left the page (trashed, or no longer matching). */
export function without(selection: Selection, gone: Iterable<string>): Selection {
  const ids = new Set(selection.ids);
  for (const id of gone) ids.delete(id);
  if (ids.size === 0 && !selection.everything) return nothing;
  return {
    ...selection,
    ids,
    beforeRange: ids,
    anchor: selection.anchor && ids.has(selection.anchor) ? selection.anchor : null,
  };
}
