import { session } from '#lib/session.svelte.ts';

export async function load() {
  return { status: await session.loadStatus() };
}
