import { createBrowserStore } from '#lib/browser-store.ts';
import type { Waiting } from './waiting-change.ts';

const DATABASE = 'tintype-waiting';
const request = createBrowserStore(DATABASE, 'changes', { keyPath: 'key', autoIncrement: true });

/** Everything that waits, in its order. Empty where the browser keeps nothing. */
export async function readWaiting(user: string): Promise<Waiting[]> {
  const all = await request('readonly', (store) => store.getAll() as IDBRequest<Waiting[]>).catch(() => []);
  return all.filter((one) => one.user === user);
}

/** @throws DOMException where the browser has no room for it or keeps nothing: then it must not be said to wait */
export async function addWaiting(waiting: Omit<Waiting, 'key'>): Promise<Waiting> {
  const key = (await request('readwrite', (store) => store.add(waiting))) as number;
  return { ...waiting, key };
}

/** Puts it in its place again. */
export async function putWaiting(waiting: Waiting): Promise<void> {
  await request('readwrite', (store) => store.put(waiting));
}

/**
 * Changes one as it is by now, whatever another window has done with it; null takes it away.
 * @returns what it is then; null where it is not there any more
 */
export async function editWaiting(key: number, edit: (one: Waiting) => Waiting | null): Promise<Waiting | null> {
  let edited: Waiting | null = null;
  await request('readwrite', (store) => {
    const reading = store.get(key) as IDBRequest<Waiting | undefined>;
    reading.onsuccess = () => {
      if (!reading.result) return;
      edited = edit(reading.result);
      if (edited) store.put(edited);
      else store.delete(key);
    };
    return reading;
  });
  return edited;
}

export async function removeWaiting(key: number): Promise<void> {
  await request('readwrite', (store) => store.delete(key));
}

/** Takes away what somebody else has left in this browser: it is never sent. */
export async function keepOnly(user: string): Promise<void> {
  const all = await request('readonly', (store) => store.getAll() as IDBRequest<Waiting[]>).catch(() => []);
  for (const one of all) if (one.user !== user) await removeWaiting(one.key);
}

export function forgetWaiting(): void {
  indexedDB.deleteDatabase(DATABASE);
}
