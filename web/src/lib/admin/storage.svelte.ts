import { api, messageOf } from '#lib/api.ts';
import type { StorageStatus } from './storage-words.ts';

const WINDOW_MS = 30_000;

/** Where the bytes of the library are, looked at again and again while somebody looks. */
export function createStorage() {
  let status = $state.raw<StorageStatus | null>(null);
  let probe = $state.raw<StorageStatus['probe']>(null);
  let isProbing = $state(false);
  let problem = $state<string | null>(null);
  /** Bytes that were moved by then, of the last half minute. */
  let samples: { at: number; bytes: number }[] = [];
  let turn = 0;

  async function look(withProbe: boolean): Promise<void> {
    turn += 1;
    const mine = turn;
    isProbing ||= withProbe;
    try {
      const fresh = await api.get('/admin/storage', { query: { probe: withProbe ? 'true' : 'false' } });
      if (fresh.probe) probe = fresh.probe;
      if (mine !== turn) return;
      status = fresh;
      problem = null;
      measure(fresh);
    } catch (error) {
      if (mine === turn) problem = messageOf(error);
    } finally {
      if (withProbe) isProbing = false;
    }
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
    /** The last that was made. */
    get probe() {
      return probe;
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
    /** With a probe: for whoever comes, or asks for one. */
    load: () => look(true),
    refresh: () => look(false),
  };
}
