/** Where a person's photos may go to: they were asked in this browser, and said yes. */
import { confirm } from '#lib/confirm.svelte.ts';
import { session } from '#lib/session.svelte.ts';

const keyOf = (): string => `studio-destinations ${session.user?.id}`;

function known(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf()) ?? '[]');
    return Array.isArray(kept) ? kept.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}

/** Asks before a picture leaves for somewhere for the first time. @returns whether it may */
export async function mayLeaveFor(destination: string, what: 'photo' | 'picture'): Promise<boolean> {
  if (known().includes(destination)) return true;
  const may = await confirm({
    title: `Send this ${what} to ${destination}?`,
    body: `Pictures are made of it there, not on this server. A copy leaves this library and goes to ${destination}; the original stays here. You are asked once for each place.`,
    confirm: `Send it to ${destination}`,
    cancel: 'Keep it here',
  });
  if (may) localStorage.setItem(keyOf(), JSON.stringify([...known(), destination]));
  return may;
}
