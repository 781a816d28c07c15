import { api } from '#lib/api.ts';
import { forgetAllUploads } from '#lib/upload/waiting-uploads.ts';

/** @throws ApiError */
export async function signOut(): Promise<void> {
  await api.post('/auth/logout');
  // Files still waiting to be sent, what was searched for and whose logo was shown are kept in the browser: not for whoever comes next.
  forgetAllUploads();
  for (const kept of ['searches', 'organization']) localStorage.removeItem(kept);
  // A whole new document: nothing of the account may stay in memory or in the back-forward cache.
  location.assign('/login');
}
