import { api, messageOf } from '#lib/api.ts';
import type { BackendStatus } from './backend-words.ts';

/** What makes pictures and what it costs, looked at again and again while somebody looks. */
export function createBackendStatus() {
  let status = $state.raw<BackendStatus | null>(null);
  let problem = $state<string | null>(null);
  let asked = 0;
  let looking = 0;

  async function load(): Promise<void> {
    asked += 1;
    const mine = asked;
    looking += 1;
    try {
      const fresh = await api.get('/backend/status');
      // An answer that was overtaken by a later question is old news.
      if (mine === asked) [status, problem] = [fresh, null];
    } catch (error) {
      if (mine === asked) problem = messageOf(error);
    }
    looking -= 1;
  }

  void load();
  return {
    /** Null until the first answer. */
    get status() {
      return status;
    },
    /** Why there is no (newer) one; stays until there is. */
    get problem() {
      return problem;
    },
    load,
    /** Now and then: not while an answer is awaited, which a slow server would never get to give. */
    poll: () => {
      if (looking === 0) void load();
    },
  };
}
