import { api } from '#lib/api.ts';
import type { Organization } from '#lib/api-schema.ts';
import { session } from '#lib/session.svelte.ts';
import { shell } from '#lib/shell.svelte.ts';
import { shownOf } from './organization-words.ts';

/** What the header shows of an organization. */
type Marked = Pick<Organization, 'id' | 'name' | 'logo_url'>;
/** As the browser keeps it, so that the header need not wait for the server. It belongs to one account. */
type Kept = { of: string; opened: string | null; shown: Marked | null; invited: number };

const KEY = 'organization';
/** Whose these are: whoever signs in after them in the same window sees nothing of it. */
let of = $state<string>();
let own = $state.raw<readonly Marked[]>([]);
let opened = $state<string | null>(null);
let invited = $state(0);
let isAsked = false;
const isMine = $derived(of !== undefined && of === session.user?.id);
const shown = $derived(isMine ? shownOf(own, opened) : undefined);

function recall(): void {
  if (isMine) return;
  const kept = readKept();
  of = session.user?.id;
  const isTheirs = kept.of === of;
  opened = (isTheirs && kept.opened) || null;
  invited = (isTheirs && kept.invited) || 0;
  own = isTheirs && kept.shown ? [kept.shown] : [];
}
function readKept(): Partial<Kept> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}');
  } catch {
    // Somebody else wrote there; the server knows.
    return {};
  }
}
function keep(): void {
  if (!of) return;
  // Nothing is kept where there is nothing to show: it is what makes the first page load more.
  if (!shown && invited === 0) {
    localStorage.removeItem(KEY);
    return;
  }
  shell.hasMark = true;
  const marked = shown ? { id: shown.id, name: shown.name, logo_url: shown.logo_url } : null;
  localStorage.setItem(KEY, JSON.stringify({ of, opened, shown: marked, invited } satisfies Kept));
}

/** The organizations one belongs to, and the invitations that wait, as the header and the account's menu show them. */
export const ownOrganizations = {
  /** The one in the header; undefined for who belongs to none. */
  get shown() {
    return shown;
  },
  /** How many invitations wait for an answer. */
  get invited() {
    return isMine ? invited : 0;
  },
  /** Never throws: what is shown stays until the next time. */
  async load(): Promise<void> {
    recall();
    isAsked = true;
    const whose = of;
    try {
      const [belonging, asking] = await Promise.all([
        api.get('/organizations', { query: { role: 'any', limit: '100' } }),
        api.get('/me/invitations', { query: { limit: '1' } }),
      ]);
      if (whose !== session.user?.id) return;
      own = belonging.items;
      invited = asking.total;
      keep();
    } catch {
      // As above.
    }
  },
  /** One of them was opened, or is other than it was. */
  put(organization: Organization): void {
    const { id, role } = organization;
    if (role === null) return;
    recall();
    if (own.some((one) => one.id === id)) own = own.map((one) => (one.id === id ? organization : one));
    else own = [...own, organization].toSorted((a, b) => a.name.localeCompare(b.name));
    opened = id;
    keep();
  },
  /** What the browser keeps, and then what the server says, unless it was asked before. */
  async start(): Promise<void> {
    if (isAsked && isMine) return;
    await this.load();
  },
};
