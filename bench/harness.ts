import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';

/** One of two that are compared. `measure` does one round of its work and returns what one operation cost, in the row's unit. */
export interface Contender {
  name: string;
  measure(): Promise<number>;
}

export interface Contest {
  ours: Contender;
  peer: Contender;
  /** What to print beside the times, read after the last round: bytes, PSNR, the numbers of requests. */
  beside?(): Promise<string> | string;
  close(): Promise<void> | void;
}

/** Why a row cannot be measured here: its peer, or what measures it, is not on this machine. */
export interface Absent {
  absent: string;
}

/** One line of the table. A file in this folder that exports `rows: BenchRow[]` is found by `run.ts`. */
export interface BenchRow {
  /** Unique; rows are chosen by a part of it. */
  name: string;
  /** What one operation costs, as printed: `CPU ms`, `CPU µs`, `ms`. */
  unit: string;
  /** The ratio ours ÷ peer to reach. */
  target: number;
  /** The ratio above which the run fails. Default: the target. */
  gate?: number;
  /** Makes ready what is to be measured, the peer warmed up like ours. Anything it throws fails the row. */
  prepare(): Promise<Contest | Absent>;
}

export interface Statistic {
  median: number;
  min: number;
  max: number;
}

export type RowResult =
  | {
      kind: 'measured';
      ours: Statistic;
      peer: Statistic;
      ratio: Statistic;
      rounds: number;
      dropped: number;
      beside: string;
    }
  | { kind: 'unsteady'; rounds: number; dropped: number }
  | { kind: 'absent'; reason: string }
  | { kind: 'failed'; error: unknown };

/** A round in which a fixed piece of work took this much more or less than usual says nothing about the contenders. */
const CONTROL_SPREAD = 0.15;

/**
 * Measures a row: interleaved rounds, ours–peer–peer–ours, so that drift falls on both alike. Before and after each round a fixed
 * piece of work is timed; a round whose control is more than 15 % off their median is dropped and another one made, up to three
 * times as many in all. The ratio is taken within a round.
 */
export async function measureRow(row: BenchRow, rounds: number): Promise<RowResult> {
  let contest: Contest | Absent;
  try {
    contest = await row.prepare();
  } catch (error) {
    return { kind: 'failed', error };
  }
  if ('absent' in contest) return { kind: 'absent', reason: contest.absent };
  try {
    return await contend(contest, rounds);
  } catch (error) {
    return { kind: 'failed', error };
  } finally {
    await contest.close();
  }
}

async function contend({ ours, peer, beside }: Contest, rounds: number): Promise<RowResult> {
  const all: { ours: number; peer: number; control: number }[] = [];
  const steady = () => {
    const usual = statisticOf(all.map(({ control }) => control)).median;
    return all.filter(({ control }) => Math.abs(control / usual - 1) <= CONTROL_SPREAD);
  };
  for (let round = 0; round < rounds * 3 && steady().length < rounds; round++) {
    const before = control();
    const first = await ours.measure();
    const second = (await peer.measure()) + (await peer.measure());
    const third = await ours.measure();
    all.push({ ours: (first + third) / 2, peer: second / 2, control: (before + control()) / 2 });
  }
  const kept = steady();
  const dropped = all.length - kept.length;
  if (kept.length < rounds) return { kind: 'unsteady', rounds: kept.length, dropped };
  return {
    kind: 'measured',
    ours: statisticOf(kept.map((round) => round.ours)),
    peer: statisticOf(kept.map((round) => round.peer)),
    ratio: statisticOf(kept.map((round) => round.ours / round.peer)),
    rounds: kept.length,
    dropped,
    beside: (await beside?.()) ?? '',
  };
}

export function statisticOf(values: number[]): Statistic {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length % 2 ? middle : middle - 1] ?? Number.NaN, sorted[middle] ?? Number.NaN];
  return { median: (low + high) / 2, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

const CONTROL_INPUT = Buffer.alloc(24 * 2 ** 20, 7);

/** CPU milliseconds of a fixed piece of work: arithmetic, and more memory than the caches hold, as decoding has both. */
function control(): number {
  const start = process.cpuUsage();
  for (let i = 0; i < 2; i++) createHash('sha256').update(Buffer.from(CONTROL_INPUT)).digest();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** Whether the CPU time of other processes can be read here. */
export const canMeasureProcesses = os.platform() === 'linux';

/** Linux counts the time of a process in hundredths of a second, whatever its kernel's timer (proc_pid_stat(5), USER_HZ). */
const TICK_MS = 10;

/**
 * CPU milliseconds used so far by these processes, their living descendants, and the ended ones that were waited for.
 * A measurement should last a second at least: the clock ticks every 10 ms. Throws when none of them lives.
 */
export function cpuMilliseconds(pids: number[]): number {
  const stats = new Map<number, { parent: number; ticks: number }>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // The name in parentheses may hold anything, so fields are counted from after it: state is the first of them.
      const text = readFileSync(`/proc/${name}/stat`, 'latin1');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      const ticks = [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0);
      stats.set(Number(name), { parent: Number(fields[1]), ticks });
    } catch {
      // It ended between the listing and the reading.
    }
  }
  const wanted = new Set(pids.filter((pid) => stats.has(pid)));
  if (wanted.size === 0) throw new Error(`none of the processes ${pids.join(', ')} is running`);
  for (let before = -1; before !== wanted.size; ) {
    before = wanted.size;
    for (const [pid, { parent }] of stats) if (wanted.has(parent)) wanted.add(pid);
  }
  return [...wanted].reduce((sum, pid) => sum + (stats.get(pid)?.ticks ?? 0), 0) * TICK_MS;
}

/** CPU milliseconds that these processes and their descendants spend while `work` runs. */
export async function cpuDuring(pids: number[], work: () => Promise<unknown>): Promise<number> {
  const before = cpuMilliseconds(pids);
  await work();
  return cpuMilliseconds(pids) - before;
}

/** The machine, in one line: figures mean little without it. */
export function machineLine(): string {
  const [cpu] = os.cpus();
  const load = os.loadavg().map((value) => value.toFixed(1));
  return [
    `${cpu?.model.trim() ?? 'unknown processor'} × ${os.availableParallelism()}`,
    `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    `${os.type()} ${os.release()}`,
    `Node ${process.versions.node}`,
    `load ${load.join(' ')}`,
  ].join(', ');
}
