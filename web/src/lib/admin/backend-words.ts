import type { OutputOf } from '#lib/api-schema.ts';
import { formatCount } from '#lib/format.ts';
import { formatWait } from './storage-words.ts';

export type BackendStatus = OutputOf<'get', '/backend/status'>;
export type RentedMachine = NonNullable<BackendStatus['pod']>;
export type OneBackend = BackendStatus['backends'][number];

/** What a machine is doing, as far as anybody can tell from here. */
export type Doing = 'nothing' | 'stopped' | 'starting' | 'running' | 'stopping' | 'broken' | 'unknown';

export const backendNames: Readonly<Record<string, string>> = {
  invokeai: 'InvokeAI at hand',
  runpod: 'InvokeAI on a rented machine',
  openai: 'OpenAI’s image API',
  automatic1111: 'AUTOMATIC1111',
  painter: 'The painter',
};

/** @param answers whether the InvokeAI on it does, which comes minutes after it runs */
export function doingOf({ state, paused }: Pick<RentedMachine, 'state' | 'paused'>, answers: boolean): Doing {
  switch (state) {
    case null:
      return 'unknown';
    case 'none':
    case 'TERMINATED':
      return 'nothing';
    case 'EXITED':
      return 'stopped';
    case 'ERROR':
      return 'broken';
    default:
      if (paused !== null) return 'stopping';
      return state === 'RUNNING' && answers ? 'running' : 'starting';
  }
}

export const doingTags: Readonly<Record<Doing, { readonly tag: string; readonly tone?: 'ok' | 'err' }>> = {
  nothing: { tag: 'Not rented' },
  stopped: { tag: 'Stopped' },
  starting: { tag: 'Starting' },
  running: { tag: 'Running', tone: 'ok' },
  stopping: { tag: 'Stopping' },
  broken: { tag: 'Broken down', tone: 'err' },
  unknown: { tag: 'Not known', tone: 'err' },
};

/** What that means, in a sentence. */
export function tellDoing(doing: Doing, { state, paused, message, idle_minutes: idle }: RentedMachine): string {
  switch (doing) {
    case 'nothing':
      return paused ?? 'None is rented. One is as soon as a step needs it, which takes a few minutes.';
    case 'stopped':
      return paused ?? 'It starts as soon as a step needs it, which takes a few minutes.';
    case 'starting':
      return state === 'RUNNING'
        ? 'It runs, and InvokeAI on it is being loaded. It costs money already.'
        : 'It is being set up. This takes a few minutes; you can leave this page.';
    case 'running':
      return `It is ready, and stops after ${formatCount(idle, 'minute')} without work.`;
    case 'stopping':
      return 'It was told to stop, and still costs money. It is looked after each minute until it has.';
    case 'broken':
      return 'RunPod says that it has broken down. It is ended within a minute.';
    case 'unknown':
      return `${message ?? 'RunPod does not answer.'} Whether it runs and costs money can be seen at RunPod alone.`;
  }
}

/** Whether it changes by itself within seconds, so that it is worth asking often. */
export const isOnItsWay = (doing: Doing): boolean => doing === 'starting' || doing === 'stopping';

/** `$1.20`; what is less than a cent is more than nothing. */
export function formatDollars(dollars: number): string {
  if (dollars > 0 && dollars < 0.01) return 'under $0.01';
  return `$${dollars.toFixed(2)}`;
}

/** `2 h 5 min`, `under a minute`, `0 min`. */
export function formatSpan(seconds: number): string {
  if (seconds < 1) return '0 min';
  return seconds < 60 ? 'under a minute' : formatHours(seconds);
}

/** Hours are not made days of: they are what is paid for. */
function formatHours(seconds: number): string {
  if (seconds < 86_400) return formatWait(seconds);
  return `${Math.round(seconds / 3600)} h`;
}
