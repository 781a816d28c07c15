import { error } from '@sveltejs/kit';
import { session } from '#lib/session.svelte.ts';

/** The server refuses as well; this only says so before asking. */
export async function load({ parent }: { parent: () => Promise<unknown> }) {
  await parent();
  if (session.user?.role !== 'admin') error(404, 'There is nothing at this address.');
}
