/**
 * What Esc closes, one layer at a time. Modal dialogs and popovers are not in here: the browser closes those itself, first.
 * @module
 */
type Layer = { close: () => void };

const open: Layer[] = [];

/** Opens a layer; call what it returns when the layer is gone by any other way. */
export function openLayer(close: () => void): () => void {
  const layer = { close };
  open.push(layer);
  return () => {
    const at = open.indexOf(layer);
    if (at >= 0) open.splice(at, 1);
  };
}

/** Closes the topmost layer; false when there was none. */
export function closeTopLayer(): boolean {
  const layer = open.pop();
  layer?.close();
  return layer !== undefined;
}
