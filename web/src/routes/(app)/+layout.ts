import { redirect } from '@sveltejs/kit';
import { session } from '#lib/session.svelte.ts';

/** Nothing in here is shown to anybody who is not signed in; they come back to the same address afterwards. */
export async function load({ url }: { url: URL }) {
  const [user, status] = await Promise.all([session.load(), session.loadStatus()]);
  if (user) return { user, status };
  if (status.setup_required) redirect(307, '/setup');
  redirect(307, `/login?next=${encodeURIComponent(url.pathname + url.search)}`);
}
