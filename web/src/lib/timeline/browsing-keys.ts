import type { Shortcut } from '#lib/keys.ts';
import type Timeline from './Timeline.svelte';

const labels = { ArrowLeft: 'Photo before', ArrowRight: 'Photo after', ArrowUp: undefined, ArrowDown: undefined };

/** Keys that walk through photos, open one and select some. @param current the photo that has the focus */
export function browsingKeys(
  group: string,
  timeline: () => ReturnType<typeof Timeline> | undefined,
  current: () => string | null,
  { open, pick }: { open: (id: string) => void; pick: (id: string, isRange: boolean) => unknown },
): Shortcut[] {
  const about = (run: (id: string) => unknown) => () => {
    const id = current();
    if (id === null) return false;
    void run(id);
  };
  return [
    ...(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'] as const).map((key) => ({
      keys: [key],
      group,
      label: labels[key],
      run: () => timeline()?.move(key) ?? false,
    })),
    { keys: ['Enter'], label: 'Open', group, run: about(open) },
    { keys: ['x', 'Space'], label: 'Select', group, run: about((id) => pick(id, false)) },
    { keys: ['Shift+x', 'Shift+Space'], label: 'Select up to here', group, run: about((id) => pick(id, true)) },
  ];
}
