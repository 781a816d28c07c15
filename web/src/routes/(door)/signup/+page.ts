import { redirect } from '@sveltejs/kit';
import { session } from '#lib/session.svelte.ts';

export async function load({ url }: { url: URL }) {
  const [status, user] = await Promise.all([session.loadStatus(), session.load()]);
  if (user) redirect(307, '/photos');
  if (status.setup_required) redirect(307, '/setup');
  return { status, invitation: url.searchParams.get('invitation') ?? undefined };
}
