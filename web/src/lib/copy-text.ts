/** Puts a text on the clipboard. Without HTTPS there is no clipboard interface; the older command still works. */
export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const before = document.activeElement;
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'vh';
    // Outside of a modal dialog nothing can be selected.
    ([...document.querySelectorAll('dialog:modal')].at(-1) ?? document.body).append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
    if (before instanceof HTMLElement) before.focus();
  }
}
