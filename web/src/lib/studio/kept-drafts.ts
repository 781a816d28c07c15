/** What somebody was writing, kept in the tab: a reload, or a page left too early, loses none of it. Signing out forgets it. */
import { type Draft, emptyDraft, readDraft } from './draft.ts';

const KEY = 'studio-drafts';
/** The draft of a session that has not begun. */
export const NEW = 'new';

type Kept = { user: string; drafts: Record<string, unknown> };

function read(user: string): Kept {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Partial<Kept> | null;
    if (kept?.user === user && typeof kept.drafts === 'object' && kept.drafts !== null) return kept as Kept;
  } catch {
    // Whatever stands there is not ours.
  }
  return { user, drafts: {} };
}

export const readKeptDraft = (user: string, session: string): Draft => readDraft(read(user).drafts[session]);

export function keepDraft(user: string, session: string, draft: Draft): void {
  const kept = read(user);
  const isEmpty = JSON.stringify(draft) === JSON.stringify(emptyDraft());
  if (isEmpty) delete kept.drafts[session];
  else kept.drafts[session] = draft;
  try {
    sessionStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // No room, or a browser that keeps nothing: the draft lives as long as the page.
  }
}
