import { tick } from 'svelte';

export type Toast = {
  id: number;
  message: string;
  tone: 'plain' | 'error';
  action?: { label: string; run: () => unknown };
  /** How long it stays, in milliseconds; the time stands still under the pointer and while the focus is in it. */
  duration: number;
};

let last = 0;
let shown = $state.raw<Toast[]>([]);

export const toasts = {
  get shown() {
    return shown;
  },
};

export function dismissToast(id: number): void {
  shown = shown.filter((toast) => toast.id !== id);
}

/**
 * Says something in passing: `toast('12 photos moved to the trash', { action: { label: 'Undo', run } })`.
 * Stays 10 s with an action, 5 s without. Returns what takes it away.
 */
export function toast(message: string, options: Partial<Pick<Toast, 'tone' | 'action' | 'duration'>> = {}): () => void {
  last += 1;
  const id = last;
  const duration = options.duration ?? (options.action ? 10_000 : 5000);
  // Three at most: an older undo that has been pushed out twice is no longer what the person is thinking of.
  shown = [...shown.slice(-2), { id, message, tone: options.tone ?? 'plain', action: options.action, duration }];
  return () => dismissToast(id);
}

let spoken = $state('');

/** What the live region holds. */
export const announcement = {
  get text() {
    return spoken;
  },
};

/** Says something to screen readers alone. */
export async function announce(text: string): Promise<void> {
  // Emptied first, so that the same sentence twice is read twice.
  spoken = '';
  await tick();
  spoken = text;
}
