import type { AuditEntry } from '#lib/admin/audit-words.ts';
import { api, messageOf } from '#lib/api.ts';

export type AuditFilter = { action?: AuditEntry['action']; user_id?: string };

/** The log as far as it was read, newest first; older entries come on demand. */
export function createAuditLog() {
  let entries = $state.raw<AuditEntry[] | null>(null);
  let problem = $state<string | null>(null);
  let busy = $state(false);
  let cursor = $state<string | null>(null);
  let filter: AuditFilter = {};
  let turn = 0;

  /** Reads the first page, or the one after what is there. */
  async function load(): Promise<void> {
    turn += 1;
    const mine = turn;
    busy = true;
    problem = null;
    try {
      const page = await api.get('/admin/audit', { query: { ...filter, before: cursor ?? undefined, limit: '50' } });
      // Another filter may have been chosen since.
      if (mine !== turn) return;
      entries = [...(entries ?? []), ...page.items];
      cursor = page.next_cursor;
    } catch (error) {
      if (mine === turn) problem = messageOf(error);
    } finally {
      if (mine === turn) busy = false;
    }
  }

  return {
    /** Null until the first page is there. */
    get entries() {
      return entries;
    },
    get problem() {
      return problem;
    },
    get busy() {
      return busy;
    },
    get hasMore() {
      return cursor !== null;
    },
    load,
    /** Starts anew with what matches a filter. */
    show(wanted: AuditFilter): Promise<void> {
      filter = wanted;
      entries = null;
      cursor = null;
      return load();
    },
  };
}
