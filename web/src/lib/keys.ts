import { closeTopLayer } from '#lib/layers.ts';

export type Shortcut = {
  /**
   * As in `KeyboardEvent.key`, with `Ctrl+` (also ⌘) and `Shift+` in front: `'x'`, `'Delete'`, `'Shift+Delete'`, `'Ctrl+a'`.
   * Signs that need Shift on some keyboards are written as the sign: `'?'`. Space is `'Space'`.
   */
  keys: string[];
  /** What it does, for the help; without it the shortcut is not listed. */
  label?: string;
  group?: string;
  /** Returning false leaves the key to the browser and to shortcuts registered earlier. */
  run: (event: KeyboardEvent) => unknown;
  /** The modal dialog that this shortcut belongs to; without it the shortcut rests while any modal dialog is open. */
  within?: () => Element | null | undefined;
};

const registered: Shortcut[] = [];

function nameOf(event: KeyboardEvent): string {
  const key = event.key === ' ' ? 'Space' : event.key;
  const sign = key.length === 1 && key.toLowerCase() === key.toUpperCase();
  const shift = event.shiftKey && !sign ? 'Shift+' : '';
  return `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${shift}${key.length === 1 ? key.toLowerCase() : key}`;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true;
  return target instanceof HTMLInputElement && !/^(checkbox|radio|button|submit|reset|file)$/.test(target.type);
}

/** Enter and Space press what has the focus; a shortcut must not take them away. */
function isPress(event: KeyboardEvent): boolean {
  if (event.key !== 'Enter' && event.key !== ' ') return false;
  return event.target instanceof Element && event.target.closest('button, summary, input, [role="menuitem"]') !== null;
}

function handle(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey || event.isComposing || isTyping(event.target) || isPress(event)) return;
  const modal = [...document.querySelectorAll('dialog:modal')].at(-1);
  if (event.key === 'Escape') {
    if (!modal && !document.querySelector('[popover]:popover-open') && closeTopLayer()) event.preventDefault();
    return;
  }
  const name = nameOf(event);
  for (const shortcut of registered.toReversed()) {
    if (!shortcut.keys.includes(name)) continue;
    if (modal && shortcut.within?.() !== modal) continue;
    if (shortcut.run(event) === false) continue;
    event.preventDefault();
    return;
  }
}

/** Registers shortcuts (the latest wins) and returns what unregisters them: `$effect(() => shortcuts([…]))`. */
export function shortcuts(list: Shortcut[]): () => void {
  if (registered.length === 0) window.addEventListener('keydown', handle);
  registered.push(...list);
  return () => {
    for (const shortcut of list) registered.splice(registered.indexOf(shortcut), 1);
    if (registered.length === 0) window.removeEventListener('keydown', handle);
  };
}

/** What the help lists: every shortcut with a label that works right now, by group, in the order of registration. */
export function listShortcuts(): Map<string, Shortcut[]> {
  return Map.groupBy(
    registered.filter((shortcut) => shortcut.label),
    (shortcut) => shortcut.group ?? 'Everywhere',
  );
}
