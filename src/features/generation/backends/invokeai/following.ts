import { setTimeout as sleep } from 'node:timers/promises';
import { BackendError, type Batch } from '../backend.ts';
import type { InvokeAiClient } from './client.ts';
import { explainFailure } from './explain-failure.ts';
import type { Progress } from './progress.ts';
import type { Queue } from './queue.ts';

export interface FollowDeps {
  readonly client: InvokeAiClient;
  readonly queue: Queue;
  /** ms between the questions what has become of a batch; the last goes on. */
  readonly poll: readonly number[];
  openProgress(batchId: string): Promise<Progress>;
}

/** How often in a row InvokeAI may be away before the following is given up; whoever asks again goes on from there. */
const patience = 5;

/** A batch that is followed, and what is known of it. */
export interface Following extends FollowDeps {
  readonly batch: Batch;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Pictures that have not ended yet. */
  readonly open: Set<number>;
  readonly known: Map<number, number>;
  /** Names of the photo that was sent for it: as often as it was handed in. */
  readonly sources: Set<string>;
}

/** Asks again while InvokeAI is away for a moment: what it has of a batch it keeps. @throws BackendError when that lasts */
export async function patiently<Answer>({ poll, signal }: Following, ask: () => Promise<Answer>): Promise<Answer> {
  for (let failed = 1; ; failed++) {
    try {
      return await ask();
    } catch (error) {
      if (signal.aborted) throw givenUp(signal);
      const failure = explainFailure(error);
      if (!failure.isTransient || failed === patience) throw failure;
      await pause(poll[Math.min(failed, poll.length - 1)] ?? 10_000, signal);
    }
  }
}

export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {
    throw givenUp(signal);
  });
}

export const givenUp = (signal: AbortSignal) =>
  new BackendError('invokeai_connection_error', 'The following of the batch was given up.', {
    isTransient: true,
    cause: signal.reason,
  });
