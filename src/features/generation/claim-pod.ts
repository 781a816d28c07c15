import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { asSystem } from '#platform/database/as-system.ts';
import type { Database } from '#platform/database/database.ts';
import { BackendError } from './backends/backend.ts';
import type { PodLedger } from './backends/runpod/pod-ledger.ts';
import * as store from './pod-store.ts';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;

const leaseMs = 15_000;
const askEveryMs = 250;

/**
 * What is known of the rented machine, kept in the database for all servers: one after the other may do something with it, and whoever dies over
 * it loses it after a quarter of a minute.
 */
export function createPodLedger(database: Database): PodLedger {
  const as = <Result>(work: (tx: Tx) => Promise<Result>): Promise<Result> => asSystem(database, work);
  /** Within one server, so that one alone asks the database whether it may. */
  let last: Promise<unknown> = Promise.resolve();
  /** The lease of whoever is at it in this server. */
  let held: string | null = null;

  async function withLease<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const lease = randomUUID();
    signal.throwIfAborted();
    while (!(await as((tx) => store.leasePod(tx, lease, leaseMs)))) await sleep(askEveryMs, undefined, { signal });
    const renew = setInterval(() => {
      as((tx) => store.renewPod(tx, lease, leaseMs)).catch(() => {});
    }, leaseMs / 3);
    held = lease;
    try {
      return await work();
    } finally {
      held = null;
      clearInterval(renew);
      await as((tx) => store.releasePod(tx, lease)).catch(() => {});
    }
  }

  return {
    async exclusively(work, signal) {
      const before = last;
      const mine = before.then(() => withLease(work, signal));
      last = mine.catch(() => {});
      // Whoever is before it may take minutes.
      await unlessAborted(before, signal);
      return mine;
    },
    read: async () => (await as(store.readPod)).record,
    async write(record, spent = []) {
      const lease = held;
      if (lease === null) throw new Error('The ledger of the rented machine is written by whoever has it to itself.');
      await as(async (tx) => {
        if (!(await store.writePod(tx, lease, record))) throw lostLease();
        for (const use of spent) await store.addPodUse(tx, use);
      });
    },
    useOf: (day) => as((tx) => store.readPodUse(tx, day)),
    paused: async () => (await as(store.readPod)).paused,
    pause: async (why) => void (await as((tx) => store.pausePod(tx, why))),
    noteTrouble: async (message) => void (await as((tx) => store.noteTrouble(tx, message))),
    endAlarm: async () => void (await as(store.endAlarm)),
    unfetched: (place) => as((tx) => store.countUnfetched(tx, place)),
  };
}

const lostLease = () =>
  new BackendError('pod_error', 'Another server looks after the rented machine by now.', { isTransient: true });

/** Waits for something no longer than it is wanted. @throws whatever the signal was aborted for */
async function unlessAborted(awaited: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([awaited, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Keeps what an administrator must know of the machine. @returns whether it is news */
export const keepPodAlarm = (database: Database, message: string): Promise<boolean> =>
  asSystem(database, (tx: Tx) => store.keepAlarm(tx, message));

/** For a server that has no key for RunPod. @returns what an administrator must know of a machine that was rented with one; null where there is none */
export async function findUnwatchedPod(database: Database): Promise<string | null> {
  const { record } = await asSystem(database, (tx: Tx) => store.readPod(tx));
  if (!record) return null;
  const name = record.podId ? `pod ${record.podId}` : `pod ${record.name}`;
  return `RUNPOD_API_KEY is not set any more, so nobody looks after the ${name} at RunPod, which may still cost money. Set it again, or end the pod there; this is told until a server with the key has looked.`;
}
