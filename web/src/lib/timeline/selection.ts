/** What is selected: photos by id, or everything that matches the page's filter except some. Values are never changed in place. */
export interface Selection {
  readonly ids: ReadonlySet<string>;
  /** Set when everything matching is meant: a set the server resolves, of which only the exceptions are known here. */
  readonly everything: { readonly total: number; readonly except: ReadonlySet<string> } | null;
  /** Where a range with Shift begins, and what was selected when it began. */
  readonly anchor: string | null;
  readonly beforeRange: ReadonlySet<string>;
}

export const nothing: Selection = { ids: new Set(), everything: null, anchor: null, beforeRange: new Set() };

export function isSelected(selection: Selection, id: string): boolean {
  return selection.everything ? !selection.everything.except.has(id) : selection.ids.has(id);
}

export function countOf(selection: Selection): number {
  return selection.everything
    ? Math.max(0, selection.everything.total - selection.everything.except.size)
    : selection.ids.size;
}

export function toggle(selection: Selection, id: string): Selection {
  if (selection.everything) {
    const except = flipped(selection.everything.except, id);
    if (except.size >= selection.everything.total) return nothing;
    return { ...selection, everything: { ...selection.everything, except }, anchor: id };
  }
  const ids = flipped(selection.ids, id);
  return { ids, everything: null, anchor: ids.has(id) ? id : null, beforeRange: ids };
}

/**
 * Selects the photos between the anchor and another, both included. A second range from the same anchor replaces the first,
 * so that it never runs further than the photo clicked last.
 *
 * @param between ids in timeline order, from the anchor to the photo clicked or the other way round.
 */
export function selectRange(selection: Selection, between: readonly string[]): Selection {
  if (selection.everything) {
    const except = new Set(selection.everything.except);
    for (const id of between) except.delete(id);
    return { ...selection, everything: { ...selection.everything, except } };
  }
  return { ...selection, ids: new Set([...selection.beforeRange, ...between]) };
}

function flipped(set: ReadonlySet<string>, id: string): Set<string> {
  const next = new Set(set);
  if (!next.delete(id)) next.add(id);
  return next;
}
