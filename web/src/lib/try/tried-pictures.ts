/** What a visitor had painted before they had an account. This browser has it, and nothing else does. @module */
import { createBrowserStore } from '#lib/browser-store.ts';
import { countTried, noteTried } from './tried-count.ts';

export type ShapeName = 'square' | 'portrait' | 'landscape';

export interface TriedPicture {
  /** Of this browser; the server knows none. */
  readonly id: string;
  /** The same for pictures that were asked for together. */
  readonly batch: string;
  readonly prompt: string;
  readonly seed: number;
  readonly shape: ShapeName;
  /** Milliseconds since the epoch. */
  readonly madeAt: number;
  readonly file: Blob;
}

/** So many are kept, some ten megabytes: enough to try, and no gallery of its own. */
export const MOST_TRIED = 40;

const request = createBrowserStore('tintype-tried', 'pictures', { keyPath: 'id' });

/** All of them, in the order they were made. @throws where the browser keeps nothing */
export async function listTried(): Promise<TriedPicture[]> {
  const all = await request('readonly', (store) => store.getAll() as IDBRequest<TriedPicture[]>);
  noteTried(all.length);
  return all.sort((a, b) => a.madeAt - b.madeAt);
}

/** @returns false where the browser keeps nothing, or has no room */
export async function keepTried(picture: TriedPicture): Promise<boolean> {
  try {
    await request('readwrite', (store) => store.put(picture));
  } catch {
    return false;
  }
  await count();
  return true;
}

export async function forgetTried(id: string): Promise<void> {
  await request('readwrite', (store) => store.delete(id)).catch(() => {});
  await count();
}

export async function forgetAllTried(): Promise<void> {
  await request('readwrite', (store) => store.clear()).catch(() => {});
  await count();
}

/** Says how many there are where it can be read without this module. */
const count = (): Promise<void> =>
  request('readonly', (store) => store.count()).then(noteTried, () => noteTried(countTried()));

/** The first words of its prompt, and its seed: as the studio names what it makes. */
export function nameOfTried({ prompt, seed }: Pick<TriedPicture, 'prompt' | 'seed'>): string {
  const words = prompt
    .replace(/[^\p{L}\p{N} ]+/gu, ' ')
    .trim()
    .split(/ +/)
    .slice(0, 8)
    .join(' ')
    .slice(0, 80);
  return `${words || 'picture'} ${seed}.jpg`;
}
