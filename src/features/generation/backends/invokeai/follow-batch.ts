import type { Batch, BatchEvent, FollowContext } from '../backend.ts';
import { type BatchStatus, type Item, imageOf } from './answers.ts';
import { explainItem, lost } from './explain-failure.ts';
import { type FollowDeps, type Following, givenUp, patiently } from './following.ts';
import { OUTPUT } from './graphs.ts';
import { claim, handIn } from './hand-in.ts';
import { itemsOf, sourcesOf } from './tickets.ts';
import { tidyUp } from './tidy-up.ts';

const tidyWithinMs = 30_000;

/** @see Backend.follow */
export async function* followBatch(deps: FollowDeps, batch: Batch, context: FollowContext): AsyncGenerator<BatchEvent> {
  const { settled, signal } = context;
  const known = itemsOf(context.ticket);
  const sources = sourcesOf(context.ticket);
  const open = new Set([...batch.seeds.keys()].filter((n) => !settled.has(n)));
  if (open.size > 0) {
    if (signal.aborted) throw givenUp(signal);
    const progress = await deps.openProgress(batch.id);
    try {
      yield* untilAllHaveEnded({ ...deps, batch, signal, progress, open, known, sources });
    } finally {
      progress.close();
    }
  }
  // Whoever follows may have left by now: all of it is made.
  if (batch.source) await tidyUp(deps, batch.id, { known, sources }, AbortSignal.timeout(tidyWithinMs));
}

async function* untilAllHaveEnded(following: Following): AsyncGenerator<BatchEvent> {
  const { open, known } = following;
  while (open.size > 0) {
    // A queue that was nearly full took some of them; the others have their turn when those have ended.
    if ([...open].some((n) => !known.has(n))) yield* handIn(following);
    yield* untilKnownHaveEnded(following);
  }
}

/** Until each picture that has an item has ended. */
async function* untilKnownHaveEnded(following: Following): AsyncGenerator<BatchEvent> {
  const { open, known, poll, signal } = following;
  const left = () => [...open].filter((n) => known.has(n));
  const shown = new Map<number, number>();
  let [before, asked, isWaiting] = ['', 0, false];
  while (left().length > 0) {
    const counts = await patiently(following, () => following.queue.statusOf(following.batch.id, signal));
    const now = JSON.stringify(counts);
    if (now !== before) {
      asked = 0;
      if (counts.total > known.size) await findSurplus(following);
      // Read in vain, it is read again: only then has it been seen.
      yield* patientlyEnd(following, left());
      before = now;
    }
    if (isIdle(counts) && !isWaiting && left().length > 0) yield { kind: 'waiting', ahead: null };
    isWaiting = isIdle(counts);
    if (left().length === 0) return;
    yield* meanwhile(following, shown, poll[Math.min(asked++, poll.length - 1)] ?? 10_000);
  }
}

/** A request that was given up for lost may have been slow, and be taken after all. */
async function findSurplus(following: Following): Promise<void> {
  const { batch, queue, signal } = following;
  claim(following, await patiently(following, () => queue.list(batch.id, signal)));
}

const isIdle = ({ pending, total }: BatchStatus) => pending > 0 && pending === total;

/** Reads each picture's item, and says what has become of those that have ended. */
async function* patientlyEnd(following: Following, pictures: readonly number[]): AsyncGenerator<BatchEvent> {
  const { batch, queue, open, known, signal } = following;
  for (const n of pictures) {
    const itemId = known.get(n) as number;
    const found = await patiently(following, () => queue.read(batch.id, itemId, signal));
    const event = found ? endOf(n, found) : ({ kind: 'failed', n, error: lost() } as const);
    if (!event) continue;
    open.delete(n);
    yield event;
  }
}

/** @returns null while it has not ended */
function endOf(n: number, found: Item): BatchEvent | null {
  if (found.status === 'failed' || found.status === 'canceled') return { kind: 'failed', n, error: explainItem(found) };
  if (found.status !== 'completed') return null;
  const [prepared = ''] = found.session?.source_prepared_mapping?.[OUTPUT] ?? [];
  const image = imageOf(found.session?.results?.[prepared]);
  return image ? { kind: 'made', n, image } : { kind: 'failed', n, error: explainItem(found) };
}

/** Passes on what is told of the pictures, until it is time to ask. */
async function* meanwhile(
  { batch, open, known, progress, signal }: Following,
  shown: Map<number, number>,
  ms: number,
): AsyncGenerator<BatchEvent> {
  const until = Date.now() + ms;
  for (;;) {
    const what = await progress.wait(Math.max(0, until - Date.now()), signal);
    if (signal.aborted) throw givenUp(signal);
    for (const { itemId, done, preview } of progress.take()) {
      const n = [...open].find((each) => known.get(each) === itemId);
      if (n === undefined || done < (shown.get(n) ?? 0)) continue;
      shown.set(n, done);
      const of = batch.sampling.steps;
      yield { kind: 'progress', n, done, step: Math.round(done * of), of, preview };
    }
    if (what !== 'something' || Date.now() >= until) return;
  }
}
