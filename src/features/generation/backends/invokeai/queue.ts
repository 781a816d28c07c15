import { z } from 'zod';
import { type BatchStatus, batchStatus, enqueued, type Item, item, items, page } from './answers.ts';
import type { InvokeAiClient } from './client.ts';
import { type Graph, SEED } from './graphs.ts';

const at = '/api/v1/queue/default';

/** How InvokeAI shows in its own list where something is from. */
const origin = 'tintype';
const destinationOf = (batchId: string): string => `${origin}:${batchId}`;

/** Items hold their whole graph, and what became of each node of it. */
const itemBytes = 16 * 1024 * 1024;
const listBytes = 64 * 1024 * 1024;

/** The queue of InvokeAI, as far as one's own batches are in it. */
export interface Queue {
  /** Takes one item for each seed. */
  enqueue(batchId: string, graph: Graph, seeds: readonly number[], signal: AbortSignal): Promise<Enqueued>;
  statusOf(batchId: string, signal: AbortSignal): Promise<BatchStatus>;
  /** Null where it is not there, or is not of that batch: numbers start anew with a new database, and accounts see little of others. */
  read(batchId: string, itemId: number, signal: AbortSignal): Promise<Item | null>;
  /** All of a batch that are still kept, the oldest first. */
  list(batchId: string, signal: AbortSignal): Promise<Item[]>;
  cancelBatch(batchId: string, signal: AbortSignal): Promise<void>;
  cancelItem(itemId: number, signal: AbortSignal): Promise<void>;
}

export interface Enqueued {
  readonly enqueued: number;
  /** In no particular order; absent from versions before 6. */
  readonly itemIds: readonly number[] | null;
}

export function createQueue(client: InvokeAiClient): Queue {
  return {
    async enqueue(batchId, graph, seeds, signal) {
      const data = [[{ node_path: SEED, field_name: 'value', items: seeds }]];
      const batch = { batch_id: batchId, origin, destination: destinationOf(batchId), runs: 1, data, graph };
      const json = { prepend: false, batch };
      const answer = await client.ask(enqueued, `${at}/enqueue_batch`, { method: 'POST', json, signal });
      return { enqueued: answer.enqueued, itemIds: answer.item_ids ?? null };
    },
    statusOf: (batchId, signal) => client.ask(batchStatus, `${at}/b/${encodeURIComponent(batchId)}/status`, { signal }),
    async read(batchId, itemId, signal) {
      const found = await client.askIfThere(item, `${at}/i/${itemId}`, { signal, maxBytes: itemBytes });
      return found?.batch_id === batchId ? found : null;
    },
    async list(batchId, signal) {
      const query = { destination: destinationOf(batchId) };
      const all = await client.askIfThere(items, `${at}/list_all`, { query, signal, maxBytes: listBytes });
      const found = all ?? (await listPages(client, signal));
      return found
        .filter((each) => each !== null)
        .filter(({ batch_id }) => batch_id === batchId)
        .sort((a, b) => a.item_id - b.item_id);
    },
    async cancelBatch(batchId, signal) {
      const json = { batch_ids: [batchId] };
      await client.ask(z.unknown(), `${at}/cancel_by_batch_ids`, { method: 'PUT', json, signal });
    },
    async cancelItem(itemId, signal) {
      const request = { method: 'PUT', signal, maxBytes: itemBytes } as const;
      await client.askIfThere(z.unknown(), `${at}/i/${itemId}/cancel`, request);
    },
  };
}

/** Old versions list everything that was ever queued, in pages; what was lost just now is on the first of them or not far behind. */
async function listPages(client: InvokeAiClient, signal: AbortSignal): Promise<(Item | null)[]> {
  const found: (Item | null)[] = [];
  let cursor: number | undefined;
  for (let read = 0; read < 50; read++) {
    const query = { limit: 200, ...(cursor === undefined ? {} : { cursor, priority: 0 }) };
    const answer = await client.ask(page, `${at}/list`, { query, signal, maxBytes: listBytes });
    found.push(...answer.items);
    cursor = answer.items.at(-1)?.item_id;
    if (!answer.has_more || cursor === undefined) break;
  }
  return found;
}

/** Which of the seeds an item is made with. */
export function seedOf({ field_values, session }: Item): number | null {
  const said = field_values?.find(({ node_path, field_name }) => node_path === SEED && field_name === 'value')?.value;
  const value = said ?? (session?.graph?.nodes?.[SEED] as { value?: unknown } | undefined)?.value;
  return typeof value === 'number' ? value : null;
}

/**
 * Says which picture each item is of, by its seed; of pictures with the same seed the first has the older item.
 * @param known which items are whose by now; what is found is put in
 * @returns items of the batch that are of no picture: what was taken twice
 */
export function claimItems(
  found: readonly Item[],
  { seeds, wanted, known }: { seeds: readonly number[]; wanted: ReadonlySet<number>; known: Map<number, number> },
): Item[] {
  const claimed = new Set(known.values());
  return found.filter((each) => {
    if (claimed.has(each.item_id)) return false;
    const seed = seedOf(each);
    const n = seeds.findIndex((value, at) => value === seed && wanted.has(at) && !known.has(at));
    if (n < 0) return true;
    known.set(n, each.item_id);
    return false;
  });
}
