import { ApiError, toApiError } from '#lib/api.ts';
import type { GuestLayout, GuestPhoto, GuestView } from '#lib/api-schema.ts';

/** The key in this page's address, and the photo that is opened in it, if one is. */
export function readAddress(pathname: string): { key: string; photo: string | null } {
  const [, , key = '', photo = ''] = pathname.split('/');
  return { key, photo: photo || null };
}

/**
 * The one client of the guest's page. It asks below `/s/{key}` alone, where the guest session's cookie goes by itself, and never the
 * API: whoever looks is not who is signed in here.
 */
export function createVisit(key: string) {
  const base = `/s/${encodeURIComponent(key)}`;

  async function send<T>(path: string, init: RequestInit = {}): Promise<T> {
    let response: Response;
    try {
      response = await fetch(base + path, { ...init, headers: { accept: 'application/json', ...init.headers } });
    } catch {
      throw new ApiError(0, 'network', 'The server cannot be reached. Check your connection and try again.');
    }
    if (!response.ok) throw await toApiError(response);
    return response.json() as Promise<T>;
  }

  return {
    base,
    view: () => send<GuestView>(''),
    layout: () => send<GuestLayout>('/layout'),
    photo: (id: string) => send<GuestPhoto>(`/photos/${id}`),
    unlock: (password?: string) =>
      send<unknown>('/unlock', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(password === undefined ? {} : { password }),
      }),
    hrefOf: (id: string) => `${base}/${id}`,
    originalOf: (id: string) => `${base}/photos/${id}/original`,
    downloadOf: (id: string) => `${base}/photos/${id}/original?download=1`,
    downloadAll: `${base}/download`,
    uploadTo: `${base}/photos`,
  };
}

export type Visit = ReturnType<typeof createVisit>;
