import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackendError } from '../backend.ts';
import { mayHaveBeenDone, type NewPod, type Pod, type PodApi, podError, statusOf } from './pod-api.ts';
import { dayOf, hourMs, newRun, nextDay, splitByDay } from './pod-hours.ts';
import type { PodLedger, PodRecord, PodRun, PodUse } from './pod-ledger.ts';

export interface PodLifeDeps {
  readonly api: PodApi;
  readonly ledger: PodLedger;
  /** Before all names of this library's pods; what has it and is not written down is ended. */
  readonly prefix: string;
  readonly pod: Omit<NewPod, 'name' | 'gpu'>;
  /** Tried one after the other until one is to be had. */
  readonly gpus: readonly string[];
  readonly idleMs: number;
  /** How long one may take until what runs on it answers. */
  readonly startWithinMs: number;
  readonly maxHoursADay: number;
  /** ms between the questions what has become of what was asked for. */
  readonly pollMs: number;
  /** How long a pod is given to stop, and again to be gone. */
  readonly endWithinMs: number;
  /** Whether what runs on it answers. @throws BackendError where it answers, and can never be used as it is */
  isReady(podId: string, signal: AbortSignal): Promise<boolean>;
  /** Tells an administrator of what costs money and cannot be ended from here. */
  alarm(message: string): void;
  now(): number;
}

export interface PodStatus {
  readonly state: 'none' | 'asked for' | Pod['status'];
  readonly podId: string | null;
  readonly dollarsPerHour: number;
  readonly today: PodUse;
  /** The one that is, or the last one of a machine that is stopped. */
  readonly run: PodRun | null;
  readonly usedAt: number | null;
  /** Why work does not start it; null where it does. */
  readonly paused: string | null;
}

/**
 * The life of the one pod that a library rents: made when there is work, stopped when there has been none for a while, and never forgotten.
 * What is about to be done is written down before it is, and what is not written down is looked for by its name.
 */
export interface PodLife {
  /** For an administrator: whatever kept it stopped is over. @returns its id once it answers. @throws BackendError of `pod_error` */
  start(signal: AbortSignal): Promise<string>;
  /** For work, which starts nothing that an administrator has stopped. @returns its id once it answers. @throws BackendError of `pod_error` */
  startForWork(signal: AbortSignal): Promise<string>;
  /** Has this one answer, for what is on its disk; makes no other, and ends none. @returns false when it is gone. @throws BackendError of `pod_error` */
  revive(podId: string, signal: AbortSignal): Promise<boolean>;
  /** The pod if it runs; null otherwise, and nothing is started. */
  running(signal: AbortSignal): Promise<string | null>;
  /** There is work for it, now. */
  use(): Promise<void>;
  /**
   * For an administrator: stops it and sees that it is stopped; else ends it and sees that it is gone; else tells an administrator. Work does not
   * start it again.
   */
  stop(signal: AbortSignal): Promise<{ readonly isStopped: boolean; readonly run: PodRun | null }>;
  /** To be called at boot and every minute: counts what it costs, stops what is idle or has run too long, ends what nobody knows of. */
  look(signal: AbortSignal): Promise<void>;
  status(signal: AbortSignal): Promise<PodStatus>;
  /** What is known without asking RunPod. @returns also how many pictures that somebody waits for lie there alone */
  known(): Promise<Pick<PodStatus, 'today' | 'run'> & { readonly unfetched: number }>;
}

/** What one may have run since it was last seen to: looks are a minute apart. */
const unseenMs = 60_000;
/** How long one that was started may still be said to be stopped. */
const settleMs = 60_000;
const useWithinMs = 30_000;
/** A step that waits is tried twelve times: for a bit longer than half an hour, while it is stopped by hand. */
const againMs = { paused: 3 * 60_000, noCapacity: 5 * 60_000 };

/** One that is slow may do it the second time, with its image there; what fails then would fail for as many hours as it may run. */
const mostUnanswered = 2;
const neverAnswers =
  'The rented machine was started twice and did not answer. An administrator must look at RunPod what it waits for, and start it again.';
const stoppedByHand =
  'An administrator has stopped the rented machine. Pictures are made on it again once it is started.';

export function createPodLife(deps: PodLifeDeps): PodLife {
  const { api, ledger, now } = deps;
  /** Runs in a row, by when they began, in which nothing answered: each is paid for. */
  const unanswered = new Set<number>();

  async function start(signal: AbortSignal): Promise<string> {
    unanswered.clear();
    await ledger.pause(null);
    return startForWork(signal);
  }

  const startForWork = (signal: AbortSignal): Promise<string> =>
    noting(async () => {
      const podId = await ledger.exclusively(() => ensurePod(signal), signal);
      await untilReady(podId, signal);
      return podId;
    });

  const revive = (podId: string, signal: AbortSignal): Promise<boolean> =>
    noting(async () => {
      const isThere = await ledger.exclusively(() => reviveRecorded(podId, signal), signal);
      if (isThere) await untilReady(podId, signal);
      return isThere;
    });

  /** Keeps for administrators why it was not to be had. */
  async function noting<Result>(wanted: () => Promise<Result>): Promise<Result> {
    try {
      const result = await wanted();
      await ledger.noteTrouble(null);
      return result;
    } catch (error) {
      // What it is paused for is known already.
      if (error instanceof BackendError && !(await ledger.paused())) await ledger.noteTrouble(error.message);
      throw error;
    }
  }

  /** @returns the id of one that is on its way, or was there */
  async function ensurePod(signal: AbortSignal): Promise<string> {
    await requireUnpaused();
    await requireHours();
    const record = await findRecorded(signal);
    const found = record?.podId ? await api.read(record.podId, signal) : null;
    if (record && found && (await hold(record, found, signal))) return found.id;
    if (record && found) {
      // What is on a network volume, the next one has as well.
      const isAlone = placeOf(deps.pod, found.id) === found.id;
      const isKept = found.status === 'EXITED' && isAlone && (await ledger.unfetched(found.id)) > 0;
      if (isKept) throw waitsForItsMachine();
      if (!(await end(found.id, signal))) throw stuck();
    }
    await ledger.write(null);
    return make(signal);
  }

  async function reviveRecorded(podId: string, signal: AbortSignal): Promise<boolean> {
    const record = await findRecorded(signal);
    if (record?.podId !== podId) return false;
    const found = await api.read(podId, signal);
    if (!found || isGone(found) || found.status === 'ERROR') return false;
    if (!isUp(found)) {
      await requireUnpaused();
      await requireHours();
    }
    if (await hold(record, found, signal)) return true;
    throw waitsForItsMachine();
  }

  async function requireUnpaused(): Promise<void> {
    const why = await ledger.paused();
    if (why !== null) throw podError(why, { isTransient: true, retryAfterMs: againMs.paused });
  }

  async function requireHours(): Promise<void> {
    const { ms } = await ledger.useOf(dayOf(now()));
    if (ms < deps.maxHoursADay * hourMs) return;
    const hours = deps.maxHoursADay === 1 ? 'hour' : `${deps.maxHoursADay} hours`;
    throw podError(
      `The rented machine has run for the ${hours} that it may run in a day. It may again from midnight UTC.`,
      {
        isTransient: true,
        retryAfterMs: nextDay(now()) - now(),
      },
    );
  }

  /** The record, with the id of a pod whose making was never answered; without one that was never made. */
  async function findRecorded(signal: AbortSignal): Promise<PodRecord | null> {
    const record = await ledger.read();
    if (!record || record.podId) return record;
    const made = (await api.list(signal)).find(({ name }) => name === record.name);
    const known = made ? { ...record, podId: made.id, countedTo: record.countedTo ?? now() } : null;
    await ledger.write(known);
    return known;
  }

  /** Has one that is there run, if it can, and writes that down. @returns whether it runs, or is on its way to */
  async function hold(record: PodRecord, found: Pod, signal: AbortSignal): Promise<boolean> {
    if (isUp(found)) {
      const { countedTo, run } = record;
      const began = { countedTo: countedTo ?? now(), run: countedTo === null ? newRun(now()) : run };
      await ledger.write({ ...record, ...began, usedAt: now() });
      return true;
    }
    const counted = await countUnseen(record);
    if (!(await restart(found, signal))) return false;
    await ledger.write({ ...counted, usedAt: now(), countedTo: now(), run: newRun(now()) });
    return true;
  }

  /** @returns whether it is on its way */
  async function restart({ id, status }: Pod, signal: AbortSignal): Promise<boolean> {
    if (status !== 'EXITED') return false;
    try {
      await api.act(id, 'start', signal);
      return true;
    } catch (error) {
      // Its machine has gone to somebody else, or somebody was quicker.
      if (statusOf(error) === 400) return false;
      if (statusOf(error) !== 409) throw error;
      const found = await api.read(id, signal);
      return found !== null && isUp(found);
    }
  }

  async function make(signal: AbortSignal): Promise<string> {
    for (const gpu of deps.gpus) {
      const record: PodRecord = {
        ...{ name: `${deps.prefix}${randomUUID()}`, podId: null, usedAt: now(), countedTo: now() },
        ...{ dollarsPerHour: 0, run: newRun(now()) },
      };
      await ledger.write(record);
      const made = await create(record, gpu, signal);
      if (made) return made;
    }
    const message = 'RunPod has none of the machines that were asked for free at the moment.';
    throw podError(message, { isTransient: true });
  }

  /** @returns null where none of this kind is free */
  async function create(record: PodRecord, gpu: string, signal: AbortSignal): Promise<string | null> {
    let made: Pod;
    try {
      made = await api.create({ ...deps.pod, gpu, name: record.name }, signal);
    } catch (error) {
      // It may be there all the same, and cost: the record says by which name it is looked for.
      if (mayHaveBeenDone(error)) {
        const found = await findRecorded(signal);
        if (found?.podId) return found.podId;
      }
      await ledger.write(null);
      if (statusOf(error) !== 400) throw error;
      return null;
    }
    try {
      await ledger.write({ ...record, podId: made.id, dollarsPerHour: made.cost });
    } catch (error) {
      // Somebody else has taken over, and makes one of their own: nobody would use this one.
      await api.terminate(made.id, signal).catch(() => {});
      throw error;
    }
    return made.id;
  }

  /** RUNNING is not ready; the deadline is for both. */
  async function untilReady(podId: string, signal: AbortSignal): Promise<void> {
    const asked = now();
    let wasUp = false;
    for (;;) {
      await requireUnpaused();
      const found = await api.read(podId, signal).catch((error: { isTransient?: boolean }) => {
        if (!error.isTransient) throw error;
        return undefined;
      });
      if (found?.status === 'RUNNING' && (await isUsable(podId, signal))) {
        unanswered.clear();
        return use();
      }
      if (found?.status === 'EXITED' && (wasUp || now() - asked >= settleMs)) throw stoppedMeanwhile();
      wasUp ||= Boolean(found && isUp(found));
      const isLost = isGone(found) || found?.status === 'ERROR';
      if (isLost || now() - asked >= deps.startWithinMs) {
        // Others may be waiting for the same.
        const record = isLost ? null : await ledger.read();
        const began = record?.podId === podId ? record.run.startedAt : undefined;
        if (began !== undefined && unanswered.add(began).size >= mostUnanswered) await ledger.pause(neverAnswers);
        await ledger.exclusively(() => stopRecorded(signal, podId), signal);
        throw podError('The rented machine did not start in time, and was given up.', { isTransient: true });
      }
      // Whoever waits for it uses it, however long that takes.
      await use();
      await sleep(deps.pollMs, undefined, { signal });
    }
  }

  /** What answers and can never be used is paid no longer, and not started again until somebody has looked after it. */
  async function isUsable(podId: string, signal: AbortSignal): Promise<boolean> {
    try {
      return await deps.isReady(podId, signal);
    } catch (error) {
      const message = `The rented machine cannot be used, and was stopped: ${(error as Error).message}`;
      await ledger.pause(message);
      await ledger.exclusively(() => stopRecorded(signal, podId), signal);
      throw podError(message, { cause: error });
    }
  }

  /** Where that takes long, or fails, whoever uses it goes on all the same, and says so again. */
  async function use(): Promise<void> {
    const wanted = ledger.exclusively(async () => {
      const record = await ledger.read();
      if (record) await ledger.write({ ...record, usedAt: now() });
    }, AbortSignal.timeout(useWithinMs));
    await wanted.catch(() => {});
  }

  async function stop(signal: AbortSignal) {
    // At once: whatever goes on meanwhile starts it no more, and if this fails, it is tried again each minute.
    await ledger.pause(stoppedByHand);
    return ledger.exclusively(() => stopRecorded(signal), signal);
  }

  /** @param only where another was rented meanwhile, that one is left as it is */
  async function stopRecorded(signal: AbortSignal, only?: string): Promise<{ isStopped: boolean; run: PodRun | null }> {
    const record = await findRecorded(signal);
    if (!record?.podId || record.podId !== (only ?? record.podId)) return { isStopped: true, run: null };
    const { podId } = record;
    const found = await api.read(podId, signal).catch(() => undefined);
    if (isGone(found) || found?.status === 'EXITED') {
      const stopped = await countUnseen(record);
      if (isGone(found)) await ledger.write(null);
      return { isStopped: true, run: stopped.run };
    }
    const counted = await count(record, now(), found?.cost);
    const isStopped = await stopAndSee(podId, signal);
    if (isStopped === null) deps.alarm(unseen(podId));
    // Its disk goes with it: what is not known to run is not ended.
    const isOver = isStopped === false ? await end(podId, signal) : isStopped;
    if (!isOver) return { isStopped: false, run: counted.run };
    const stopped = await count(counted, now());
    const left = await api.read(podId, signal).catch(() => undefined);
    await ledger.write(isGone(left) ? null : { ...stopped, countedTo: null });
    return { isStopped: true, run: stopped.run };
  }

  /** @returns null where RunPod did not say what became of it */
  async function stopAndSee(podId: string, signal: AbortSignal): Promise<boolean | null> {
    // What fails is seen by what becomes of it.
    await api.act(podId, 'stop', signal).catch(() => {});
    return isSeen(podId, signal, (found) => isGone(found) || found?.status === 'EXITED');
  }

  /** Ends a pod for good, and sees that it is gone; tells an administrator when it is not. */
  async function end(podId: string, signal: AbortSignal): Promise<boolean> {
    await api.terminate(podId, signal).catch(() => {});
    if (await isSeen(podId, signal, isGone)) return true;
    deps.alarm(
      `The pod ${podId} at RunPod can be neither stopped nor ended from here, and costs money. End it at RunPod.`,
    );
    return false;
  }

  /** @returns null where RunPod did not say how it is when the time was up. @throws whatever the signal was aborted for: nothing is known then */
  async function isSeen(podId: string, signal: AbortSignal, isSo: (found: Pod | null) => boolean) {
    for (const until = now() + deps.endWithinMs; ; ) {
      const found = await api.read(podId, signal).catch(() => undefined);
      if (found !== undefined && isSo(found)) return true;
      signal.throwIfAborted();
      if (now() >= until) return found === undefined ? null : false;
      await sleep(deps.pollMs, undefined, { signal });
    }
  }

  async function look(signal: AbortSignal): Promise<void> {
    await ledger.exclusively(async () => {
      const record = await findRecorded(signal);
      // First the one that is known to cost: whatever is odd about the others, it is not left running for that.
      const isWell = !record?.podId || (await lookAt(record, record.podId, signal));
      const areNone = await endStrangers(record, signal);
      if (areNone && isWell) await ledger.endAlarm();
    }, signal);
  }

  /** @returns false when something runs that should not, and cannot be ended */
  async function lookAt(record: PodRecord, podId: string, signal: AbortSignal): Promise<boolean> {
    const found = await api.read(podId, signal);
    if (!found || isGone(found)) {
      await countUnseen(record);
      await ledger.write(null);
      return true;
    }
    if (found.status === 'EXITED') {
      await countUnseen(record);
      return true;
    }
    const counted = await count(record, now(), found.cost);
    if (found.status === 'ERROR') {
      const isEnded = await end(found.id, signal);
      if (isEnded) await ledger.write(null);
      return isEnded;
    }
    const isIdle = now() - counted.usedAt >= deps.idleMs;
    const { ms } = await ledger.useOf(dayOf(now()));
    const isToStop = isIdle || ms >= deps.maxHoursADay * hourMs || (await ledger.paused()) !== null;
    return !isToStop || (await stopRecorded(signal)).isStopped;
  }

  /** Adds what it has cost since it was last looked at, to the days on which it did. */
  async function count(record: PodRecord, until: number, cost = record.dollarsPerHour): Promise<PodRecord> {
    const from = record.countedTo ?? until;
    const spent = splitByDay(from, until).map(({ day, ms }) => ({ day, ms, dollars: (ms / hourMs) * cost }));
    const run = { ...(record.countedTo === null ? newRun(until) : record.run) };
    for (const { ms, dollars } of spent) {
      run.ms += ms;
      run.dollars += dollars;
    }
    const counted = { ...record, run, countedTo: Math.max(from, until), dollarsPerHour: cost };
    await ledger.write(counted, spent);
    return counted;
  }

  /** Of one that stopped while nobody looked: it is known to have run until it was last seen to, and believed a minute more. */
  async function countUnseen(record: PodRecord): Promise<PodRecord> {
    if (record.countedTo === null) return record;
    const seen = Math.max(record.countedTo, record.usedAt);
    const counted = await count(record, Math.max(record.countedTo, Math.min(now(), seen + unseenMs)));
    const stopped = { ...counted, countedTo: null };
    await ledger.write(stopped);
    return stopped;
  }

  /** Pods with this library's name that are not written down: of servers that died between two lines. @returns whether none is left */
  async function endStrangers(record: PodRecord | null, signal: AbortSignal): Promise<boolean> {
    const pods = await api.list(signal);
    let areNone = true;
    for (const { id, name, status } of pods) {
      if (!name.startsWith(deps.prefix) || id === record?.podId || status === 'TERMINATED') continue;
      areNone = (await end(id, signal)) && areNone;
    }
    return areNone;
  }

  return {
    ...{ start, startForWork, revive, use, stop, look },
    async running(signal) {
      const record = await ledger.read();
      const found = record?.podId ? await api.read(record.podId, signal) : null;
      return found?.status === 'RUNNING' ? found.id : null;
    },
    async known() {
      const record = await ledger.read();
      const place = record?.podId && placeOf(deps.pod, record.podId);
      return {
        today: await ledger.useOf(dayOf(now())),
        run: record?.run ?? null,
        unfetched: place ? await ledger.unfetched(place) : 0,
      };
    },
    async status(signal) {
      const [record, paused] = await Promise.all([ledger.read(), ledger.paused()]);
      const found = record?.podId ? await api.read(record.podId, signal) : null;
      return {
        state: found?.status ?? (record && !record.podId ? 'asked for' : 'none'),
        podId: found?.id ?? null,
        dollarsPerHour: found?.cost ?? 0,
        today: await ledger.useOf(dayOf(now())),
        run: record?.run ?? null,
        usedAt: record?.usedAt ?? null,
        paused,
      };
    },
  };
}

const isUp = ({ status }: Pod): boolean => status === 'PROVISIONING' || status === 'STARTING' || status === 'RUNNING';

/** What names begin with of what a pod has made: its volume, where that outlives it; else itself. */
export const placeOf = ({ mounts }: Pick<NewPod, 'mounts'>, podId: string): string =>
  'network' in mounts ? mounts.network[0].volumeId : podId;

/** Of what was read; undefined is what could not be. */
const isGone = (found: Pod | null | undefined): boolean => found === null || found?.status === 'TERMINATED';

const unseen = (podId: string): string =>
  `RunPod does not say whether the pod ${podId} was stopped, which costs money while it runs. It is tried again every minute; look at RunPod.`;

const stuck = () =>
  podError('A former machine at RunPod can be neither used nor ended. An administrator must look after it.');

const waitsForItsMachine = () =>
  podError(
    'RunPod has nothing free at the moment where the rented machine is, and pictures that were not fetched yet are on its disk. It is tried again.',
    { isTransient: true, retryAfterMs: againMs.noCapacity },
  );

const stoppedMeanwhile = () => podError('The rented machine stopped while it was started.', { isTransient: true });
