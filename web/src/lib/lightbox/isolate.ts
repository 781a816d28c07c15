/** What stays alive beside an opened photo: notices with their Undo, live regions, dialogs and the upload tray. */
const ALIVE = '.toasts, [aria-live], [role="status"], dialog, [data-floating], script, style';

/**
 * Makes everything but an element inert, for as long as it covers the page; returns what undoes it. A modal `<dialog>` would do the
 * same, but would take the undo notice away too.
 */
export function isolate(element: HTMLElement): () => void {
  const silenced: HTMLElement[] = [];
  for (let node: HTMLElement = element; node.parentElement && node !== document.body; node = node.parentElement) {
    for (const sibling of node.parentElement.children) {
      if (sibling === node || !(sibling instanceof HTMLElement) || sibling.inert || sibling.matches(ALIVE)) continue;
      sibling.inert = true;
      silenced.push(sibling);
    }
  }
  const root = document.documentElement;
  root.style.overflow = 'hidden';
  return () => {
    for (const sibling of silenced) sibling.inert = false;
    root.style.overflow = '';
  };
}
