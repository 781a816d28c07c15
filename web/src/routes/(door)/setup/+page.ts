import { redirect } from '@sveltejs/kit';
import { session } from '#lib/session.svelte.ts';

export async function load({ url }: { url: URL }) {
  const status = await session.loadStatus();
  if (!status.setup_required) redirect(307, '/login');
  return { status, token: url.searchParams.get('token') ?? '' };
}
