import { OutboundError } from '#platform/http/outbound.ts';
import { BackendError, type BatchEvent } from '../backend.ts';
import type { Item } from './answers.ts';
import { queueFull } from './explain-failure.ts';
import { type Following, pause } from './following.ts';
import { drawGraph } from './graphs.ts';
import { deleteImage, uploadSource } from './images.ts';
import { gather, readCatalogue } from './models.ts';
import { claimItems, seedOf } from './queue.ts';
import { ticketOf } from './tickets.ts';

const tidyWithinMs = 10_000;

/**
 * Sees to it that pictures have an item, as many as there is room for, and never two. That a batch is asked for before it is sent is what
 * keeps it from being there twice: whoever sent it may have died before it could be noted down, or the answer was lost.
 */
export async function* handIn(following: Following): AsyncGenerator<BatchEvent> {
  const { batch, client, queue, open, known, sources, signal } = following;
  if (await adopt(following)) yield { kind: 'accepted', ticket: ticketOf(following) };
  const missing = [...open].filter((n) => !known.has(n));
  if (missing.length === 0) return;

  const ingredients = gather(await readCatalogue(client, signal), batch);
  const source = batch.source && (await uploadSource(client, batch.source, signal));
  if (source) {
    // Noted before anything else: it must not stay there, whatever becomes of the batch.
    sources.add(source.image);
    yield { kind: 'accepted', ticket: ticketOf(following) };
  }
  const graph = drawGraph(batch.id, batch, ingredients, source);
  const seeds = missing.map((n) => batch.seeds[n] as number);
  // Whether something over there may refer to the photo that was sent for it.
  let isNeeded = false;
  const enqueue = async () => {
    try {
      const answer = await queue.enqueue(batch.id, graph, seeds, signal);
      isNeeded ||= answer.enqueued > 0;
      return answer;
    } catch (error) {
      isNeeded ||= mayHaveBeenTaken(error);
      throw error;
    }
  };
  try {
    const taken = await send(following, enqueue);
    if (taken?.enqueued === 0) throw queueFull();
    // What is taken is not told in an order; each item says itself what it is.
    const found = taken?.itemIds?.length
      ? await Promise.all(taken.itemIds.map((itemId) => queue.read(batch.id, itemId, signal)))
      : await queue.list(batch.id, signal);
    claim(following, found);
    yield { kind: 'accepted', ticket: ticketOf(following) };
    // To send it once more would make it twice.
    if (missing.filter((n) => known.has(n)).length < (taken?.enqueued ?? 0)) throw unseen();
  } catch (error) {
    // Also when the following is given up just now.
    const given = AbortSignal.timeout(tidyWithinMs);
    if (source && !isNeeded) await deleteImage(client, source.image, given).catch(() => {});
    throw error;
  }
}

/** @returns what was answered; null when the answer was lost and the batch was found to have been taken */
async function send<Answer>(following: Following, enqueue: () => Promise<Answer>): Promise<Answer | null> {
  for (let again = 0; ; again++) {
    try {
      return await enqueue();
    } catch (error) {
      if (!mayHaveBeenTaken(error) || following.signal.aborted) throw error;
      // Whatever is slow over there gets the time to be done with it.
      for (const ms of following.poll.slice(0, 3)) {
        await pause(ms, following.signal);
        if (await adopt(following)) return null;
      }
      if (again === 1) throw error;
    }
  }
}

function mayHaveBeenTaken(error: unknown): boolean {
  const cause = error instanceof BackendError ? error.cause : null;
  if (!(cause instanceof OutboundError) || !cause.wasSent) return false;
  return cause.kind !== 'status' || (cause.status ?? 0) >= 500;
}

const unseen = () =>
  new BackendError('invokeai_connection_error', 'InvokeAI has the batch and does not show what is in it.', {
    isTransient: true,
  });

/** Takes up what is there of the batch already. @returns whether that was more than was known */
async function adopt(following: Following): Promise<boolean> {
  const { batch, queue, known, signal } = following;
  const before = known.size;
  const { total } = await queue.statusOf(batch.id, signal);
  if (total === 0) return false;
  const found = await queue.list(batch.id, signal);
  if (found.length === 0 && known.size === 0) throw unseen();
  claim(following, found);
  return known.size > before;
}

/** What is there twice, after a request that was slow rather than lost, is ended before it costs anything. */
export function claim({ batch, queue, known, open, signal }: Following, found: readonly (Item | null)[]): void {
  const there = found.filter((each) => each !== null);
  const surplus = claimItems(there, { seeds: batch.seeds, wanted: open, known });
  // Of pictures that had ended before, without a note of their items, theirs are found here too.
  const others = new Set(batch.seeds.filter((_, n) => !known.has(n)));
  for (const each of surplus) {
    if (each.retried_from_item_id || others.has(seedOf(each) ?? -1)) continue;
    if (each.status !== 'pending' && each.status !== 'in_progress') continue;
    void queue.cancelItem(each.item_id, signal).catch(() => {});
  }
}
