import type { JobPage, JobState } from '#lib/admin/job-words.ts';
import { ApiError, api, messageOf } from '#lib/api.ts';

/** Jobs of one state, read again and again while somebody looks. */
export function createJobList() {
  let page = $state.raw<JobPage | null>(null);
  let counts = $state.raw<JobPage['counts'] | null>(null);
  let problem = $state<string | null>(null);
  let query: { state: JobState; limit: string; offset: string } | undefined;
  let turn = 0;

  async function load(): Promise<void> {
    if (!query) return;
    turn += 1;
    const mine = turn;
    try {
      const fresh = await api.get('/admin/jobs', { query });
      if (mine !== turn) return;
      page = fresh;
      counts = fresh.counts;
      problem = null;
    } catch (error) {
      // It stays until an answer comes: read out once, not at every try.
      if (mine === turn) problem = messageOf(error);
    }
  }

  return {
    /** Null until the first answer for this state. */
    get page() {
      return page;
    },
    get counts() {
      return counts;
    },
    get problem() {
      return problem;
    },
    load,
    show(state: JobState, offset: number, limit: number): Promise<void> {
      query = { state, limit: `${limit}`, offset: `${offset}` };
      page = null;
      return load();
    },
  };
}

/**
 * Tries everything again that has failed by now, page by page.
 * @returns how many wait again; what failed anew meanwhile is left
 */
export async function retryAllFailed(): Promise<number> {
  const seen = new Set<string>();
  let retried = 0;
  for (;;) {
    const { items } = await api.get('/admin/jobs', { query: { state: 'failed', limit: '100' } });
    const fresh = items.filter(({ id }) => !seen.has(id));
    if (fresh.length === 0) return retried;
    for (const { id } of fresh) {
      seen.add(id);
      try {
        await api.post('/admin/jobs/:id/retry', { param: { id } });
        retried += 1;
      } catch (error) {
        // Somebody else was quicker with this one.
        if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 409)) throw error;
      }
    }
  }
}
