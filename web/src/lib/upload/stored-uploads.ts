import { createBrowserStore } from '#lib/browser-store.ts';
import { DATABASE, OWNER } from './waiting-uploads.ts';

/** A file that is waiting, as it survives a reload: the browser keeps the file itself, not a path. */
export interface StoredUpload {
  readonly key: string;
  readonly user: string;
  readonly name: string;
  readonly modifiedAt: string;
  readonly file: Blob;
  /** The album it was dropped on. */
  readonly album?: string | undefined;
}

const request = createBrowserStore(DATABASE, 'uploads', { keyPath: 'key' });

/** Keeps a file until it has been sent. False when the browser has no room for it. */
export async function storeUpload(upload: StoredUpload): Promise<boolean> {
  try {
    const { quota = 0, usage = 0 } = await navigator.storage.estimate();
    if (upload.file.size > (quota - usage) / 2) return false;
    await request('readwrite', (store) => store.put(upload));
    localStorage.setItem(OWNER, upload.user);
    return true;
  } catch {
    // Private windows and full disks: the guard on leaving the page has to do.
    return false;
  }
}

export async function forgetUpload(key: string): Promise<void> {
  await request('readwrite', (store) => store.delete(key)).catch(() => {});
}

/** The files waiting for somebody; those of anybody else who used this browser before are deleted, never sent. */
export async function takeStoredUploads(user: string): Promise<StoredUpload[]> {
  const all = await request('readonly', (store) => store.getAll() as IDBRequest<StoredUpload[]>).catch(() => []);
  for (const upload of all) if (upload.user !== user) await forgetUpload(upload.key);
  const own = all.filter((upload) => upload.user === user);
  if (own.length === 0) localStorage.removeItem(OWNER);
  return own;
}
