import { mount, unmount } from 'svelte';
import { openStream } from '#lib/stream.ts';
import AwayBar from './AwayBar.svelte';
import { isKept } from './kept-answers.ts';
import { reach } from './reach.svelte.ts';
import { waiting } from './waiting.svelte.ts';

/**
 * Follows whether the server is there: says so when it is not, keeps what can wait, and sends it once it is back, before anything
 * shown is read anew. @returns what ends it
 */
export function followServer(): () => void {
  const stream = openStream({
    ontrouble: () => void reach.check(),
    onback: () => {
      reach.arrive();
      return waiting.send();
    },
  });
  reach.onBack(() => void waiting.send().then(stream.retry));
  void waiting.start();

  const look = (): void => void reach.check();
  const hear = ({ data }: MessageEvent<{ away?: boolean }>): void => {
    if (data?.away) look();
  };
  addEventListener('online', look);
  addEventListener('offline', look);
  navigator.serviceWorker?.addEventListener('message', hear);
  void registerWorker();

  const main = document.getElementById('main') as HTMLElement;
  const bar = mount(AwayBar, { target: main, ...(main.firstChild ? { anchor: main.firstChild } : {}) });
  return () => {
    void unmount(bar);
    removeEventListener('online', look);
    removeEventListener('offline', look);
    navigator.serviceWorker?.removeEventListener('message', hear);
    reach.stop();
    stream.close();
  };
}

/** Only where browsers allow it, and not for somebody who pays for each byte: it fetches the whole app. */
async function registerWorker(): Promise<void> {
  const { serviceWorker } = navigator;
  const { saveData } = (navigator as { connection?: { saveData?: boolean } }).connection ?? {};
  if (!import.meta.env.PROD || !serviceWorker || saveData) return;
  await new Promise((resolve) => (window.requestIdleCallback ?? setTimeout)(resolve));
  const isFirst = serviceWorker.controller === null;
  try {
    await serviceWorker.register('/service-worker.js');
    if (!isFirst) return;
    const { active } = await serviceWorker.ready;
    // What this page has asked for already, nobody has kept.
    const asked = performance.getEntriesByType('resource').map(({ name }) => name);
    active?.postMessage({ keep: asked.filter((address) => isKept(new URL(address))) });
  } catch {
    // Without one the app is as it is while the server answers.
  }
}
