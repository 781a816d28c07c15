import type { PodRun } from './pod-ledger.ts';

export const hourMs = 3_600_000;

export const newRun = (startedAt: number): PodRun => ({ startedAt, ms: 0, dollars: 0 });

export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
/** When the day after begins. */
export const nextDay = (ms: number): number => Date.parse(dayOf(ms)) + 24 * hourMs;

/** What lies between two moments, by days of UTC. */
export function splitByDay(from: number, until: number): { day: string; ms: number }[] {
  const parts: { day: string; ms: number }[] = [];
  for (let at = from; at < until; ) {
    const to = Math.min(until, nextDay(at));
    parts.push({ day: dayOf(at), ms: to - at });
    at = to;
  }
  return parts;
}
