import { api, messageOf } from '#lib/api.ts';
import type { StorageStatus } from './storage-words.ts';

const WINDOW_MS = 30_000;

/** Where the bytes of the library are, looked at again and again while somebody looks. */
export function createStorage() {
  let status = $state.raw<StorageStatus | null>(null);
  let probe = $state.raw<StorageStatus['probe']>(null);
  let isProbing = $state(false);
  let probedAt = $state(0);
  let probeProblem = $state<string | null>(null);
  let problem = $state<string | null>(null);
  /** Bytes that were moved by then, of the last half minute. */
  let samples: { at: number; bytes: number }[] = [];
  let asked = 0;
  /** Which question the status that is shown, or the reason why there is none, answers. */
  let answered = 0;
  let looking = 0;

  /** Answers may overtake each other: what is older than the one shown is dropped, and no other. */
  function isNews(question: number): boolean {
    if (question < answered) return false;
    answered = question;
    return true;
  }

  function show(fresh: StorageStatus): void {
    status = fresh;
    problem = null;
    measure(fresh);
  }

  async function refresh(): Promise<void> {
    asked += 1;
    const mine = asked;
    looking += 1;
    try {
      const fresh = await api.get('/admin/storage', { query: { probe: 'false' } });
      if (isNews(mine)) show(fresh);
    } catch (error) {
      if (isNews(mine)) problem = messageOf(error);
    }
    looking -= 1;
  }

  async function tryIt(): Promise<void> {
    if (isProbing) return;
    isProbing = true;
    probe = null;
    probeProblem = null;
    asked += 1;
    const mine = asked;
    try {
      const fresh = await api.get('/admin/storage', { query: { probe: 'true' } });
      probe = fresh.probe;
      probedAt = Date.now();
      if (isNews(mine)) show(fresh);
    } catch (error) {
      probeProblem = messageOf(error);
    }
    isProbing = false;
  }

  function measure({ migration }: StorageStatus): void {
    if (migration?.state !== 'running') {
      samples = [];
      return;
    }
    const now = Date.now();
    samples = [...samples.filter(({ at }) => now - at < WINDOW_MS), { at: now, bytes: migration.done_bytes }];
  }

  return {
    /** Null until the first answer. */
    get status() {
      return status;
    },
    /** The last that was made; null while another is under way. */
    get probe() {
      return probe;
    },
    /** When that was. */
    get probedAt() {
      return probedAt;
    },
    /** Why there is none. */
    get probeProblem() {
      return probeProblem;
    },
    get isProbing() {
      return isProbing;
    },
    get problem() {
      return problem;
    },
    /** Bytes a second over the last half minute; null until there is something to tell it from. */
    get speed(): number | null {
      const [first, last] = [samples[0], samples.at(-1)];
      if (!status || !first || !last || last.at - first.at < 1000) return null;
      return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
    },
    /** Without a probe: after something was done. */
    refresh,
    /** Now and then: not while an answer is awaited, which a slow server would never get to give. */
    poll: () => {
      if (looking === 0) void refresh();
    },
    /** Writes, reads and deletes a file where the library is. */
    tryIt,
    /** For whoever comes: the places do not wait for the file that is tried. */
    load: async () => {
      await Promise.all([refresh(), tryIt()]);
    },
  };
}
