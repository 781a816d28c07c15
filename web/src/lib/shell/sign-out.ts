import { api } from '#lib/api.ts';
import { forgetAnswers } from '#lib/away/kept-answers.ts';
import { reach } from '#lib/away/reach.svelte.ts';
import { waiting } from '#lib/away/waiting.svelte.ts';
import { forgetWaiting } from '#lib/away/waiting-store.ts';
import { confirm } from '#lib/confirm.svelte.ts';
import { formatCount } from '#lib/format.ts';
import { forgetAllUploads } from '#lib/upload/waiting-uploads.ts';

/** Does nothing where somebody would rather keep what was not sent yet. @throws ApiError */
export async function signOut(): Promise<void> {
  await waiting.send();
  // Signing out cannot wait: while the server is away it says so below, and nothing is lost.
  const left = reach.isAway ? 0 : waiting.list.length;
  const isMeant =
    left === 0 ||
    (await confirm({
      title: `Sign out without ${formatCount(left, 'change')}?`,
      body: `${left === 1 ? 'It was' : 'They were'} asked for while the server was away and ${left === 1 ? 'is' : 'are'} not on it. Whoever comes next must not find ${left === 1 ? 'it' : 'them'} here.`,
      confirm: `Sign out and lose ${left === 1 ? 'it' : 'them'}`,
      cancel: 'Stay signed in',
      danger: true,
    }));
  if (!isMeant) return;
  await api.post('/auth/logout');
  await forgetPerson();
  // A whole new document: nothing of the account may stay in memory or in the back-forward cache.
  location.assign('/login');
}

/** Takes away what this browser has of whoever was signed in. Never throws. */
export async function forgetPerson(): Promise<void> {
  await forgetAnswers();
  forgetWaiting();
  // Files still waiting to be sent, what was searched for, whose logo was shown and what was to be made are kept in the browser: not for whoever comes next.
  forgetAllUploads();
  for (const kept of ['searches', 'organization', 'studio-destinations']) localStorage.removeItem(kept);
  sessionStorage.removeItem('studio-drafts');
}
