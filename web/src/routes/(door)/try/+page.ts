import { redirect } from '@sveltejs/kit';
import { ApiError, api } from '#lib/api.ts';
import { session } from '#lib/session.svelte.ts';

/** Also without the server: what this browser has is shown, and can be saved as files. */
const unlessAway = <Value>(asked: Promise<Value>): Promise<Value | null> =>
  asked.catch((error) => {
    if (error instanceof ApiError && error.code === 'network') return null;
    throw error;
  });

export async function load() {
  const [status, user, terms] = await Promise.all([
    unlessAway(session.loadStatus()),
    unlessAway(session.load()),
    unlessAway(api.get('/generation/try')),
  ]);
  if (user) redirect(307, '/studio');
  if (status?.setup_required) redirect(307, '/setup');
  return { registration: status?.registration ?? null, allowed: terms?.allowed ?? null };
}
