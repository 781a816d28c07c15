import { redirect } from '@sveltejs/kit';
import { nextAddress } from '#lib/door/next.ts';
import { session } from '#lib/session.svelte.ts';

export async function load({ url }: { url: URL }) {
  const [status, user] = await Promise.all([session.loadStatus(), session.load()]);
  if (user) redirect(307, nextAddress(url));
  if (status.setup_required) redirect(307, '/setup');
  return { status };
}
